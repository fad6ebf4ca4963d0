//! What a business knows: entries, and what retrieval says about a question.
//!
//! This module does not parse documents (see `knowledge`) and does not search (see `retrieval`).

use std::{fmt, str::FromStr, sync::Arc};

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{EntryId, KnowledgeVersion},
    pii::Pii,
};

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
    /// A short name to be offered by (安装费用); without one the question itself is read out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When it is true.
    #[serde(default, skip_serializing_if = "Validity::is_always")]
    pub validity: Validity,
}

impl Entry {
    /// What it is called when it is offered to a caller.
    pub fn spoken_name(&self) -> &str {
        match self.name.as_str() {
            "" => &self.question,
            name => name,
        }
    }

    /// Every way to ask it, the question first.
    pub fn phrasings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.question)
            .chain(&self.similar_questions)
            .map(String::as_str)
    }
}

/// From when until when an entry is true, in the local time of the business (生效时间, 失效时间).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// From this moment on; always, if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_effect: Option<DateTime>,
    /// From this moment on no more; forever true, if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime>,
}

impl Validity {
    /// Without beginning and end.
    pub const fn is_always(&self) -> bool {
        self.takes_effect.is_none() && self.expires.is_none()
    }

    /// Whether it is true at this local time.
    pub fn holds(&self, now: DateTime) -> bool {
        self.takes_effect.is_none_or(|from| from <= now) && !self.has_expired(now)
    }

    /// Whether its time is over.
    pub fn has_expired(&self, now: DateTime) -> bool {
        self.expires.is_some_and(|until| until <= now)
    }
}

/// What an entry does beside saying its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Action {
    /// Say the answer, nothing else.
    #[default]
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
    pub entry: Arc<Entry>,
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
    /// What a second question of the same utterance is answered with; only beside an answer to the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Candidate>,
}

/// A turn that was answered, for the question that follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// What the caller asked.
    pub question: Pii<String>,
    /// The entry that was said.
    pub entry: Arc<Entry>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_true_from_its_first_moment_until_its_last() {
        let at = |text: &str| text.parse::<DateTime>().expect("a date");
        let both = Validity {
            takes_effect: Some(at("2026-10-01T00:00:00")),
            expires: Some(at("2026-10-08T00:00:00")),
        };
        for (now, holds) in [
            ("2026-09-30T23:59:59", false),
            ("2026-10-01T00:00:00", true),
            ("2026-10-07T23:59:59", true),
            ("2026-10-08T00:00:00", false),
        ] {
            assert_eq!(both.holds(at(now)), holds, "{now}");
        }
        assert!(Validity::default().holds(at("0001-01-01T00:00:00")));
        assert!(Validity::default().is_always() && !both.is_always());
    }

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
