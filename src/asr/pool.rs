//! Recognisers in slots of `inference`.

use std::{sync::Arc, time::Duration};

use super::{RecognizeError, SpeechRecognizer};
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

    /// The words in `audio` (16 kHz). Dropping the future cancels the work.
    pub async fn recognize(
        &self,
        audio: Arc<[i16]>,
        deadline: Duration,
    ) -> Result<Recognition, RecognizeError> {
        let result = self.pool.run(deadline, move |engine, cancelled| {
            engine.recognize(&audio, cancelled)
        });
        match result.await {
            Ok(result) => result,
            Err(PoolError::Overloaded) => Err(RecognizeError::Overloaded),
            Err(PoolError::Deadline) => Err(RecognizeError::Deadline(deadline)),
            Err(error @ (PoolError::Crashed | PoolError::Stopped)) => {
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
