//! What a language model made of a turn, for the record.

use serde::{Deserialize, Serialize};

use crate::ids::EntryId;

/// A sentence that a language model wrote and an entry supports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedSentence {
    /// As it was said.
    pub text: String,
    /// The entry that supports it.
    pub entry: EntryId,
}

/// What came of asking a language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GenerationOutcome {
    /// It wrote to its end.
    Answered,
    /// It says that the entries have no answer.
    Declined,
    /// A sentence was not supported by an entry; it and what followed was not said.
    Ungrounded,
    /// Nothing that may be said came in time.
    Slow,
    /// The caller's words give orders to the model; they were not sent.
    Orders,
    /// No entry was near enough to answer from, so it was not asked.
    NothingNear,
    /// It writes as much as it may at once.
    Busy,
    /// It failed so often that it is left alone for a while.
    Resting,
    /// It cannot be reached, or its reply cannot be used.
    Failed,
    /// The caller spoke, or something else took the place of the answer.
    Interrupted,
}

impl GenerationOutcome {
    /// As it is serialised.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Declined => "declined",
            Self::Ungrounded => "ungrounded",
            Self::Slow => "slow",
            Self::Orders => "orders",
            Self::NothingNear => "nothing_near",
            Self::Busy => "busy",
            Self::Resting => "resting",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}
