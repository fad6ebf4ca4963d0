//! Overlap of a question with single texts of a collection, by BM25 weights.
//!
//! BM25 ranks texts by the weight of shared terms and divides by length so that long texts do not win. Here texts are as
//! short as questions, and scores must compare between questions, so the shared weight is divided twice instead: by the
//! weight of the question ([`OverlapIndex::recall`]) and by that of the text (precision). Both are exact, lie in
//! 0..=1 and can be explained term by term, which the scores of a search library cannot; one finds the texts that are worth it
//! (see `recall`).

use std::collections::HashMap;

use super::views::Term;

/// Saturation of repeated terms (Robertson's k1).
const K1: f32 = 1.2;

/// A question holds at least this much of a word with a meaning, or is measured as if it did: 的 is in every other text.
const LEAST_MEANING: f32 = 0.5;

/// Texts as terms, and what each term is worth in the collection.
#[derive(Default)]
pub(super) struct OverlapIndex {
    terms: HashMap<String, u32>,
    /// By term: its inverse document frequency.
    weights: Vec<f32>,
    /// The weight of a term that stands nowhere.
    unseen_weight: f32,
    /// By text: where its terms end in `held`.
    ends: Vec<u32>,
    /// Text by text: its terms, ascending, and how often it holds each.
    held: Vec<(u32, u16)>,
    /// By text: the weight of all its terms.
    totals: Vec<f32>,
}

/// A question, by what its terms are worth.
pub(super) struct Overlap {
    /// In the order in which they are asked; how often, and what one is worth.
    terms: Vec<(u32, u16, f32)>,
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
            let first = index.held.len();
            for (term, (count, _)) in counted(terms) {
                let id = match index.terms.get(term) {
                    Some(&id) => id,
                    None => {
                        let id = entries_with.len() as u32;
                        index.terms.insert(term.to_owned(), id);
                        entries_with.push(0);
                        last_entry.push(u32::MAX);
                        id
                    }
                };
                index.held.push((id, count));
                let place = id as usize;
                if last_entry[place] != group[text] {
                    last_entry[place] = group[text];
                    entries_with[place] += 1;
                }
            }
            index.held[first..].sort_unstable_by_key(|(id, _)| *id);
            index.ends.push(index.held.len() as u32);
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
        index.held.shrink_to_fit();
        index
    }

    /// Prepares `question` to be compared with single texts.
    pub(super) fn measure(&self, question: &[Term]) -> Overlap {
        let (mut terms, mut total) = (Vec::new(), 0.0);
        for (term, (count, prior)) in counted(question) {
            let Some(&id) = self.terms.get(term) else {
                total += prior * self.unseen_weight * saturated(count);
                continue;
            };
            let weight = prior * self.weights[id as usize];
            total += weight * saturated(count);
            terms.push((id, count, weight));
        }
        Overlap {
            terms,
            question: total.max(self.unseen_weight * LEAST_MEANING),
        }
    }

    /// The weight that the question and text `text` share.
    fn shared(&self, overlap: &Overlap, text: u32) -> f32 {
        let text = text as usize;
        let first = text.checked_sub(1).map_or(0, |before| self.ends[before]);
        let held = &self.held[first as usize..self.ends[text] as usize];
        let shared = overlap.terms.iter().filter_map(|&(id, count, weight)| {
            let place = held.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            Some(weight * saturated(count.min(held[place].1)))
        });
        shared.sum()
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

    /// What the question and text `text` share of each other: the geometric mean of recall and precision.
    pub(super) fn common(&self, overlap: &Overlap, text: u32) -> f32 {
        let shared = self.shared(overlap, text);
        let recall = share(shared, overlap.question);
        let precision = share(shared, self.totals[text as usize]);
        (recall * precision).sqrt()
    }

    /// The share of the question that text `text` holds.
    pub(super) fn recall(&self, overlap: &Overlap, text: u32) -> f32 {
        share(self.shared(overlap, text), overlap.question)
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

    /// What the question shares with each of the texts: of the question, and of both.
    #[track_caller]
    fn check(texts: &[&str], question: &str, expected: impl Fn(&[f32], &[f32]) -> bool) {
        let index = index(texts);
        let overlap = index.measure(&terms(View::Characters, question));
        let each = || 0..texts.len() as u32;
        let recall: Vec<f32> = each().map(|text| index.recall(&overlap, text)).collect();
        let common: Vec<f32> = each().map(|text| index.common(&overlap, text)).collect();
        assert!(
            expected(&recall, &common),
            "{question}: {recall:?} {common:?}"
        );
    }

    #[test]
    fn a_text_covers_itself_and_nothing_foreign() {
        let one = |share: f32| (share - 1.0).abs() < 1e-6;
        check(
            &["空调坏了", "查余额"],
            "空调坏了",
            |recall, common| {
                one(recall[0]) && one(common[0]) && recall[1] == 0.0 && common[1] == 0.0
            },
        );
    }

    #[test]
    fn rare_terms_weigh_more() {
        let texts = ["空调坏了", "空调安装", "空调清洗"];
        check(&texts, "空 坏", |recall, _| {
            recall[0] > recall[1] && recall[1] < 0.5
        });
    }

    #[test]
    fn a_question_of_little_meaning_is_never_covered() {
        check(&["空调的门", "冰箱坏了"], "的", |recall, _| {
            recall[0] < 0.4
        });
    }

    #[test]
    fn unseen_terms_lower_the_recall() {
        let texts = ["空调坏了", "冰箱坏了"];
        check(&texts, "空调遥控器", |recall, _| recall[0] < 0.5);
        check(&texts, "", |recall, _| recall[0] == 0.0);
    }
}
