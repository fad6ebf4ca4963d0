//! One leg's media: everything between its packets and its events, without a socket.
//!
//! A tick has two halves, so that two legs can be joined: first every leg listens, then every leg speaks, one of two bridged
//! legs with what the other has just heard.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use super::{
    LegStats, NegotiatedMedia,
    endpointer::{Endpoint, Endpointer},
    event::{ListeningProfile, MediaEvent, MediaEventKind},
    playout::Playout,
    receiver::{FrameKind, Received, RtpReceiver},
    rtcp::{LONGEST_REPORT, Reporter},
    rtp::{RtpTimestamp, SequenceNumber, Ssrc, is_rtcp},
    sender::{LONGEST_DATAGRAM, RtpSender},
    vad::VoiceActivityDetector,
};
use crate::{
    audio::{
        FRAME_SAMPLES, Frame, Pcm, level_dbfs,
        resample::{WIDE_FRAME_SAMPLES, WideStream},
    },
    call::Digit,
    clock::Moment,
    ids::{SpeechId, UtteranceId},
};

/// Events that wait to be taken within a tick.
const EVENTS: usize = 64;

/// Numbers that must not be guessed (RFC 3550 §5.1), from the driver's random source.
#[derive(Clone, Copy, Debug)]
pub struct LegSeed {
    /// Synchronisation source.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First timestamp.
    pub timestamp: u32,
}

/// One leg's media.
#[derive(Debug)]
pub struct MediaLeg {
    seed: LegSeed,
    lost_after: Duration,
    session: Option<Session>,
    wide: WideStream,
    vad: VoiceActivityDetector,
    endpointer: Endpointer,
    playout: Playout,
    bridged: bool,
    heard: Frame,
    said: Frame,
    said_dbfs: Option<f32>,
    events: VecDeque<MediaEvent>,
}

/// What exists once offer and answer agreed.
#[derive(Debug)]
struct Session {
    media: NegotiatedMedia,
    receiver: RtpReceiver,
    sender: RtpSender,
    reporter: Reporter,
    malformed_rtcp: u64,
    /// Since when packets have been missed, if none came since.
    waiting_since: Moment,
    lost: bool,
    sent_digits: bool,
}

impl MediaLeg {
    /// A leg that agreed on nothing yet.
    pub fn new(seed: LegSeed, lost_after: Duration) -> Self {
        Self {
            seed,
            lost_after,
            session: None,
            wide: WideStream::default(),
            vad: VoiceActivityDetector::default(),
            endpointer: Endpointer::new(ListeningProfile::OFF),
            playout: Playout::default(),
            bridged: false,
            heard: [0; FRAME_SAMPLES],
            said: [0; FRAME_SAMPLES],
            said_dbfs: None,
            events: VecDeque::with_capacity(EVENTS),
        }
    }

    /// Offer and answer agreed, first or again.
    pub fn negotiated(&mut self, now: Moment, media: &NegotiatedMedia) {
        match &mut self.session {
            Some(session) => {
                session.receiver.renegotiate(now, media);
                session.sender.renegotiate(media);
                session.media = media.clone();
                (session.waiting_since, session.lost) = (now, false);
            }
            None => {
                let ssrc = Ssrc(self.seed.ssrc);
                let (sequence, timestamp) = (
                    SequenceNumber(self.seed.sequence),
                    RtpTimestamp(self.seed.timestamp),
                );
                self.session = Some(Session {
                    receiver: RtpReceiver::new(media),
                    sender: RtpSender::new(media, ssrc, sequence, timestamp),
                    // RFC 7022 §4.2: a name that says nothing about the host.
                    reporter: Reporter::new(ssrc, format!("{:08x}@yingda", self.seed.ssrc)),
                    malformed_rtcp: 0,
                    media: media.clone(),
                    waiting_since: now,
                    lost: false,
                    sent_digits: false,
                });
            }
        }
        if !media.direction.receives() {
            self.endpointer.reset();
        }
    }

    /// Appends a speech.
    pub fn play(&mut self, speech: SpeechId, pcm: Pcm, interruptible: bool, repeat: bool) {
        self.playout.push(speech, pcm, interruptible, repeat);
    }

    /// Goes on with what caller speech paused.
    pub fn resume(&mut self) {
        self.playout.resume();
    }

    /// Drops what is said.
    pub fn stop(&mut self, all: bool) {
        self.playout.stop(all);
    }

    /// Drops one speech and leaves the others.
    pub fn drop_speech(&mut self, speech: SpeechId) {
        self.playout.drop_speech(speech);
    }

    /// Listens in another way.
    pub fn listen(&mut self, profile: ListeningProfile) {
        self.endpointer.set_profile(profile);
    }

    /// Ends the utterance that is paused.
    pub fn commit(&mut self, now: Moment, utterance: UtteranceId) {
        if let Some(endpoint) = self.endpointer.commit(utterance) {
            self.endpoint(now, endpoint);
        }
    }

    /// Sends keys.
    pub fn send_digits(&mut self, digits: &[Digit]) {
        if let Some(session) = &mut self.session {
            session.sent_digits = true;
            for digit in digits {
                session.sender.push_digit(*digit);
            }
        }
    }

    /// Joined with another leg, or no more: what is said here comes from there.
    pub fn set_bridged(&mut self, bridged: bool) {
        self.bridged = bridged;
        self.playout.stop(true);
    }

    /// Takes a datagram of the RTP port.
    pub fn receive(&mut self, now: Moment, wall_ms: i64, from: SocketAddr, datagram: &[u8]) {
        if is_rtcp(datagram) {
            return self.receive_rtcp(now, wall_ms, datagram);
        }
        let Some(session) = &mut self.session else {
            return;
        };
        if session.receiver.receive(now, from, datagram) == Received::Accepted {
            session.waiting_since = now;
            session.lost = false;
        }
    }

