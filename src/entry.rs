//! What a business knows: entries, and what retrieval says about a question.
//!
//! This module does not parse documents (see `knowledge`) and does not search (see `retrieval`).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ids::{EntryId, KnowledgeVersion};

/// One thing a knowledge base can say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Unique within its knowledge base (`A012`).
    pub id: EntryId,
    /// 类目.
    pub category: String,
    /// 标准问: the question as the business would write it.
    pub question: String,
    /// 相似问: other ways to ask it.
    pub similar_questions: Vec<String>,
    /// What the bot says.
    pub answer: String,
    /// What happens beside saying it.
    pub action: Action,
}

/// What an entry does beside saying its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Action {
    /// Say the answer, nothing else.
    Answer,
    /// Look something up in the business's systems (`lookup:order`).
    Lookup(String),
    /// Open a ticket (`ticket:repair`).
    Ticket(String),
    /// Bring in an agent with a skill (`transfer:after_sales`).
    Transfer(String),
    /// Send the call to a place (`route:nearest_branch`).
    Route(String),
    /// Send a text message (`sms:manual`).
    Sms(String),
    /// Verify who is calling (`verify:identity`).
    Verify(String),
    /// A human is needed, for this reason (`escalate:card_loss`).
    Escalate(String),
}

/// An action that is not written `answer` or `verb:object`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "action `{0}` is none of answer, lookup:x, ticket:x, transfer:x, route:x, sms:x, verify:x, escalate:x"
)]
pub struct InvalidAction(String);

impl FromStr for Action {
    type Err = InvalidAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text == "answer" {
            return Ok(Self::Answer);
        }
        let invalid = || InvalidAction(text.to_owned());
        let (verb, object) = text.split_once(':').ok_or_else(invalid)?;
        let object = object.trim();
        if object.is_empty() {
            return Err(invalid());
        }
        let object = object.to_owned();
        match verb.trim() {
            "lookup" => Ok(Self::Lookup(object)),
            "ticket" => Ok(Self::Ticket(object)),
            "transfer" => Ok(Self::Transfer(object)),
            "route" => Ok(Self::Route(object)),
            "sms" => Ok(Self::Sms(object)),
            "verify" => Ok(Self::Verify(object)),
            "escalate" => Ok(Self::Escalate(object)),
            _ => Err(invalid()),
        }
    }
}

impl TryFrom<String> for Action {
    type Error = InvalidAction;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Action> for String {
    fn from(action: Action) -> Self {
        action.to_string()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("answer"),
            Self::Lookup(object) => write!(f, "lookup:{object}"),
            Self::Ticket(object) => write!(f, "ticket:{object}"),
            Self::Transfer(object) => write!(f, "transfer:{object}"),
            Self::Route(object) => write!(f, "route:{object}"),
            Self::Sms(object) => write!(f, "sms:{object}"),
            Self::Verify(object) => write!(f, "verify:{object}"),
            Self::Escalate(object) => write!(f, "escalate:{object}"),
        }
    }
}

/// An entry that may be what the caller means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The entry itself.
    pub entry: Entry,
    /// How well it matches, 0 to 1. Comparable between questions.
    pub score: f32,
    /// The phrasing that matched best.
    pub matched: String,
}

/// What retrieval makes of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// One entry is meant: say it.
    Answer {
        /// The entry that is meant.
        candidate: Candidate,
    },
    /// One of a few entries is meant: ask which.
    Clarify {
        /// Two or three, best first.
        candidates: Vec<Candidate>,
    },
    /// Nothing that is known is meant: say so.
    Abstain {
        /// The nearest entry, for the business to learn from.
        nearest: Option<Candidate>,
    },
}

/// The answer of a knowledge index to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The verdict with its entries.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The version of the knowledge base that was searched.
    pub version: KnowledgeVersion,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_read_as_they_are_written() {
        for text in [
            "answer",
            "lookup:order",
            "ticket:repair",
            "transfer:vip",
            "route:x",
            "sms:x",
            "verify:x",
            "escalate:safety",
        ] {
            assert_eq!(
                text.parse::<Action>().map(|action| action.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in ["", "say", "lookup", "lookup:", "buy:x"] {
            assert_eq!(text.parse::<Action>(), Err(InvalidAction(text.to_owned())));
        }
    }
}
