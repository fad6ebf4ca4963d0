//! From one sample rate to another, by `rubato`.

use rubato::{
    Fft, FixedSync, Indexing, Resampler as _, audioadapter_buffers::direct::InterleavedSlice,
};

use super::{FRAME_SAMPLES, Frame, SampleRate};

/// Samples in one [`Frame`] at 16 kHz.
pub const WIDE_FRAME_SAMPLES: usize = 2 * FRAME_SAMPLES;

/// Samples of a whole recording that are worked on at a time.
const CHUNK: usize = 1_024;

/// All of `samples` at another rate, as long as before and in step with it.
pub fn resample(samples: &[i16], from: SampleRate, to: SampleRate) -> Vec<i16> {
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    let input: Vec<f32> = samples.iter().map(|&sample| f32::from(sample)).collect();
    let resampled = Fft::<f32>::new(from.0 as usize, to.0 as usize, CHUNK, 1, FixedSync::Input)
        .ok()
        .and_then(|mut resampler| {
            let adapter = InterleavedSlice::new(&input, 1, input.len()).ok()?;
            resampler.process_all(&adapter, input.len(), None).ok()
        })
        .map(|output| output.take_data());
    // Rates above zero and a buffer of the stated length are all that can be wrong.
    let resampled = resampled.unwrap_or_else(|| unreachable!("{from:?} to {to:?}"));
    resampled.into_iter().map(to_sample).collect()
}

fn to_sample(value: f32) -> i16 {
    // A cast saturates: what overshoots is clipped.
    value.round() as i16
}

/// 8 kHz to 16 kHz, one frame at a time, without allocation. What comes out is [`WideStream::DELAY_SAMPLES`] behind.
pub struct WideStream {
    resampler: Fft<f32>,
    input: [f32; FRAME_SAMPLES],
    output: [f32; WIDE_FRAME_SAMPLES],
}

impl std::fmt::Debug for WideStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WideStream")
    }
}

impl Default for WideStream {
    fn default() -> Self {
        let (from, to) = (
            SampleRate::TELEPHONE.0 as usize,
            SampleRate::WIDEBAND.0 as usize,
        );
        let resampler = Fft::new(from, to, FRAME_SAMPLES, 1, FixedSync::Both);
        Self {
            // Constant rates and length; a test makes one.
            resampler: resampler.unwrap_or_else(|error| unreachable!("8 to 16 kHz: {error}")),
            input: [0.0; FRAME_SAMPLES],
            output: [0.0; WIDE_FRAME_SAMPLES],
        }
    }
}

impl WideStream {
    /// Delay in samples at 16 kHz: half the filter, 10 ms.
    pub const DELAY_SAMPLES: usize = 160;

    /// The next frame at 16 kHz.
    pub fn frame(&mut self, frame: &Frame, wide: &mut [i16; WIDE_FRAME_SAMPLES]) {
        for (input, &sample) in self.input.iter_mut().zip(frame) {
            *input = f32::from(sample);
        }
        let done = match (
            InterleavedSlice::new(&self.input, 1, FRAME_SAMPLES),
            InterleavedSlice::new_mut(&mut self.output, 1, WIDE_FRAME_SAMPLES),
        ) {
            (Ok(input), Ok(mut output)) => self
                .resampler
                .process_into_buffer(&input, &mut output, None::<&Indexing>)
                .is_ok(),
            _ => false,
        };
        debug_assert!(
            done,
            "buffers have the lengths that the resampler asked for"
        );
        for (sample, &value) in wide.iter_mut().zip(&self.output) {
            *sample = to_sample(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level_dbfs;

    fn tone(hertz: f32, rate: u32, samples: usize) -> Vec<i16> {
        (0..samples)
            .map(|place| {
                let phase = std::f32::consts::TAU * hertz * place as f32 / rate as f32;
                (phase.sin() * 8_000.0) as i16
            })
            .collect()
    }

    fn correlation(left: &[i16], right: &[i16]) -> f64 {
        let product = |a: &[i16], b: &[i16]| -> f64 {
            a.iter()
                .zip(b)
                .map(|(&x, &y)| f64::from(x) * f64::from(y))
                .sum()
        };
        product(left, right) / (product(left, left) * product(right, right)).sqrt()
    }

    #[test]
    fn a_tone_stays_where_it_is() {
        for (from, to) in [
            (22_050, 8_000),
            (8_000, 16_000),
            (16_000, 8_000),
            (24_000, 8_000),
        ] {
            let input = tone(440.0, from, from as usize);
            let output = resample(&input, SampleRate(from), SampleRate(to));
            assert!(
                output.len().abs_diff(to as usize) <= 2,
                "{} of {to}",
                output.len()
            );
            let expected = tone(440.0, to, output.len());
            let inner = 400..output.len() - 400;
            let likeness = correlation(&output[inner.clone()], &expected[inner]);
            assert!(likeness > 0.995, "{from} to {to}: {likeness}");
        }
        assert!(resample(&[], SampleRate(8_000), SampleRate(16_000)).is_empty());
        assert_eq!(
            resample(&[1, 2], SampleRate(8_000), SampleRate(8_000)),
            [1, 2]
        );
    }

    #[test]
    fn what_the_telephone_cannot_carry_is_left_out() {
        let high = resample(
            &tone(6_000.0, 22_050, 22_050),
            SampleRate(22_050),
            SampleRate::TELEPHONE,
        );
        assert!(
            level_dbfs(&high[400..7_600]) < -60.0,
            "{} dBFS",
            level_dbfs(&high[400..7_600])
        );
    }

    #[test]
    fn a_stream_is_its_delay_behind() {
        let input = tone(300.0, 8_000, 50 * FRAME_SAMPLES);
        let mut stream = WideStream::default();
        let mut output = Vec::new();
        for frame in input.chunks_exact(FRAME_SAMPLES) {
            let frame: &Frame = frame.try_into().expect("a whole frame");
            let mut wide = [0; WIDE_FRAME_SAMPLES];
            stream.frame(frame, &mut wide);
            output.extend(wide);
        }
        let expected = tone(300.0, 16_000, output.len());
        let count = output.len() - 2_000;
        let likeness = correlation(
            &output[1_000 + WideStream::DELAY_SAMPLES..][..count - 1_000],
            &expected[1_000..][..count - 1_000],
        );
        assert!(likeness > 0.999, "{likeness}");
    }
}
