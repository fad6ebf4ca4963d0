//! A sender on the other side of a bad network.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::media::{
    Codec, Direction, PayloadType,
    rtp::{RtpTimestamp, SequenceNumber},
};

const PEER: &str = "127.0.0.1:4000";
const OTHER: &str = "127.0.0.1:5000";

fn media() -> NegotiatedMedia {
    NegotiatedMedia {
        codec: Codec::Pcma,
        payload_type: PayloadType(8),
        telephone_event: Some(PayloadType(101)),
        remote: PEER.parse().expect("an address"),
        direction: Direction::SendRecv,
    }
}

struct Peer {
    from: SocketAddr,
    ssrc: Ssrc,
    sequence: SequenceNumber,
    samples: u32,
    transcoder: Transcoder,
}

impl Peer {
    fn new(from: &str, ssrc: u32) -> Self {
        Self {
            from: from.parse().expect("an address"),
            ssrc: Ssrc(ssrc),
            sequence: SequenceNumber(65_530),
            samples: 0,
            transcoder: Transcoder::new(Codec::Pcma),
        }
    }

    /// The next packet of a 200 Hz tone.
    fn packet(&mut self, length: usize) -> Vec<u8> {
        let audio: Vec<i16> = (0..length)
            .map(|place| {
                let time = (self.samples as usize + place) as f32 / 8_000.0;
                ((std::f32::consts::TAU * 200.0 * time).sin() * 8_000.0) as i16
            })
            .collect();
        let mut payload = vec![0; length];
        self.transcoder.encode(&audio, &mut payload);
        self.write(
            PayloadType(8),
            RtpTimestamp(self.samples),
            &payload,
            length as u32,
        )
    }

    fn write(
        &mut self,
        payload_type: PayloadType,
        timestamp: RtpTimestamp,
        payload: &[u8],
        samples: u32,
    ) -> Vec<u8> {
        let packet = RtpPacket {
            ssrc: self.ssrc,
            payload_type,
            sequence: self.sequence,
            timestamp,
            marker: false,
            payload,
        };
        let mut datagram = vec![0; 600];
        let written = packet.write(&mut datagram);
        datagram.truncate(written);
        self.sequence = self.sequence.next();
        self.samples += samples;
        datagram
    }
}

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

/// Feeds `ticks` packets of `length` samples, all but the `lost`; gives what each frame was made of.
fn run(length: usize, ticks: u64, lost: &[u64]) -> (Vec<FrameKind>, RtpReceiver) {
    let mut receiver = RtpReceiver::new(&media());
    let mut peer = Peer::new(PEER, 1);
    let mut kinds = Vec::new();
    let (mut sent_samples, mut number) = (0, 0);
    for tick in 0..ticks {
        let now = at(tick * 20);
        while sent_samples < (tick as usize + 1) * FRAME_SAMPLES {
            let packet = peer.packet(length);
            if !lost.contains(&number) {
                receiver.receive(now, peer.from, &packet);
            }
            sent_samples += length;
            number += 1;
        }
        let mut frame = [0; FRAME_SAMPLES];
        kinds.push(receiver.next_frame(now, &mut frame));
        if kinds.last() == Some(&FrameKind::Voice) {
            let level = level_dbfs(&frame);
            assert!((-17.0..-14.0).contains(&level), "{level} dBFS at {tick}");
        }
    }
    (kinds, receiver)
}

#[test]
fn packets_of_any_length_become_frames_of_20_ms() {
    for length in [80, 160, 240, 320, 480] {
        let (kinds, receiver) = run(length, 100, &[]);
        let voice = kinds
            .iter()
            .filter(|kind| **kind == FrameKind::Voice)
            .count();
        assert!(voice >= 90, "{length}: {voice} frames");
        assert_eq!(receiver.stats().lost, 0, "{length}");
    }
}

