//! The jitter buffer: packets in the order they arrive, out in the order they were sent, at an even pace.
//!
//! It holds packets for a target time that follows the measured jitter: it grows at once when a packet comes too late and
//! shrinks slowly, by one packet at a time where that is not heard. It does not decode and does not conceal.

use super::rtp::{RtpTimestamp, SequenceNumber};
use crate::clock::Moment;

/// Packets that can be held: 1.28 s of 20 ms packets.
const CAPACITY: usize = 64;

/// The longest payload: 60 ms of G.711.
pub const LONGEST_PAYLOAD: usize = 480;

/// Target time in the buffer, at the beginning and its bounds, in milliseconds.
const TARGET_START_MS: u32 = 40;
const TARGET_MIN_MS: u32 = 20;
const TARGET_MAX_MS: u32 = 200;

/// A jump in sequence numbers beyond this is a new stream, once the packet after it confirms it (RFC 3550 A.1).
const MAX_JUMP: i32 = 1_000;

/// How many packets at an even pace shrink the target by one step.
const CALM_PACKETS: u32 = 250;

/// A pause of so many empty pops ends a talkspurt: the next packet waits for the target time again.
const PAUSE: u32 = 5;

/// What a packet is to the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Audio.
    Voice,
    /// Not audio, but a number in the sequence (a telephone-event).
    Other,
}

/// What a push did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Taken.
    Stored,
    /// Its turn is over.
    Late,
    /// Taken before.
    Duplicate,
    /// Far from the stream; counted until the next packet confirms it.
    Stray,
    /// The first packet of a new stream; everything older was dropped.
    Restarted,
}

/// What comes out when a packet's time is due.
#[derive(Debug, PartialEq, Eq)]
pub enum Popped<'a> {
    /// The next packet's payload.
    Voice(&'a [u8]),
    /// The next packet did not come and later ones did.
    Missing,
    /// Nothing has come that could be next.
    Empty,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Extended sequence number, which tells a slot's owner from one a round earlier.
    number: u64,
    content: Content,
    taken: bool,
    length: usize,
    payload: [u8; LONGEST_PAYLOAD],
}

const EMPTY: Slot = Slot {
    number: 0,
    content: Content::Other,
    taken: false,
    length: 0,
    payload: [0; LONGEST_PAYLOAD],
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Packets gather until the first has waited for the target time, or as many have come.
    Filling { since: Moment },
    /// Packets go out one by one; so many pops in a row found none.
    Playing { starved: u32 },
}

/// The jitter buffer of one stream.
pub struct JitterBuffer {
    /// As many as [`CAPACITY`].
    slots: Box<[Slot]>,
    phase: Option<Phase>,
    /// Extended number of the next packet to go out, and the highest that came.
    next: u64,
    highest: u64,
    /// The number the stream began with.
    first: u64,
    /// Numbers below it had their turn.
    played: u64,
    /// How many numbers came, in time or not.
    came: u64,
    /// The number that would confirm a new stream.
    stray: Option<SequenceNumber>,
    target_ms: u32,
    calm: u32,
    /// Interarrival jitter in microseconds (RFC 3550 §6.4.1), scaled by 16 as in A.8.
    jitter_x16: u64,
    last_transit: Option<(Moment, RtpTimestamp)>,
    packet_ms: u32,
}

impl std::fmt::Debug for JitterBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JitterBuffer")
            .field("phase", &self.phase)
            .field("next", &self.next)
            .field("target_ms", &self.target_ms)
            .finish_non_exhaustive()
    }
}

impl Default for JitterBuffer {
    fn default() -> Self {
        Self::in_slots(vec![EMPTY; CAPACITY].into())
    }
}

impl JitterBuffer {
    /// Forgets the stream, for another one. Does not allocate.
    pub fn reset(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        free(&mut slots);
        *self = Self::in_slots(slots);
    }

    fn in_slots(slots: Box<[Slot]>) -> Self {
        Self {
            slots,
            phase: None,
            next: 0,
            highest: 0,
            first: 0,
            played: 0,
            came: 0,
            stray: None,
            target_ms: TARGET_START_MS,
            calm: 0,
            jitter_x16: 0,
            last_transit: None,
            packet_ms: 20,
        }
    }

