//! What is wrong with a knowledge base, before it is published.
//!
//! Errors keep it from being published, warnings are for people to judge; where it is plain what would mend it, that is
//! proposed. Nothing is changed here, and nothing is said about how well questions are understood (see `retrieval`).

mod alike;
mod answers;
mod pairs;
mod personal;
mod spoken;
mod words;

use std::{collections::BTreeSet, fmt};

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::{Field, normal::normalised};
use crate::{
    entry::{Action, Entry},
    ids::EntryId,
};

/// What the business has set up beside its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Skills that agents have. `None` if that is not known: then no skill is doubted.
    pub skills: Option<BTreeSet<String>>,
    /// Actions that something answers to, as entries write them (`lookup:order`). `None` if that is not known.
    pub actions: Option<BTreeSet<String>>,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The base cannot be published with it.
    Error,
    /// Somebody should look at it.
    Warning,
}

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConcernKind {
    /// An id is missing, used twice or not fit to be one.
    Id,
    /// A field that must have something has nothing.
    Empty,
    /// Two entries with one phrasing and one answer.
    Duplicate,
    /// Two entries with one phrasing and different answers.
    TwoAnswers,
    /// Two entries with phrasings that are nearly the same.
    NearDuplicate,
    /// The answer is the question.
    Echo,
    /// An answer that takes longer than 15 s to say.
    TooLong,
    /// Something that cannot be said, or means nothing when it is heard.
    Unspeakable,
    /// Something that was to be filled in.
    Placeholder,
    /// A number of a person.
    PersonalData,
    /// An absolute claim (广告法 第九条).
    Claim,
    /// An action that nothing answers to.
    UnknownAction,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
    /// Its time ends before it begins.
    NeverTrue,
}

/// What would mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fix {
    /// Say the answer in these parts, each at most 15 s long.
    Split {
        /// Put together they are the answer.
        parts: Vec<String>,
    },
    /// Put this into the field.
    Replace {
        /// The field's content.
        text: String,
    },
    /// Strike a phrasing from the first entry.
    RemovePhrasing {
        /// As it stands there.
        phrasing: String,
    },
    /// Put the first entry's phrasings into this one.
    MergeInto {
        /// The entry that stays.
        entry: EntryId,
    },
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing it is.
    pub kind: ConcernKind,
    /// The entry that it is about; of two, the later one first.
    pub entries: Vec<EntryId>,
    /// Where in the first entry.
    pub field: Field,
    /// In words.
    pub words: String,
    /// What would mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: ")?;
        if let Some(entry) = self.entries.first() {
            write!(f, "`{entry}`, ")?;
        }
        write!(f, "{}: {}", self.field, self.words)
    }
}

/// Everything that is wrong with `entries` at the local time `now`, in their order, errors of an entry before its warnings.
pub fn check(entries: &[Entry], known: &Known, now: DateTime) -> Vec<Concern> {
    let mut checking = Checking {
        entries,
        now,
        concerns: Vec::new(),
    };
    checking.ids();
    for place in 0..entries.len() {
        checking.blanks(place);
        checking.times(place);
        checking.action(place, known);
        answers::check(&mut checking, place);
    }
    pairs::check(&mut checking);
    let mut concerns = checking.concerns;
    concerns.sort_by_key(|(place, concern)| (*place, concern.severity, concern.field));
    concerns.into_iter().map(|(_, concern)| concern).collect()
}

/// A check under way.
struct Checking<'a> {
    entries: &'a [Entry],
    now: DateTime,
    /// With the place of the first entry of each.
    concerns: Vec<(usize, Concern)>,
}

