//! Texts as sparse vectors, so that a server ranks phrasings as the postings in process do.
//!
//! A product of two sparse vectors is the sum of BM25: a phrasing's numbers are what its terms weigh in the whole collection,
//! a question's are what its terms mean. The weights are ours, not the server's, whose own would be of every point that it
//! holds. A term is its hash: two that share one are found together, which recall can bear, and no dictionary is kept.

use std::collections::HashMap;

use crate::retrieval::{
    lexical::LexicalIndex,
    recall::{Terms, telling},
    views::{Term, View, hash, terms},
};

/// Saturation of repeated terms and the part of a text's length, as tantivy has them.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Numbers by term, ascending, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparse(pub Vec<(u32, f32)>);

impl Sparse {
    fn of(numbers: impl Iterator<Item = (u32, f32)>) -> Self {
        let mut numbers: Vec<(u32, f32)> = numbers.collect();
        numbers.sort_by_key(|&(term, _)| term);
        numbers.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        Self(numbers)
    }

    /// A question's: what each of its telling terms means.
    pub(super) fn of_question(terms: &[Term<'_>]) -> Self {
        Self::of(
            telling(terms)
                .into_iter()
                .map(|term| (hash(&term.text), term.prior)),
        )
    }

    /// What a question and a phrasing share.
    #[cfg(test)]
    pub(super) fn product(&self, other: &Self) -> f32 {
        let of = |term| other.0.iter().find(|&&(known, _)| known == term);
        self.0
            .iter()
            .filter_map(|&(term, number)| Some(number * of(term)?.1))
            .sum()
    }
}

/// A phrasing in every view.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Views {
    pub words: Sparse,
    pub characters: Sparse,
    pub sounds: Sparse,
    /// Words of the entry's answer, on its question alone.
    pub answer: Sparse,
}

/// What terms weigh in one view of a collection.
#[derive(Default)]
struct Weights {
    /// By term: in how many texts it stands.
    texts: HashMap<u32, u32>,
    /// Terms of all texts.
    length: u64,
    /// All texts, with those that hold nothing in this view.
    count: u32,
}

