//! Whose packets a leg listens to, and so where it sends.
//!
//! Symmetric RTP (RFC 4961) says: send to where packets come from. Taken literally, whoever sends one packet to a port has the
//! call, so latching is restricted, as RFC 7362 §5 advises of middleboxes:
//!
//! 1. The place in the session description always wins: one packet from there, and it is latched.
//! 2. Another place (NAT) is latched after [`NEW_PLACE_PACKETS`] in sequence of one SSRC, all of payload types that were
//!    agreed on. The address in the description on another port goes before any other address, even one that is latched.
//! 3. What is latched stays. Silence gives nobody else its place, with three exceptions:
//!    - the same stream that goes on from elsewhere, with its SSRC and its numbers, when nothing more comes from the old
//!      place: a NAT has bound it anew;
//!    - a new stream from another port of the same address, after [`REBOUND_AFTER`] of silence: so has a NAT, and the phone
//!      began a new stream;
//!    - after a new agreement, while what is latched is not the place in the description: whoever has sent in sequence when
//!      the latched place has been silent for [`SILENT_AFTER`] since.
//! 4. On hold, when the caller may be silent for long, what is latched gives way to no other address at all.
//! 5. A new SSRC from the latched place takes over at once after silence, else after [`NEW_STREAM_PACKETS`].
//!
//! It does not protect from somebody who can read the packets or forge their source, which is what SRTP is for. Of two
//! places, both foreign to the description, the first is kept as long as it sends.

use std::{net::SocketAddr, time::Duration};

use super::{
    Direction,
    rtp::{RtpPacket, SequenceNumber, Ssrc},
};
use crate::clock::Moment;

/// A place or a stream that sent nothing for so long is silent: two or three lost packets are not.
pub const SILENT_AFTER: Duration = Duration::from_millis(500);

/// The silence after which another port of the same address may be a new binding of its NAT.
pub const REBOUND_AFTER: Duration = Duration::from_secs(2);

/// Packets in sequence by which a new stream from the same place takes over (RFC 3550 A.1, MIN_SEQUENTIAL).
pub const NEW_STREAM_PACKETS: u32 = 2;

/// Packets in sequence by which another place takes over.
pub const NEW_PLACE_PACKETS: u32 = 5;

/// How far ahead the numbers of a stream may be and still be its own (RFC 3550 A.1, MAX_DROPOUT).
const MAX_DROPOUT: i32 = 3_000;

/// Streams that are watched at once; one more takes the place of the least of them.
const CANDIDATES: usize = 4;

/// Whose packet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Of the stream we listen to.
    Ours,
    /// Of another one from the same place.
    Beside,
    /// Of somebody else.
    Foreign,
}

/// How near a place is to the one in the session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    Elsewhere,
    /// Its address, another port.
    Address,
    /// It.
    Place,
}

/// A stream and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Source {
    from: SocketAddr,
    ssrc: Ssrc,
    last: SequenceNumber,
    heard: Moment,
}

impl Source {
    fn is_of(&self, from: SocketAddr, packet: &RtpPacket<'_>) -> bool {
        self.from == from && self.ssrc == packet.ssrc
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was latched since a place was agreed on.
    Open,
    /// This is listened to.
    Latched(Source),
    /// This is listened to, but there is a new agreement, and it has not been heard since.
    Reopened(Source, Moment),
}

/// Who would take over if it goes on.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    from: SocketAddr,
    ssrc: Ssrc,
    next: SequenceNumber,
    packets: u32,
}

/// Decides whose packets a leg listens to.
#[derive(Debug)]
pub struct Latch {
    signalled: SocketAddr,
    direction: Direction,
    state: State,
    candidates: [Option<Candidate>; CANDIDATES],
}

impl Latch {
    /// Nobody was heard yet; the session description names `signalled`, and `direction` is ours.
    pub const fn new(signalled: SocketAddr, direction: Direction) -> Self {
        Self {
            signalled,
            direction,
            state: State::Open,
            candidates: [None; CANDIDATES],
        }
    }

    /// Offer and answer agreed anew.
    pub fn renegotiate(&mut self, now: Moment, signalled: SocketAddr, direction: Direction) {
        self.direction = direction;
        // A hold by `c=0.0.0.0` says nothing about where they are.
        if !signalled.ip().is_unspecified() && signalled != self.signalled {
            self.signalled = signalled;
            self.candidates = [None; CANDIDATES];
            match self.state {
                State::Latched(source) | State::Reopened(source, _) if source.from == signalled => {
                    self.state = State::Latched(source);
                }
                _ => self.state = State::Open,
            }
        }
        // On hold it waits: the caller, who is silent, could not claim what is theirs.
        if let Some(source) = self.source()
            && source.from != self.signalled
            && !self.is_on_hold()
        {
            self.state = State::Reopened(source, now);
        }
    }

