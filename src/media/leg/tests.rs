//! Two legs and the wire between them.

use super::*;
use crate::{
    audio::SampleRate,
    media::{Codec, Direction, PayloadType, rtp::RtpPacket},
};

const LOST_AFTER: Duration = Duration::from_secs(10);

fn media(direction: Direction) -> NegotiatedMedia {
    NegotiatedMedia {
        codec: Codec::Pcma,
        payload_type: PayloadType(8),
        telephone_event: Some(PayloadType(101)),
        remote: ([127, 0, 0, 1], 4_000).into(),
        direction,
    }
}

#[test]
fn packets_that_cannot_be_read_are_counted() {
    let from: SocketAddr = ([127, 0, 0, 1], 4_000).into();
    let mut line = Line::new();
    line.near.receive(line.now, 0, from, b"hello");
    line.near.receive_rtcp(line.now, 0, b"hello");
    // RTCP on the RTP port (RFC 5761): a report that promises more than there is.
    line.near.receive(line.now, 0, from, &[0x81, 200, 0, 99]);
    let stats = line.near.stats();
    assert_eq!((stats.malformed, stats.malformed_rtcp), (1, 2));
}

struct Line {
    near: MediaLeg,
    far: MediaLeg,
    now: Moment,
    events: Vec<MediaEventKind>,
}

impl Line {
    fn new() -> Self {
        let seed = |ssrc| LegSeed {
            ssrc,
            sequence: 1,
            timestamp: 1,
        };
        let mut line = Self {
            near: MediaLeg::new(seed(1), LOST_AFTER),
            far: MediaLeg::new(seed(2), LOST_AFTER),
            now: Moment::ORIGIN,
            events: Vec::new(),
        };
        line.near.negotiated(line.now, &media(Direction::SendRecv));
        line.far.negotiated(line.now, &media(Direction::SendRecv));
        line.near.listen(ListeningProfile::QUESTION);
        line
    }

    /// One tick of both ends; what the far end says reaches the near end unless `cut`.
    fn tick(&mut self, cut: bool) {
        let from: SocketAddr = ([127, 0, 0, 1], 4_000).into();
        let mut datagram = [0; LONGEST_DATAGRAM];
        self.near.hear(self.now);
        self.far.hear(self.now);
        let length = self.far.speak(self.now, None, &mut datagram);
        if length > 0 && !cut {
            self.near.receive(self.now, 0, from, &datagram[..length]);
        }
        let length = self.near.speak(self.now, None, &mut datagram);
        if length > 0 {
            self.far.receive(self.now, 0, from, &datagram[..length]);
        }
        while let Some(event) = self.near.poll_event() {
            self.events.push(event.kind);
        }
        self.now += Duration::from_millis(20);
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            self.tick(false);
        }
    }

    fn names(&mut self) -> Vec<String> {
        std::mem::take(&mut self.events)
            .into_iter()
            .map(|kind| match kind {
                MediaEventKind::SpeechStarted { over, .. } => format!("speech over {over:?}"),
                MediaEventKind::UtterancePaused(snapshot) => {
                    format!("paused r{}", snapshot.revision)
                }
                MediaEventKind::UtteranceEnded(snapshot) => format!("ended r{}", snapshot.revision),
                MediaEventKind::UtteranceResumed { .. } => "resumed".to_owned(),
                MediaEventKind::PlayStarted { speech } => format!("play {speech}"),
                MediaEventKind::PlayEnded {
                    speech, complete, ..
                } => format!("played {speech} {complete}"),
                MediaEventKind::Digit(digit) => format!("key {digit}"),
                other => format!("{other:?}"),
            })
            .collect()
    }
}

fn caller() -> Pcm {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/audio/caller.wav"
    );
    let mut reader = hound::WavReader::open(path).expect("the fixture is there");
    let samples: Vec<i16> = reader
        .samples()
        .map(|sample| sample.expect("whole"))
        .collect();
    Pcm::new(SampleRate::TELEPHONE, samples)
}

fn bot(seconds: f32) -> Pcm {
    let samples = (0..(seconds * 8_000.0) as usize)
        .map(|place| ((place as f32 * 0.3).sin() * 4_000.0) as i16);
    Pcm::new(SampleRate::TELEPHONE, samples.collect::<Vec<_>>())
}

#[test]
fn a_caller_who_speaks_is_heard_to_the_end() {
    let mut line = Line::new();
    line.run(1_000);
    line.far.play(SpeechId(1), caller(), true, false);
    line.run(4_500);
    let names = line.names();
    assert_eq!(names.first().map(String::as_str), Some("speech over None"));
    assert_eq!(names.last().map(|name| &name[..5]), Some("ended"));
    assert_eq!(
        names
            .iter()
            .filter(|name| name.starts_with("speech"))
            .count(),
        1,
        "{names:?}"
    );
}

#[test]
fn speech_over_the_bot_pauses_it_at_once() {
    let mut line = Line::new();
    line.run(600);
    line.near.play(SpeechId(7), bot(6.0), true, false);
    line.run(1_000);
    line.far.play(SpeechId(1), caller(), true, false);
    line.run(500);
    let names = line.names();
    assert_eq!(names, ["play 7", "speech over Some(SpeechId(7))"]);
    assert!(!line.near.playout.is_playing());
    line.near.resume();
    line.run(200);
    assert!(line.near.playout.is_playing());
    line.near.stop(false);
    line.run(20);
    assert_eq!(line.names(), ["played 7 false"]);
}

#[test]
fn keys_arrive_and_are_told_when_sent() {
    let mut line = Line::new();
    line.run(200);
    line.far.send_digits(&[
        Digit::new('1').expect("a key"),
        Digit::new('#').expect("a key"),
    ]);
    line.near.send_digits(&[Digit::new('5').expect("a key")]);
    line.run(800);
    assert_eq!(line.names(), ["key 1", "DigitsSent", "key #"]);
}

#[test]
fn dead_media_is_told_once_and_not_on_hold() {
    let mut line = Line::new();
    line.run(200);
    for _ in 0..700 {
        line.tick(true);
    }
    assert_eq!(line.names(), ["MediaLost"]);
    line.near.negotiated(line.now, &media(Direction::SendOnly));
    for _ in 0..700 {
        line.tick(true);
    }
    assert_eq!(line.names(), Vec::<String>::new());
}

#[test]
fn a_bridged_leg_says_what_its_peer_heard() {
    let mut line = Line::new();
    line.near.set_bridged(true);
    let peer: Frame = std::array::from_fn(|place| place as i16 * 50);
    let mut datagram = [0; LONGEST_DATAGRAM];
    let length = line.near.speak(line.now, Some(&peer), &mut datagram);
    let packet = RtpPacket::parse(&datagram[..length]).expect("a packet");
    let mut decoded = [0; FRAME_SAMPLES];
    crate::media::codec::Transcoder::new(Codec::Pcma).decode(packet.payload, &mut decoded);
    let worst = peer.iter().zip(&decoded).map(|(a, b)| (a - b).abs()).max();
    assert!(worst < Some(300), "{worst:?}");
    assert_eq!(line.near.frames().1, &peer);
}
