//! Sounds to send, and how alike two of them are.

use std::path::Path;

use yingda::{
    audio::{Pcm, SampleRate},
    simulator::clip::Clip,
};

/// A caller's question, synthesised: 洗衣机不脱水怎么回事.
pub fn question() -> Clip {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Clip::read(&root.join("tests/fixtures/audio/caller.wav")).expect("the fixture is there")
}

/// A sound unlike itself at any other time: tones that change every 50 ms.
pub fn tones(seed: u32, seconds: f32) -> Clip {
    let mut state = seed;
    let mut hertz = 0.0;
    let samples: Vec<i16> = (0..(seconds * 8_000.0) as usize)
        .map(|place| {
            if place % 400 == 0 {
                // Numerical Recipes' generator: the same sounds in every run.
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                hertz = 300.0 + (state >> 16) as f32 / 65_536.0 * 2_500.0;
            }
            let phase = std::f32::consts::TAU * hertz * place as f32 / 8_000.0;
            (phase.sin() * 6_000.0) as i16
        })
        .collect();
    Clip::new(&Pcm::new(SampleRate::TELEPHONE, samples), 0.0)
}

/// Nothing.
pub fn silence(seconds: f32) -> Clip {
    let samples = vec![0; (seconds * 8_000.0) as usize];
    Clip::new(&Pcm::new(SampleRate::TELEPHONE, samples), 0.0)
}

/// The best normalised correlation of `sent` with any place of `heard`.
pub fn correlation(sent: &[i16], heard: &[i16]) -> f64 {
    let power = |samples: &[i16]| -> f64 {
        samples
            .iter()
            .map(|&sample| f64::from(sample) * f64::from(sample))
            .sum()
    };
    let of_sent = power(sent);
    heard
        .windows(sent.len())
        .map(|window| {
            let product: f64 = sent
                .iter()
                .zip(window)
                .map(|(&a, &b)| f64::from(a) * f64::from(b))
                .sum();
            product / (of_sent * power(window)).sqrt().max(1.0)
        })
        .fold(0.0, f64::max)
}

/// One channel of a stereo recording: 0 is left.
pub fn channel(file: &Path, number: usize) -> Vec<i16> {
    let mut reader = hound::WavReader::open(file).expect("a recording");
    assert_eq!(
        (reader.spec().channels, reader.spec().sample_rate),
        (2, 8_000)
    );
    let samples = reader.samples().map(|sample| sample.expect("whole"));
    samples.skip(number).step_by(2).collect()
}
