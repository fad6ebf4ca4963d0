//! The receiving half of a leg: datagrams in, one frame of audio each 20 ms out, and the keys between.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use super::{
    LegStats, NegotiatedMedia,
    codec::Transcoder,
    concealment::Concealer,
    dtmf::DtmfReceiver,
    jitter::{Content, JitterBuffer, LONGEST_PAYLOAD, Popped, Pushed},
    rtcp::Reception,
    rtp::{RtpPacket, Ssrc},
};
use crate::{
    audio::{FRAME_SAMPLES, Frame, level_dbfs},
    call::Digit,
    clock::Moment,
};

/// Below this level a frame can be left out unheard.
const QUIET_DBFS: f32 = -45.0;

/// A new source must be silent for so long before another takes its place (symmetric RTP, RFC 4961).
const LATCH_AFTER: Duration = Duration::from_millis(500);

/// Keys that wait to be taken.
const DIGITS: usize = 32;

/// What a datagram was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Audio or a key of our stream.
    Accepted,
    /// RTP that is not of our stream, or too late, or twice.
    Discarded,
    /// Not RTP.
    Malformed,
}

/// What a frame is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// What was sent.
    Voice,
    /// What was probably sent.
    Concealed,
    /// Nothing was sent.
    Silence,
}

/// The receiving half of a leg.
#[derive(Debug)]
pub struct RtpReceiver {
    media: NegotiatedMedia,
    transcoder: Transcoder,
    buffer: JitterBuffer,
    concealer: Concealer,
    dtmf: DtmfReceiver,
    digits: VecDeque<Digit>,
    ssrc: Option<Ssrc>,
    remote: SocketAddr,
    last_packet: Option<Moment>,
    /// Decoded samples that do not fill a frame yet (packets need not be 20 ms long).
    decoded: [i16; 2 * LONGEST_PAYLOAD],
    waiting: usize,
    stats: LegStats,
    packets_before: u64,
}

impl RtpReceiver {
    /// A receiver to which nothing was sent yet.
    pub fn new(media: &NegotiatedMedia) -> Self {
        Self {
            media: media.clone(),
            transcoder: Transcoder::new(media.codec),
            buffer: JitterBuffer::default(),
            concealer: Concealer::default(),
            dtmf: DtmfReceiver::default(),
            digits: VecDeque::with_capacity(DIGITS),
            ssrc: None,
            remote: media.remote,
            last_packet: None,
            decoded: [0; 2 * LONGEST_PAYLOAD],
            waiting: 0,
            stats: LegStats::default(),
            packets_before: 0,
        }
    }

    /// Takes a new agreement; what is buffered goes on if the codec is the same.
    pub fn renegotiate(&mut self, media: &NegotiatedMedia) {
        if media.codec != self.media.codec {
            self.transcoder = Transcoder::new(media.codec);
            self.buffer = JitterBuffer::default();
            self.waiting = 0;
        }
        if media.remote != self.media.remote {
            self.remote = media.remote;
        }
        self.media = media.clone();
    }

    /// Where to send: the agreed address until packets come from another one (symmetric RTP, RFC 4961).
    pub const fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// When the last packet of the stream came.
    pub const fn last_packet(&self) -> Option<Moment> {
        self.last_packet
    }

    /// Takes a datagram that came from `from`.
    pub fn receive(&mut self, now: Moment, from: SocketAddr, datagram: &[u8]) -> Received {
        let Some(packet) = RtpPacket::parse(datagram) else {
            self.stats.malformed += 1;
            return Received::Malformed;
        };
        let is_event = self.media.telephone_event == Some(packet.payload_type);
        if !is_event && packet.payload_type != self.media.payload_type {
            // Comfort noise (RFC 3389) and codecs that were not agreed on.
            self.stats.discarded += 1;
            return Received::Discarded;
        }
        if !self.is_ours(now, from, packet.ssrc) {
            self.stats.discarded += 1;
            return Received::Discarded;
        }
        self.last_packet = Some(now);
        self.stats.received += 1;
        if is_event {
            if let Some(digit) = self.dtmf.receive(packet.timestamp, packet.payload)
                && self.digits.len() < DIGITS
            {
                self.digits.push_back(digit);
            }
            self.buffer
                .push(now, packet.sequence, packet.timestamp, Content::Other, &[]);
            return Received::Accepted;
        }
        let pushed = self.buffer.push(
            now,
            packet.sequence,
            packet.timestamp,
            Content::Voice,
            packet.payload,
        );
        match pushed {
            Pushed::Stored | Pushed::Restarted => Received::Accepted,
            Pushed::Late | Pushed::Duplicate | Pushed::Stray => {
                self.stats.discarded += 1;
                Received::Discarded
            }
        }
    }

