//! Callers, their NATs, and those who only pretend.

use proptest::prelude::*;

use super::*;
use crate::media::{PayloadType, rtp::RtpTimestamp};

/// The place in the session description.
const CALLER: &str = "192.0.2.1:4000";
/// Where the caller's NAT puts its packets, first and after it forgot.
const NAT: &str = "198.51.100.1:61000";
const NAT_AGAIN: &str = "198.51.100.1:62000";
const NAT_ELSEWHERE: &str = "198.51.100.9:61000";
/// The caller's address, another port.
const BESIDE: &str = "192.0.2.1:4444";
const INTRUDER: &str = "203.0.113.6:9000";

/// Who sends: the caller, or somebody else.
#[derive(Clone, Copy, Debug)]
enum Who {
    Caller,
    Other,
}
use Who::{Caller, Other};

/// What happens; a packet takes 20 ms.
#[derive(Clone, Copy, Debug)]
enum Step {
    Send(Who, u16),
    /// The other first, then the caller, in each 20 ms.
    Together(u16),
    Wait(u64),
    /// Whose packets come from there from now on.
    From(Who, &'static str),
    /// A new SSRC, and numbers of its own.
    Anew(Who),
    Agree(&'static str, Direction),
    /// Where we send by now.
    Sends(&'static str),
}
use Step::{Agree, Anew, From, Send, Sends, Together, Wait};

const HELD: Direction = Direction::RecvOnly;
const TALKING: Direction = Direction::SendRecv;

struct Sender {
    from: SocketAddr,
    ssrc: u32,
    sequence: u16,
}

impl Sender {
    fn send(&mut self, latch: &mut Latch, now: Moment) -> Origin {
        let packet = RtpPacket {
            ssrc: Ssrc(self.ssrc),
            payload_type: PayloadType(8),
            sequence: SequenceNumber(self.sequence),
            timestamp: RtpTimestamp(0),
            marker: false,
            payload: &[],
        };
        self.sequence = self.sequence.wrapping_add(1);
        latch.origin(now, self.from, &packet)
    }
}

fn place(text: &str) -> SocketAddr {
    text.parse().expect("an address and a port")
}

fn check(name: &str, steps: &[Step]) {
    let mut latch = Latch::new(place(CALLER), TALKING);
    let sender = |from, ssrc, sequence| Sender {
        from: place(from),
        ssrc,
        sequence,
    };
    let mut senders = [sender(CALLER, 1, 65_530), sender(INTRUDER, 1_000, 7)];
    let mut now = Moment::ORIGIN;
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Send(who, packets) => {
                for _ in 0..packets {
                    senders[who as usize].send(&mut latch, now);
                    now += Duration::from_millis(20);
                }
            }
            Together(packets) => {
                for _ in 0..packets {
                    senders[Other as usize].send(&mut latch, now);
                    senders[Caller as usize].send(&mut latch, now);
                    now += Duration::from_millis(20);
                }
            }
            Wait(ms) => now += Duration::from_millis(ms),
            From(who, from) => senders[who as usize].from = place(from),
            Anew(who) => {
                senders[who as usize].ssrc += 1;
                senders[who as usize].sequence = senders[who as usize].sequence.wrapping_mul(31);
            }
            Agree(signalled, direction) => latch.renegotiate(now, place(signalled), direction),
            Sends(to) => assert_eq!(latch.remote(), place(to), "{name}, step {number}"),
        }
    }
}

#[test]
fn what_was_signalled_wins() {
    for (name, steps) in [
        (
            "one packet is enough",
            &[
                Sends(CALLER),
                Send(Caller, 1),
                Sends(CALLER),
                Send(Other, 50),
                Sends(CALLER),
            ][..],
        ),
        (
            "an intruder before the caller",
            &[
                Send(Other, 4),
                Sends(CALLER),
                Send(Other, 1),
                Sends(INTRUDER),
                Send(Caller, 1),
                Sends(CALLER),
            ],
        ),
        (
            "an intruder who goes on",
            &[
                Send(Other, 20),
                Together(1),
                Sends(CALLER),
                Together(50),
                Sends(CALLER),
                Send(Other, 500),
                Sends(CALLER),
            ],
        ),
        (
            "a stale sender at a reused port, from the caller's own gateway",
            &[
                From(Other, BESIDE),
                Send(Other, 20),
                Sends(BESIDE),
                Together(20),
                Sends(CALLER),
                Send(Other, 50),
                Sends(CALLER),
            ],
        ),
        (
            "the caller's own address goes before any other",
            &[
                Send(Other, 20),
                Sends(INTRUDER),
                From(Caller, BESIDE),
                Together(4),
                Sends(INTRUDER),
                Together(1),
                Sends(BESIDE),
            ],
        ),
    ] {
        check(name, steps);
    }
}

#[test]
fn silence_and_hold_give_nobody_else_the_call() {
    for (name, steps) in [
        (
            "mere silence",
            &[
                Send(Caller, 9),
                Wait(60_000),
                Send(Other, 500),
                Sends(CALLER),
            ][..],
        ),
        (
            "mere silence of a caller behind a NAT",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                Wait(60_000),
                Send(Other, 500),
                Sends(NAT),
            ],
        ),
        (
            "an intruder during hold",
            &[
                Send(Caller, 9),
                Agree(CALLER, HELD),
                Wait(9_000),
                Send(Other, 500),
                Sends(CALLER),
                Agree(CALLER, TALKING),
                Send(Other, 500),
                Sends(CALLER),
            ],
        ),
        (
            "an intruder during hold of a caller behind a NAT",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                Agree(CALLER, HELD),
                Wait(9_000),
                Send(Other, 500),
                Sends(NAT),
                Agree(CALLER, TALKING),
                Send(Other, 20),
                Together(50),
                Sends(NAT),
            ],
        ),
        (
            "an intruder at the caller's address during hold",
            &[
                From(Caller, NAT),
                From(Other, NAT_AGAIN),
                Send(Caller, 9),
                Agree(CALLER, HELD),
                Wait(9_000),
                Send(Other, 500),
                Sends(NAT),
            ],
        ),
        (
            "hold by `c=0.0.0.0`",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                Agree("0.0.0.0:4000", Direction::Inactive),
                Send(Other, 500),
                Sends(NAT),
            ],
        ),
        (
            "inactive before anybody was heard",
            &[
                Agree(CALLER, Direction::Inactive),
                Send(Other, 500),
                Sends(CALLER),
            ],
        ),
    ] {
        check(name, steps);
    }
}

