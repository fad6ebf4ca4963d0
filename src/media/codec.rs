//! G.711: 8 kHz, 8 bits a sample (ITU-T G.711), by arithmetic on the code's own fields.
//!
//! Exact to the recommendation for every sample and every code. (The crate `audio-codec` 0.4 puts 897 samples
//! of A-law and 127 of mu-law one step off, small negative ones on the wrong side of zero among them.) Does not resample.

use super::Codec;

/// Both directions of a codec. No state from packet to packet, no allocation.
#[derive(Clone, Copy, Debug)]
pub struct Transcoder {
    codec: Codec,
}

impl Transcoder {
    /// A transcoder for `codec`.
    pub const fn new(codec: Codec) -> Self {
        Self { codec }
    }

    /// Decodes as much of `payload` as fits in `samples`; gives how many samples that is.
    pub fn decode(&self, payload: &[u8], samples: &mut [i16]) -> usize {
        let decode = match self.codec {
            Codec::Pcma => decode_a_law,
            Codec::Pcmu => decode_mu_law,
        };
        for (sample, &code) in samples.iter_mut().zip(payload) {
            *sample = decode(code);
        }
        payload.len().min(samples.len())
    }

    /// Encodes as many of `samples` as fit in `payload`; gives how many bytes that is.
    pub fn encode(&self, samples: &[i16], payload: &mut [u8]) -> usize {
        let encode = match self.codec {
            Codec::Pcma => encode_a_law,
            Codec::Pcmu => encode_mu_law,
        };
        for (code, &sample) in payload.iter_mut().zip(samples) {
            *code = encode(sample);
        }
        payload.len().min(samples.len())
    }
}

/// ITU-T G.711 table 1: sign, three bits of segment, four of step; even bits inverted (§3.2).
const fn encode_a_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x00 } else { 0x80 };
    // Twelve bits of magnitude. The complement, not the negative: -1 is the first sample below zero, as 0 is above.
    let magnitude = (if sample < 0 { !sample } else { sample }) as u32 >> 4;
    let code = if magnitude < 32 {
        // The first two segments have steps of one size.
        magnitude
    } else {
        // The top five bits are a leading one and the step.
        let shift = magnitude.ilog2() - 4;
        ((shift + 1) << 4) | ((magnitude >> shift) & 15)
    };
    (sign | code as u8) ^ 0x55
}

const fn decode_a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (segment, step) = ((code >> 4) & 7, (code & 15) as i16);
    // The middle of the step.
    let magnitude = if segment == 0 {
        (step << 4) + 8
    } else {
        ((step << 4) + 0x108) << (segment - 1)
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// ITU-T G.711 table 2: sign, three bits of segment, four of step; all bits inverted (§3.2).
const fn encode_mu_law(sample: i16) -> u8 {
    const BIAS: u32 = 33;
    let sign = if sample < 0 { 0x80 } else { 0x00 };
    // Fourteen bits with the sign; beyond the last decision value is the last step.
    let magnitude = ((if sample < 0 { !sample } else { sample }) as u32 >> 2) + BIAS;
    let magnitude = if magnitude > 0x1fff {
        0x1fff
    } else {
        magnitude
    };
    let segment = magnitude.ilog2() - 5;
    let step = (magnitude >> (segment + 1)) & 15;
    !(sign | (segment << 4 | step) as u8)
}

const fn decode_mu_law(code: u8) -> i16 {
    let code = !code;
    let (segment, step) = ((code >> 4) & 7, (code & 15) as i16);
    let magnitude = (((step << 3) + 0x84) << segment) - 0x84;
    if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Magnitudes in 16 bits where a step begins, and the last one's end, as tables 1a and 2a list them: sixteen steps a
    /// segment, each segment's twice as wide.
    fn decision_values(codec: Codec) -> Vec<i32> {
        let (mut value, mut width) = match codec {
            Codec::Pcma => (0, 16),
            // The first step is centred on zero.
            Codec::Pcmu => (-4, 8),
        };
        let mut values = vec![value];
        for segment in 0..8 {
            for _ in 0..16 {
                value += width;
                values.push(value);
            }
            // A-law: the first two segments are one line (§3.1, "13 segments").
            if codec == Codec::Pcmu || segment > 0 {
                width *= 2;
            }
        }
        values
    }

    /// The character signal of a step, 0 being the smallest.
    fn character(codec: Codec, negative: bool, step: usize) -> u8 {
        let step = step as u8;
        match codec {
            Codec::Pcma => (if negative { step } else { step | 0x80 }) ^ 0x55,
            Codec::Pcmu => (if negative { 0x7f } else { 0xff }) - step,
        }
    }

    #[test]
    fn every_code_decodes_to_the_middle_of_its_step() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            for (step, ends) in decision_values(codec).windows(2).enumerate() {
                let middle = (ends[0] + ends[1]) / 2;
                for (negative, expected) in [(false, middle), (true, -middle)] {
                    let mut sample = [0];
                    let code = character(codec, negative, step);
                    assert_eq!(Transcoder::new(codec).decode(&[code], &mut sample), 1);
                    assert_eq!(i32::from(sample[0]), expected, "{codec:?} {code:#x}");
                }
            }
        }
    }

    #[test]
    fn every_sample_is_coded_as_its_step() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            let values = decision_values(codec);
            for sample in i16::MIN..=i16::MAX {
                // A decision value belongs to the step above it; below zero, mirrored between -1 and 0.
                let magnitude = i32::from(if sample < 0 { !sample } else { sample });
                let step = values.partition_point(|&value| value <= magnitude) - 1;
                let expected = character(codec, sample < 0, step.min(127));
                let mut code = [0];
                assert_eq!(Transcoder::new(codec).encode(&[sample], &mut code), 1);
                assert_eq!(code[0], expected, "{codec:?} {sample}");
            }
        }
    }

    #[test]
    fn a_code_survives_decoding() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            for code in 0..=255 {
                let (mut sample, mut again) = ([0], [0]);
                Transcoder::new(codec).decode(&[code], &mut sample);
                Transcoder::new(codec).encode(&sample, &mut again);
                // Mu-law has two zeros, and linear audio only one.
                let expected = if (codec, code) == (Codec::Pcmu, 0x7f) {
                    0xff
                } else {
                    code
                };
                assert_eq!(again[0], expected, "{codec:?} {code:#x}");
            }
        }
    }

    #[test]
    fn short_buffers_are_filled_and_no_more() {
        let transcoder = Transcoder::new(Codec::Pcma);
        assert_eq!(transcoder.decode(&[0xd5; 10], &mut [0; 4]), 4);
        assert_eq!(transcoder.encode(&[0; 4], &mut [0; 10]), 4);
    }
}
