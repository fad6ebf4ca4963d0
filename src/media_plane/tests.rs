//! Legs on real sockets: what one says the other hears, and nothing is left over.

use std::{net::Ipv4Addr, path::Path};

use super::*;
use crate::{
    audio::SampleRate,
    media::{Codec, Direction, PayloadType},
    recording::Recorder,
};

fn plane(first_port: u16, last_port: u16, lost_after_ms: u64) -> MediaPlane {
    let config = MediaPlaneConfig {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        first_port,
        last_port,
        threads: 1,
        lost_after: Duration::from_millis(lost_after_ms),
    };
    MediaPlane::start(config, ProcessClock::start()).expect("threads")
}

fn towards(leg: &LegHandle) -> MediaCommand {
    MediaCommand::Negotiated(NegotiatedMedia {
        codec: Codec::Pcma,
        payload_type: PayloadType(8),
        telephone_event: Some(PayloadType(101)),
        remote: leg.rtp_address(),
        direction: Direction::SendRecv,
    })
}

fn sentence() -> Pcm {
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

fn play(pcm: Pcm) -> MediaCommand {
    MediaCommand::Play {
        speech: SpeechId(1),
        pcm,
        interruptible: false,
        repeat: false,
    }
}

async fn until(
    events: &mut mpsc::Receiver<MediaEvent>,
    wanted: impl Fn(&MediaEventKind) -> bool,
) -> MediaEvent {
    let waiting = async {
        while let Some(event) = events.recv().await {
            if wanted(&event.kind) {
                return event;
            }
        }
        panic!("the leg is gone");
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .expect("it happens")
}

fn left(path: &Path) -> Vec<i16> {
    let mut reader = hound::WavReader::open(path).expect("a recording");
    let samples = reader.samples().map(|sample| sample.expect("whole"));
    samples.step_by(2).collect()
}

/// The best normalised correlation of `sent` with any place of `heard`.
fn correlation(sent: &[i16], heard: &[i16]) -> f64 {
    let energy = |samples: &[i16]| -> f64 {
        samples
            .iter()
            .map(|&sample| f64::from(sample) * f64::from(sample))
            .sum()
    };
    let places = heard.len().saturating_sub(sent.len());
    (0..=places)
        .map(|lag| {
            let window = &heard[lag..(lag + sent.len()).min(heard.len())];
            let product: f64 = sent
                .iter()
                .zip(window)
                .map(|(&a, &b)| f64::from(a) * f64::from(b))
                .sum();
            product / (energy(sent) * energy(window)).sqrt().max(1.0)
        })
        .fold(0.0, f64::max)
}

#[tokio::test]
async fn bridged_legs_hear_each_other_and_the_recording_has_it() {
    let plane = plane(24_200, 24_219, 10_000);
    let recorder = Recorder::start().expect("a writer");
    let folder = tempfile::tempdir().expect("a folder");
    // Two phones, and between them two legs that are bridged.
    let (caller, mut caller_events) = plane.open(None).expect("a leg");
    let (ours, mut ours_events) = plane.open(Some(&caller)).expect("a leg");
    let (theirs, _theirs_events) = plane.open(Some(&ours)).expect("a leg");
    let (agent, _agent_events) = plane.open(Some(&ours)).expect("a leg");
    let (heard_by_agent, finished) = recorder.open(&folder.path().join("a.wav")).expect("made");
    for (leg, command) in [
        (&caller, towards(&ours)),
        (&ours, towards(&caller)),
        (&theirs, towards(&agent)),
        (&agent, towards(&theirs)),
        (&agent, MediaCommand::Record(heard_by_agent)),
        (&ours, MediaCommand::Listen(ListeningProfile::QUESTION)),
        (&ours, MediaCommand::Bridge { peer: theirs.id() }),
        (&caller, play(sentence())),
    ] {
        leg.send(command).expect("taken");
    }
    let ended = until(&mut caller_events, |kind| {
        matches!(kind, MediaEventKind::PlayEnded { .. })
    })
    .await;
    assert!(matches!(
        ended.kind,
        MediaEventKind::PlayEnded { complete: true, .. }
    ));
    // The bridged leg still listens: the transcript goes on.
    let utterance = until(&mut ours_events, |kind| {
        matches!(kind, MediaEventKind::UtteranceEnded(_))
    })
    .await;
    let MediaEventKind::UtteranceEnded(snapshot) = utterance.kind else {
        unreachable!("just matched");
    };
    assert!(snapshot.audio.len() > 16_000, "{}", snapshot.audio.len());
    drop(agent);
    finished.await.expect("told").expect("whole");
    let heard = left(&folder.path().join("a.wav"));
    let match_ = correlation(&sentence().samples, &heard);
    assert!(match_ > 0.99, "{match_}");
}

#[tokio::test]
async fn keys_arrive_once_and_what_is_closed_leaves_nothing() {
    let plane = plane(24_220, 24_229, 10_000);
    let (one, mut one_events) = plane.open(None).expect("a leg");
    let (two, mut two_events) = plane.open(Some(&one)).expect("a leg");
    one.send(towards(&two)).expect("taken");
    two.send(towards(&one)).expect("taken");
    let keys: Vec<Digit> = "10#".chars().filter_map(Digit::new).collect();
    one.send(MediaCommand::SendDigits(keys.clone()))
        .expect("taken");
    let mut heard = Vec::new();
    while heard.len() < keys.len() {
        let event = until(&mut two_events, |kind| {
            matches!(kind, MediaEventKind::Digit(_))
        })
        .await;
        if let MediaEventKind::Digit(digit) = event.kind {
            heard.push(digit);
        }
    }
    assert_eq!(heard, keys);
    until(&mut one_events, |kind| *kind == MediaEventKind::DigitsSent).await;
    assert_eq!((plane.ports_in_use(), plane.statistics().legs), (4, 2));
    drop((one, two));
    // A leg's event queue ends after its ports are given back.
    while one_events.recv().await.is_some() {}
    while let Some(event) = two_events.recv().await {
        assert!(
            !matches!(event.kind, MediaEventKind::Digit(_)),
            "one key, one event"
        );
    }
    assert_eq!(plane.ports_in_use(), 0);
    let statistics = plane.statistics();
    assert_eq!((statistics.malformed, statistics.dropped_events), (0, 0));
    assert!(statistics.received > 0, "{statistics:?}");
}

#[tokio::test]
async fn silence_on_the_wire_is_told_and_ports_run_out_aloud() {
    let plane = plane(24_230, 24_233, 100);
    let (one, mut events) = plane.open(None).expect("a leg");
    let (two, _two_events) = plane.open(None).expect("a leg");
    assert!(matches!(
        plane.open(None),
        Err(OpenLegError::NoPort {
            first: 24_230,
            last: 24_233
        })
    ));
    // The other leg agreed on nothing, so it sends nothing.
    one.send(towards(&two)).expect("taken");
    let lost = until(&mut events, |kind| *kind == MediaEventKind::MediaLost).await;
    assert!(lost.at.as_millis() >= 100);
}
