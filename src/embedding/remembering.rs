//! An encoder that remembers what it has embedded, for those who ask for the same sentences again and again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{EmbedError, TextEncoder};

/// Sentences that are remembered: 200 MB of 256-wide vectors.
const MOST: usize = 200_000;

/// Embeds a sentence once. Once `MOST` are remembered, others are embedded each time.
pub struct Remembering {
    encoder: Arc<dyn TextEncoder>,
    known: Mutex<HashMap<String, Vec<f32>>>,
}

impl Remembering {
    /// Remembers what `encoder` says.
    pub fn new(encoder: Arc<dyn TextEncoder>) -> Self {
        Self {
            encoder,
            known: Mutex::default(),
        }
    }

    fn recall(&self, text: &str) -> Option<Vec<f32>> {
        // A vector is inserted whole or not at all, so a poisoned map is still right.
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(text).cloned()
    }

    fn remember(&self, text: &str, vector: &[f32]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(text.to_owned(), vector.to_owned());
        }
    }
}

impl TextEncoder for Remembering {
    fn name(&self) -> &str {
        self.encoder.name()
    }

    fn version(&self) -> &str {
        self.encoder.version()
    }

    fn dimensions(&self) -> usize {
        self.encoder.dimensions()
    }

    fn embed_many(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors: Vec<Option<Vec<f32>>> =
            texts.iter().map(|text| self.recall(text)).collect();
        let unknown: Vec<&str> = texts
            .iter()
            .zip(&vectors)
            .filter(|(_, vector)| vector.is_none())
            .map(|(text, _)| *text)
            .collect();
        let mut found = self.encoder.embed_many(&unknown)?.into_iter();
        for (text, vector) in texts.iter().zip(&mut vectors) {
            if vector.is_none() {
                *vector = found.next();
                if let Some(vector) = vector {
                    self.remember(text, vector);
                }
            }
        }
        vectors
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(|| EmbedError::new(self.name(), "it gave too few vectors"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::fake::FakeEncoder;

    #[test]
    fn what_is_remembered_is_what_was_said() {
        let plain = FakeEncoder::default();
        let encoder = Remembering::new(Arc::new(FakeEncoder::default()));
        let ask = |texts: &[&str]| encoder.embed_many(texts).expect("it answers");
        let expected = plain
            .embed_many(&["开发票", "退货", "开发票"])
            .expect("it answers");
        assert_eq!(ask(&["开发票"]), expected[..1]);
        assert_eq!(ask(&["开发票", "退货", "开发票"]), expected);
        assert_eq!(ask(&["开发票", "退货", "开发票"]), expected);
        assert_eq!(encoder.known.lock().expect("not poisoned").len(), 2);
    }
}
