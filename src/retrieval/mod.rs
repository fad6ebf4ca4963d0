//! Finding the entry that a question means: the [`KnowledgeIndex`] seam and its engines.
//!
//! A search has two stages. *Recall* finds some hundred entries that may be meant, quickly ([`Recall`]: by words, by vectors, or
//! elsewhere); then the evidence for each is computed exactly, against the weights of the whole collection, and becomes one
//! score between 0 and 1. [`LexicalIndex`] needs no model: a question is brought into one form and compared in three views
//! (words, characters, syllables). [`HybridIndex`] asks it and an encoder, which finds what is meant where no word is shared.
//! [`qdrant`] lets a server recall for either of them.
//!
//! This module does not parse documents (see `knowledge`) and does not decide what to say (see `conversation`).

mod asking;
pub mod calibrate;
mod calibration;
pub mod clusters;
mod collection;
mod dense;
pub mod evaluation;
mod evidence;
pub mod fake;
mod follow_up;
mod fusion;
mod hybrid;
mod lexical;
mod lexicon;
mod literal;
mod normal_form;
mod overlap;
mod postings;
mod proposals;
pub mod qdrant;
mod questions;
mod recall;
mod store;
mod synonyms;
mod verdict;
mod views;

use std::{future::Future, pin::Pin};

use jiff::civil::DateTime;

use self::verdict::judge;
use crate::{
    entry::{Candidate, Context, Finding, Verdict},
    ids::KnowledgeVersion,
    pii::Pii,
};

pub use self::{
    calibration::Evidence,
    fusion::Nearness,
    hybrid::{HybridEvidence, HybridIndex},
    lexical::LexicalIndex,
    proposals::{MOST_PROPOSALS, Proposal, ProposalSource, finds_clearly, propose_phrasings},
    questions::split_questions,
    recall::{RECALLED, Recall, RecallError, Sought},
    store::{IndexStore, StoreError},
    synonyms::{SynonymError, Synonyms},
};

/// A boxed future, so that the seam can be used as `dyn`.
pub type SearchFuture<'a> = Pin<Box<dyn Future<Output = Result<Finding, SearchError>> + Send + 'a>>;
/// A published version of one knowledge base, ready to be asked.
pub trait KnowledgeIndex: Send + Sync {
    /// What is being asked.
    fn version(&self) -> &KnowledgeVersion;

    /// What is known of `query`.
    fn search(&self, query: Query) -> SearchFuture<'_>;
}

/// What a caller asks.
#[derive(Clone, Debug)]
pub struct Query {
    /// As it was recognised.
    pub text: Pii<String>,
    /// The turn before, if it was answered: a follow-up (那冰箱呢) is nothing without it.
    pub context: Option<Context>,
    /// The business's local time: entries that are not true now are not found.
    pub now: DateTime,
}

impl Query {
    /// A question without context.
    pub fn new(text: impl Into<String>, now: DateTime) -> Self {
        Self {
            text: Pii::new(text.into()),
            context: None,
            now,
        }
    }

    /// The same after a turn that was answered.
    #[must_use]
    pub fn after(self, context: Option<Context>) -> Self {
        Self { context, ..self }
    }
}

/// An index that ranks at once, in the thread that asks: for evaluation and tuning.
pub trait Ranking {
    /// From which score on it answers.
    fn config(&self) -> &RetrievalConfig;

    /// The entries that may be meant, best first, at most `most` of them, and of those that are true at `now` only; at any time
    /// where that is `None`.
    fn rank_at(&self, question: &str, most: usize, now: Option<DateTime>) -> Vec<Candidate>;

    /// The entries that may be meant at any time.
    fn rank(&self, question: &str, most: usize) -> Vec<Candidate> {
        self.rank_at(question, most, None)
    }

    /// The verdict on `question`, whatever the time.
    fn verdict(&self, question: &str) -> Verdict {
        judge(self.config(), self.rank(question, MAX_CHOICES + 1))
    }
}

/// From which score on an entry is said or offered. Scores are 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetrievalConfig {
    /// From this score on an entry is the answer.
    pub answer: f32,
    /// From this score on an entry may be offered.
    pub clarify: f32,
    /// How far the best entry must be ahead of the next to be the answer.
    pub margin: f32,
}

impl Default for RetrievalConfig {
    fn default() -> Self {
        Self {
            answer: 0.5,
            clarify: 0.25,
            margin: 0.15,
        }
    }
}

/// How a knowledge base is indexed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexOptions {
    /// From which score on it answers.
    pub config: RetrievalConfig,
    /// The business's own words.
    pub synonyms: Synonyms,
}

/// The most entries that are offered at once; a caller does not remember more.
pub const MAX_CHOICES: usize = 3;

/// Why a question could not be looked up.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SearchError {
    /// The index cannot be asked.
    #[error("knowledge index is unavailable: {0}")]
    Unavailable(String),
}