    /// Where to send: the place in the description until another is latched.
    pub const fn remote(&self) -> SocketAddr {
        match self.state {
            State::Open => self.signalled,
            State::Latched(source) | State::Reopened(source, _) => source.from,
        }
    }

    /// Notes a packet that is no audio and no key; gives whether it is a sign of life of our stream.
    pub fn sign_of_life(&mut self, now: Moment, from: SocketAddr, packet: &RtpPacket<'_>) -> bool {
        match self.source() {
            Some(source) if source.is_of(from, packet) => {
                self.heard(now, source, packet);
                true
            }
            _ => false,
        }
    }

    /// Whose packet it is, of a payload type that was agreed on. It is the latched stream's from now on if it is ours.
    pub fn origin(&mut self, now: Moment, from: SocketAddr, packet: &RtpPacket<'_>) -> Origin {
        if let Some(source) = self.source()
            && source.is_of(from, packet)
        {
            self.heard(now, source, packet);
            return Origin::Ours;
        }
        let packets = self.packets_in_sequence(from, packet);
        if self.takes_over(now, from, packet, packets) {
            self.candidates = [None; CANDIDATES];
            self.state = State::Latched(Source {
                from,
                ssrc: packet.ssrc,
                last: packet.sequence,
                heard: now,
            });
            return Origin::Ours;
        }
        match self.source() {
            Some(source) if source.from == from => Origin::Beside,
            _ => Origin::Foreign,
        }
    }

    fn takes_over(
        &self,
        now: Moment,
        from: SocketAddr,
        packet: &RtpPacket<'_>,
        packets: u32,
    ) -> bool {
        let nearness = self.nearness(from);
        let Some(source) = self.source() else {
            return nearness == Nearness::Place
                || (packets >= NEW_PLACE_PACKETS && self.direction.receives());
        };
        let silence = now.since(source.heard);
        if source.from == from {
            return silence >= SILENT_AFTER || packets >= NEW_STREAM_PACKETS;
        }
        if nearness == Nearness::Place {
            return true;
        }
        if packets < NEW_PLACE_PACKETS {
            return false;
        }
        if nearness > self.nearness(source.from) {
            return true;
        }
        let same_address = source.from.ip() == from.ip();
        let goes_on = source.ssrc == packet.ssrc
            && (0..MAX_DROPOUT).contains(&packet.sequence.ahead_of(source.last));
        if self.is_on_hold() {
            return goes_on && same_address;
        }
        if goes_on || (same_address && silence >= REBOUND_AFTER) {
            return true;
        }
        match self.state {
            State::Reopened(_, since) => silence.min(now.since(since)) >= SILENT_AFTER,
            State::Open | State::Latched(_) => false,
        }
    }

    const fn is_on_hold(&self) -> bool {
        !(self.direction.sends() && self.direction.receives())
    }

    const fn source(&self) -> Option<Source> {
        match self.state {
            State::Open => None,
            State::Latched(source) | State::Reopened(source, _) => Some(source),
        }
    }

    /// The latched stream is there, so nobody can be what has become of it.
    fn heard(&mut self, now: Moment, source: Source, packet: &RtpPacket<'_>) {
        let last = match packet.sequence.ahead_of(source.last) {
            // Late, not anew.
            -100..=0 => source.last,
            _ => packet.sequence,
        };
        self.state = State::Latched(Source {
            last,
            heard: now,
            ..source
        });
        let latched = self.nearness(source.from);
        let signalled = self.signalled;
        for slot in &mut self.candidates {
            if slot.is_some_and(|candidate| nearness(signalled, candidate.from) <= latched) {
                *slot = None;
            }
        }
    }

    fn nearness(&self, from: SocketAddr) -> Nearness {
        nearness(self.signalled, from)
    }

    /// How many packets in sequence came from a candidate, this one included.
    fn packets_in_sequence(&mut self, from: SocketAddr, packet: &RtpPacket<'_>) -> u32 {
        let known = self.candidates.iter().position(|slot| {
            slot.is_some_and(|candidate| candidate.from == from && candidate.ssrc == packet.ssrc)
        });
        // Strangers are many, and one who sends in sequence is worth more than they are.
        let least = || {
            let packets = |place: &usize| self.candidates[*place].map_or(0, |known| known.packets);
            (0..CANDIDATES).min_by_key(packets).unwrap_or(0)
        };
        let slot = &mut self.candidates[known.unwrap_or_else(least)];
        let packets = match *slot {
            Some(candidate) if known.is_some() && candidate.next == packet.sequence => {
                candidate.packets + 1
            }
            _ => 1,
        };
        *slot = Some(Candidate {
            from,
            ssrc: packet.ssrc,
            next: packet.sequence.next(),
            packets,
        });
        packets
    }
}

fn nearness(signalled: SocketAddr, from: SocketAddr) -> Nearness {
    if from == signalled {
        Nearness::Place
    } else if from.ip() == signalled.ip() {
        Nearness::Address
    } else {
        Nearness::Elsewhere
    }
}

#[cfg(test)]
mod tests;
