//! Tables and a seeded network.

use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use super::*;

/// Arrivals as (ms, sequence), then what comes out at each tick of 20 ms from 0: a number, `-` for missing, `.` for empty.
#[track_caller]
fn check(arrivals: &[(u64, u16)], expected: &str) {
    let mut buffer = JitterBuffer::default();
    let mut arrivals = arrivals.iter().peekable();
    let mut out = Vec::new();
    for tick in 0..expected.split(' ').count() as u64 {
        let now = Moment::from_millis(tick * 20);
        while let Some((at, sequence)) = arrivals.next_if(|(at, _)| Moment::from_millis(*at) <= now)
        {
            push(&mut buffer, *at, *sequence);
        }
        out.push(match buffer.pop(now) {
            Popped::Voice(payload) => u16::from_be_bytes([payload[0], payload[1]]).to_string(),
            Popped::Missing => "-".to_owned(),
            Popped::Empty => ".".to_owned(),
        });
    }
    assert_eq!(out.join(" "), expected);
}

fn push(buffer: &mut JitterBuffer, at: u64, sequence: u16) -> Pushed {
    push_at(buffer, at, sequence, u32::from(sequence) * 160)
}

fn push_at(buffer: &mut JitterBuffer, at: u64, sequence: u16, timestamp: u32) -> Pushed {
    let mut payload = [0u8; 160];
    payload[..2].copy_from_slice(&sequence.to_be_bytes());
    let timestamp = RtpTimestamp(timestamp);
    let now = Moment::from_millis(at);
    buffer.push(
        now,
        SequenceNumber(sequence),
        timestamp,
        Content::Voice,
        &payload,
    )
}

#[test]
fn packets_wait_for_the_target_and_go_out_in_order() {
    check(&[(0, 1), (20, 2), (40, 3), (60, 4)], ". . 1 2 3 4 .");
    check(&[(0, 1), (20, 3), (40, 2), (60, 4)], ". . 1 2 3 4");
}

#[test]
fn what_never_came_is_missing_and_what_came_twice_comes_once() {
    check(&[(0, 1), (20, 2), (60, 4), (80, 5)], ". . 1 2 - 4 5");
    check(&[(0, 1), (1, 1), (20, 2), (21, 2), (40, 3)], ". . 1 2 3 .");
}

#[test]
fn the_first_packets_may_come_in_any_order() {
    check(&[(0, 2), (1, 1), (20, 3)], ". . 1 2 3 .");
    check(&[(0, 0), (1, 65_535), (20, 1)], ". . 65535 0 1");
    // Out of order once it plays: too late.
    check(&[(0, 2), (20, 3), (50, 1)], ". . 2 3 . .");
}

#[test]
fn a_burst_that_is_lost_takes_its_time_once() {
    // 3 to 8 never came: of their 120 ms, 80 went by before that was known. 9 goes out as long after it came as 1 did.
    check(
        &[(0, 1), (20, 2), (160, 9), (180, 10), (200, 11)],
        ". . 1 2 . . . . - - 9 10 11",
    );
    check(
        &[
            (0, 1),
            (20, 2),
            (40, 3),
            (60, 4),
            (120, 7),
            (140, 8),
            (160, 9),
        ],
        ". . 1 2 3 4 - - 7 8 9",
    );
}

#[test]
fn after_a_pause_packets_wait_for_the_target_again() {
    // Silence suppression: numbers go on, time jumps.
    let mut buffer = JitterBuffer::default();
    push_at(&mut buffer, 0, 1, 0);
    push_at(&mut buffer, 20, 2, 160);
    for tick in 0..20 {
        let _ = buffer.pop(Moment::from_millis(tick * 20));
    }
    push_at(&mut buffer, 400, 3, 3_200);
    assert_eq!(buffer.pop(Moment::from_millis(400)), Popped::Empty);
    push_at(&mut buffer, 420, 4, 3_360);
    assert_eq!(buffer.pop(Moment::from_millis(420)), Popped::Empty);
    assert!(
        matches!(buffer.pop(Moment::from_millis(440)), Popped::Voice(payload) if payload[1] == 3)
    );
    assert_eq!((buffer.lost(), buffer.jitter_ms()), (0, 0.0));
    // An outage: what is gone is not waited for; what comes all at once is enough to go on with.
    check(
        &[(0, 1), (20, 2), (300, 15), (300, 16), (300, 17), (300, 18)],
        ". . 1 2 . . . . . . . . . . . 15 16 17 18",
    );
}

