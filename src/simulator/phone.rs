//! A simulated phone: one RTP socket, paced every 20 ms, that plays what it is given and listens.
//!
//! Knows nothing of SIP. All moments are taken at the socket: when a packet was sent, when one arrived.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
};

use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot, watch},
    time::MissedTickBehavior,
};

use super::{
    clip::Clip,
    hearing::{Change, Hearing},
    tape::Tape,
};
use crate::{
    audio::{FRAME, FRAME_SAMPLES, level_dbfs},
    call::Digit,
    clock::{Moment, ProcessClock},
    media::{
        NegotiatedMedia,
        codec::Transcoder,
        dtmf::DtmfReceiver,
        rtp::{RtpPacket, RtpTimestamp, SequenceNumber, Ssrc, is_rtcp},
        sender::{LONGEST_DATAGRAM, RtpSender},
    },
};

/// Commands that wait; whoever sends one more waits.
const COMMANDS: usize = 16;

/// Keys that wait to be taken; what comes when it is full is dropped.
const KEYS: usize = 64;

/// The longest datagram that is read.
const LONGEST_RECEIVED: usize = 2_048;

/// Names one thing to play; ascending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// What a phone is doing, as of the last packet time.
#[derive(Clone, Copy, Debug, Default)]
pub struct PhoneState {
    /// When that was.
    pub now: Moment,
    /// What it hears.
    pub hearing: Hearing,
    /// The last thing of which a packet was sent, and when the first one was.
    pub began: Option<(Ticket, Moment)>,
    /// The last thing that was played to its end.
    pub finished: Ticket,
    /// When the last sample of speech, or the first packet of the last key, was sent.
    pub spoke: Option<Moment>,
    /// RTP packets that arrived.
    pub received: u64,
    /// Mean level of the sound that is going on, or of the last one, in dBFS.
    pub sound_dbfs: f32,
}

#[derive(Debug)]
enum Item {
    Clip(Clip),
    Keys(Vec<Digit>),
}

#[derive(Debug)]
enum Command {
    Agree(NegotiatedMedia),
    Play(Ticket, Item),
    Copy(Moment, Moment, oneshot::Sender<Vec<i16>>),
    Asked,
}

/// A handle on a phone; its task ends when this is dropped.
#[derive(Debug)]
pub struct Phone {
    address: SocketAddr,
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<PhoneState>,
    pressed: mpsc::Receiver<Digit>,
    task: tokio::task::JoinHandle<Tape>,
    last: Ticket,
}

impl Phone {
    /// A phone on a free port of `address`. It is still until it is told what was agreed on.
    pub async fn open(address: IpAddr, clock: ProcessClock) -> io::Result<Self> {
        let socket = UdpSocket::bind((address, 0)).await?;
        let address = socket.local_addr()?;
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (state, watched) = watch::channel(PhoneState::default());
        let (keys, pressed) = mpsc::channel(KEYS);
        let line = Line {
            socket,
            clock,
            state,
            pressed: keys,
            view: PhoneState::default(),
            tape: Tape::new(clock.now()),
            media: None,
            queue: VecDeque::new(),
            playing: None,
            keys: DtmfReceiver::default(),
            sound_packets: 0,
        };
        Ok(Self {
            address,
            commands,
            state: watched,
            pressed,
            task: tokio::spawn(line.run(inbox)),
            last: Ticket(0),
        })
    }

    /// Where it receives RTP.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes an agreement, the first or a new one.
    pub async fn agree(&self, media: NegotiatedMedia) {
        self.command(Command::Agree(media)).await;
    }

    /// Plays a clip after everything that waits.
    pub async fn play(&mut self, clip: Clip) -> Ticket {
        self.queue(Item::Clip(clip)).await
    }

    /// Presses keys (RFC 4733) after everything that waits.
    pub async fn press(&mut self, keys: Vec<Digit>) -> Ticket {
        self.queue(Item::Keys(keys)).await
    }

    /// Something was asked by other means than sound (a key by INFO): what is heard from now on is the reply.
    pub async fn asked(&self) {
        self.command(Command::Asked).await;
    }