#[test]
fn a_lost_packet_is_concealed_and_counted() {
    let (kinds, receiver) = run(160, 50, &[20, 30]);
    let concealed = kinds[5..]
        .iter()
        .filter(|kind| **kind == FrameKind::Concealed)
        .count();
    assert_eq!((concealed, receiver.stats().lost), (2, 2));
    let reception = receiver.reception().expect("a source");
    assert_eq!((reception.expected, reception.received), (50, 48));
}

#[test]
fn nothing_sent_is_silence() {
    let mut receiver = RtpReceiver::new(&media());
    let mut frame = [1; FRAME_SAMPLES];
    let kinds: Vec<_> = (0..5)
        .map(|tick| receiver.next_frame(at(tick * 20), &mut frame))
        .collect();
    assert_eq!(kinds[4], FrameKind::Silence);
    assert_eq!(frame, [0; FRAME_SAMPLES]);
    assert_eq!(receiver.last_packet(), None);
    assert_eq!(receiver.reception(), None);
}

#[test]
fn keys_come_through_once_and_are_no_loss() {
    let mut receiver = RtpReceiver::new(&media());
    let mut peer = Peer::new(PEER, 1);
    for tick in 0..30 {
        let packet = match tick {
            10..15 => peer.write(PayloadType(101), RtpTimestamp(1_600), &[5, 10, 1, 64], 160),
            _ => peer.packet(160),
        };
        receiver.receive(at(tick * 20), peer.from, &packet);
        receiver.receive(at(tick * 20), peer.from, &packet);
        receiver.next_frame(at(tick * 20), &mut [0; FRAME_SAMPLES]);
    }
    let keys: Vec<_> = std::iter::from_fn(|| receiver.poll_digit())
        .map(Digit::symbol)
        .collect();
    assert_eq!(keys, ['5']);
    assert_eq!(receiver.stats().lost, 0);
}

#[test]
fn we_send_to_where_packets_come_from() {
    let mut receiver = RtpReceiver::new(&media());
    let mut behind_nat = Peer::new(OTHER, 1);
    let mut intruder = Peer::new("127.0.0.2:6000", 2);
    for tick in 0..4 {
        let packet = behind_nat.packet(160);
        assert_eq!(
            receiver.receive(at(tick * 20), behind_nat.from, &packet),
            Received::Discarded
        );
        assert_eq!(receiver.remote(), media().remote);
    }
    assert_eq!(
        receiver.receive(at(80), behind_nat.from, &behind_nat.packet(160)),
        Received::Accepted
    );
    assert_eq!(receiver.remote(), behind_nat.from);
    // However long the stream is silent, no other address takes its place.
    for tick in 50..100 {
        let packet = intruder.packet(160);
        assert_eq!(
            receiver.receive(at(tick * 20), intruder.from, &packet),
            Received::Discarded
        );
    }
    assert_eq!(receiver.remote(), behind_nat.from);
    assert_eq!(
        receiver.receive(at(2_000), behind_nat.from, &behind_nat.packet(160)),
        Received::Accepted
    );
}

#[test]
fn a_payload_type_that_was_not_agreed_on_latches_nothing() {
    let mut receiver = RtpReceiver::new(&media());
    let mut stale = Peer::new(OTHER, 1);
    for tick in 0..20 {
        let packet = stale.write(PayloadType(0), RtpTimestamp(0), &[0; 160], 160);
        receiver.receive(at(tick * 20), stale.from, &packet);
    }
    assert_eq!(receiver.remote(), media().remote);
}

#[test]
fn a_new_source_from_the_same_place_takes_over_at_once() {
    let mut receiver = RtpReceiver::new(&media());
    let (mut first, mut second) = (Peer::new(PEER, 1), Peer::new(PEER, 2));
    second.sequence = SequenceNumber(9);
    let mut voice = 0;
    for tick in 0..40 {
        let peer = if tick < 20 { &mut first } else { &mut second };
        let packet = peer.packet(160);
        receiver.receive(at(tick * 20), peer.from, &packet);
        voice += usize::from(
            receiver.next_frame(at(tick * 20), &mut [0; FRAME_SAMPLES]) == FrameKind::Voice,
        );
    }
    assert!(voice >= 33, "{voice}");
}

