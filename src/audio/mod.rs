//! Audio as it moves between rooms: linear PCM and the arithmetic on it.
//!
//! Samples are signed 16 bit, mono. This module does not code or transport audio.

pub mod resample;

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

/// Samples per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SampleRate(pub u32);

impl SampleRate {
    /// The telephone network: G.711, and the rate of playout and recording.
    pub const TELEPHONE: Self = Self(8_000);
    /// What voice activity detection and recognition work on.
    pub const WIDEBAND: Self = Self(16_000);

    /// How many samples `duration` holds, rounded down.
    pub const fn samples_in(self, duration: Duration) -> usize {
        (duration.as_micros() as u64 * self.0 as u64 / 1_000_000) as usize
    }

    /// How long `samples` last.
    pub const fn duration_of(self, samples: usize) -> Duration {
        Duration::from_micros(samples as u64 * 1_000_000 / self.0 as u64)
    }
}

/// One packet time on the telephone line.
pub const FRAME: Duration = Duration::from_millis(20);

/// Samples in one [`FRAME`] at 8 kHz.
pub const FRAME_SAMPLES: usize = 160;

/// One packet time of telephone audio.
pub type Frame = [i16; FRAME_SAMPLES];

/// A finished stretch of audio, shared and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pcm {
    /// Samples per second.
    pub rate: SampleRate,
    /// Signed 16 bit, mono.
    pub samples: Arc<[i16]>,
}

impl Pcm {
    /// Wraps samples that were taken at `rate`.
    pub fn new(rate: SampleRate, samples: impl Into<Arc<[i16]>>) -> Self {
        Self {
            rate,
            samples: samples.into(),
        }
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        self.rate.duration_of(self.samples.len())
    }
}

/// The level of digital silence, as reported by [`level_dbfs`].
pub const SILENCE_DBFS: f32 = -96.0;

/// Root-mean-square level relative to a full-scale square wave, in dBFS. Empty or silent input gives [`SILENCE_DBFS`].
pub fn level_dbfs(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBFS;
    }
    let power: f64 = samples
        .iter()
        .map(|&sample| f64::from(sample) * f64::from(sample))
        .sum::<f64>()
        / samples.len() as f64;
    let full_scale = 32_768.0 * 32_768.0;
    ((10.0 * (power / full_scale).log10()) as f32).max(SILENCE_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_of_known_signals() {
        let check = |samples: &[i16], expected: f32| {
            let level = level_dbfs(samples);
            assert!(
                (level - expected).abs() < 0.01,
                "{level} dBFS, not {expected}"
            );
        };
        check(&[], SILENCE_DBFS);
        check(&[0; 160], SILENCE_DBFS);
        check(&[-32_768; 160], 0.0);
        check(&[16_384, -16_384], -6.02);
        check(&[1; 10], -90.31);
    }

    #[test]
    fn durations_and_samples_agree() {
        assert_eq!(SampleRate::TELEPHONE.samples_in(FRAME), FRAME_SAMPLES);
        assert_eq!(
            SampleRate::WIDEBAND.duration_of(8_000),
            Duration::from_millis(500)
        );
    }
}
