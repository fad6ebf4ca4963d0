//! What a business can learn from a call: questions that were not answered, or not to the caller's satisfaction.
//!
//! A view on events, like the CDR: the same records give the same lessons. Numbers are masked, as for eyes without the right
//! to them, because a lesson may become a phrasing. This module keeps nothing (see `storage`) and does not tell which
//! questions mean the same (see `retrieval::clusters`).

mod fold;
mod said;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{CallEvent, CallRecord};
use crate::{
    entry::Candidate,
    ids::{BusinessId, CallId, EntryId, KnowledgeVersion, LineNumber, UtteranceId},
};

/// From where on something is a lesson.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LessonBounds {
    /// An answer whose score is below this is unsure, 0 to 1. Answers begin at 0.5 by default.
    pub sure: f32,
    /// So soon after an answer, a wish for a human is a word on that answer.
    pub right_after: Duration,
    /// Who hangs up having heard less than this share of an answer was not helped by it. Who hears it out and hangs up was.
    pub heard_enough: f32,
    /// Two questions that share this share of their character pairs are the same question.
    pub same: f32,
    /// The same, where both got the same answer.
    pub same_answer: f32,
}

impl Default for LessonBounds {
    fn default() -> Self {
        Self {
            sure: 0.65,
            right_after: Duration::from_secs(30),
            heard_enough: 0.5,
            same: 0.7,
            same_answer: 0.5,
        }
    }
}

/// How a caller shows that an answer did not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// In words: 没解决, 不是这个.
    SaidSo,
    /// By asking the same question again.
    AskedAgain,
    /// By asking for a human right after it.
    AskedForHuman,
    /// By hanging up before half of it was heard.
    HungUp,
}

impl Sign {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::SaidSo,
        Self::AskedAgain,
        Self::AskedForHuman,
        Self::HungUp,
    ];

    /// One word, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SaidSo => "said_so",
            Self::AskedAgain => "asked_again",
            Self::AskedForHuman => "asked_for_human",
            Self::HungUp => "hung_up",
        }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of lesson it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LessonKind {
    /// The bot had no answer.
    Unanswered,
    /// The bot asked back.
    Clarified {
        /// What the caller chose, if anything.
        chosen: Option<EntryId>,
    },
    /// The bot answered without being sure.
    Unsure,
    /// The answer did not help.
    NotHelpful {
        /// How that showed.
        sign: Sign,
    },
}

impl LessonKind {
    /// One word, as it is stored and shown.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::Clarified { .. } => "clarified",
            Self::Unsure => "unsure",
            Self::NotHelpful { .. } => "not_helpful",
        }
    }
}

/// The entry that was said or would have been nearest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nearest {
    /// The entry.
    pub entry: EntryId,
    /// Its question.
    pub question: String,
    /// Its score, 0 to 1.
    pub score: f32,
}

impl From<&Candidate> for Nearest {
    fn from(candidate: &Candidate) -> Self {
        Self {
            entry: candidate.entry.id.clone(),
            question: candidate.entry.question.clone(),
            score: candidate.score,
        }
    }
}

/// A question that a business can learn from. A question is one lesson at most: that an answer did not help says more than
/// that it was unsure or chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// The call.
    pub call: CallId,
    /// The record of the question.
    pub seq: u64,
    /// The utterance that asked, if it was spoken.
    pub utterance: Option<UtteranceId>,
    /// Who owns the line.
    pub business: BusinessId,
    /// The line.
    pub line: LineNumber,
    /// When it was asked, in milliseconds after the Unix epoch.
    pub at_ms: i64,
    /// What kind it is.
    #[serde(flatten)]
    pub kind: LessonKind,
    /// What was asked, masked.
    pub question: String,
    /// The entry that was said or would have been nearest.
    pub nearest: Option<Nearest>,
    /// What was searched.
    pub version: KnowledgeVersion,
}

/// An answer that a caller began to hear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerGiven {
    /// The record of the decision.
    pub seq: u64,
    /// The entry that was said.
    pub entry: EntryId,
    /// Its score, 0 to 1.
    pub score: f32,
    /// What was searched.
    pub version: KnowledgeVersion,
    /// When, in milliseconds after the Unix epoch.
    pub at_ms: i64,
    /// How it showed that it did not help, if it did.
    pub sign: Option<Sign>,
}

/// What a call teaches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// In the order in which they were asked.
    pub lessons: Vec<Lesson>,
    /// In the order in which they were given.
    pub answers: Vec<AnswerGiven>,
}

impl Learned {
    /// What `call` teaches. Nothing, unless the number that was dialled is that of a line.
    pub fn from_records(call: CallId, records: &[CallRecord], bounds: &LessonBounds) -> Self {
        fold::learn(call, records, bounds).unwrap_or_default()
    }
}

/// The business and the line that a call was for, if the number that was dialled is that of a line.
pub fn owner(records: &[CallRecord]) -> Option<(&BusinessId, &LineNumber)> {
    match &records.first()?.event {
        CallEvent::Offered { line, business, .. } => business.as_ref().zip(line.as_ref()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
