//! Overlap of a question with texts of a collection, by BM25 weights.
//!
//! BM25 ranks texts by the weight of shared terms and divides by length so that long texts do not win. Here texts are as
//! short as questions, and scores must compare between questions, so the shared weight is divided twice instead: by the
//! weight of the question ([`Overlap::recall`]) and by that of the text ([`Overlap::precision`]). Both are exact, lie in
//! 0..=1 and can be explained term by term, which the scores of a search library cannot: that one finds the texts that are
//! measured here (see `recall`).

use std::{borrow::Cow, collections::HashMap};

use super::views::Term;

/// Saturation of repeated terms (Robertson's k1).
const K1: f32 = 1.2;

/// From so many different terms on a map finds them faster than looking through all.
const MANY: usize = 64;

/// A question holds at least this much of a word with a meaning, or is measured as if it did: 的 is in every other text.
const LEAST_MEANING: f32 = 0.5;

/// The terms of every text, and what they weigh.
///
/// A text is measured by itself, because a search measures a few hundred texts that another stage has found (see `recall`);
/// the weights are those of the whole collection nevertheless.
#[derive(Debug, Default)]
pub(super) struct OverlapIndex {
    terms: HashMap<Box<str>, u32>,
    /// By term: its inverse document frequency.
    weights: Vec<f32>,
    /// The weight of a term that stands nowhere.
    unseen_weight: f32,
    /// By text: where its terms begin in `held`, and after the last where they end.
    starts: Vec<u32>,
    /// Text by text its terms, ascending.
    held: Vec<u32>,
    /// How often each of `held` stands in its text.
    counts: Vec<u8>,
    /// By text: the weight of all its terms.
    totals: Vec<f32>,
}

/// An [`OverlapIndex`] that is still told its texts.
#[derive(Default)]
pub(super) struct OverlapBuilder {
    index: OverlapIndex,
    entries: u32,
    last_entry: Option<u32>,
    /// By term: how many entries hold it, and which of them last.
    holders: Vec<(u32, u32)>,
    /// Text by text the terms in the order of their first occurrence: id, count, prior.
    order: Vec<(u32, u8, f32)>,
}

/// The terms of a question, weighed.
#[derive(Debug)]
pub(super) struct Asked {
    /// In the order of their first occurrence: id, weight, count. Those that stand nowhere are left out.
    terms: Vec<(u32, f32, u8)>,
    total: f32,
}

/// What a question and a text share of each other, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Overlap {
    /// The share of the question that the text holds.
    pub recall: f32,
    /// The share of the text that the question holds.
    pub precision: f32,
}

impl Overlap {
    /// Both as one: the geometric mean.
    pub(super) fn common(self) -> f32 {
        (self.recall * self.precision).sqrt()
    }
}

impl OverlapBuilder {
    /// Adds a text of `entry`; entries come in ascending order. A term is as rare as the entries that hold it are few, not the
    /// texts: phrasings of one entry share words on purpose.
    pub(super) fn add<'a>(&mut self, entry: u32, terms: impl Iterator<Item = Term<'a>>) {
        if self.last_entry != Some(entry) {
            self.last_entry = Some(entry);
            self.entries += 1;
        }
        self.index.starts.push(self.order.len() as u32);
        for (term, count, prior) in counted(terms) {
            let id = match self.index.terms.get(term.as_ref()) {
                Some(&id) => id,
                None => {
                    let id = self.holders.len() as u32;
                    self.index.terms.insert(term.into(), id);
                    self.holders.push((0, u32::MAX));
                    id
                }
            };
            let (entries, last) = &mut self.holders[id as usize];
            if *last != entry {
                *last = entry;
                *entries += 1;
            }
            self.order.push((id, count, prior));
        }
    }

    /// Weighs what was added.
    pub(super) fn finish(self) -> OverlapIndex {
        let Self {
            mut index,
            entries,
            holders,
            mut order,
            ..
        } = self;
        let entries = entries as f32;
        let weight = |with: f32| (1.0 + (entries - with + 0.5) / (with + 0.5)).ln();
        let weights = holders.iter().map(|&(with, _)| weight(with as f32));
        index.weights = weights.collect();
        index.unseen_weight = weight(0.0);
        index.starts.push(order.len() as u32);
        index.totals.reserve_exact(index.starts.len() - 1);
        for bounds in index.starts.windows(2) {
            let text = &mut order[bounds[0] as usize..bounds[1] as usize];
            let parts = text
                .iter()
                .map(|&(id, count, prior)| prior * index.weights[id as usize] * saturated(count));
            index.totals.push(parts.sum());
            text.sort_unstable_by_key(|&(id, ..)| id);
        }
        index.held = order.iter().map(|&(id, ..)| id).collect();
        index.counts = order.iter().map(|&(_, count, _)| count).collect();
        index.terms.shrink_to_fit();
        index
    }
}

