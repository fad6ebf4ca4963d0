//! G.711: 8 kHz, 8 bits a sample (ITU-T G.711), coded and decoded by `audio-codec`.

use audio_codec::{Decoder, Encoder, pcma, pcmu};

use super::Codec;

/// Both directions of a codec. Table look-ups: no state from packet to packet, no allocation.
pub struct Transcoder {
    encoder: Box<dyn Encoder>,
    decoder: Box<dyn Decoder>,
}

impl std::fmt::Debug for Transcoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transcoder")
    }
}

impl Transcoder {
    /// A transcoder for `codec`.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcma => Self {
                encoder: Box::new(pcma::PcmaEncoder::new()),
                decoder: Box::new(pcma::PcmaDecoder::new()),
            },
            Codec::Pcmu => Self {
                encoder: Box::new(pcmu::PcmuEncoder::new()),
                decoder: Box::new(pcmu::PcmuDecoder::new()),
            },
        }
    }

    /// Decodes as much of `payload` as fits in `samples`; gives how many samples that is.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let length = payload.len().min(samples.len());
        // Fails only when the output is too short, which the line above rules out.
        self.decoder
            .decode_into(&payload[..length], samples)
            .unwrap_or(0)
    }

    /// Encodes as many of `samples` as fit in `payload`; gives how many bytes that is.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let length = samples.len().min(payload.len());
        self.encoder
            .encode_into(&samples[..length], payload)
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-law by its definition (ITU-T G.711 table 1a): segments that double, sixteen steps each, even bits inverted.
    fn a_law(code: u8) -> i16 {
        let code = code ^ 0x55;
        let segment = (code >> 4) & 7;
        let step = i32::from(code & 15);
        let magnitude = match segment {
            0 => step * 16 + 8,
            _ => (step * 16 + 264) << (segment - 1),
        };
        (if code & 0x80 != 0 {
            magnitude
        } else {
            -magnitude
        }) as i16
    }

    /// Mu-law by its definition (table 2a): all bits inverted, a bias of 33 quarter steps.
    fn mu_law(code: u8) -> i16 {
        let code = !code;
        let segment = (code >> 4) & 7;
        let magnitude = ((i32::from(code & 15) * 8 + 132) << segment) - 132;
        (if code & 0x80 != 0 {
            -magnitude
        } else {
            magnitude
        }) as i16
    }

    #[test]
    fn every_code_decodes_as_defined() {
        for (codec, defined) in [(Codec::Pcma, a_law as fn(u8) -> i16), (Codec::Pcmu, mu_law)] {
            let codes: Vec<u8> = (0..=255).collect();
            let mut samples = [0i16; 256];
            assert_eq!(Transcoder::new(codec).decode(&codes, &mut samples), 256);
            let expected: Vec<i16> = codes.into_iter().map(defined).collect();
            assert_eq!(samples.to_vec(), expected, "{codec:?}");
        }
    }

    #[test]
    fn every_sample_is_coded_within_a_step() {
        for (codec, defined) in [(Codec::Pcma, a_law as fn(u8) -> i16), (Codec::Pcmu, mu_law)] {
            let mut transcoder = Transcoder::new(codec);
            let mut levels: Vec<i32> = (0..=255).map(|code| i32::from(defined(code))).collect();
            levels.sort_unstable();
            let mut previous = i32::MIN;
            for sample in i16::MIN..=i16::MAX {
                let mut code = [0];
                transcoder.encode(&[sample], &mut code);
                let level = i32::from(defined(code[0]));
                let place = levels.partition_point(|known| *known < i32::from(sample));
                let below = levels[place.saturating_sub(1)];
                let above = levels[place.min(levels.len() - 1)];
                // The coder truncates towards minus infinity, so a level itself may go one step up, never further.
                let clipped = i32::from(sample).clamp(levels[0], levels[levels.len() - 1]);
                let error = (level - clipped).abs();
                assert!(
                    error <= (above - below).max(16),
                    "{codec:?} {sample} -> {level}"
                );
                assert!(level >= previous, "{codec:?} is not monotonic at {sample}");
                previous = level;
            }
        }
    }

    #[test]
    fn short_buffers_are_filled_and_no_more() {
        let mut transcoder = Transcoder::new(Codec::Pcma);
        assert_eq!(transcoder.decode(&[0xd5; 10], &mut [0; 4]), 4);
        assert_eq!(transcoder.encode(&[0; 4], &mut [0; 10]), 4);
    }
}
