//! How a turn was spoken: level, pitch, rate, shouting, talking over.
//!
//! None of it means much by itself, because lines and voices differ: it is compared with the caller's own first turns.

/// Samples a second of what is measured.
const RATE: usize = 16_000;

/// Samples of a frame (40 ms): two periods of the lowest voice.
const FRAME: usize = 640;

/// Frames whose pitch is measured, the loudest: enough for a median, few enough to cost a millisecond.
const VOICED: usize = 32;

/// Voices of callers, in Hz; a shout is higher than speech.
const LOWEST: usize = 70;
const HIGHEST: usize = 500;

/// The normalised autocorrelation from which a frame has a pitch.
const PERIODIC: f32 = 0.6;

/// This share of samples at the end of the scale is a shout into the telephone.
const CLIPPED: f32 = 0.002;

/// The level of full scale, 16 bits.
const FULL: f32 = 32_768.0;

/// Levels that count as the end of the scale: A-law's largest step and above (ITU-T G.711).
const END_OF_SCALE: u16 = 31_500;

/// How one turn was spoken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delivery {
    /// The level of speech, without pauses, in dBFS.
    pub level_dbfs: f32,
    /// The median pitch in Hz, if there was one.
    pub pitch_hz: Option<f32>,
    /// Syllables a second, if there were enough to tell.
    pub rate: Option<f32>,
    /// Whether it was too loud for the line.
    pub shouting: bool,
    /// Whether the caller began while the bot spoke.
    pub over_bot: bool,
}

impl Delivery {
    /// Measures a turn of 16 kHz mono. `syllables` is what was recognised in it. `None` when nothing is to be measured.
    pub fn of(audio: &[i16], syllables: usize, over_bot: bool) -> Option<Self> {
        let (frames, _) = audio.as_chunks::<FRAME>();
        let mut powers: Vec<(f32, usize)> =
            frames.iter().map(|frame| power(frame)).zip(0..).collect();
        powers.sort_by(|a, b| b.0.total_cmp(&a.0));
        let loudest = powers
            .first()
            .map(|(power, _)| *power)
            .filter(|power| *power > 0.0)?;
        // Speech is what is within 20 dB of the loudest frame.
        let speech = powers.partition_point(|(power, _)| *power > loudest / 100.0);
        let mean = powers[..speech].iter().map(|(power, _)| power).sum::<f32>() / speech as f32;
        let mut pitches: Vec<f32> = powers[..speech.min(VOICED)]
            .iter()
            .filter_map(|&(_, at)| pitch(&frames[at]))
            .collect();
        pitches.sort_by(f32::total_cmp);
        let clipped = audio
            .iter()
            .filter(|sample| sample.unsigned_abs() >= END_OF_SCALE)
            .count();
        let seconds = (speech * FRAME) as f32 / RATE as f32;
        Some(Self {
            level_dbfs: 10.0 * mean.log10(),
            pitch_hz: (pitches.len() >= 4).then(|| pitches[pitches.len() / 2]),
            rate: (syllables >= 3).then(|| syllables as f32 / seconds),
            shouting: clipped as f32 >= CLIPPED * audio.len() as f32,
            over_bot,
        })
    }
}

/// How many syllables a text has, by its hanzi and the vowels of its Latin words; 0 where digits hide how many there are.
pub fn syllables(text: &str) -> usize {
    if text.contains(|symbol: char| symbol.is_ascii_digit()) {
        return 0;
    }
    let mut count = 0;
    let mut after_vowel = false;
    for symbol in text.chars() {
        let vowel = "aeiouyAEIOUY".contains(symbol);
        let starts = vowel && !after_vowel;
        count += usize::from(starts || (!symbol.is_ascii() && symbol.is_alphabetic()));
        after_vowel = vowel;
    }
    count
}

/// Mean square, 1 at full scale.
fn power(frame: &[i16]) -> f32 {
    let sum: f32 = frame
        .iter()
        .map(|&sample| (f32::from(sample) / FULL).powi(2))
        .sum();
    sum / frame.len() as f32
}

