//! What became of a document, row by row and page by page.

use serde::{Deserialize, Serialize};

use super::Place;
use crate::{entry::Entry, ids::EntryId};

/// A document's entries, and what became of each of its pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Ready to be put into a draft, in the order of the document.
    pub entries: Vec<Entry>,
    /// One line a row, passage or page.
    pub report: Report,
}

/// One line a row, passage or page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The name of the document.
    pub document: String,
    /// In the order of the document.
    pub lines: Vec<ReportLine>,
}

/// What became of one piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLine {
    /// Where it stands.
    pub place: Place,
    /// The entry that it became or was added to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryId>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of one piece of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// As it stands.
    Taken,
    /// Changed on the way.
    Changed {
        /// How, one sentence each.
        how: Vec<String>,
    },
    /// Left out.
    Refused {
        /// In words.
        why: String,
    },
}

impl Report {
    /// How many pieces were taken as they stand, changed, refused.
    pub fn counts(&self) -> (usize, usize, usize) {
        let mut counts = (0, 0, 0);
        for line in &self.lines {
            match line.outcome {
                Outcome::Taken => counts.0 += 1,
                Outcome::Changed { .. } => counts.1 += 1,
                Outcome::Refused { .. } => counts.2 += 1,
            }
        }
        counts
    }
}
