//! What mood a caller's turn is in, as it is recorded and shown.
//!
//! This module does not find it out (see `sentiment`).

use serde::{Deserialize, Serialize};

/// A mood of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// Asks, tells, confirms.
    Neutral,
    /// Relieved, thankful, amused.
    Positive,
    /// Displeased, worried, sarcastic.
    Negative,
    /// Insults, threatens, shouts.
    Angry,
}

impl Mood {
    /// All, in the order of the classifier's labels.
    pub const ALL: [Self; 4] = [Self::Neutral, Self::Positive, Self::Negative, Self::Angry];

    /// Name for the record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Angry => "angry",
        }
    }

    /// The mood of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mood| mood.name() == name)
    }
}

/// Where a call's mood goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Darker than before.
    Worse,
    /// As before.
    Steady,
    /// Brighter than before.
    Better,
}

/// The mood of a turn, and how it is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnMood {
    /// The likeliest.
    pub mood: Mood,
    /// How likely it is, 0 to 1.
    pub probability: f32,
    /// What speaks for it, in words.
    pub evidence: Vec<String>,
    /// Why a human is needed for this; `None` when none is.
    pub escalate: Option<String>,
    /// Against the turns before.
    pub trend: Trend,
}
