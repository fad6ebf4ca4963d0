//! Packet loss concealment in the manner of ITU-T G.711 Appendix I: the last pitch period again and again, fading out.
//!
//! Works on decoded 8 kHz audio, one 20 ms frame at a time.

use crate::audio::{FRAME_SAMPLES, Frame};

/// Pitch periods that are looked for: 200 Hz to 66 Hz (Appendix I §2.3).
const SHORTEST_PITCH: usize = 40;
const LONGEST_PITCH: usize = 120;

/// How much of the end of the history is compared: 20 ms (Appendix I §2.3).
const WINDOW: usize = 160;

/// What is kept of the past.
const HISTORY: usize = LONGEST_PITCH * 2 + WINDOW;

/// At full level for 10 ms, then a fifth less every 10 ms: silence after 60 ms (Appendix I §2.7).
const FULL: usize = 80;
const FADE: usize = 400;

/// Samples over which real audio is blended in after a loss.
const BLEND: usize = 40;

/// Fills the holes of one stream.
#[derive(Debug)]
pub struct Concealer {
    history: [i16; HISTORY],
    pitch: usize,
    /// Samples that were made up since the last real one.
    made_up: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Self {
            history: [0; HISTORY],
            pitch: 0,
            made_up: 0,
        }
    }
}

impl Concealer {
    /// Passes a real frame on, blended with what was made up before it.
    pub fn real(&mut self, frame: &mut Frame) {
        if self.made_up > 0 {
            for (place, sample) in frame.iter_mut().take(BLEND).enumerate() {
                let made_up = self.next_made_up();
                let share = (place as f32 + 1.0) / (BLEND as f32 + 1.0);
                *sample = (f32::from(*sample) * share + f32::from(made_up) * (1.0 - share)) as i16;
            }
            self.made_up = 0;
        }
        self.history.copy_within(FRAME_SAMPLES.., 0);
        self.history[HISTORY - FRAME_SAMPLES..].copy_from_slice(frame);
    }

    /// Makes a frame up. After 60 ms without a real one it is silence.
    pub fn conceal(&mut self, frame: &mut Frame) {
        if self.made_up == 0 {
            self.pitch = self.find_pitch();
        }
        for sample in frame.iter_mut() {
            *sample = self.next_made_up();
        }
    }

    /// Whether the present hole has faded to silence.
    pub const fn is_silent(&self) -> bool {
        self.made_up >= FULL + FADE
    }

    fn next_made_up(&mut self) -> i16 {
        let faded = self.made_up.saturating_sub(FULL);
        let gain = 1.0 - (faded as f32 / FADE as f32).min(1.0);
        let place = HISTORY - self.pitch.max(1) + self.made_up % self.pitch.max(1);
        self.made_up = self.made_up.saturating_add(1);
        (f32::from(self.history[place]) * gain) as i16
    }

    /// The lag at which the end of the history is most like what came before it (normalised cross-correlation).
    fn find_pitch(&self) -> usize {
        let end = &self.history[HISTORY - WINDOW..];
        let mut best = (SHORTEST_PITCH, f32::MIN);
        for lag in SHORTEST_PITCH..=LONGEST_PITCH {
            let before = &self.history[HISTORY - WINDOW - lag..HISTORY - lag];
            let mut product = 0.0f32;
            let mut energy = 1.0f32;
            for (&now, &then) in end.iter().zip(before) {
                product += f32::from(now) * f32::from(then);
                energy += f32::from(then) * f32::from(then);
            }
            let likeness = product / energy.sqrt();
            if likeness > best.1 {
                best = (lag, likeness);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level_dbfs;

    fn tone(hertz: f32, start: usize) -> Frame {
        std::array::from_fn(|place| {
            let phase = std::f32::consts::TAU * hertz * (start + place) as f32 / 8_000.0;
            (phase.sin() * 8_000.0) as i16
        })
    }

    fn crossings(frame: &[i16]) -> usize {
        frame
            .windows(2)
            .filter(|pair| (pair[0] < 0) != (pair[1] < 0))
            .count()
    }

    #[test]
    fn a_tone_goes_on_at_its_pitch_and_fades() {
        for hertz in [80.0, 100.0, 160.0, 200.0, 400.0] {
            let mut concealer = Concealer::default();
            for place in 0..4 {
                concealer.real(&mut tone(hertz, place * FRAME_SAMPLES));
            }
            let mut levels = Vec::new();
            let mut frame = [0; FRAME_SAMPLES];
            for lost in 0..4 {
                concealer.conceal(&mut frame);
                levels.push(level_dbfs(&frame));
                if lost == 0 {
                    let expected = crossings(&tone(hertz, 4 * FRAME_SAMPLES));
                    assert!(crossings(&frame).abs_diff(expected) <= 2, "{hertz} Hz");
                }
            }
            assert!(
                (levels[0] - level_dbfs(&tone(hertz, 0))).abs() < 2.0,
                "{hertz} Hz: {levels:?}"
            );
            assert!(levels.is_sorted_by(|a, b| a >= b), "{levels:?}");
            assert!(levels[3] < -90.0 && concealer.is_silent(), "{levels:?}");
        }
    }

    #[test]
    fn silence_stays_silence_and_real_audio_comes_back_smoothly() {
        let mut concealer = Concealer::default();
        let mut frame = [0; FRAME_SAMPLES];
        concealer.conceal(&mut frame);
        assert_eq!(frame, [0; FRAME_SAMPLES]);

        for place in 0..4 {
            concealer.real(&mut tone(200.0, place * FRAME_SAMPLES));
        }
        concealer.conceal(&mut frame);
        let last = frame[FRAME_SAMPLES - 1];
        let mut back = tone(200.0, 5 * FRAME_SAMPLES);
        let untouched = back;
        concealer.real(&mut back);
        assert!(
            (i32::from(back[0]) - i32::from(last)).abs() < 2_600,
            "a click"
        );
        assert_eq!(back[BLEND..], untouched[BLEND..]);
    }
}
