//! Speech synthesis: the [`SpeechSynthesizer`] seam, its engines and the phrase cache.
//!
//! This module does not choose words (see `conversation`) and does not play audio (see `media::playout`).

pub mod cache;
pub mod espeak;
pub mod fake;
#[cfg(feature = "kokoro")]
pub mod kokoro;
mod shaping;

use std::{future::Future, pin::Pin};

use crate::audio::Pcm;

/// What to say and how.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeechRequest {
    /// Written text as a business or a prompt has it, numbers and all.
    pub text: String,
    /// BCP 47 language of the sentence (`zh-CN`, `en-US`).
    pub language: String,
    /// A voice that the engine knows; the engine's default if empty.
    pub voice: String,
    /// 1.0 is the engine's normal rate, 0.7 is slow.
    pub speed: f32,
}

/// A boxed future, so that the seam can be used as `dyn`.
pub type SynthesisFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Pcm, SynthesizeError>> + Send + 'a>>;

/// Turns sentences into audio.
pub trait SpeechSynthesizer: Send + Sync {
    /// Name and version of the engine; audio of another engine is never taken from the cache.
    fn engine(&self) -> &str;

    /// Audio of the whole request at 8 kHz, with no silence before the first sound beyond 20 ms.
    fn synthesize<'a>(&'a self, request: &'a SpeechRequest) -> SynthesisFuture<'a>;
}

/// Why a sentence was not spoken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SynthesizeError {
    /// The engine cannot be run.
    #[error("speech engine `{engine}` cannot be run: {problem}")]
    Unavailable {
        /// Program or model.
        engine: String,
        /// In words.
        problem: String,
    },
    /// The engine failed on this sentence.
    #[error("speech synthesis failed: {0}")]
    Failed(String),
}
