//! Packet loss concealment in the manner of ITU-T G.711 Appendix I: the last pitch period again and again, fading out.
//!
//! Works on decoded 8 kHz audio, one 20 ms frame at a time. Unlike the appendix it adds no delay: where that overlaps the
//! last real samples with the first made-up ones, this lets the step between them fade.

use crate::audio::{FRAME_SAMPLES, Frame};

/// Pitch periods that are looked for: 200 Hz to 66 Hz (Appendix I §2.3). A higher voice is found at a multiple.
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
    /// One pitch period, its end turned towards its beginning, and how much of the array it is.
    period: [f32; LONGEST_PITCH],
    pitch: usize,
    /// The step from the last real sample to the period, to be faded out.
    step: f32,
    /// Samples that were made up since the last real one.
    made_up: usize,
    /// Whether the next real frame does not follow on what was heard last.
    seam: bool,
}

impl Default for Concealer {
    fn default() -> Self {
        Self {
            history: [0; HISTORY],
            period: [0.0; LONGEST_PITCH],
            pitch: SHORTEST_PITCH,
            step: 0.0,
            made_up: 0,
            seam: false,
        }
    }
}

impl Concealer {
    /// Passes a real frame on, blended with what was made up before it.
    pub fn real(&mut self, frame: &mut Frame) {
        if self.made_up > 0 || self.seam {
            for (place, sample) in frame.iter_mut().take(BLEND).enumerate() {
                let made_up = self.next_made_up();
                let share = (place as f32 + 1.0) / (BLEND as f32 + 1.0);
                *sample = (f32::from(*sample) * share + f32::from(made_up) * (1.0 - share)) as i16;
            }
            (self.made_up, self.seam) = (0, false);
        }
        self.remember(frame);
    }

    /// Says that a frame was left out on purpose: the next real one is blended in.
    pub fn skip(&mut self) {
        if self.made_up == 0 {
            self.begin();
            self.seam = true;
        }
    }

    /// Makes a frame up. After 60 ms without a real one it is silence.
    pub fn conceal(&mut self, frame: &mut Frame) {
        if self.made_up == 0 && !self.seam {
            self.begin();
        }
        for sample in frame.iter_mut() {
            *sample = self.next_made_up();
        }
        // Made-up audio is continuous with the real: a loss soon after this one finds no seam in the history.
        self.remember(frame);
    }

    /// Whether the present hole has faded to silence.
    pub const fn is_silent(&self) -> bool {
        self.made_up >= FULL + FADE
    }

    fn remember(&mut self, frame: &Frame) {
        self.history.copy_within(FRAME_SAMPLES.., 0);
        self.history[HISTORY - FRAME_SAMPLES..].copy_from_slice(frame);
    }

    fn begin(&mut self) {
        let pitch = self.find_pitch();
        let (last, before) = (HISTORY - pitch, HISTORY - 2 * pitch);
        // Overlap-add over a quarter of the period (§2.4): its end becomes what stood before its beginning.
        let seam = pitch - pitch / 4;
        for place in 0..pitch {
            let own = f32::from(self.history[last + place]);
            let earlier = f32::from(self.history[before + place]);
            let share = place.saturating_sub(seam) as f32 / (pitch - seam) as f32;
            self.period[place] = own * (1.0 - share) + earlier * share;
        }
        self.step = f32::from(self.history[HISTORY - 1]) - f32::from(self.history[last - 1]);
        self.pitch = pitch;
    }