    async fn queue(&mut self, item: Item) -> Ticket {
        self.last = Ticket(self.last.0 + 1);
        self.command(Command::Play(self.last, item)).await;
        self.last
    }

    async fn command(&self, command: Command) {
        // The task lives as long as this handle; a panic in it shows when the tape is asked for.
        let _ = self.commands.send(command).await;
    }

    /// What it is doing.
    pub fn state(&self) -> PhoneState {
        *self.state.borrow()
    }

    /// Waits for the next packet time.
    pub async fn ticked(&mut self) -> PhoneState {
        // An error means that the task is gone: the state stands still and deadlines end the waiting.
        if self.state.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.state.borrow_and_update()
    }

    /// The next key of the other side (RFC 4733).
    pub fn key(&mut self) -> Option<Digit> {
        self.pressed.try_recv().ok()
    }

    /// To listen in from elsewhere.
    pub fn ear(&self) -> Ear {
        Ear {
            commands: self.commands.downgrade(),
            state: self.state.clone(),
        }
    }

    /// Puts it away and gives everything it heard.
    pub async fn put_away(self) -> Tape {
        drop(self.commands);
        match self.task.await {
            Ok(tape) => tape,
            Err(_) => Tape::new(Moment::ORIGIN),
        }
    }
}

/// Listens to what a phone hears; does not keep it alive.
#[derive(Clone, Debug)]
pub struct Ear {
    commands: mpsc::WeakSender<Command>,
    state: watch::Receiver<PhoneState>,
}

impl Ear {
    /// Waits for the next packet time; nothing once the phone was put away.
    pub async fn ticked(&mut self) -> Option<PhoneState> {
        self.state.changed().await.ok()?;
        Some(*self.state.borrow_and_update())
    }

    /// The sound that was heard between two moments.
    pub async fn sound(&self, from: Moment, to: Moment) -> Option<Vec<i16>> {
        let (answer, sound) = oneshot::channel();
        let commands = self.commands.upgrade()?;
        commands.send(Command::Copy(from, to, answer)).await.ok()?;
        drop(commands);
        sound.await.ok()
    }
}

/// What was agreed on, and both directions of it.
struct Media {
    agreed: NegotiatedMedia,
    sender: RtpSender,
    transcoder: Transcoder,
}

struct Playing {
    ticket: Ticket,
    item: Item,
    /// Samples of a clip that were sent.
    sent: usize,
}

/// The task behind a [`Phone`].
struct Line {
    socket: UdpSocket,
    clock: ProcessClock,
    state: watch::Sender<PhoneState>,
    pressed: mpsc::Sender<Digit>,
    view: PhoneState,
    tape: Tape,
    media: Option<Media>,
    queue: VecDeque<(Ticket, Item)>,
    playing: Option<Playing>,
    keys: DtmfReceiver,
    /// Packets of the sound that is going on.
    sound_packets: u32,
}