impl OverlapIndex {
    /// Weighs the terms of a question.
    pub(super) fn asked<'a>(&self, question: impl Iterator<Item = Term<'a>>) -> Asked {
        let mut total = 0.0;
        let mut terms = Vec::new();
        for (term, count, prior) in counted(question) {
            let known = self.terms.get(term.as_ref());
            let weight = match known {
                Some(&id) => prior * self.weights[id as usize],
                None => prior * self.unseen_weight,
            };
            total += weight * saturated(count);
            terms.extend(known.map(|&id| (id, weight, count)));
        }
        Asked {
            terms,
            total: total.max(self.unseen_weight * LEAST_MEANING),
        }
    }

    /// What `question` and text `text` share.
    pub(super) fn overlap(&self, question: &Asked, text: u32) -> Overlap {
        let text = text as usize;
        let bounds = self.starts[text] as usize..self.starts[text + 1] as usize;
        let (held, counts) = (&self.held[bounds.clone()], &self.counts[bounds]);
        let mut shared = 0.0;
        for &(id, weight, count) in &question.terms {
            if let Ok(at) = held.binary_search(&id) {
                shared += weight * saturated(count.min(counts[at]));
            }
        }
        Overlap {
            recall: share(shared, question.total),
            precision: share(shared, self.totals[text]),
        }
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
fn saturated(count: u8) -> f32 {
    let count = f32::from(count);
    count * (K1 + 1.0) / (count + K1)
}

/// Terms with their number and prior, in the order of first occurrence: sums of floats must not depend on hashing.
fn counted<'a>(terms: impl Iterator<Item = Term<'a>>) -> Vec<(Cow<'a, str>, u8, f32)> {
    let mut counted: Vec<(Cow<'a, str>, u8, f32)> = Vec::with_capacity(terms.size_hint().0);
    // Texts are short; only an entry with hundreds of phrasings is not, and needs the map.
    let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
    for Term { text, prior } in terms {
        let known = match counted.len() {
            ..MANY => counted.iter().position(|(known, ..)| *known == text),
            length => {
                if places.is_empty() {
                    let all = counted.iter().map(|(text, ..)| text.clone());
                    places = all.zip(0..length).collect();
                }
                places.get(&text).copied()
            }
        };
        match known {
            Some(at) => counted[at].1 = counted[at].1.saturating_add(1),
            None => {
                if !places.is_empty() {
                    places.insert(text.clone(), counted.len());
                }
                counted.push((text, 1, prior));
            }
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::views::{View, terms};

    fn index(texts: &[&str]) -> OverlapIndex {
        let mut builder = OverlapBuilder::default();
        for (entry, text) in (0u32..).zip(texts) {
            builder.add(entry, terms(View::Characters, text).into_iter());
        }
        builder.finish()
    }

    fn overlap(index: &OverlapIndex, question: &str, text: u32) -> Overlap {
        let asked = index.asked(terms(View::Characters, question).into_iter());
        index.overlap(&asked, text)
    }

    #[test]
    fn a_text_covers_itself_and_nothing_foreign() {
        let index = index(&["空调坏了", "查余额"]);
        let itself = overlap(&index, "空调坏了", 0);
        assert!((itself.recall - 1.0).abs() < 1e-6);
        assert!((itself.precision - 1.0).abs() < 1e-6);
        assert!((itself.common() - 1.0).abs() < 1e-6);
        assert_eq!(overlap(&index, "空调坏了", 1).recall, 0.0);
    }

    #[test]
    fn rare_terms_weigh_more() {
        let index = index(&["空调坏了", "空调安装", "空调清洗"]);
        let both = |text| overlap(&index, "空 坏", text).recall;
        assert!(both(0) > both(1));
        assert!(both(1) < 0.5);
    }

    #[test]
    fn a_question_of_little_meaning_is_never_covered() {
        let index = index(&["空调的门", "冰箱坏了"]);
        let overlap = overlap(&index, "的", 0);
        assert!(overlap.recall < 0.4, "{overlap:?}");
    }

    #[test]
    fn unseen_terms_lower_the_recall() {
        let index = index(&["空调坏了", "冰箱坏了"]);
        assert!(overlap(&index, "空调遥控器", 0).recall < 0.5);
        assert_eq!(overlap(&index, "", 0).recall, 0.0);
    }

    #[test]
    fn many_terms_are_counted_like_few() {
        let text: String = (0..200u32)
            .filter_map(|at| char::from_u32(0x4e00 + at % 90))
            .collect();
        let terms = || {
            terms(View::Characters, &text)
                .into_iter()
                .filter(|term| !term.text.contains(' '))
        };
        let counted = counted(terms());
        let counts: Vec<u8> = counted.iter().map(|&(_, count, _)| count).collect();
        let expected: Vec<u8> = (0..90).map(|at| if at < 20 { 3 } else { 2 }).collect();
        assert_eq!(counts, expected);
    }
}
