//! Recognisers in slots of `inference`.

use std::{sync::Arc, time::Duration};

use super::{Language, RecognizeError, SpeechRecognizer};
use crate::{
    inference::{Pool, PoolConfig, PoolCounters, PoolError},
    transcript::Recognition,
};

/// Slots with a recogniser each, shared by all calls.
#[derive(Debug)]
pub struct RecognizerPool {
    pool: Pool<Box<dyn SpeechRecognizer>>,
}

impl RecognizerPool {
    /// Makes a recogniser for each slot; the factory is asked again when one crashed.
    pub fn start<F>(config: PoolConfig, factory: F) -> Result<Self, RecognizeError>
    where
        F: Fn() -> Result<Box<dyn SpeechRecognizer>, RecognizeError> + Send + Sync + 'static,
    {
        let pool = Pool::start("asr", config, factory)?;
        Ok(Self { pool })
    }

    /// The words of `language` in `audio` (16 kHz). Dropping the future cancels the work.
    pub async fn recognize(
        &self,
        audio: Arc<[i16]>,
        language: Language,
        deadline: Duration,
    ) -> Result<Recognition, RecognizeError> {
        let result = self.pool.run(deadline, move |engine, cancelled| {
            engine.recognize(&audio, language, cancelled)
        });
        match result.await {
            Ok(result) => result,
            Err(PoolError::Overloaded) => Err(RecognizeError::Overloaded),
            Err(PoolError::Deadline) => Err(RecognizeError::Deadline(deadline)),
            Err(error @ (PoolError::Crashed | PoolError::NoEngine | PoolError::Stopped)) => {
                Err(RecognizeError::Engine(error.to_string()))
            }
        }
    }

    /// Counters so far.
    pub fn counters(&self) -> &PoolCounters {
        self.pool.counters()
    }
}

impl From<std::io::Error> for RecognizeError {
    fn from(error: std::io::Error) -> Self {
        Self::Engine(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asr::fake::FakeRecognizer;

    #[tokio::test]
    async fn each_request_carries_its_language() {
        let fake = FakeRecognizer::new();
        fake.hears("转人工").hears("talk to a human");
        let config = PoolConfig { slots: 1, queue: 1 };
        let engine = fake.clone();
        let pool = RecognizerPool::start(config, move || {
            Ok(Box::new(engine.clone()) as Box<dyn SpeechRecognizer>)
        })
        .expect("started");
        let audio: Arc<[i16]> = [0; 160].into();
        let languages = ["zh-CN", "en-US", "fr-FR"].map(Language::of);
        for language in languages {
            let heard = pool.recognize(audio.clone(), language, Duration::from_secs(60));
            heard.await.expect("recognised");
        }
        assert_eq!(fake.asked(), languages);
        assert_eq!(languages.map(Language::code), ["zh", "en", "auto"]);
    }
}