/// The pitch of a frame in Hz by its autocorrelation at 8 kHz (Rabiner 1977), if it is periodic.
fn pitch(frame: &[i16; FRAME]) -> Option<f32> {
    let (pairs, _) = frame.as_chunks::<2>();
    let mut samples: Vec<f32> = pairs
        .iter()
        .map(|[a, b]| f32::from(*a) + f32::from(*b))
        .collect();
    let mean = samples.iter().sum::<f32>() / samples.len() as f32;
    samples.iter_mut().for_each(|sample| *sample -= mean);
    let rate = RATE / 2;
    let (shortest, longest) = (rate / HIGHEST, rate / LOWEST);
    let likeness = |lag: usize| {
        let (early, late) = (&samples[..samples.len() - lag], &samples[lag..]);
        let product: f32 = early.iter().zip(late).map(|(a, b)| a * b).sum();
        let energies: f32 =
            early.iter().map(|a| a * a).sum::<f32>() * late.iter().map(|b| b * b).sum::<f32>();
        if energies > 0.0 {
            product / energies.sqrt()
        } else {
            0.0
        }
    };
    let all: Vec<f32> = (shortest..=longest).map(likeness).collect();
    let best = all.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if best < PERIODIC {
        return None;
    }
    // Two periods are as alike as one: the first peak that is nearly the best is the period.
    let peak = (0..all.len()).find(|&at| {
        let before = at.checked_sub(1).map_or(f32::NEG_INFINITY, |at| all[at]);
        let after = all.get(at + 1).copied().unwrap_or(f32::NEG_INFINITY);
        all[at] >= 0.9 * best && all[at] >= before && all[at] >= after
    })?;
    Some(rate as f32 / (shortest + peak) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A voice: harmonics of `hz`, in bursts like syllables.
    fn voice(hz: f32, level: f32, seconds: f32) -> Vec<i16> {
        let count = (seconds * RATE as f32) as usize;
        let sample = |at: usize| {
            let time = at as f32 / RATE as f32;
            let harmonics =
                (1..=6).map(|n| (std::f32::consts::TAU * hz * n as f32 * time).sin() / n as f32);
            let syllable = (std::f32::consts::PI * 4.0 * time).sin().abs();
            (harmonics.sum::<f32>() * syllable * level * 12_000.0).clamp(-32_768.0, 32_767.0) as i16
        };
        (0..count).map(sample).collect()
    }

    #[test]
    fn pitch_is_that_of_the_voice() {
        for hz in [85.0, 120.0, 210.0, 330.0, 450.0] {
            let measured = Delivery::of(&voice(hz, 0.3, 2.0), 8, false).expect("there is speech");
            let pitch = measured.pitch_hz.expect("it has a pitch");
            assert!(
                (pitch / hz - 1.0).abs() < 0.05,
                "{hz} Hz measured as {pitch}"
            );
        }
    }

    #[test]
    fn ten_decibels_are_ten_decibels() {
        let level = |level| {
            Delivery::of(&voice(150.0, level, 2.0), 8, false)
                .expect("there is speech")
                .level_dbfs
        };
        let apart = level(0.316) - level(0.1);
        assert!((apart - 10.0).abs() < 0.3, "{apart}");
    }

    #[test]
    fn pauses_change_neither_level_nor_rate() {
        let speech = voice(150.0, 0.3, 2.0);
        let with_pause: Vec<i16> = [speech.clone(), vec![0; RATE * 2]].concat();
        let (a, b) = (
            Delivery::of(&speech, 10, false),
            Delivery::of(&with_pause, 10, false),
        );
        let (a, b) = (a.expect("speech"), b.expect("speech"));
        assert!((a.level_dbfs - b.level_dbfs).abs() < 0.1);
        assert!((a.rate.expect("told") - b.rate.expect("told")).abs() < 0.1);
    }

    #[test]
    fn what_exceeds_the_line_is_a_shout() {
        let shouts = |level| {
            Delivery::of(&voice(250.0, level, 1.0), 4, false)
                .expect("speech")
                .shouting
        };
        assert!(!shouts(0.5));
        assert!(shouts(3.0));
    }

    #[test]
    fn syllables_are_those_that_are_heard() {
        for (text, expected) in [
            ("今天天气怎么样", 7),
            ("打开 WiFi，谢谢", 6),
            ("speak to someone", 5),
            ("订单号12345", 0),
            ("", 0),
        ] {
            assert_eq!(syllables(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_is_not_measured() {
        assert_eq!(Delivery::of(&[], 0, false), None);
        assert_eq!(Delivery::of(&[0; 16_000], 0, false), None);
        let mut state = 1u32;
        let noise: Vec<i16> = std::iter::repeat_with(|| {
            // Xorshift (Marsaglia 2003).
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 20) as i16 - 2_048
        })
        .take(16_000)
        .collect();
        let measured = Delivery::of(&noise, 2, true).expect("it has a level");
        assert_eq!((measured.pitch_hz, measured.rate), (None, None));
    }
}