#[test]
fn the_same_stream_may_move_once_the_old_place_is_quiet() {
    let mut receiver = RtpReceiver::new(&media());
    let mut peer = Peer::new(PEER, 1);
    for tick in 0..10 {
        receiver.receive(at(tick * 20), peer.from, &peer.packet(160));
    }
    // A copy from elsewhere beside the real one gets nothing.
    let moved = OTHER.parse().expect("an address");
    for tick in 10..30 {
        let packet = peer.packet(160);
        assert_eq!(
            receiver.receive(at(tick * 20), peer.from, &packet),
            Received::Accepted
        );
        assert_eq!(
            receiver.receive(at(tick * 20), moved, &packet),
            Received::Discarded
        );
    }
    assert_eq!(receiver.remote(), peer.from);
    // A new binding of the NAT: the old one has ended.
    for tick in 30..36 {
        receiver.receive(at(tick * 20), moved, &peer.packet(160));
    }
    assert_eq!(receiver.remote(), moved);
    // Five in sequence from there, of which the last copy was the first.
    assert_eq!(receiver.stats().lost, 3);
}

#[test]
fn a_new_agreement_opens_the_place_and_hold_does_not() {
    let mut receiver = RtpReceiver::new(&media());
    let mut nat = Peer::new(OTHER, 1);
    let send = |receiver: &mut RtpReceiver, from: u64, peer: &mut Peer| {
        for tick in 0..5 {
            receiver.receive(at(from + tick * 20), peer.from, &peer.packet(160));
        }
    };
    send(&mut receiver, 0, &mut nat);
    assert_eq!(receiver.remote(), nat.from);
    let mut held = media();
    held.remote = "0.0.0.0:4000".parse().expect("an address");
    receiver.renegotiate(at(100), &held);
    assert_eq!(receiver.remote(), nat.from);
    receiver.renegotiate(at(100), &media());
    assert_eq!(receiver.remote(), nat.from, "nothing was agreed anew");

    let mut moved = media();
    moved.remote = "127.0.0.1:7000".parse().expect("an address");
    receiver.renegotiate(at(100), &moved);
    assert_eq!(receiver.remote(), moved.remote);
    let mut next = Peer::new("127.0.0.1:7001", 9);
    send(&mut receiver, 120, &mut next);
    assert_eq!(receiver.remote(), next.from);
    // The latched place is not the signalled one: whoever was signalled is not locked out.
    let mut signalled = Peer::new("127.0.0.1:7000", 10);
    assert_eq!(
        receiver.receive(at(220), signalled.from, &signalled.packet(160)),
        Received::Accepted
    );
    assert_eq!(receiver.remote(), moved.remote);
}

#[test]
fn keys_may_be_a_stream_of_their_own() {
    let mut receiver = RtpReceiver::new(&media());
    let (mut voice, mut keys) = (Peer::new(PEER, 1), Peer::new(PEER, 2));
    let mut heard = 0;
    for tick in 0..50 {
        receiver.receive(at(tick * 20), voice.from, &voice.packet(160));
        if (20..25).contains(&tick) {
            let packet = keys.write(PayloadType(101), RtpTimestamp(77), &[7, 10, 1, 64], 160);
            assert_eq!(
                receiver.receive(at(tick * 20), keys.from, &packet),
                Received::Accepted
            );
        }
        let kind = receiver.next_frame(at(tick * 20), &mut [0; FRAME_SAMPLES]);
        heard += usize::from(kind == FrameKind::Voice);
    }
    assert_eq!(receiver.poll_digit().map(Digit::symbol), Some('7'));
    assert_eq!((receiver.poll_digit(), heard), (None, 48));
}

