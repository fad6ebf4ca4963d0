//! Overlap of a question with every text of a collection, by BM25 weights over an inverted index.
//!
//! BM25 ranks texts by the weight of shared terms and divides by length so that long texts do not win. Here texts are as
//! short as questions, and scores must compare between questions, so the shared weight is divided twice instead: by the
//! weight of the question ([`Overlap::recall`]) and by that of the text (precision). Both are exact, lie in
//! 0..=1 and can be explained term by term, which the scores of a search library cannot; hence none is used.

use std::collections::HashMap;

use super::views::Term;

/// Saturation of repeated terms (Robertson's k1).
const K1: f32 = 1.2;

/// A question holds at least this much of a word with a meaning, or is measured as if it did: 的 is in every other text.
const LEAST_MEANING: f32 = 0.5;

/// Terms to texts.
#[derive(Default)]
pub(super) struct OverlapIndex {
    terms: HashMap<String, u32>,
    /// By term: where it stands and how often.
    postings: Vec<Vec<(u32, u16)>>,
    /// By term: its inverse document frequency.
    weights: Vec<f32>,
    /// The weight of a term that stands nowhere.
    unseen_weight: f32,
    /// By text: the weight of all its terms.
    totals: Vec<f32>,
}

/// What a question shares with each text of an index.
pub(super) struct Overlap {
    shared: Vec<f32>,
    question: f32,
}

impl OverlapIndex {
    /// Indexes texts; `group[i]` is the entry of text `i`, in ascending order. A term is as rare as the entries that hold it
    /// are few, not the texts: phrasings of one entry share words on purpose.
    pub(super) fn build(texts: &[Vec<Term>], group: &[u32]) -> Self {
        let mut index = Self::default();
        let mut entries_with: Vec<u32> = Vec::new();
        let mut last_entry: Vec<u32> = Vec::new();
        for (text, terms) in texts.iter().enumerate() {
            for (term, (count, _)) in counted(terms) {
                let id = match index.terms.get(term) {
                    Some(&id) => id as usize,
                    None => {
                        let id = index.postings.len();
                        index.terms.insert(term.to_owned(), id as u32);
                        index.postings.push(Vec::new());
                        entries_with.push(0);
                        last_entry.push(u32::MAX);
                        id
                    }
                };
                index.postings[id].push((text as u32, count));
                if last_entry[id] != group[text] {
                    last_entry[id] = group[text];
                    entries_with[id] += 1;
                }
            }
        }
        let mut entries = group.to_vec();
        entries.dedup();
        let entries = entries.len() as f32;
        let weight = |with: f32| (1.0 + (entries - with + 0.5) / (with + 0.5)).ln();
        index.weights = entries_with
            .iter()
            .map(|&with| weight(with as f32))
            .collect();
        index.unseen_weight = weight(0.0);
        index.totals = texts.iter().map(|terms| index.weight(terms)).collect();
        index
    }

    /// Measures `question` against every text.
    pub(super) fn measure(&self, question: &[Term]) -> Overlap {
        let mut shared = vec![0.0; self.totals.len()];
        let mut total = 0.0;
        for (term, (count, prior)) in counted(question) {
            let Some(&id) = self.terms.get(term) else {
                total += prior * self.unseen_weight * saturated(count);
                continue;
            };
            let weight = prior * self.weights[id as usize];
            total += weight * saturated(count);
            for &(text, there) in &self.postings[id as usize] {
                shared[text as usize] += weight * saturated(count.min(there));
            }
        }
        Overlap {
            shared,
            question: total.max(self.unseen_weight * LEAST_MEANING),
        }
    }

    /// The weight of a text's terms.
    fn weight(&self, terms: &[Term]) -> f32 {
        counted(terms)
            .into_iter()
            .map(|(term, (count, prior))| {
                let weight = match self.terms.get(term) {
                    Some(&id) => self.weights[id as usize],
                    None => self.unseen_weight,
                };
                prior * weight * saturated(count)
            })
            .sum()
    }

    /// The share of text `text` that the question holds.
    fn precision(&self, overlap: &Overlap, text: u32) -> f32 {
        share(overlap.shared[text as usize], self.totals[text as usize])
    }

    /// What the question and text `text` share of each other: the geometric mean of recall and precision.
    pub(super) fn common(&self, overlap: &Overlap, text: u32) -> f32 {
        (overlap.recall(text) * self.precision(overlap, text)).sqrt()
    }
}

impl Overlap {
    /// The share of the question that text `text` holds.
    pub(super) fn recall(&self, text: u32) -> f32 {
        share(self.shared[text as usize], self.question)
    }
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 {
        (part / whole).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// 1 for a single occurrence, at most `K1 + 1`.
fn saturated(count: u16) -> f32 {
    let count = f32::from(count);
    count * (K1 + 1.0) / (count + K1)
}

/// Terms with their number and prior, in the order of first occurrence: sums of floats must not depend on hashing.
fn counted(terms: &[Term]) -> Vec<(&str, (u16, f32))> {
    let mut counted: Vec<(&str, (u16, f32))> = Vec::with_capacity(terms.len());
    for term in terms {
        match counted.iter_mut().find(|(text, _)| *text == term.text) {
            Some((_, (count, _))) => *count = count.saturating_add(1),
            None => counted.push((&term.text, (1, term.prior))),
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::views::{View, terms};

    fn index(texts: &[&str]) -> OverlapIndex {
        let group: Vec<u32> = (0..texts.len() as u32).collect();
        let texts: Vec<_> = texts
            .iter()
            .map(|text| terms(View::Characters, text))
            .collect();
        OverlapIndex::build(&texts, &group)
    }

    #[test]
    fn a_text_covers_itself_and_nothing_foreign() {
        let index = index(&["空调坏了", "查余额"]);
        let overlap = index.measure(&terms(View::Characters, "空调坏了"));
        assert!((overlap.recall(0) - 1.0).abs() < 1e-6);
        assert!((index.precision(&overlap, 0) - 1.0).abs() < 1e-6);
        assert_eq!(overlap.recall(1), 0.0);
    }

    #[test]
    fn rare_terms_weigh_more() {
        let index = index(&["空调坏了", "空调安装", "空调清洗"]);
        let both = index.measure(&terms(View::Characters, "空 坏"));
        assert!(both.recall(0) > both.recall(1));
        assert!(both.recall(1) < 0.5);
    }

    #[test]
    fn a_question_of_little_meaning_is_never_covered() {
        let index = index(&["空调的门", "冰箱坏了"]);
        let overlap = index.measure(&terms(View::Characters, "的"));
        assert!(overlap.recall(0) < 0.4, "{}", overlap.recall(0));
    }

    #[test]
    fn unseen_terms_lower_the_recall() {
        let index = index(&["空调坏了", "冰箱坏了"]);
        let overlap = index.measure(&terms(View::Characters, "空调遥控器"));
        assert!(overlap.recall(0) < 0.5);
        assert_eq!(index.measure(&[]).recall(0), 0.0);
    }
}
