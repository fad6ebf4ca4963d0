//! Speech recognition: the [`SpeechRecognizer`] seam for whole utterances, the [`streaming::StreamingRecognizer`] seam for
//! words while they are spoken, and the engines behind them.
//!
//! This module does not decide when speech begins or ends (see `media::endpointer`) and owns no threads (see `inference`).

pub mod evaluation;
pub mod fake;
mod plausibility;
mod pool;
#[cfg(feature = "sherpa")]
pub mod sherpa;
pub mod streaming;
pub mod whisper;

use std::{sync::atomic::AtomicBool, time::Duration};

pub use pool::RecognizerPool;

use crate::transcript::Recognition;

/// What a caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Mandarin.
    Chinese,
    /// English.
    English,
    /// Whatever the model takes it for.
    Unknown,
}

impl Language {
    /// The language of a line, by its BCP 47 tag (`zh-CN`).
    pub fn of(tag: &str) -> Self {
        match tag.split('-').next() {
            Some("zh") => Self::Chinese,
            Some("en") => Self::English,
            _ => Self::Unknown,
        }
    }

    /// As models and their catalogue name it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
            Self::Unknown => "auto",
        }
    }
}

/// Turns utterances into words. One instance works on one utterance at a time; a slot of `inference` owns it.
pub trait SpeechRecognizer: Send {
    /// The words of `language` in `audio` (16 kHz, mono), or nothing when it holds no speech. Stops early, with
    /// [`RecognizeError::Cancelled`], once `cancelled` is set.
    fn recognize(
        &mut self,
        audio: &[i16],
        language: Language,
        cancelled: &AtomicBool,
    ) -> Result<Recognition, RecognizeError>;
}

/// Why an utterance was not recognised.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecognizeError {
    /// The result is no longer wanted.
    #[error("recognition was cancelled")]
    Cancelled,
    /// The deadline passed.
    #[error("recognition took longer than {0:?}")]
    Deadline(Duration),
    /// All slots are taken and the line before them is full.
    #[error("no recognition slot is free")]
    Overloaded,
    /// The engine failed.
    #[error("recognition failed: {0}")]
    Engine(String),
}
