//! What a sentence can rest on: clauses of an answer, one or a few that follow each other.

use std::collections::BTreeSet;

use super::{
    canonical::{ends_clause, ends_sentence},
    part::{Part, Word, contains, limits, opens, words},
};

/// The least share of a clause, by its characters that claim something, that a sentence must say of it.
const LEAST_OF_CLAUSE: f32 = 0.6;

/// Clauses that one clause of a sentence may draw together.
const MOST_CLAUSES: usize = 4;

/// Clauses of one sentence of an answer that a clause can rest on.
#[derive(Debug)]
pub(super) struct Ground {
    /// The first and the last of them, counted over the whole answer.
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) part: Part,
    /// The words of each.
    pub(super) words: Vec<Vec<Word>>,
    /// The classes of limits that govern the sentence.
    pub(super) openers: BTreeSet<usize>,
}

impl Ground {
    pub(super) fn all(answer: &[char]) -> Vec<Self> {
        let mut grounds = Vec::new();
        let mut before = 0;
        for sentence in answer.split(|symbol| ends_sentence(*symbol)) {
            let clauses: Vec<&[char]> = sentence
                .split(|symbol| ends_clause(*symbol))
                .filter(|clause| !clause.is_empty())
                .collect();
            let openers: BTreeSet<usize> = limits(sentence)
                .into_iter()
                .filter(|class| opens(*class))
                .collect();
            for first in 0..clauses.len() {
                for last in first..clauses.len().min(first + MOST_CLAUSES) {
                    grounds.push(Self {
                        first: before + first,
                        last: before + last,
                        part: Part::new(&clauses[first..=last].join(&'，')),
                        words: clauses[first..=last]
                            .iter()
                            .map(|clause| words(clause))
                            .collect(),
                        openers: openers.clone(),
                    });
                }
            }
            before += clauses.len();
        }
        grounds
    }

    /// How many terms it shares with a clause.
    pub(super) fn shared(&self, clause: &Part) -> usize {
        let known =
            |term: &&(String, bool)| self.part.terms.iter().any(|(known, _)| *known == term.0);
        clause.terms.iter().filter(known).count()
    }

    /// Whether each of its clauses is said: all its facts, denials and longer words, and most of the rest.
    pub(super) fn is_said_by(&self, clauses: &[Part]) -> bool {
        let has = |fact: &str| {
            clauses
                .iter()
                .any(|clause| clause.facts().any(|said| said == fact))
        };
        let denials: usize = clauses.iter().map(|clause| clause.denials.len()).sum();
        if !self.part.facts().all(has) || denials < self.part.denials.len() {
            return false;
        }
        let said = |word: &Word| {
            word.counts
                || clauses
                    .iter()
                    .any(|clause| contains(&clause.text, &word.text))
        };
        self.words.iter().all(|words| {
            let length = |words: &mut dyn Iterator<Item = &Word>| -> usize {
                words.map(|word| word.text.len()).sum()
            };
            let all = length(&mut words.iter());
            let part = length(&mut words.iter().filter(|word| said(word)));
            let kept = words
                .iter()
                .filter(|word| !word.may_go && word.text.len() > 1)
                .all(said);
            // Clauses are far shorter than 2^24 characters.
            kept && part as f32 >= all as f32 * LEAST_OF_CLAUSE
        })
    }
}
