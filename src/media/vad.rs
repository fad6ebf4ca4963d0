//! Whether a caller speaks: `earshot`'s score, gated by the noise floor and the caller's own level.
//!
//! The score alone calls steady noise speech. So a frame is speech only if it also stands out of the noise that has been
//! there for the last seconds, and is not far below how loud this caller speaks. This module does not decide where an
//! utterance begins or ends (see `endpointer`).

use earshot::{DefaultPredictor, Detector};

use crate::audio::{SILENCE_DBFS, level_dbfs};

/// What the detector looks at: 16 ms at 16 kHz.
pub const VAD_FRAME: usize = 256;

/// Scores from here on count as speech.
const SCORE: f32 = 0.5;

/// Speech stands so far above the noise floor, in dB.
const ABOVE_FLOOR_DB: f32 = 8.0;

/// Nothing below is speech, in dBFS: quieter than the quietest telephone.
const QUIETEST_DBFS: f32 = -52.0;

/// Speech is not further below the caller's own level than this, in dB: a second voice or a television in the room.
const BELOW_CALLER_DB: f32 = 22.0;

/// The noise floor is the quietest level of so many stretches, 0.5 s each.
const STRETCHES: usize = 6;
const STRETCH_FRAMES: u32 = 31;

/// While we play, echo of our own voice comes back: what is quieter than it by less than this may be echo, in dB.
const ECHO_DB: f32 = 6.0;

/// Voice activity detection on one stream.
pub struct VoiceActivityDetector {
    detector: Box<Detector<DefaultPredictor>>,
    frame: [i16; VAD_FRAME],
    filled: usize,
    floor: NoiseFloor,
    /// How loud the caller speaks, in dBFS, once they have.
    caller_dbfs: Option<f32>,
    speech: bool,
}

impl std::fmt::Debug for VoiceActivityDetector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VoiceActivityDetector")
            .field("floor_dbfs", &self.floor.level())
            .field("caller_dbfs", &self.caller_dbfs)
            .finish_non_exhaustive()
    }
}

impl Default for VoiceActivityDetector {
    fn default() -> Self {
        Self {
            detector: Detector::default_boxed(),
            frame: [0; VAD_FRAME],
            filled: 0,
            floor: NoiseFloor::default(),
            caller_dbfs: None,
            speech: false,
        }
    }
}

impl VoiceActivityDetector {
    /// Takes 16 kHz audio; `playing_dbfs` is the level of what we send meanwhile, if anything. Gives whether the last whole
    /// frame was speech.
    pub fn push(&mut self, mut samples: &[i16], playing_dbfs: Option<f32>) -> bool {
        while !samples.is_empty() {
            let count = samples.len().min(VAD_FRAME - self.filled);
            self.frame[self.filled..self.filled + count].copy_from_slice(&samples[..count]);
            self.filled += count;
            samples = &samples[count..];
            if self.filled == VAD_FRAME {
                self.filled = 0;
                self.speech = self.judge(playing_dbfs);
            }
        }
        self.speech
    }

    /// The noise in the room, in dBFS.
    pub fn floor_dbfs(&self) -> f32 {
        self.floor.level()
    }

    fn judge(&mut self, playing_dbfs: Option<f32>) -> bool {
        let level = level_dbfs(&self.frame);
        let score = self.detector.predict_i16(&self.frame);
        let floor = self.floor.level();
        self.floor.push(level);
        let audible = level > QUIETEST_DBFS && level > floor + ABOVE_FLOOR_DB;
        let near = self
            .caller_dbfs
            .is_none_or(|caller| level > caller - BELOW_CALLER_DB);
        // Echo returns weaker than it was sent: -6 dB at the worst of lines.
        let echo = playing_dbfs.is_some_and(|playing| level < playing - ECHO_DB)
            && self
                .caller_dbfs
                .is_none_or(|caller| level < caller - ECHO_DB);
        let speech = score >= SCORE && audible && near && !echo;
        if speech {
            self.learn(level);
        }
        speech
    }

    /// The caller's level follows their louder frames: quick up, slow down.
    fn learn(&mut self, level: f32) {
        let caller = self.caller_dbfs.unwrap_or(level);
        let share = if level > caller { 0.1 } else { 0.01 };
        self.caller_dbfs = Some(caller + (level - caller) * share);
    }
}