    /// Takes a packet that came at `now`. A payload beyond [`LONGEST_PAYLOAD`] is cut.
    pub fn push(
        &mut self,
        now: Moment,
        sequence: SequenceNumber,
        timestamp: RtpTimestamp,
        content: Content,
        payload: &[u8],
    ) -> Pushed {
        let (number, restarted) = match self.extend(now, sequence) {
            Some(extended) => extended,
            None => return Pushed::Stray,
        };
        if let Some(Phase::Playing { starved }) = self.phase
            && starved >= PAUSE
            && number >= self.next
        {
            // A talkspurt begins. Whatever is missing before it would be heard as more of the pause.
            self.phase = Some(Phase::Filling { since: now });
            (self.played, self.next) = (self.next, number);
        }
        let index = (number % CAPACITY as u64) as usize;
        if self.slots[index].number == number {
            // Also one that was played already: a slot keeps its number until another takes it.
            return Pushed::Duplicate;
        }
        if content == Content::Voice {
            self.measure(now, timestamp, payload.len());
        }
        self.came += 1;
        if number < self.next {
            let is_filling = matches!(self.phase, Some(Phase::Filling { .. }));
            if !is_filling || number < self.played || self.highest - number >= CAPACITY as u64 {
                self.widen();
                return Pushed::Late;
            }
            // Nothing has gone out yet: it is early enough.
            self.next = number;
            self.first = self.first.min(number);
        }
        self.highest = self.highest.max(number);
        if number >= self.next + CAPACITY as u64 {
            // Nobody took packets for longer than the buffer holds: the oldest go.
            self.next = number + 1 - CAPACITY as u64;
        }
        let slot = &mut self.slots[index];
        let length = payload.len().min(LONGEST_PAYLOAD);
        slot.payload[..length].copy_from_slice(&payload[..length]);
        (slot.number, slot.content, slot.length, slot.taken) = (number, content, length, true);
        match restarted {
            true => Pushed::Restarted,
            false => Pushed::Stored,
        }
    }