#[test]
fn the_second_copy_of_what_was_played_is_a_duplicate_and_no_reason_to_wait_longer() {
    let mut buffer = JitterBuffer::default();
    push(&mut buffer, 0, 1);
    push(&mut buffer, 20, 2);
    assert!(matches!(
        buffer.pop(Moment::from_millis(40)),
        Popped::Voice(_)
    ));
    let before = (buffer.target_ms(), buffer.jitter_ms());
    assert_eq!(push(&mut buffer, 50, 1), Pushed::Duplicate);
    assert_eq!((buffer.target_ms(), buffer.jitter_ms()), before);
}

#[test]
fn what_came_late_is_not_lost() {
    let mut buffer = JitterBuffer::default();
    for sequence in [1, 2, 5] {
        push(&mut buffer, 0, sequence);
    }
    for _ in 0..5 {
        let _ = buffer.pop(Moment::from_millis(100));
    }
    assert_eq!(buffer.lost(), 2);
    assert_eq!(push(&mut buffer, 120, 3), Pushed::Late);
    assert_eq!(buffer.lost(), 1);
}

#[test]
fn numbers_wrap_round() {
    check(
        &[(0, 65_534), (20, 65_535), (40, 0), (60, 1)],
        ". . 65534 65535 0 1",
    );
}

#[test]
fn what_stalls_is_played_late_and_not_lost() {
    check(
        &[(0, 1), (20, 2), (120, 3), (120, 4), (120, 5)],
        ". . 1 2 . . 3 4 5",
    );
}

#[test]
fn a_jump_is_a_new_stream_once_it_is_confirmed() {
    check(&[(0, 1), (20, 2), (40, 30_000), (60, 3)], ". . 1 2 3");
    check(
        &[(0, 1), (20, 2), (40, 30_000), (60, 30_001), (80, 30_002)],
        ". . 1 . . 30001 30002",
    );
}

#[test]
fn late_packets_are_refused_and_widen_the_target() {
    let mut buffer = JitterBuffer::default();
    for sequence in [1, 2, 4, 5] {
        push(&mut buffer, 0, sequence);
    }
    for _ in 0..4 {
        buffer.pop(Moment::from_millis(100));
    }
    let before = buffer.target_ms();
    assert_eq!(push(&mut buffer, 100, 3), Pushed::Late);
    assert!(buffer.target_ms() > before);
}

#[test]
fn events_have_numbers_and_no_audio() {
    let mut buffer = JitterBuffer::default();
    let at = Moment::from_millis;
    push(&mut buffer, 0, 1);
    buffer.push(
        at(20),
        SequenceNumber(2),
        RtpTimestamp(320),
        Content::Other,
        &[],
    );
    push(&mut buffer, 40, 3);
    assert!(matches!(buffer.pop(at(60)), Popped::Voice(payload) if payload[1] == 1));
    assert!(matches!(buffer.pop(at(80)), Popped::Voice(payload) if payload[1] == 3));
}

#[test]
fn more_than_it_holds_drops_the_oldest() {
    let mut buffer = JitterBuffer::default();
    for sequence in 0..200 {
        push(&mut buffer, 0, sequence);
    }
    assert!(buffer.has_gross_excess());
    let first = match buffer.pop(Moment::from_millis(500)) {
        Popped::Voice(payload) => payload[1],
        other => panic!("{other:?}"),
    };
    assert_eq!(usize::from(first), 200 - CAPACITY);
}

