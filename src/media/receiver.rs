//! The receiving half of a leg: datagrams in, one frame of audio each 20 ms out, and the keys between.
//!
//! Whose datagrams they may be is decided by [`super::latch`].

use std::{collections::VecDeque, net::SocketAddr};

use super::{
    LegStats, NegotiatedMedia,
    codec::Transcoder,
    concealment::Concealer,
    dtmf::DtmfReceiver,
    jitter::{Content, JitterBuffer, LONGEST_PAYLOAD, Popped, Pushed},
    latch::{Latch, Origin},
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

/// Frames with too much waiting after which one is left out though it be heard.
const PATIENCE: u32 = 100;

/// One frame in milliseconds.
const FRAME_MS: u32 = 20;

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
    latch: Latch,
    ssrc: Option<Ssrc>,
    /// Whose keys `dtmf` counts: some gateways send them as a stream of their own.
    dtmf_ssrc: Option<Ssrc>,
    last_packet: Option<Moment>,
    /// Decoded samples that do not fill a frame yet (packets need not be 20 ms long).
    decoded: [i16; 2 * LONGEST_PAYLOAD],
    waiting: usize,
    /// Frames that are still to be made up for a lost packet longer than one, and frames with too much waiting.
    to_conceal: u32,
    impatience: u32,
    stats: LegStats,
    /// Packets of the present stream, duplicates included, and what earlier streams lost.
    arrived: u64,
    lost_before: u64,
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
            latch: Latch::new(media.remote, media.direction),
            ssrc: None,
            dtmf_ssrc: None,
            last_packet: None,
            decoded: [0; 2 * LONGEST_PAYLOAD],
            waiting: 0,
            to_conceal: 0,
            impatience: 0,
            stats: LegStats::default(),
            arrived: 0,
            lost_before: 0,
        }
    }

    /// Takes a new agreement; what is buffered goes on if the codec is the same.
    pub fn renegotiate(&mut self, now: Moment, media: &NegotiatedMedia) {
        if media.codec != self.media.codec {
            self.transcoder = Transcoder::new(media.codec);
            self.restart();
            self.waiting = 0;
        }
        self.latch.renegotiate(now, media.remote, media.direction);
        self.media = media.clone();
    }

    /// Where to send: the agreed place until another one is latched.
    pub const fn remote(&self) -> SocketAddr {
        self.latch.remote()
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
        let is_voice = packet.payload_type == self.media.payload_type;
        if !is_event && !is_voice {
            // Comfort noise (RFC 3389) and codecs that were not agreed on: no audio, but a sign of life, and no loss.
            if self.latch.sign_of_life(now, from, &packet) {
                self.last_packet = Some(now);
                self.store(now, &packet, Content::Other);
            }
            self.stats.discarded += 1;
            return Received::Discarded;
        }
        match self.latch.origin(now, from, &packet) {
            Origin::Ours if self.ssrc != Some(packet.ssrc) => {
                self.restart();
                self.ssrc = Some(packet.ssrc);
            }
            Origin::Ours => {}
            Origin::Beside if is_event => {
                self.last_packet = Some(now);
                self.stats.received += 1;
                self.take_event(&packet);
                return Received::Accepted;
            }
            Origin::Beside | Origin::Foreign => {
                self.stats.discarded += 1;
                return Received::Discarded;
            }
        }
        self.last_packet = Some(now);
        let content = if is_event {
            Content::Other
        } else {
            Content::Voice
        };
        if is_event {
            self.take_event(&packet);
        }
        match self.store(now, &packet, content) {
            Pushed::Stored | Pushed::Restarted => {
                self.stats.received += 1;
                Received::Accepted
            }
            Pushed::Late | Pushed::Duplicate | Pushed::Stray => {
                self.stats.discarded += 1;
                Received::Discarded
            }
        }
    }

    fn take_event(&mut self, packet: &RtpPacket<'_>) {
        if self.dtmf_ssrc.replace(packet.ssrc) != Some(packet.ssrc) {
            self.dtmf = DtmfReceiver::default();
        }
        if let Some(digit) = self.dtmf.receive(packet.timestamp, packet.payload)
            && self.digits.len() < DIGITS
        {
            self.digits.push_back(digit);
        }
    }

    fn store(&mut self, now: Moment, packet: &RtpPacket<'_>, content: Content) -> Pushed {
        self.arrived += 1;
        let payload = match content {
            Content::Voice => packet.payload,
            Content::Other => &[],
        };
        let before = self.buffer.lost();
        let pushed = self
            .buffer
            .push(now, packet.sequence, packet.timestamp, content, payload);
        if pushed == Pushed::Restarted {
            // The numbers begin anew.
            self.lost_before += before;
            self.arrived = 1;
        }
        pushed
    }

    fn restart(&mut self) {
        self.lost_before += self.buffer.lost();
        self.buffer.reset();
        self.arrived = 0;
        self.to_conceal = 0;
    }

    /// The next 20 ms of audio. Call it once a tick.
    pub fn next_frame(&mut self, now: Moment, frame: &mut Frame) -> FrameKind {
        let mut kind = self.take_frame(now, frame);
        if self.should_catch_up(kind, frame) {
            self.impatience = 0;
            if kind == FrameKind::Voice {
                self.concealer.skip();
            }
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

    /// Whether to leave this frame out because too much waits: at once where it is not heard, else after a while.
    fn should_catch_up(&mut self, kind: FrameKind, frame: &Frame) -> bool {
        if !self.buffer.has_excess() {
            self.impatience = 0;
            return false;
        }
        self.impatience += 1;
        self.impatience > PATIENCE
            || self.buffer.has_gross_excess()
            || kind != FrameKind::Voice
            || level_dbfs(frame) < QUIET_DBFS
    }

    fn take_frame(&mut self, now: Moment, frame: &mut Frame) -> FrameKind {
        if self.to_conceal > 0 {
            self.to_conceal -= 1;
            return FrameKind::Concealed;
        }
        while self.waiting < FRAME_SAMPLES {
            match self.buffer.pop(now) {
                Popped::Voice(payload) => {
                    let room = &mut self.decoded[self.waiting..];
                    self.waiting += self.transcoder.decode(payload, room);
                }
                Popped::Missing => {
                    self.to_conceal = (self.buffer.packet_ms() / FRAME_MS).saturating_sub(1);
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
            lost: self.lost_before + self.buffer.lost(),
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
            received: self.arrived,
            highest: highest as u32,
            jitter: (self.buffer.jitter_ms() * 8.0) as u32,
        })
    }
}

#[cfg(test)]
mod tests;