/// Minimum statistics: the quietest frame of each stretch, and of those the quietest over some seconds.
#[derive(Debug)]
struct NoiseFloor {
    stretches: [f32; STRETCHES],
    current: f32,
    frames: u32,
    place: usize,
    seen: usize,
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self {
            stretches: [0.0; STRETCHES],
            current: 0.0,
            frames: 0,
            place: 0,
            seen: 0,
        }
    }
}

impl NoiseFloor {
    fn push(&mut self, level: f32) {
        self.current = self.current.min(level);
        self.frames += 1;
        if self.frames == STRETCH_FRAMES {
            self.stretches[self.place] = self.current;
            self.place = (self.place + 1) % STRETCHES;
            self.seen = (self.seen + 1).min(STRETCHES);
            self.current = 0.0;
            self.frames = 0;
        }
    }

    /// Until the first stretch is over, the quietest frame so far; nothing is known before that.
    fn level(&self) -> f32 {
        let known = self.stretches[..self.seen].iter().copied().reduce(f32::min);
        match (known, self.frames) {
            (Some(known), _) => known.min(self.current),
            (None, 0) => SILENCE_DBFS,
            (None, _) => self.current,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{SampleRate, resample::resample};

    /// A fixture of the recogniser's tests: a caller's sentence, 8 kHz.
    fn speech() -> Vec<i16> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/audio/caller.wav"
        );
        let mut reader = hound::WavReader::open(path).expect("the fixture is there");
        let samples: Vec<i16> = reader
            .samples()
            .map(|sample| sample.expect("whole"))
            .collect();
        resample(&samples, SampleRate::TELEPHONE, SampleRate::WIDEBAND)
    }

    fn noise(amplitude: f32, samples: usize) -> Vec<i16> {
        let mut state = 7u64;
        let mut smooth = 0.0f32;
        (0..samples)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                smooth = smooth * 0.6 + ((state >> 40) as f32 / 8_388_608.0 - 1.0) * amplitude;
                smooth as i16
            })
            .collect()
    }

    /// The share of 20 ms frames that are called speech.
    fn share(audio: &[i16], playing_dbfs: Option<f32>) -> f32 {
        let mut vad = VoiceActivityDetector::default();
        let frames = audio.chunks_exact(320);
        let count = frames.len() as f32;
        frames.filter(|frame| vad.push(frame, playing_dbfs)).count() as f32 / count
    }

    fn scaled(audio: &[i16], gain: f32) -> Vec<i16> {
        audio
            .iter()
            .map(|&sample| (f32::from(sample) * gain) as i16)
            .collect()
    }

    #[test]
    fn speech_is_speech_loud_or_quiet() {
        let speech = speech();
        assert!(share(&speech, None) > 0.6, "{}", share(&speech, None));
        let quiet = scaled(&speech, 0.2);
        assert!(
            share(&quiet, None) > 0.5,
            "{} at {} dBFS",
            share(&quiet, None),
            level_dbfs(&quiet)
        );
    }

    #[test]
    fn noise_hum_and_silence_are_none() {
        let seconds = 16_000 * 6;
        assert_eq!(share(&vec![0; seconds], None), 0.0);
        for amplitude in [20.0, 200.0, 2_000.0] {
            let share = share(&noise(amplitude, seconds), None);
            assert!(share < 0.03, "noise of {amplitude}: {share}");
        }
        let hum: Vec<i16> = (0..seconds)
            .map(|place| ((place as f32 * 0.0393).sin() * 3_000.0) as i16)
            .collect();
        assert!(share(&hum, None) < 0.05, "hum: {}", share(&hum, None));
    }

    #[test]
    fn our_own_echo_is_not_the_caller() {
        let speech = speech();
        let playing = Some(level_dbfs(&speech));
        let echo = scaled(&speech, 0.2);
        assert!(share(&echo, playing) < 0.1, "{}", share(&echo, playing));
        assert!(
            share(&speech, playing) > 0.4,
            "a caller over the bot: {}",
            share(&speech, playing)
        );
    }
}