/// A network with loss, jitter, reordering and duplicates; gives the share of packets that were played.
fn through_network(seed: u64, loss: f64, jitter_ms: u64, count: u16) -> (f64, JitterBuffer) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut arrivals = Vec::new();
    for sequence in 0..count {
        if rng.random_bool(loss) {
            continue;
        }
        let delay = if jitter_ms == 0 {
            0
        } else {
            rng.random_range(0..jitter_ms)
        };
        let at = u64::from(sequence) * 20 + delay;
        arrivals.push((at, sequence));
        if rng.random_bool(0.02) {
            arrivals.push((at + rng.next_u64() % 40, sequence));
        }
    }
    arrivals.sort_by_key(|(at, _)| *at);
    let mut buffer = JitterBuffer::default();
    let (mut played, mut last) = (0, None);
    let mut arrivals = arrivals.into_iter().peekable();
    for tick in 0..u64::from(count) + 60 {
        let now = tick * 20;
        while let Some((at, sequence)) = arrivals.next_if(|(at, _)| *at <= now) {
            push(&mut buffer, at, sequence);
        }
        if let Popped::Voice(payload) = buffer.pop(Moment::from_millis(now)) {
            let number = u16::from_be_bytes([payload[0], payload[1]]);
            assert!(
                last.is_none_or(|last| number > last),
                "{number} after {last:?}"
            );
            last = Some(number);
            played += 1;
        }
    }
    (f64::from(played) / f64::from(count), buffer)
}

#[test]
fn loss_costs_what_it_loses_and_jitter_little_more() {
    for (loss, jitter_ms) in [
        (0.0, 0),
        (0.0, 20),
        (0.0, 60),
        (0.0, 100),
        (0.01, 40),
        (0.03, 40),
        (0.05, 100),
    ] {
        for seed in 0..5 {
            let (played, buffer) = through_network(seed, loss, jitter_ms, 1_500);
            let floor = 1.0 - loss - 0.025;
            assert!(
                played >= floor,
                "loss {loss} jitter {jitter_ms} ms: played {played}, {buffer:?}"
            );
        }
    }
}

#[test]
fn the_target_follows_the_jitter_up_and_down() {
    let (_, calm) = through_network(1, 0.0, 0, 1_500);
    let (_, rough) = through_network(1, 0.0, 100, 1_500);
    assert!(calm.target_ms() < 40, "{}", calm.target_ms());
    assert!(rough.target_ms() > 60, "{}", rough.target_ms());
    assert!(
        (20.0..45.0).contains(&rough.jitter_ms()),
        "{} ms",
        rough.jitter_ms()
    );
}

proptest! {
    #[test]
    fn any_order_of_packets_comes_out_ascending_and_once(
        packets in prop::collection::vec((0u64..400, 0u16..300, any::<bool>()), 0..200)
    ) {
        let mut buffer = JitterBuffer::default();
        let (mut now, mut last) = (0, None);
        for (delay, sequence, pop) in packets {
            now += delay;
            push(&mut buffer, now, sequence);
            if !pop {
                continue;
            }
            if let Popped::Voice(payload) = buffer.pop(Moment::from_millis(now)) {
                let number = u16::from_be_bytes([payload[0], payload[1]]);
                prop_assert!(last.is_none_or(|last| number > last), "{number} after {last:?}");
                last = Some(number);
            }
        }
    }

    #[test]
    fn any_numbers_at_all_do_no_harm(
        packets in prop::collection::vec((0u64..400, any::<u16>(), any::<u32>(), any::<bool>()), 0..200)
    ) {
        let mut buffer = JitterBuffer::default();
        let mut now = 0;
        for (delay, sequence, timestamp, pop) in packets {
            now += delay;
            push_at(&mut buffer, now, sequence, timestamp);
            if pop {
                let _ = buffer.pop(Moment::from_millis(now));
            }
            prop_assert!((TARGET_MIN_MS..=TARGET_MAX_MS).contains(&buffer.target_ms()));
            let (first, highest) = buffer.numbers().expect("a packet came");
            prop_assert!(first <= highest && buffer.lost() <= highest - first);
        }
    }
}
