//! One leg on its thread: the machine, its sockets, its queues and its recording.

use std::{io::ErrorKind, net::UdpSocket};

use tokio::sync::mpsc::{Receiver, Sender, error::TryRecvError};

use super::{
    LegId, MediaCommand, MediaEvent, MediaEventKind, ports::PortLease, statistics::Counters,
};
use crate::{
    audio::Frame,
    clock::Moment,
    media::{
        LegStats,
        leg::MediaLeg,
        rtcp::{LONGEST_REPORT, report_after},
        sender::LONGEST_DATAGRAM,
    },
    recording::Recording,
};

/// Datagrams that are taken at once from one socket; a flood waits, and the system drops what does not fit.
const AT_ONCE: usize = 32;

/// The longest datagram that is looked at: an Ethernet frame's worth.
const LONGEST_RECEIVED: usize = 1_500;

/// A leg and all it owns.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: LegId,
    /// The leg that is bridged to this one.
    pub(super) peer: Option<LegId>,
    leg: MediaLeg,
    ports: PortLease,
    commands: Receiver<MediaCommand>,
    events: Sender<MediaEvent>,
    recording: Option<Recording>,
    counted: LegStats,
    next_report: Option<Moment>,
}

/// What a slot's commands mean to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Join with this leg.
    Bridge(LegId),
    /// Separate.
    Unbridge,
    /// The driver is gone.
    Close,
}

impl Slot {
    pub(super) fn new(
        id: LegId,
        leg: MediaLeg,
        ports: PortLease,
        commands: Receiver<MediaCommand>,
        events: Sender<MediaEvent>,
    ) -> Self {
        Self {
            id,
            peer: None,
            leg,
            ports,
            commands,
            events,
            recording: None,
            counted: LegStats::default(),
            next_report: None,
        }
    }

    /// Carries out commands until one concerns others, or none is left.
    pub(super) fn obey(&mut self, now: Moment) -> Option<Wish> {
        loop {
            match self.commands.try_recv() {
                Ok(MediaCommand::Negotiated(media)) => {
                    self.leg.negotiated(now, &media);
                    self.next_report
                        .get_or_insert(now + report_after(rand::random()));
                }
                Ok(MediaCommand::Play {
                    speech,
                    pcm,
                    interruptible,
                    repeat,
                }) => self.leg.play(speech, pcm, interruptible, repeat),
                Ok(MediaCommand::Resume) => self.leg.resume(),
                Ok(MediaCommand::Stop { all }) => self.leg.stop(all),
                Ok(MediaCommand::Drop(speech)) => self.leg.drop_speech(speech),
                Ok(MediaCommand::Listen(profile)) => self.leg.listen(profile),
                Ok(MediaCommand::Commit(utterance)) => self.leg.commit(now, utterance),
                Ok(MediaCommand::SendDigits(digits)) => self.leg.send_digits(&digits),
                Ok(MediaCommand::Record(recording)) => self.recording = Some(recording),
                Ok(MediaCommand::Bridge { peer }) => return Some(Wish::Bridge(peer)),
                Ok(MediaCommand::Unbridge) => return Some(Wish::Unbridge),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => return Some(Wish::Close),
            }
        }
    }

    pub(super) fn set_peer(&mut self, peer: Option<LegId>) {
        if self.peer != peer {
            self.peer = peer;
            self.leg.set_bridged(peer.is_some());
        }
    }

    /// Takes what has arrived.
    pub(super) fn receive(&mut self, now: Moment, wall_ms: i64) {
        let mut datagram = [0; LONGEST_RECEIVED];
        for _ in 0..AT_ONCE {
            match self.ports.rtp.recv_from(&mut datagram) {
                Ok((length, from)) => self.leg.receive(now, wall_ms, from, &datagram[..length]),
                Err(error) if is_ours(&error) => {}
                Err(_) => break,
            }
        }
        for _ in 0..AT_ONCE {
            match self.ports.rtcp.recv_from(&mut datagram) {
                Ok((length, _)) => self.leg.receive_rtcp(now, wall_ms, &datagram[..length]),
                Err(error) if is_ours(&error) => {}
                Err(_) => break,
            }
        }
    }

    /// First half of a tick.
    pub(super) fn hear(&mut self, now: Moment) {
        self.leg.hear(now);
    }

    /// What was heard in this tick.
    pub(super) const fn heard(&self) -> &Frame {
        self.leg.frames().0
    }

    /// Second half of a tick.
    pub(super) fn speak(&mut self, now: Moment, wall_ms: i64, peer: Option<&Frame>) {
        let mut datagram = [0; LONGEST_DATAGRAM];
        let length = self.leg.speak(now, peer, &mut datagram);
        if let Some(remote) = self.leg.remote().filter(|_| length > 0) {
            send(&self.ports.rtp, &datagram[..length], remote);
        }
        if let Some(recording) = &mut self.recording {
            let (heard, said) = self.leg.frames();
            if let Err(error) = recording.push(heard, said) {
                self.recording = None;
                let error = error.to_string();
                self.leg
                    .push_event(now, MediaEventKind::RecordingFailed { error });
            }
        }
        if self.next_report.is_some_and(|at| at <= now) {
            self.next_report = Some(now + report_after(rand::random()));
            let mut report = [0; LONGEST_REPORT];
            let length = self.leg.report(now, wall_ms, &mut report);
            self.send_rtcp(&report[..length]);
        }
    }

    /// Hands events to the driver.
    pub(super) fn tell(&mut self, counters: &Counters) {
        while let Some(event) = self.leg.poll_event() {
            match self.events.try_reserve() {
                Ok(place) => place.send(event),
                // The driver has stood still through hundreds of events, or is gone.
                Err(_) => counters.dropped_event(),
            }
        }
    }

    /// Adds what was counted since the last time.
    pub(super) fn count(&mut self, counters: &Counters) {
        let stats = self.leg.stats();
        counters.add(&self.counted, &stats);
        self.counted = stats;
    }

    /// Says goodbye to the other side (RFC 3550 §6.6).
    pub(super) fn close(&mut self, counters: &Counters) {
        let mut goodbye = [0; LONGEST_REPORT];
        let length = self.leg.goodbye(&mut goodbye);
        self.send_rtcp(&goodbye[..length]);
        self.count(counters);
    }

    fn send_rtcp(&self, packet: &[u8]) {
        if let Some(mut remote) = self.leg.remote().filter(|_| !packet.is_empty()) {
            // RFC 3550 §11: RTCP is on the next port. Of an odd RTP port nothing is known.
            if let Some(port) = remote.port().checked_add(1) {
                remote.set_port(port);
                send(&self.ports.rtcp, packet, remote);
            }
        }
    }
}

/// An error that belongs to an earlier datagram we sent, not to what arrives (ICMP port unreachable), or an interruption.
fn is_ours(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::Interrupted
    )
}

fn send(socket: &UdpSocket, datagram: &[u8], remote: std::net::SocketAddr) {
    // UDP promises nothing: a packet that cannot leave is lost like any other, and dead media ends the call.
    if let Err(error) = socket.send_to(datagram, remote) {
        tracing::trace!(%error, "a datagram was not sent");
    }
}