#[test]
fn comfort_noise_is_a_sign_of_life_and_no_loss() {
    let mut receiver = RtpReceiver::new(&media());
    let mut peer = Peer::new(PEER, 1);
    for tick in 0..10 {
        receiver.receive(at(tick * 20), peer.from, &peer.packet(160));
        receiver.next_frame(at(tick * 20), &mut [0; FRAME_SAMPLES]);
    }
    let samples = peer.samples;
    let noise = peer.write(PayloadType(13), RtpTimestamp(samples), &[60], 16_000);
    assert_eq!(
        receiver.receive(at(2_200), peer.from, &noise),
        Received::Discarded
    );
    assert_eq!(receiver.last_packet(), Some(at(2_200)));
    receiver.receive(at(2_400), peer.from, &peer.packet(160));
    assert_eq!(receiver.stats().lost, 0);
}

#[test]
fn duplicates_are_not_received_twice() {
    let mut receiver = RtpReceiver::new(&media());
    let mut peer = Peer::new(PEER, 1);
    for tick in 0..20 {
        let packet = peer.packet(160);
        receiver.receive(at(tick * 20), peer.from, &packet);
        receiver.next_frame(at(tick * 20), &mut [0; FRAME_SAMPLES]);
        receiver.receive(at(tick * 20 + 1), peer.from, &packet);
    }
    let stats = receiver.stats();
    assert_eq!((stats.received, stats.discarded, stats.lost), (20, 20, 0));
    // RFC 3550 §6.4.1 counts what arrived.
    assert_eq!(
        receiver.reception().map(|reception| reception.received),
        Some(40)
    );
}

#[test]
fn what_waits_after_a_stall_is_caught_up_with() {
    // The tone is never quiet, so it takes patience: 300 ms at once, then 20 ms each 2 s.
    let mut receiver = RtpReceiver::new(&media());
    let mut peer = Peer::new(PEER, 1);
    let mut ahead = |ticks: u64| {
        for tick in 0..ticks {
            let bursts = match tick {
                50..65 => 0,
                65 => 16,
                _ => 1,
            };
            for _ in 0..bursts {
                receiver.receive(at(tick * 20), peer.from, &peer.packet(160));
            }
            receiver.next_frame(at(tick * 20), &mut [0; FRAME_SAMPLES]);
        }
        receiver.buffer.has_excess()
    };
    assert!(!ahead(3_000));
    assert_eq!(receiver.stats().lost, 0);
}

proptest! {
    #[test]
    fn no_datagram_panics(datagrams in prop::collection::vec((0..3u16, prop::collection::vec(any::<u8>(), 0..40), 0..30u64), 0..60)) {
        let mut receiver = RtpReceiver::new(&media());
        let mut now = Moment::ORIGIN;
        for (port, mut datagram, wait) in datagrams {
            if let [first, second, ..] = datagram.as_mut_slice() {
                (*first, *second) = (0x80 | *first & 0x3f, if *second % 2 == 0 { 8 } else { 101 });
            }
            receiver.receive(now, ([127, 0, 0, 1], 4_000 + port).into(), &datagram);
            receiver.next_frame(now, &mut [0; FRAME_SAMPLES]);
            now += Duration::from_millis(wait);
        }
        while receiver.poll_digit().is_some() {}
    }
}

#[test]
fn what_is_not_ours_is_counted() {
    let mut receiver = RtpReceiver::new(&media());
    let mut peer = Peer::new(PEER, 1);
    let noise = peer.write(PayloadType(13), RtpTimestamp(0), &[60], 160);
    assert_eq!(
        receiver.receive(at(0), peer.from, &noise),
        Received::Discarded
    );
    assert_eq!(
        receiver.receive(at(0), peer.from, b"hello"),
        Received::Malformed
    );
    let stats = receiver.stats();
    assert_eq!(
        (stats.received, stats.discarded, stats.malformed),
        (0, 1, 1)
    );
}