    /// Takes a datagram of the RTCP port.
    pub fn receive_rtcp(&mut self, now: Moment, wall_ms: i64, datagram: &[u8]) {
        if let Some(session) = &mut self.session
            && !session.reporter.receive(now, wall_ms, datagram)
        {
            session.malformed_rtcp += 1;
        }
    }

    /// First half of a tick: the next 20 ms of what the other side says.
    pub fn hear(&mut self, now: Moment) -> &Frame {
        self.heard.fill(0);
        let Some(session) = &mut self.session else {
            return &self.heard;
        };
        let listening = session.media.direction.receives();
        let kind = match listening {
            true => session.receiver.next_frame(now, &mut self.heard),
            false => FrameKind::Silence,
        };
        if kind == FrameKind::Silence {
            self.heard.fill(0);
        }
        while let Some(digit) = session.receiver.poll_digit() {
            tell(&mut self.events, now, MediaEventKind::Digit(digit));
        }
        let waited = now.since(
            session
                .waiting_since
                .max(session.receiver.last_packet().unwrap_or_default()),
        );
        if !listening {
            session.waiting_since = now;
        } else if waited >= self.lost_after && !session.lost {
            session.lost = true;
            tell(&mut self.events, now, MediaEventKind::MediaLost);
        }
        if listening {
            let mut wide = [0; WIDE_FRAME_SAMPLES];
            self.wide.frame(&self.heard, &mut wide);
            let speech = self.vad.push(&wide, self.said_dbfs);
            if let Some(endpoint) = self.endpointer.push(now, &wide, speech) {
                self.endpoint(now, endpoint);
            }
        }
        &self.heard
    }

    fn endpoint(&mut self, now: Moment, endpoint: Endpoint) {
        let kind = match endpoint {
            Endpoint::Started(utterance) => {
                let over = self.playout.current();
                self.playout.pause();
                MediaEventKind::SpeechStarted { utterance, over }
            }
            Endpoint::Paused(snapshot) => MediaEventKind::UtterancePaused(snapshot),
            Endpoint::Resumed(utterance) => MediaEventKind::UtteranceResumed { utterance },
            Endpoint::Ended(snapshot) => MediaEventKind::UtteranceEnded(snapshot),
        };
        tell(&mut self.events, now, kind);
    }

    /// Second half of a tick: writes the packet to send, with `peer` what a bridged leg heard. Gives its length, 0 for none.
    pub fn speak(
        &mut self,
        now: Moment,
        peer: Option<&Frame>,
        datagram: &mut [u8; LONGEST_DATAGRAM],
    ) -> usize {
        self.said.fill(0);
        match peer.filter(|_| self.bridged) {
            Some(frame) => self.said.copy_from_slice(frame),
            // On hold nobody hears: what is said waits.
            None if self
                .session
                .as_ref()
                .is_some_and(|session| session.media.direction.sends()) =>
            {
                self.playout.next_frame(&mut self.said);
            }
            None => {}
        }
        // Speech of an agent does not come back as echo of ours.
        let audible = self.said.iter().any(|sample| *sample != 0) && !self.bridged;
        self.said_dbfs = audible.then(|| level_dbfs(&self.said));
        while let Some(kind) = self.playout.poll_event() {
            tell(&mut self.events, now, kind);
        }
        let Some(session) = &mut self.session else {
            return 0;
        };
        let length = session.sender.next_packet(&self.said, datagram);
        if session.sent_digits && !session.sender.sends_digits() {
            session.sent_digits = false;
            tell(&mut self.events, now, MediaEventKind::DigitsSent);
        }
        length
    }

    /// What was heard and what was said in this tick, for the recording.
    pub const fn frames(&self) -> (&Frame, &Frame) {
        (&self.heard, &self.said)
    }

    /// Writes a report; gives its length, 0 for none.
    pub fn report(
        &mut self,
        now: Moment,
        wall_ms: i64,
        datagram: &mut [u8; LONGEST_REPORT],
    ) -> usize {
        self.session.as_mut().map_or(0, |session| {
            let (sent, reception) = (session.sender.sent(), session.receiver.reception());
            session
                .reporter
                .report(now, wall_ms, sent, reception, datagram)
        })
    }

    /// Writes a goodbye; gives its length, 0 for none.
    pub fn goodbye(&self, datagram: &mut [u8; LONGEST_REPORT]) -> usize {
        self.session
            .as_ref()
            .map_or(0, |session| session.reporter.goodbye(datagram))
    }

    /// Where to send RTP.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.session
            .as_ref()
            .map(|session| session.receiver.remote())
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<MediaEvent> {
        self.events.pop_front()
    }

    /// The recording, or something else of the driver's, has news.
    pub fn push_event(&mut self, at: Moment, kind: MediaEventKind) {
        tell(&mut self.events, at, kind);
    }

    /// Counters so far.
    pub fn stats(&self) -> LegStats {
        self.session
            .as_ref()
            .map_or(LegStats::default(), |session| LegStats {
                sent: session.sender.packets(),
                malformed_rtcp: session.malformed_rtcp,
                ..session.receiver.stats()
            })
    }
}

fn tell(events: &mut VecDeque<MediaEvent>, at: Moment, kind: MediaEventKind) {
    // A tick makes a handful; they are taken in the same tick.
    if events.len() < EVENTS {
        events.push_back(MediaEvent { at, kind });
    }
}

#[cfg(test)]
mod tests;