    /// The packet whose turn it is. Call it each time the audio of the one before has gone out.
    pub fn pop(&mut self, now: Moment) -> Popped<'_> {
        let starved = match self.phase {
            None => return Popped::Empty,
            Some(Phase::Filling { since }) => {
                let waited = now.since(since).as_millis() as u32;
                if waited < self.target_ms && !self.is_full_enough() {
                    return Popped::Empty;
                }
                0
            }
            Some(Phase::Playing { starved }) => starved,
        };
        // Events have numbers of the sequence and no audio.
        while self.next <= self.highest && self.holds(self.next, Content::Other) {
            self.release();
        }
        if self.next > self.highest {
            // Keep the place: what comes late is then played late, and not lost.
            self.phase = Some(Phase::Playing {
                starved: starved.saturating_add(1),
            });
            return Popped::Empty;
        }
        if !self.holds(self.next, Content::Voice) {
            self.next += 1;
            // Its time went by while nothing was there: it must not be filled in a second time.
            if starved > 0 {
                self.phase = Some(Phase::Playing {
                    starved: starved - 1,
                });
                return self.pop(now);
            }
            self.phase = Some(Phase::Playing { starved: 0 });
            return Popped::Missing;
        }
        self.phase = Some(Phase::Playing { starved: 0 });
        let index = (self.next % CAPACITY as u64) as usize;
        self.release();
        let slot = &self.slots[index];
        Popped::Voice(&slot.payload[..slot.length])
    }

    /// Whether more waits than the target asks for, so that a packet could be left out where that is not heard.
    pub fn has_excess(&self) -> bool {
        self.waiting_ms() > self.target_ms + 2 * self.packet_ms
    }

    /// Whether so much waits that a packet must be left out wherever that is.
    pub fn has_gross_excess(&self) -> bool {
        self.waiting_ms() > 2 * TARGET_MAX_MS
    }

    /// Interarrival jitter in milliseconds (RFC 3550 §6.4.1).
    pub fn jitter_ms(&self) -> f32 {
        self.jitter_x16 as f32 / 16_000.0
    }

    /// How long a packet is held, in milliseconds.
    pub const fn target_ms(&self) -> u32 {
        self.target_ms
    }

    /// How long a packet of this stream lasts, in milliseconds.
    pub const fn packet_ms(&self) -> u32 {
        self.packet_ms
    }

    /// How many numbers up to the highest never came.
    pub fn lost(&self) -> u64 {
        self.numbers().map_or(0, |(first, highest)| {
            (highest - first + 1).saturating_sub(self.came)
        })
    }

    /// Extended sequence numbers of the stream's first and highest packet.
    pub fn numbers(&self) -> Option<(u64, u64)> {
        self.phase.map(|_| (self.first, self.highest))
    }

    /// Whether packets came faster than they are played, so that nothing is gained by waiting.
    fn is_full_enough(&self) -> bool {
        let held = self.slots.iter().filter(|slot| slot.taken).count() as u32;
        held * self.packet_ms > self.target_ms + self.packet_ms
    }

    fn waiting_ms(&self) -> u32 {
        let packets = (self.highest + 1).saturating_sub(self.next) as u32;
        packets * self.packet_ms
    }

    fn holds(&self, number: u64, content: Content) -> bool {
        let slot = &self.slots[(number % CAPACITY as u64) as usize];
        slot.taken && slot.number == number && slot.content == content
    }

    fn release(&mut self) {
        self.slots[(self.next % CAPACITY as u64) as usize].taken = false;
        self.next += 1;
    }

    /// The extended number of `sequence`, and whether it begins a new stream; `None` for a stray.
    fn extend(&mut self, now: Moment, sequence: SequenceNumber) -> Option<(u64, bool)> {
        if self.phase.is_none() {
            return Some((self.restart(now, sequence), false));
        }
        let jump = sequence.ahead_of(SequenceNumber(self.highest as u16));
        if jump.abs() <= MAX_JUMP {
            self.stray = None;
            // Numbers begin a whole round above zero, so that one can be behind the first.
            return Some((self.highest.saturating_add_signed(i64::from(jump)), false));
        }
        if self.stray == Some(sequence) {
            return Some((self.restart(now, sequence), true));
        }
        self.stray = Some(sequence.next());
        None
    }

    fn restart(&mut self, now: Moment, sequence: SequenceNumber) -> u64 {
        free(&mut self.slots);
        let number = 0x1_0000 + u64::from(sequence.0);
        (self.next, self.highest, self.first) = (number, number, number);
        (self.played, self.came) = (0, 0);
        self.phase = Some(Phase::Filling { since: now });
        self.stray = None;
        self.last_transit = None;
        number
    }

    fn measure(&mut self, now: Moment, timestamp: RtpTimestamp, samples: usize) {
        if let Ok(packet_ms @ 5..=60) = u32::try_from(samples / 8) {
            self.packet_ms = packet_ms;
        }
        if let Some((before, stamp)) = self.last_transit {
            // RFC 3550 A.8: the difference of spacing at the receiver and at the sender. A talkspurt's gap is no jitter.
            let sent = timestamp.ahead_of(stamp) * 125;
            let came = now.as_micros() as i64 - before.as_micros() as i64;
            if sent.abs() < 500_000 {
                let deviation = (came - sent).unsigned_abs();
                self.jitter_x16 += deviation;
                self.jitter_x16 -= (self.jitter_x16 + 8) / 16;
                self.follow_jitter();
            }
        }
        self.last_transit = Some((now, timestamp));
    }

    fn follow_jitter(&mut self) {
        // Three times the mean deviation covers almost every packet of a network without surprises.
        let wanted = (self.jitter_ms() * 3.0) as u32 + self.packet_ms;
        let wanted = wanted.clamp(TARGET_MIN_MS, TARGET_MAX_MS);
        if wanted > self.target_ms {
            self.target_ms = wanted;
            self.calm = 0;
        } else if wanted + self.packet_ms <= self.target_ms {
            self.calm += 1;
            if self.calm >= CALM_PACKETS {
                self.calm = 0;
                self.target_ms -= self.packet_ms;
            }
        }
    }

    fn widen(&mut self) {
        self.target_ms = (self.target_ms + self.packet_ms).min(TARGET_MAX_MS);
        self.calm = 0;
    }
}

fn free(slots: &mut [Slot]) {
    for slot in slots {
        (slot.taken, slot.number) = (false, 0);
    }
}

#[cfg(test)]
mod tests;
