//! Finding the entry that a question means: the [`KnowledgeIndex`] seam and its engines.
//!
//! [`LexicalIndex`] needs no model. A question is brought into one form, compared with every phrasing of every entry in three
//! views (words, characters, syllables), and the overlaps become one score between 0 and 1. [`HybridIndex`] asks it and an
//! encoder, which finds what is meant where no word is shared.
//!
//! This module does not parse documents (see `knowledge`) and does not decide what to say (see `conversation`).

mod calibration;
pub mod clusters;
mod dense;
pub mod evaluation;
pub mod fake;
mod fusion;
mod hybrid;
mod lexical;
mod lexicon;
mod normal_form;
mod overlap;
mod recall;
mod verdict;
mod views;

use std::{future::Future, pin::Pin};

use jiff::civil::DateTime;

use self::verdict::judge;
use crate::{
    entry::{Candidate, Finding, Verdict},
    ids::KnowledgeVersion,
};

pub use self::{
    calibration::Evidence,
    fusion::Nearness,
    hybrid::{HybridEvidence, HybridIndex},
    lexical::LexicalIndex,
};

/// A boxed future, so that the seam can be used as `dyn`.
pub type SearchFuture<'a> = Pin<Box<dyn Future<Output = Result<Finding, SearchError>> + Send + 'a>>;

/// A published version of one knowledge base, ready to be asked.
pub trait KnowledgeIndex: Send + Sync {
    /// What is being asked.
    fn version(&self) -> &KnowledgeVersion;

    /// The verdict on a question.
    fn search<'a>(&'a self, query: Query<'a>) -> SearchFuture<'a>;
}

/// A question to a knowledge base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// As it was recognised.
    pub text: &'a str,
    /// The local time of the business: entries that are not in force are not found.
    pub now: DateTime,
}

/// An index that ranks at once, in the thread that asks: for evaluation and tuning.
pub trait Ranking {
    /// From which score on it answers.
    fn config(&self) -> &RetrievalConfig;

    /// The version that is asked.
    fn version_asked(&self) -> &KnowledgeVersion;

    /// The entries that may be meant and are in force at `now`, best first, at most `most` of them. Without a time, all are.
    fn rank_at(&self, question: &str, now: Option<DateTime>, most: usize) -> Vec<Candidate>;

    /// As [`rank_at`](Self::rank_at), whatever the time.
    fn rank(&self, question: &str, most: usize) -> Vec<Candidate> {
        self.rank_at(question, None, most)
    }

    /// The verdict on `question`, whatever the time.
    fn verdict(&self, question: &str) -> Verdict {
        judge(self.config(), self.rank(question, MAX_CHOICES + 1))
    }

    /// What is found for `query`.
    fn find_at(&self, query: Query<'_>) -> Finding {
        let ranked = self.rank_at(query.text, Some(query.now), MAX_CHOICES + 1);
        Finding {
            verdict: judge(self.config(), ranked),
            version: self.version_asked().clone(),
        }
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

/// The most entries that are offered at once; a caller does not remember more.
pub const MAX_CHOICES: usize = 3;

/// Why a question could not be looked up.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SearchError {
    /// The index cannot be asked.
    #[error("knowledge index is unavailable: {0}")]
    Unavailable(String),
}
