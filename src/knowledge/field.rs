//! The fields of an entry, as they are named to people.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::entry::Entry;

/// A field of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The identifier.
    Id,
    /// 类目.
    Category,
    /// 标准问.
    Question,
    /// 相似问.
    SimilarQuestions,
    /// What the bot says.
    Answer,
    /// What happens beside.
    Action,
    /// The short name.
    Name,
    /// 生效时间.
    TakesEffect,
    /// 失效时间.
    Expires,
}

impl Field {
    /// Those that hold one text, in the order of a sheet's columns.
    pub(super) const SINGLE: [Self; 7] = [
        Self::Category,
        Self::Question,
        Self::Answer,
        Self::Action,
        Self::Name,
        Self::TakesEffect,
        Self::Expires,
    ];

    /// The column of a sheet that holds it.
    pub const fn column(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Category => "category",
            Self::Question => "question",
            Self::SimilarQuestions => "similar_questions",
            Self::Answer => "answer",
            Self::Action => "action",
            Self::Name => "name",
            Self::TakesEffect => "takes_effect",
            Self::Expires => "expires",
        }
    }

    /// What an entry has in it, as text; similar questions one a line.
    pub fn of(self, entry: &Entry) -> String {
        let moment = |moment: Option<jiff::civil::DateTime>| {
            moment.map(|moment| moment.to_string()).unwrap_or_default()
        };
        match self {
            Self::Id => entry.id.to_string(),
            Self::Category => entry.category.clone(),
            Self::Question => entry.question.clone(),
            Self::SimilarQuestions => entry.similar_questions.join("\n"),
            Self::Answer => entry.answer.clone(),
            Self::Action => entry.action.to_string(),
            Self::Name => entry.name.clone(),
            Self::TakesEffect => moment(entry.validity.takes_effect),
            Self::Expires => moment(entry.validity.expires),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.column())
    }
}