impl Weights {
    fn add(&mut self, terms: &[Term<'_>]) {
        self.count += 1;
        self.length += terms.len() as u64;
        for term in counted(terms).into_keys() {
            *self.texts.entry(term).or_default() += 1;
        }
    }

    /// What each term of a text weighs in it.
    fn weigh(&self, terms: &[Term<'_>]) -> Sparse {
        let count = self.count as f32;
        let mean = self.length as f32 / count.max(1.0);
        let length = terms.len() as f32 / mean.max(f32::MIN_POSITIVE);
        let long = K1 * (1.0 - B + B * length);
        let weighed = counted(terms).into_iter().map(|(term, times)| {
            let with = self.texts.get(&term).map_or(0.0, |&with| with as f32);
            let rarity = (1.0 + (count - with + 0.5) / (with + 0.5)).ln();
            (term, rarity * (1.0 + K1) * times / (times + long))
        });
        Sparse::of(weighed)
    }
}

fn counted(terms: &[Term<'_>]) -> HashMap<u32, f32> {
    let mut counted = HashMap::with_capacity(terms.len());
    for term in terms {
        *counted.entry(hash(&term.text)).or_default() += 1.0;
    }
    counted
}

/// What terms weigh in a collection.
#[derive(Default)]
pub(super) struct CollectionWeights {
    words: Weights,
    characters: Weights,
    syllables: Weights,
    answers: Weights,
}

impl CollectionWeights {
    /// Those of an index. Takes as long as making its postings.
    pub(super) fn of(index: &LexicalIndex) -> Self {
        let mut weights = Self::default();
        for phrasing in 0..index.collection().phrasings() as u32 {
            each_view(index, phrasing, |terms, answer| {
                weights.words.add(&terms.words);
                weights.characters.add(&terms.characters);
                weights.syllables.add(&terms.syllables);
                weights.answers.add(answer);
            });
        }
        weights
    }

    /// A phrasing of that index.
    pub(super) fn views(&self, index: &LexicalIndex, phrasing: u32) -> Views {
        let mut views = Views::default();
        each_view(index, phrasing, |terms, answer| {
            views = Views {
                words: self.words.weigh(&terms.words),
                characters: self.characters.weigh(&terms.characters),
                sounds: self.syllables.weigh(&terms.syllables),
                answer: self.answers.weigh(answer),
            };
        });
        views
    }
}

fn each_view(index: &LexicalIndex, phrasing: u32, work: impl FnOnce(&Terms<'_>, &[Term<'_>])) {
    let collection = index.collection();
    let normal = index.normal(collection.text(phrasing));
    let entry = collection.owner(phrasing);
    let answer = match collection.of(entry).start == phrasing {
        true => index.normal(&collection.entries()[entry as usize].answer),
        false => String::new(),
    };
    work(&Terms::of(&normal), &terms(View::Words, &answer));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::KnowledgeVersion,
        retrieval::{RetrievalConfig, fake::FakeIndex},
    };

    fn index(phrasings: &[&str]) -> LexicalIndex {
        let entries = phrasings.iter().enumerate();
        let entries = entries
            .map(|(at, question)| FakeIndex::entry(&format!("A{at}"), question, "请带上发票。"));
        LexicalIndex::build(
            KnowledgeVersion::new("test"),
            entries.collect(),
            RetrievalConfig::default(),
        )
    }

    fn ranked(index: &LexicalIndex, question: &str) -> Vec<(u32, f32)> {
        let weights = CollectionWeights::of(index);
        let question = Sparse::of_question(&Terms::of(&index.normal(question)).characters);
        let mut ranked: Vec<(u32, f32)> = (0..index.collection().phrasings() as u32)
            .map(|phrasing| {
                let views = weights.views(index, phrasing);
                (phrasing, question.product(&views.characters))
            })
            .filter(|&(_, score)| score > 0.0)
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked
    }

    #[test]
    fn products_are_the_scores_of_the_postings() {
        let phrasings = [
            "空调坏了怎么报修",
            "空调坏了坏了坏了",
            "冰箱坏了怎么报修要多少钱",
            "怎么开发票",
            "空调",
        ];
        let index = index(&phrasings);
        for question in ["空调坏了", "冰箱怎么报修", "发票", "多少钱啊空调"] {
            let normal = index.normal(question);
            let terms = Terms::of(&normal);
            let postings = index.postings().expect("tantivy works");
            let expected = postings.scores_of_characters(&terms.characters);
            let found = ranked(&index, question);
            assert_eq!(found.len(), expected.len(), "{question}");
            for ((phrasing, score), (known, exact)) in found.iter().zip(&expected) {
                assert_eq!(phrasing, known, "{question}");
                assert!((score / exact - 1.0).abs() < 1e-4, "{score} {exact}");
            }
        }
    }

    #[test]
    fn every_term_stands_once_and_in_order() {
        let index = index(&["坏了坏了空调坏了", "空调"]);
        let views = CollectionWeights::of(&index).views(&index, 0);
        for Sparse(numbers) in [views.words, views.characters, views.sounds, views.answer] {
            assert!(numbers.is_sorted_by(|a, b| a.0 < b.0), "{numbers:?}");
            assert!(numbers.iter().all(|(_, number)| *number > 0.0));
        }
        let merged = Sparse::of([(7, 1.0), (3, 1.0), (7, 0.5)].into_iter());
        assert_eq!(merged, Sparse(vec![(3, 1.0), (7, 1.5)]));
    }

    #[test]
    fn answers_are_found_by_the_question_alone() {
        let mut entry = FakeIndex::entry("A1", "空调坏了", "请带上发票。");
        entry.similar_questions = vec!["空调不冷".to_owned()];
        let index = LexicalIndex::build(
            KnowledgeVersion::new("test"),
            vec![entry],
            RetrievalConfig::default(),
        );
        let weights = CollectionWeights::of(&index);
        let answers = [0, 1].map(|phrasing| weights.views(&index, phrasing).answer.0.len());
        assert!(answers[0] > 0 && answers[1] == 0, "{answers:?}");
    }

    #[test]
    fn what_stands_in_every_text_weighs_little_and_nothing_is_no_text() {
        let none = index(&[]);
        assert_eq!(CollectionWeights::of(&none).words.count, 0);
        let index = index(&["空调坏了", "空调漏水", "空调不冷"]);
        let found = ranked(&index, "空调漏水");
        assert_eq!(found[0].0, 1);
        assert!(found[0].1 > 3.0 * found[1].1, "{found:?}");
    }
}
