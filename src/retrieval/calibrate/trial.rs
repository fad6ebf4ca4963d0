//! What an index made of one question.

use crate::retrieval::{MAX_CHOICES, Ranking, evaluation::Case};

/// What an index that does not know a question made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Trials of one entry, or of one question out of scope, have one group: they are never fitted on and checked on at once.
    pub group: String,
    /// Whether an entry answers it.
    pub in_scope: bool,
    /// Of the best entries, best first; as many as a verdict looks at.
    pub scores: Vec<f32>,
    /// The place of the right entry among them, from 0.
    pub rank: Option<usize>,
}

impl Trial {
    /// Asks `index`. `base` tells entries of one id in several knowledge bases apart.
    pub fn of(index: &dyn Ranking, base: &str, case: &Case) -> Self {
        let ranked = index.rank(&case.question, MAX_CHOICES + 1);
        let group = match &case.expected {
            Some(id) => format!("{base}/{id}"),
            // Asked of several knowledge bases it is still one question.
            None => case.question.clone(),
        };
        Self {
            group,
            in_scope: case.expected.is_some(),
            rank: ranked
                .iter()
                .position(|found| Some(&found.entry.id) == case.expected.as_ref()),
            scores: ranked.iter().map(|found| found.score).collect(),
        }
    }
}