    /// The next 20 ms of audio. Call it once a tick.
    pub fn next_frame(&mut self, now: Moment, frame: &mut Frame) -> FrameKind {
        let mut kind = self.take_frame(now, frame);
        // Catch up where it is not heard: leave a quiet frame out while too much waits.
        let catch_up = kind == FrameKind::Voice
            && (self.buffer.has_gross_excess()
                || (self.buffer.has_excess() && level_dbfs(frame) < QUIET_DBFS));
        if catch_up {
            kind = self.take_frame(now, frame);
        }
        match kind {
            FrameKind::Voice => self.concealer.real(frame),
            FrameKind::Concealed | FrameKind::Silence => {
                self.concealer.conceal(frame);
                if self.concealer.is_silent() {
                    return FrameKind::Silence;
                }
            }
        }
        kind
    }

    fn take_frame(&mut self, now: Moment, frame: &mut Frame) -> FrameKind {
        while self.waiting < FRAME_SAMPLES {
            match self.buffer.pop(now) {
                Popped::Voice(payload) => {
                    let room = &mut self.decoded[self.waiting..];
                    self.waiting += self.transcoder.decode(payload, room);
                }
                Popped::Missing => {
                    self.stats.lost += 1;
                    return FrameKind::Concealed;
                }
                Popped::Empty => return FrameKind::Concealed,
            }
        }
        frame.copy_from_slice(&self.decoded[..FRAME_SAMPLES]);
        self.decoded.copy_within(FRAME_SAMPLES..self.waiting, 0);
        self.waiting -= FRAME_SAMPLES;
        FrameKind::Voice
    }

    /// The next key that was pressed.
    pub fn poll_digit(&mut self) -> Option<Digit> {
        self.digits.pop_front()
    }

    /// Counters so far.
    pub fn stats(&self) -> LegStats {
        LegStats {
            jitter_ms: self.buffer.jitter_ms(),
            ..self.stats
        }
    }

    /// For a receiver report.
    pub fn reception(&self) -> Option<Reception> {
        let ssrc = self.ssrc?;
        let (first, highest) = self.buffer.numbers()?;
        Some(Reception {
            ssrc,
            expected: highest.saturating_sub(first) + 1,
            received: self.stats.received.saturating_sub(self.packets_before),
            highest: highest as u32,
            jitter: (self.buffer.jitter_ms() * 8.0) as u32,
        })
    }

    /// Whether a packet belongs to the stream we listen to; a new stream takes over when the old one is silent, or at once
    /// when it comes from where the old one came from.
    fn is_ours(&mut self, now: Moment, from: SocketAddr, ssrc: Ssrc) -> bool {
        let silent = self
            .last_packet
            .is_none_or(|last| now.since(last) >= LATCH_AFTER);
        if self.ssrc == Some(ssrc) && (from == self.remote || silent) {
            self.remote = from;
            return true;
        }
        if self.ssrc.is_some() && !silent && from != self.remote {
            return false;
        }
        let known = self.ssrc.replace(ssrc);
        self.remote = from;
        if known != Some(ssrc) {
            self.buffer = JitterBuffer::default();
            self.dtmf = DtmfReceiver::default();
            self.packets_before = self.stats.received;
        }
        true
    }
}

#[cfg(test)]
mod tests;
