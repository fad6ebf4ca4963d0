//! The first of two stages: which entries may be meant at all.
//!
//! A stage of recall is quick and need not be right: what it finds is scored by the second stage, exactly (see `lexical` and
//! `hybrid`), and only what it misses is lost. Several stages are asked, and their finds are put together.

use std::collections::HashSet;

use jiff::civil::DateTime;

use super::views::{Syllable, Term, View, sound, terms};

/// Entries that each way of looking recalls. The best one by all evidence is hardly ever below the first twenty in every way.
pub const RECALLED: usize = 64;

/// A prior of little meaning: that of function words, and of lone syllables.
const LITTLE_MEANING: f32 = 0.4;
/// So many terms tell a question from others.
const ENOUGH_TERMS: usize = 2;

/// A question, as a stage of recall sees it.
pub struct Sought<'a> {
    /// As it was recognised, cut, with the business's synonyms by one name.
    pub text: &'a str,
    /// Its vector, where there is an encoder.
    pub vector: Option<&'a [f32]>,
    /// When an entry has to be true; at any time, if `None`.
    pub now: Option<DateTime>,
    /// Whether an entry, by its number, may be found now.
    pub holds: &'a dyn Fn(u32) -> bool,
    pub(super) terms: &'a Terms<'a>,
}

/// A stage of recall.
pub trait Recall: Send + Sync {
    /// Its name, for logs.
    fn name(&self) -> &str;

    /// Adds the numbers of entries that may be meant to `found`, in any order; repeating one does no harm.
    fn recall(&self, sought: &Sought<'_>, found: &mut Vec<u32>) -> Result<(), RecallError>;
}

/// Why a stage of recall gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("recall by {stage} failed: {problem}")]
pub struct RecallError {
    /// Which stage.
    pub stage: String,
    /// In words.
    pub problem: String,
}

/// A text in normal form, in every view.
pub(super) struct Terms<'a> {
    pub words: Vec<Term<'a>>,
    pub characters: Vec<Term<'a>>,
    pub syllables: Vec<Term<'a>>,
    pub sound: Vec<Syllable>,
}

impl<'a> Terms<'a> {
    pub(super) fn of(normal: &'a str) -> Self {
        Self {
            words: terms(View::Words, normal),
            characters: terms(View::Characters, normal),
            syllables: terms(View::Syllables, normal),
            sound: sound(normal),
        }
    }
}

/// The terms of a question that are looked for, each once. Where enough of them mean something, the others, which stand in every
/// other text, are left out: they take longest and recall nothing.
pub(super) fn telling<'t, 'a>(terms: &'t [Term<'a>]) -> Vec<&'t Term<'a>> {
    let mut seen = HashSet::new();
    let mut terms: Vec<&Term<'_>> = terms
        .iter()
        .filter(|term| seen.insert(&term.text))
        .collect();
    let means = |term: &&Term<'_>| term.prior > LITTLE_MEANING;
    if terms.iter().copied().filter(|term| means(term)).count() >= ENOUGH_TERMS {
        terms.retain(means);
    }
    terms
}

/// Recalls every entry: what the two stages are measured against, and what is left when the others fail.
pub(super) struct Everything(pub u32);

impl Recall for Everything {
    fn name(&self) -> &str {
        "everything"
    }

    fn recall(&self, sought: &Sought<'_>, found: &mut Vec<u32>) -> Result<(), RecallError> {
        found.extend((0..self.0).filter(|&entry| (sought.holds)(entry)));
        Ok(())
    }
}