impl Line {
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>) -> Tape {
        let mut ticks = tokio::time::interval(FRAME);
        // A late packet is sent at once, and the next one at its own time.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut datagram = [0; LONGEST_RECEIVED];
        loop {
            tokio::select! {
                biased;
                received = self.socket.recv_from(&mut datagram) => {
                    // An ICMP error of an earlier packet is no fault of this one.
                    if let Ok((length, _)) = received {
                        self.receive(&datagram[..length]);
                    }
                }
                _ = ticks.tick() => self.tick().await,
                command = inbox.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return self.tape,
                },
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Agree(agreed) => match &mut self.media {
                Some(media) => {
                    media.sender.renegotiate(&agreed);
                    media.transcoder = Transcoder::new(agreed.codec);
                    media.agreed = agreed;
                }
                None => {
                    // RFC 3550 §5.1: where numbers begin is nobody's business.
                    let sender = RtpSender::new(
                        &agreed,
                        Ssrc(rand::random()),
                        SequenceNumber(rand::random()),
                        RtpTimestamp(rand::random()),
                    );
                    self.media = Some(Media {
                        transcoder: Transcoder::new(agreed.codec),
                        agreed,
                        sender,
                    });
                }
            },
            Command::Play(ticket, item) => self.queue.push_back((ticket, item)),
            Command::Asked => self.view.hearing.asked(self.clock.now()),
            Command::Copy(from, to, answer) => {
                // Who asked may have gone.
                let _ = answer.send(self.tape.between(from, to).to_vec());
            }
        }
    }

    fn receive(&mut self, datagram: &[u8]) {
        let now = self.clock.now();
        let Some(media) = &self.media else { return };
        if is_rtcp(datagram) {
            return;
        }
        let Some(packet) = RtpPacket::parse(datagram) else {
            return;
        };
        if media.agreed.telephone_event == Some(packet.payload_type) {
            if let Some(digit) = self.keys.receive(packet.timestamp, packet.payload) {
                // Full: nobody looks.
                let _ = self.pressed.try_send(digit);
            }
            return;
        }
        if packet.payload_type != media.agreed.payload_type {
            return;
        }
        let mut samples = [0; LONGEST_RECEIVED];
        let length = media.transcoder.decode(packet.payload, &mut samples);
        let samples = &samples[..length];
        self.view.received += 1;
        self.tape
            .packet(now, packet.ssrc, packet.timestamp, samples);
        let level = level_dbfs(samples);
        if let Some(Change::Began { .. }) = self.view.hearing.frame(now, level) {
            self.sound_packets = 0;
        }
        if self.view.hearing.last() == Some(now) {
            self.sound_packets += 1;
            let share = 1.0 / self.sound_packets as f32;
            self.view.sound_dbfs += (level - self.view.sound_dbfs) * share;
        }
    }

    async fn tick(&mut self) {
        let now = self.clock.now();
        self.view.hearing.tick(now);
        self.view.now = now;
        if self.media.is_some() {
            self.send().await;
        }
        self.state.send_replace(self.view);
    }

    async fn send(&mut self) {
        let mut frame = [0; FRAME_SAMPLES];
        if self.playing.is_none()
            && let Some((ticket, item)) = self.queue.pop_front()
        {
            self.playing = Some(Playing {
                ticket,
                item,
                sent: 0,
            });
        }
        let Some(media) = &mut self.media else { return };
        let mut is_last_sound = false;
        let mut is_over = false;
        if let Some(playing) = &mut self.playing {
            match &mut playing.item {
                Item::Clip(clip) => {
                    let rest = &clip.samples()[playing.sent..];
                    let length = rest.len().min(FRAME_SAMPLES);
                    frame[..length].copy_from_slice(&rest[..length]);
                    let before = playing.sent;
                    playing.sent += length;
                    is_last_sound = before < clip.spoken() && playing.sent >= clip.spoken();
                    is_over = playing.sent >= clip.samples().len();
                }
                Item::Keys(keys) => {
                    if !media.sender.sends_digits() && !keys.is_empty() {
                        // A key that the other side cannot take is lost: as on a real phone. The other side acts on its
                        // first packet, so that is when something was asked.
                        media.sender.push_digit(keys.remove(0));
                        is_last_sound = true;
                    }
                }
            }
        }
        let mut datagram = [0; LONGEST_DATAGRAM];
        let length = media.sender.next_packet(&frame, &mut datagram);
        if length > 0 {
            // A full send buffer or a closed port loses a packet, as a network does.
            let _ = self
                .socket
                .send_to(&datagram[..length], media.agreed.remote)
                .await;
        }
        let now = self.clock.now();
        if let Some(playing) = &self.playing {
            if self
                .view
                .began
                .is_none_or(|(last, _)| last < playing.ticket)
            {
                self.view.began = Some((playing.ticket, now));
            }
            if let Item::Keys(keys) = &playing.item {
                is_over = keys.is_empty() && !media.sender.sends_digits();
            }
            if is_last_sound {
                self.view.spoke = Some(now);
                self.view.hearing.asked(now);
            }
            if is_over {
                self.view.finished = playing.ticket;
                self.playing = None;
            }
        }
    }
}