impl Checking<'_> {
    fn add(
        &mut self,
        place: usize,
        (severity, kind, field): (Severity, ConcernKind, Field),
        words: impl Into<String>,
        fix: Option<Fix>,
    ) {
        self.add_pair(&[place], (severity, kind, field), words, fix);
    }

    fn add_pair(
        &mut self,
        places: &[usize],
        (severity, kind, field): (Severity, ConcernKind, Field),
        words: impl Into<String>,
        fix: Option<Fix>,
    ) {
        let ids = places.iter().map(|place| self.entries[*place].id.clone());
        let concern = Concern {
            severity,
            kind,
            entries: ids.collect(),
            field,
            words: words.into(),
            fix,
        };
        let first = places.first().copied().unwrap_or_default();
        self.concerns.push((first, concern));
    }

    fn ids(&mut self) {
        /// The longest id, in characters: it stands in logs and addresses.
        const LONGEST_ID: usize = 64;
        let mut first = std::collections::HashMap::new();
        for (place, entry) in self.entries.iter().enumerate() {
            let id = entry.id.as_str();
            let mut problems = Vec::new();
            if id.is_empty() {
                problems.push("is empty".to_owned());
            } else if let Some(&before) = first.get(&entry.id) {
                let entry: &Entry = &self.entries[before];
                problems.push(format!("is the id of `{}` already", entry.question));
            } else {
                first.insert(&entry.id, place);
            }
            if id
                .chars()
                .any(|symbol| symbol.is_whitespace() || symbol.is_control())
            {
                problems.push("has a space in it".to_owned());
            }
            if id.chars().count() > LONGEST_ID {
                problems.push(format!("is longer than {LONGEST_ID} characters"));
            }
            for words in problems {
                self.add(
                    place,
                    (Severity::Error, ConcernKind::Id, Field::Id),
                    words,
                    None,
                );
            }
        }
    }

    fn blanks(&mut self, place: usize) {
        let entry = &self.entries[place];
        for (field, text) in [
            (Field::Question, &entry.question),
            (Field::Answer, &entry.answer),
        ] {
            if text.trim().is_empty() {
                let kind = (Severity::Error, ConcernKind::Empty, field);
                self.add(place, kind, "is empty", None);
            }
        }
        if entry
            .similar_questions
            .iter()
            .any(|text| text.trim().is_empty())
        {
            let kind = (Severity::Error, ConcernKind::Empty, Field::SimilarQuestions);
            self.add(place, kind, "one of them is empty", None);
        }
        let is_echo = !entry.question.trim().is_empty()
            && normalised(&entry.question) == normalised(&entry.answer);
        if is_echo {
            let kind = (Severity::Error, ConcernKind::Echo, Field::Answer);
            self.add(place, kind, "is the question itself", None);
        }
    }

    fn times(&mut self, place: usize) {
        let validity = self.entries[place].validity;
        if let (Some(from), Some(until)) = (validity.takes_effect, validity.expires)
            && from >= until
        {
            let kind = (Severity::Error, ConcernKind::NeverTrue, Field::Expires);
            let words = format!("{until} is not after {from}, when it takes effect");
            return self.add(place, kind, words, None);
        }
        if validity.has_expired(self.now)
            && let Some(until) = validity.expires
        {
            let kind = (Severity::Warning, ConcernKind::Expired, Field::Expires);
            self.add(place, kind, format!("is over since {until}"), None);
        } else if !validity.holds(self.now)
            && let Some(from) = validity.takes_effect
        {
            let kind = (Severity::Warning, ConcernKind::NotYet, Field::TakesEffect);
            self.add(
                place,
                kind,
                format!("is not answered with before {from}"),
                None,
            );
        }
    }

    fn action(&mut self, place: usize, known: &Known) {
        let action = &self.entries[place].action;
        let (known, name, what) = match action {
            // A reason for a human is free text.
            Action::Answer | Action::Escalate(_) => return,
            Action::Transfer(skill) => (&known.skills, skill.clone(), "no agent has the skill"),
            Action::Lookup(_)
            | Action::Ticket(_)
            | Action::Route(_)
            | Action::Sms(_)
            | Action::Verify(_) => (&known.actions, action.to_string(), "nothing answers to"),
        };
        let Some(known) = known.as_ref().filter(|known| !known.contains(&name)) else {
            return;
        };
        /// From this Jaro-Winkler similarity on a name is a slip of another.
        const SLIP: f64 = 0.9;
        let nearest = known
            .iter()
            .map(|other| (strsim::jaro_winkler(&name, other), other))
            .filter(|(similarity, _)| *similarity >= SLIP)
            .max_by(|one, other| one.0.total_cmp(&other.0));
        let fix = nearest.map(|(_, other)| Fix::Replace {
            text: match action {
                Action::Transfer(_) => Action::Transfer(other.clone()).to_string(),
                _ => other.clone(),
            },
        });
        // What nothing answers to is taken down for the staff, and whoever is there takes the call: callers are not left alone.
        let kind = (Severity::Warning, ConcernKind::UnknownAction, Field::Action);
        self.add(place, kind, format!("{what} `{name}`"), fix);
    }
}

#[cfg(test)]
mod tests;
