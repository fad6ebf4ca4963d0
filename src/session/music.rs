//! What the caller hears while an agent's phone rings.
//!
//! Composed here, so that nothing has to be licensed: slow broken chords over a soft bass, eight bars, made to loop. A
//! pure function of nothing; `rand` and files are not involved.

use std::f64::consts::TAU;

use crate::audio::{Pcm, SampleRate};

/// Four chords of one bar each, as MIDI notes: bass, then the notes that are broken.
const BARS: [[u8; 5]; 8] = [
    [48, 64, 67, 72, 76],
    [45, 64, 69, 72, 76],
    [41, 65, 69, 72, 77],
    [43, 62, 67, 71, 74],
    [48, 64, 67, 72, 79],
    [45, 64, 69, 72, 76],
    [50, 65, 69, 74, 77],
    [43, 62, 67, 71, 79],
];

/// The order in which a bar's notes are played, one an eighth.
const PATTERN: [usize; 8] = [1, 2, 3, 4, 3, 2, 3, 2];

/// One eighth, in samples at 8 kHz: 75 quarters a minute.
const EIGHTH: usize = 3_200;

/// Peak of the mix. Quieter than speech (-20 dBFS), so that a caller who speaks is not drowned.
const PEAK: f64 = 2_600.0;

/// One round of the music, 8 kHz, 25.6 s.
pub fn comfort_music() -> Pcm {
    let length = BARS.len() * PATTERN.len() * EIGHTH;
    let mut mix = vec![0.0f64; length];
    for (bar, chord) in BARS.iter().enumerate() {
        let start = bar * PATTERN.len() * EIGHTH;
        add_note(&mut mix, start, chord[0], 6 * EIGHTH, 0.6);
        for (step, &note) in PATTERN.iter().enumerate() {
            add_note(
                &mut mix,
                start + step * EIGHTH,
                chord[note],
                3 * EIGHTH,
                0.5,
            );
        }
    }
    let peak = mix
        .iter()
        .fold(1.0f64, |peak, sample| peak.max(sample.abs()));
    let samples: Vec<i16> = mix
        .into_iter()
        .map(|sample| (sample / peak * PEAK) as i16)
        .collect();
    Pcm::new(SampleRate::TELEPHONE, samples)
}

/// Adds a plucked note; what rings past the end goes on at the beginning, so that the loop has no seam.
fn add_note(mix: &mut [f64], start: usize, note: u8, length: usize, gain: f64) {
    let frequency = 440.0 * 2f64.powf((f64::from(note) - 69.0) / 12.0);
    let rate = f64::from(SampleRate::TELEPHONE.0);
    let round = mix.len();
    for offset in 0..length {
        let seconds = offset as f64 / rate;
        let attack = (seconds / 0.008).min(1.0);
        let release = ((length - offset) as f64 / rate / 0.02).min(1.0);
        let decay = (-3.0 * seconds).exp();
        let phase = TAU * frequency * seconds;
        let tone = phase.sin() + 0.3 * (2.0 * phase).sin() + 0.1 * (3.0 * phase).sin();
        mix[(start + offset) % round] += gain * attack * release * decay * tone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level_dbfs;

    #[test]
    fn it_is_audible_softer_than_speech_and_has_no_seam() {
        let music = comfort_music();
        assert_eq!(music.samples.len(), 204_800);
        let level = level_dbfs(&music.samples);
        assert!((-40.0..-25.0).contains(&level), "{level} dBFS");
        let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
        let loudest = music.samples.windows(2).map(step).max().expect("music");
        let (first, last) = (music.samples[0], music.samples[music.samples.len() - 1]);
        assert!(step(&[last, first]) <= loudest);
        let gap = music
            .samples
            .chunks(1_600)
            .map(level_dbfs)
            .fold(0.0, f32::min);
        assert!(gap > -55.0, "a hole of {gap} dBFS");
    }
}
