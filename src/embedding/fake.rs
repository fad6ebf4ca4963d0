//! An encoder for tests: sentences are as alike as the characters and pairs of characters that they share.

use super::{EmbedError, TextEncoder, unit};

/// Deterministic, and without any knowledge of meaning.
#[derive(Clone, Debug, Default)]
pub struct FakeEncoder {
    /// Said of every question, when it is to fail.
    pub failure: Option<String>,
}

const DIMENSIONS: usize = 64;

impl TextEncoder for FakeEncoder {
    fn name(&self) -> &str {
        "fake"
    }

    fn version(&self) -> &str {
        "1"
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    fn embed_many(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| vector(text)).collect())
    }

    fn embed_question(&self, question: &str) -> Result<Vec<f32>, EmbedError> {
        match &self.failure {
            Some(problem) => Err(EmbedError::new(self.name(), problem)),
            None => Ok(vector(question)),
        }
    }
}

fn vector(text: &str) -> Vec<f32> {
    let symbols: Vec<char> = text.chars().collect();
    // What every sentence has, so that the empty one has a direction.
    let mut sum = vec![0.0; DIMENSIONS];
    sum[0] = 0.1;
    for gram in symbols.chunks(1).chain(symbols.windows(2)) {
        let mut state = gram.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, &symbol| {
            (hash ^ u64::from(u32::from(symbol))).wrapping_mul(0x0100_0000_01b3)
        });
        for value in &mut sum {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *value += if (mixed ^ (mixed >> 27)) & 1 == 0 {
                1.0
            } else {
                -1.0
            };
        }
    }
    let unit = unit(sum);
    unit.unwrap_or_else(|| {
        let mut first = vec![0.0; DIMENSIONS];
        first[0] = 1.0;
        first
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::likeness;

    #[test]
    fn shared_characters_are_likeness() {
        let encoder = FakeEncoder::default();
        let texts = ["空调坏了", "空调坏了呢", "怎么开发票", ""];
        let vectors = encoder.embed_many(&texts).expect("it answers");
        for vector in &vectors {
            assert!((likeness(vector, vector) - 1.0).abs() < 1e-5);
        }
        assert!(likeness(&vectors[0], &vectors[1]) > 0.7);
        assert!(likeness(&vectors[0], &vectors[2]) < 0.5);
        assert_eq!(encoder.embed_question(texts[0]), Ok(vectors[0].clone()));
    }
}