    fn next_made_up(&mut self) -> i16 {
        let faded = self.made_up.saturating_sub(FULL);
        let gain = 1.0 - (faded as f32 / FADE as f32).min(1.0);
        let seam = 1.0 - (self.made_up as f32 / BLEND as f32).min(1.0);
        let sample = self.period[self.made_up % self.pitch] * gain + self.step * seam;
        self.made_up = self.made_up.saturating_add(1);
        // A cast from float to integer saturates.
        sample as i16
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

    const LEVEL: f32 = 8_000.0;

    fn tone(hertz: f32, start: usize) -> Frame {
        std::array::from_fn(|place| {
            let phase = std::f32::consts::TAU * hertz * (start + place) as f32 / 8_000.0;
            (phase.sin() * LEVEL) as i16
        })
    }

    fn after_tone(hertz: f32, frames: usize) -> Concealer {
        let mut concealer = Concealer::default();
        for place in 0..frames {
            concealer.real(&mut tone(hertz, place * FRAME_SAMPLES));
        }
        concealer
    }

    fn crossings(frame: &[i16]) -> usize {
        frame
            .windows(2)
            .filter(|pair| (pair[0] < 0) != (pair[1] < 0))
            .count()
    }

    /// The greatest step from one sample to the next.
    fn steepest(samples: &[i16]) -> i32 {
        let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
        samples.windows(2).map(step).max().unwrap_or(0)
    }

    #[test]
    fn a_tone_goes_on_at_its_pitch_and_fades() {
        for hertz in [80.0, 100.0, 133.0, 160.0, 200.0, 350.0, 440.0] {
            let mut concealer = after_tone(hertz, 4);
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
            let real = level_dbfs(&tone(hertz, 0));
            assert!((levels[0] - real).abs() < 2.0, "{hertz} Hz: {levels:?}");
            assert!(levels.is_sorted_by(|a, b| a >= b), "{levels:?}");
            assert!(levels[3] < -90.0 && concealer.is_silent(), "{levels:?}");
        }
    }

    #[test]
    fn nothing_clicks_where_a_tone_is_lost_repeated_and_comes_back() {
        for hertz in [90.0, 117.0, 133.0, 181.0, 350.0] {
            let mut concealer = after_tone(hertz, 4);
            let mut heard = tone(hertz, 3 * FRAME_SAMPLES).to_vec();
            for lost in 4..7 {
                let mut frame = [0; FRAME_SAMPLES];
                match lost {
                    5 => {
                        frame = tone(hertz, 5 * FRAME_SAMPLES);
                        concealer.real(&mut frame);
                    }
                    _ => concealer.conceal(&mut frame),
                }
                heard.extend(frame);
            }
            // A sine's steepest step is 2 pi f / rate of its peak; half as much again is no click.
            let own = std::f32::consts::TAU * hertz / 8_000.0 * LEVEL;
            assert!(
                steepest(&heard) as f32 <= own * 1.5,
                "{hertz} Hz: {} of {own}",
                steepest(&heard)
            );
        }
    }

    #[test]
    fn a_frame_that_is_left_out_does_not_click() {
        for hertz in [90.0, 117.0, 133.0, 181.0] {
            let mut concealer = after_tone(hertz, 4);
            let mut heard = tone(hertz, 3 * FRAME_SAMPLES).to_vec();
            let mut frame = tone(hertz, 5 * FRAME_SAMPLES);
            concealer.skip();
            concealer.real(&mut frame);
            heard.extend(frame);
            let own = std::f32::consts::TAU * hertz / 8_000.0 * LEVEL;
            assert!(
                steepest(&heard) as f32 <= own * 2.0,
                "{hertz} Hz: {} of {own}",
                steepest(&heard)
            );
        }
    }

    #[test]
    fn silence_stays_silence() {
        let mut concealer = Concealer::default();
        let mut frame = [1; FRAME_SAMPLES];
        concealer.conceal(&mut frame);
        assert_eq!(frame, [0; FRAME_SAMPLES]);
    }

    #[test]
    fn real_audio_is_left_alone_after_the_blend() {
        let mut concealer = after_tone(200.0, 4);
        concealer.conceal(&mut [0; FRAME_SAMPLES]);
        let mut back = tone(200.0, 5 * FRAME_SAMPLES);
        let untouched = back;
        concealer.real(&mut back);
        assert_eq!(back[BLEND..], untouched[BLEND..]);
    }

    #[test]
    fn the_loudest_audio_does_not_overflow() {
        let mut concealer = Concealer::default();
        for place in 0..4i16 {
            concealer.real(&mut [if place % 2 == 0 { i16::MAX } else { i16::MIN }; FRAME_SAMPLES]);
        }
        let mut frame = [0; FRAME_SAMPLES];
        for _ in 0..4 {
            concealer.conceal(&mut frame);
        }
        concealer.real(&mut [i16::MIN; FRAME_SAMPLES]);
        assert_eq!(level_dbfs(&frame), crate::audio::SILENCE_DBFS);
    }
}
