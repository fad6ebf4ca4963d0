//! A recogniser that says what it is told to, for tests of everything around it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

use super::{Language, RecognizeError, SpeechRecognizer};
use crate::{pii::Pii, transcript::Recognition};

/// Gives its results in order, then nothing; the same list can be shared by many slots.
#[derive(Clone, Debug, Default)]
pub struct FakeRecognizer {
    results: Arc<Mutex<VecDeque<Result<String, RecognizeError>>>>,
    asked: Arc<Mutex<Vec<Language>>>,
}

impl FakeRecognizer {
    /// Nothing but silence, until it is told more.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next utterance is this; empty for no speech.
    pub fn hears(&self, text: &str) -> &Self {
        self.push(Ok(text.to_owned()))
    }

    /// The next utterance fails.
    pub fn fails(&self, error: RecognizeError) -> &Self {
        self.push(Err(error))
    }

    /// The language of each utterance so far.
    pub fn asked(&self) -> Vec<Language> {
        let asked = self.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, result: Result<String, RecognizeError>) -> &Self {
        self.results
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(result);
        self
    }
}

impl SpeechRecognizer for FakeRecognizer {
    fn recognize(
        &mut self,
        _audio: &[i16],
        language: Language,
        _cancelled: &AtomicBool,
    ) -> Result<Recognition, RecognizeError> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(language);
        let next = self
            .results
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let text = next.unwrap_or_else(|| Ok(String::new()))?;
        Ok(Recognition {
            confidence: if text.is_empty() { 0.0 } else { 1.0 },
            text: Pii::new(text),
            took_ms: 0,
        })
    }
}