#[test]
fn callers_behind_a_nat_are_found_and_followed() {
    for (name, steps) in [
        (
            "from the start",
            &[
                From(Caller, NAT),
                Send(Caller, 4),
                Sends(CALLER),
                Send(Caller, 1),
                Sends(NAT),
            ][..],
        ),
        (
            "from the start, beside an intruder who is never in sequence",
            &[
                From(Caller, NAT),
                Send(Other, 1),
                Anew(Other),
                Together(3),
                Anew(Other),
                Together(3),
                Sends(NAT),
            ],
        ),
        (
            "from the start, on hold with music from there",
            &[
                Agree(CALLER, HELD),
                From(Caller, NAT),
                Send(Caller, 5),
                Sends(NAT),
            ],
        ),
        (
            "another port in the midst of speech",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                From(Caller, NAT_AGAIN),
                Send(Caller, 4),
                Sends(NAT),
                Send(Caller, 1),
                Sends(NAT_AGAIN),
            ],
        ),
        (
            "another address in the midst of speech",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                From(Caller, NAT_ELSEWHERE),
                Send(Caller, 5),
                Sends(NAT_ELSEWHERE),
            ],
        ),
        (
            "another port in the midst of speech, though the first was signalled",
            &[
                Send(Caller, 9),
                From(Caller, BESIDE),
                Send(Caller, 5),
                Sends(BESIDE),
            ],
        ),
        (
            "another port during hold",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                Agree(CALLER, HELD),
                Wait(60_000),
                From(Caller, NAT_AGAIN),
                Send(Caller, 5),
                Sends(NAT_AGAIN),
            ],
        ),
        (
            "another address during hold waits for the end of the hold",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                Agree(CALLER, HELD),
                Wait(60_000),
                From(Caller, NAT_ELSEWHERE),
                Send(Caller, 50),
                Sends(NAT),
                Agree(CALLER, TALKING),
                Send(Caller, 5),
                Sends(NAT_ELSEWHERE),
            ],
        ),
        (
            "another port and a new stream after silence",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                From(Caller, NAT_AGAIN),
                Anew(Caller),
                Send(Caller, 50),
                Sends(NAT),
                Wait(1_000),
                Send(Caller, 5),
                Sends(NAT_AGAIN),
            ],
        ),
        (
            "another address and a new stream need a new agreement",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                From(Caller, NAT_ELSEWHERE),
                Anew(Caller),
                Wait(60_000),
                Send(Caller, 500),
                Sends(NAT),
                Agree(CALLER, TALKING),
                Send(Caller, 20),
                Sends(NAT),
                Send(Caller, 10),
                Sends(NAT_ELSEWHERE),
            ],
        ),
    ] {
        check(name, steps);
    }
}

