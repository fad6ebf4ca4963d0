//! Brings what an engine made into the form of the house: no silence around it, the level of telephone speech.

use crate::audio::level_dbfs;

/// The level that speech is brought to. Telephone speech is around -20 dBFS (ITU-T P.56, G.100).
const LEVEL_DBFS: f32 = -20.0;

/// No sample above this after levelling.
const PEAK: f32 = 30_000.0;

/// Audio below this at the beginning is silence.
const SILENCE: i32 = 200;

/// Without silence at the beginning (10 ms stay) and at the end (60 ms stay).
pub(super) fn trimmed(samples: &[i16]) -> &[i16] {
    let is_sound = |sample: &i16| i32::from(*sample).abs() > SILENCE;
    let (Some(first), Some(last)) = (
        samples.iter().position(is_sound),
        samples.iter().rposition(is_sound),
    ) else {
        return &[];
    };
    &samples[first.saturating_sub(80)..(last + 480).min(samples.len())]
}

/// Brings the speech to its level, short of clipping.
pub(super) fn level(samples: &mut [i16]) {
    let loud: Vec<i16> = samples
        .iter()
        .copied()
        .filter(|sample| i32::from(*sample).abs() > SILENCE)
        .collect();
    let Some(peak) = samples
        .iter()
        .map(|sample| f32::from(*sample).abs())
        .reduce(f32::max)
    else {
        return;
    };
    if loud.is_empty() {
        return;
    }
    let wanted = 10f32.powf((LEVEL_DBFS - level_dbfs(&loud)) / 20.0);
    let gain = wanted.min(PEAK / peak.max(1.0));
    for sample in samples {
        *sample = (f32::from(*sample) * gain) as i16;
    }
}
