//! A language model, if a business has one: the [`LanguageModel`] seam, a client of OpenAI-compatible servers, a fake, and what
//! makes its words fit to be said.
//!
//! [`GroundedWriter`] asks it to phrase an answer out of passages that were found, to complete a follow-up question, or to
//! propose phrasings of an entry. Three doors stand between a caller and the model's words: a question that gives orders is
//! never sent (`injection`), what is sent holds no personal data and closes no tag (`privacy`, `prompts`), and of what comes
//! back nothing is said that a passage does not say ([`grounding`]). Everything works without a model, and with one that is down, slow or
//! malicious: then the plain way goes on.
//!
//! This module does not decide when a model is asked (see `conversation` and `session`), does not search, and reads no clock.

mod fake;
pub mod grounding;
mod injection;
mod lexicon;
mod openai;
mod privacy;
mod prompts;
mod rewriting;
mod sentences;
mod sse;
mod writer;

use tokio::sync::mpsc;

use crate::clock::Moment;

pub use self::{
    fake::FakeModel,
    openai::{ApiKey, OpenAiClient, OpenAiConfig, endpoint},
    prompts::{PromptError, WriterPrompts},
    writer::{Answering, Before, GroundedWriter, NotWritten, Passage, Said, WriterSettings},
};

/// A model that writes.
pub trait LanguageModel: Send + Sync {
    /// Its name, for records.
    fn name(&self) -> &str;

    /// Begins to write, at `now`. Pieces come as they are complete; dropping the receiver ends the writing. Whoever waits
    /// limits how long; how long the whole may take is the model's own limit.
    fn write(&self, now: Moment, chat: Chat) -> Result<Pieces, ModelError>;

    /// What was begun at `now` was given up because nothing came in time.
    fn was_slow(&self, now: Moment);
}

/// What a model writes, piece by piece. Capacity [`PIECES`]; when it is full, the writer waits.
pub type Pieces = mpsc::Receiver<Result<String, ModelError>>;

/// Pieces that may wait to be said.
pub const PIECES: usize = 4;

/// What a model is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// What it is to do.
    pub system: String,
    /// With what.
    pub user: String,
    /// What a piece is.
    pub by: By,
    /// The most that it may write.
    pub max_tokens: u32,
}

/// What a piece of writing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A sentence, with the citations after its mark.
    Sentence,
    /// A line.
    Line,
}

/// Why a model did not write, or not on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// It writes as much as it may at once.
    #[error("the language model is busy: {0} requests at once")]
    Busy(usize),
    /// It failed so often that it is left alone for a while.
    #[error("the language model is left alone after {0} failures in a row")]
    Resting(u32),
    /// It cannot be reached, or not in time.
    #[error("the language model cannot be reached: {0}")]
    Unreachable(String),
    /// It refused.
    #[error("the language model answered with status {0}")]
    Refused(u16),
    /// What came is no reply.
    #[error("the language model's reply cannot be read: {0}")]
    Malformed(String),
    /// The reply ended before its end.
    #[error("the language model's reply broke off")]
    BrokeOff,
    /// It writes without end.
    #[error("the language model's reply is longer than {0} bytes")]
    TooLong(u64),
}
