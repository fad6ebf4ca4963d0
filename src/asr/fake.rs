//! Recognisers that say what they are told to, for tests of everything around them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

use super::{
    Language, RecognizeError, SpeechRecognizer,
    streaming::{Partial, RecognitionStream, StreamingRecognizer},
};
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

/// Hears the same words in every utterance, the longer it is the more of them.
#[derive(Clone, Debug)]
pub struct FakeStreaming {
    /// From so many samples on, these words.
    script: Arc<[(usize, String)]>,
    failure: Arc<Mutex<Option<RecognizeError>>>,
    asked: Arc<Mutex<Vec<Language>>>,
}

impl FakeStreaming {
    /// Hears each text once so many samples were given.
    pub fn new(script: &[(usize, &str)]) -> Self {
        let script = script
            .iter()
            .map(|(from, text)| (*from, (*text).to_owned()));
        Self {
            script: script.collect(),
            failure: Arc::default(),
            asked: Arc::default(),
        }
    }

    /// The next piece of audio fails, of whichever stream.
    pub fn fails(&self, error: RecognizeError) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// The language of each utterance so far.
    pub fn asked(&self) -> Vec<Language> {
        let asked = self.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl StreamingRecognizer for FakeStreaming {
    fn begin(&self, language: Language) -> Result<Box<dyn RecognitionStream>, RecognizeError> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(language);
        Ok(Box::new(FakeStream {
            recognizer: self.clone(),
            samples: 0,
            text: String::new(),
        }))
    }
}

struct FakeStream {
    recognizer: FakeStreaming,
    samples: usize,
    text: String,
}

impl RecognitionStream for FakeStream {
    fn accept(&mut self, audio: &[i16]) -> Result<Option<Partial>, RecognizeError> {
        let failure = self.recognizer.failure.lock();
        if let Some(error) = failure.unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        self.samples += audio.len();
        let mut heard = self.recognizer.script.iter().rev();
        let heard = heard.find(|(from, _)| *from <= self.samples);
        match heard {
            Some((_, text)) if *text != self.text => {
                self.text.clone_from(text);
                Ok(Some(Partial {
                    text: Pii::new(text.clone()),
                    samples: self.samples,
                }))
            }
            _ => Ok(None),
        }
    }

    fn finish(self: Box<Self>) -> Result<Recognition, RecognizeError> {
        Ok(Recognition {
            confidence: if self.text.is_empty() { 0.0 } else { 1.0 },
            text: Pii::new(self.text),
            took_ms: 0,
        })
    }
}