#[test]
fn a_new_agreement_opens_what_was_not_signalled() {
    for (name, steps) in [
        (
            "a stale sender that has ended is no obstacle",
            &[
                From(Caller, NAT),
                Send(Other, 20),
                Sends(INTRUDER),
                Send(Caller, 500),
                Sends(INTRUDER),
                Agree(CALLER, TALKING),
                Send(Caller, 30),
                Sends(NAT),
            ][..],
        ),
        (
            "what is latched goes on without a gap",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                Agree(CALLER, TALKING),
                Sends(NAT),
                Send(Caller, 1),
                Sends(NAT),
                Wait(9_000),
                Send(Other, 50),
                Sends(NAT),
            ],
        ),
        (
            "a new place is sent to before it is heard",
            &[
                Send(Caller, 9),
                Agree(BESIDE, TALKING),
                Sends(BESIDE),
                From(Caller, BESIDE),
                Send(Caller, 1),
                Sends(BESIDE),
            ],
        ),
        (
            "what is signalled at last was latched before",
            &[
                From(Caller, NAT),
                Send(Caller, 9),
                Agree(NAT, TALKING),
                Sends(NAT),
                Wait(9_000),
                Send(Other, 50),
                Sends(NAT),
            ],
        ),
        (
            "what was signalled and heard stays",
            &[
                Send(Caller, 9),
                Agree(CALLER, TALKING),
                Wait(9_000),
                Send(Other, 500),
                Sends(CALLER),
            ],
        ),
    ] {
        check(name, steps);
    }
}

#[test]
fn a_new_stream_from_the_same_place_is_beside_until_it_is_in_sequence() {
    let mut latch = Latch::new(place(CALLER), TALKING);
    let mut sender = Sender {
        from: place(CALLER),
        ssrc: 1,
        sequence: 9,
    };
    let at = Moment::from_millis;
    assert_eq!(sender.send(&mut latch, at(0)), Origin::Ours);
    (sender.ssrc, sender.sequence) = (2, 9_000);
    assert_eq!(sender.send(&mut latch, at(20)), Origin::Beside);
    assert_eq!(sender.send(&mut latch, at(40)), Origin::Ours);
    sender.ssrc = 3;
    assert_eq!(
        sender.send(&mut latch, at(540)),
        Origin::Ours,
        "the stream before it is silent"
    );
}

proptest! {
    /// Nobody without the caller's place, address or stream is ever sent to once the caller was heard.
    #[test]
    fn strangers_never_get_a_call(
        steps in prop::collection::vec((0..4u16, 0..3u32, any::<u16>(), 0..3_000u64, 0..8u8), 0..200),
    ) {
        let mut latch = Latch::new(place(CALLER), TALKING);
        let mut now = Moment::ORIGIN;
        let mut caller = Sender { from: place(CALLER), ssrc: 77, sequence: 0 };
        caller.send(&mut latch, now);
        let mut strangers: Vec<Sender> = (0..4)
            .map(|port| Sender { from: ([203, 0, 113, 6], 9_000 + port).into(), ssrc: 0, sequence: 0 })
            .collect();
        for (who, ssrc, packets, wait, event) in steps {
            match event {
                0 => latch.renegotiate(now, place(CALLER), HELD),
                1 => latch.renegotiate(now, place(CALLER), TALKING),
                _ => {}
            }
            let stranger = &mut strangers[usize::from(who)];
            stranger.ssrc = ssrc;
            for _ in 0..packets % 12 {
                prop_assert_eq!(stranger.send(&mut latch, now), Origin::Foreign);
            }
            now += Duration::from_millis(wait);
        }
        prop_assert_eq!(latch.remote(), place(CALLER));
        prop_assert_eq!(caller.send(&mut latch, now), Origin::Ours);
    }

    /// Whatever was before, one packet from the place in the description is answered there.
    #[test]
    fn the_signalled_place_always_wins(
        steps in prop::collection::vec((0..4usize, 0..3u32, any::<u16>(), 0..3_000u64), 0..200),
    ) {
        let mut latch = Latch::new(place(CALLER), TALKING);
        let mut now = Moment::ORIGIN;
        for (from, ssrc, sequence, wait) in steps {
            let from = place([NAT, NAT_AGAIN, BESIDE, INTRUDER][from]);
            let mut sender = Sender { from, ssrc, sequence };
            for _ in 0..sequence % 12 {
                sender.send(&mut latch, now);
            }
            now += Duration::from_millis(wait);
        }
        Sender { from: place(CALLER), ssrc: 1, sequence: 0 }.send(&mut latch, now);
        prop_assert_eq!(latch.remote(), place(CALLER));
    }
}
