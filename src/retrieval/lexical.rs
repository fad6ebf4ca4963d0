//! The embedded index: exact, in memory, lexical.
//!
//! It knows no meaning beyond its word lists; questions that share no word, character or sound with any phrasing abstain.

use std::{collections::HashMap, sync::Arc};

use super::{
    KnowledgeIndex, MAX_CHOICES, Ranking, RetrievalConfig, SearchFuture,
    calibration::{Evidence, probability},
    lexicon::skeleton,
    normal_form::normal_form,
    overlap::OverlapIndex,
    verdict::{ALIKE_AT_HEART, IDENTICAL, SOUNDS_ALIKE},
    views::{Term, View, likeness, sound, terms},
};
use crate::{
    entry::{Candidate, Entry, Finding},
    ids::KnowledgeVersion,
};

/// Longer questions are cut: nobody asks in more characters, and recognition loops can produce them.
const LONGEST_QUESTION_CHARACTERS: usize = 200;
/// Below this share of common syllables the order of sounds is not looked at; it takes longest.
pub(super) const LEAST_COMMON_SYLLABLES: f32 = 0.25;
/// Questions about different things in the same pattern (怎么…) sound this much alike.
pub(super) const CHANCE_LIKENESS: f32 = 0.6;
/// Overlap alone stays below [`ALIKE_AT_HEART`].
pub(super) const HIGHEST_BY_OVERLAP: f32 = 0.95;

/// One version of a knowledge base, held in memory.
pub struct LexicalIndex {
    version: KnowledgeVersion,
    config: RetrievalConfig,
    entries: Vec<Entry>,
    phrasings: Vec<Phrasing>,
    words: OverlapIndex,
    characters: OverlapIndex,
    syllables: OverlapIndex,
    /// Words of all phrasings of an entry and its category.
    whole: OverlapIndex,
    /// Words of an entry's answer.
    answers: OverlapIndex,
    identical: HashMap<String, Vec<u32>>,
    alike: HashMap<Vec<String>, Vec<u32>>,
    /// By the sound of what is left without particles.
    alike_at_heart: HashMap<Vec<String>, Vec<u32>>,
}

struct Phrasing {
    entry: u32,
    text: String,
    sound: Vec<String>,
}

/// What words say about an entry.
#[derive(Clone, Copy)]
pub(super) struct Match {
    /// The phrasing that speaks most for it.
    pub phrasing: u32,
    /// The log-odds of the evidence; `None` when nothing is shared.
    pub overlap: Option<f32>,
    /// The score of a question that is a phrasing or sounds like one; above all that only overlap.
    pub literal: Option<f32>,
}

impl Match {
    fn score(&self) -> Option<f32> {
        let by_overlap = |overlap| probability(overlap) * HIGHEST_BY_OVERLAP;
        self.literal.or_else(|| self.overlap.map(by_overlap))
    }
}

impl LexicalIndex {
    /// Indexes `entries`. Takes some 10 ms for a thousand.
    pub fn build(version: KnowledgeVersion, entries: Vec<Entry>, config: RetrievalConfig) -> Self {
        let mut phrasings = Vec::new();
        let mut forms = Vec::new();
        for (entry, known) in (0u32..).zip(&entries) {
            for text in std::iter::once(&known.question).chain(&known.similar_questions) {
                let form = normal_form(text);
                phrasings.push(Phrasing {
                    entry,
                    text: text.clone(),
                    sound: sound(&form),
                });
                forms.push(form);
            }
        }
        let group: Vec<u32> = phrasings.iter().map(|phrasing| phrasing.entry).collect();
        let view = |view| {
            let texts: Vec<Vec<Term>> = forms.iter().map(|form| terms(view, form)).collect();
            OverlapIndex::build(&texts, &group)
        };
        let each: Vec<u32> = (0u32..).take(entries.len()).collect();
        let whole: Vec<Vec<Term>> = entries.iter().map(words_of_entry).collect();
        let answers: Vec<Vec<Term>> = entries
            .iter()
            .map(|entry| terms(View::Words, &normal_form(&entry.answer)))
            .collect();
        let mut identical: HashMap<String, Vec<u32>> = HashMap::new();
        let mut alike: HashMap<Vec<String>, Vec<u32>> = HashMap::new();
        let mut alike_at_heart: HashMap<Vec<String>, Vec<u32>> = HashMap::new();
        for ((at, phrasing), form) in (0u32..).zip(&phrasings).zip(&forms) {
            // A phrasing of nothing but punctuation is found by nothing.
            if !phrasing.sound.is_empty() {
                alike_at_heart
                    .entry(sound(&skeleton(form)))
                    .or_default()
                    .push(at);
                let form = without_spaces(form);
                identical.entry(form).or_default().push(at);
                alike.entry(phrasing.sound.clone()).or_default().push(at);
            }
        }
        Self {
            words: view(View::Words),
            characters: view(View::Characters),
            syllables: view(View::Syllables),
            whole: OverlapIndex::build(&whole, &each),
            answers: OverlapIndex::build(&answers, &each),
            identical,
            alike,
            alike_at_heart,
            version,
            config,
            entries,
            phrasings,
        }
    }

    /// The verdict on `question`.
    pub fn find(&self, question: &str) -> Finding {
        Finding {
            verdict: self.verdict(question),
            version: self.version.clone(),
        }
    }

    /// The entries that share anything with `question`, best first: enough of them for any verdict.
    pub fn ranked(&self, question: &str) -> Vec<Candidate> {
        self.rank(question, MAX_CHOICES + 1)
    }

    /// The entries, in the order they were given.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Every phrasing with its entry, in order.
    pub(super) fn phrasings(&self) -> impl Iterator<Item = (u32, &str)> {
        self.phrasings
            .iter()
            .map(|phrasing| (phrasing.entry, phrasing.text.as_str()))
    }

    /// As much of `question` as is looked at.
    pub(super) fn cut(question: &str) -> &str {
        let end = question
            .char_indices()
            .nth(LONGEST_QUESTION_CHARACTERS)
            .map_or(question.len(), |(end, _)| end);
        &question[..end]
    }

    /// `question` in normal form; empty when nothing is left without punctuation and fillers.
    pub(super) fn normal(question: &str) -> String {
        normal_form(Self::cut(question))
    }

    /// The best `most` of phrasings with their scores, one an entry, as candidates.
    pub(super) fn best(
        &self,
        scored: impl Iterator<Item = (u32, f32)>,
        most: usize,
    ) -> Vec<Candidate> {
        let entry = |phrasing: u32| {
            let phrasing = &self.phrasings[phrasing as usize];
            (&self.entries[phrasing.entry as usize], &phrasing.text)
        };
        let by_rank = |&(one, a): &(u32, f32), &(other, b): &(u32, f32)| {
            b.total_cmp(&a)
                .then_with(|| entry(one).0.id.cmp(&entry(other).0.id))
        };
        let mut scored: Vec<(u32, f32)> = scored.collect();
        if scored.len() > most {
            scored.select_nth_unstable_by(most, by_rank);
            scored.truncate(most);
        }
        scored.sort_by(by_rank);
        scored
            .into_iter()
            .map(|(phrasing, score)| {
                let (entry, text) = entry(phrasing);
                Candidate {
                    entry: Arc::new(entry.clone()),
                    score,
                    matched: text.clone(),
                }
            })
            .collect()
    }

    /// What speaks for the best phrasing of every entry that shares anything with `question`, for tuning.
    pub fn evidence(&self, question: &str) -> Vec<(&Entry, Evidence)> {
        let normal = Self::normal(question);
        let mut best: Vec<Option<Evidence>> = vec![None; self.entries.len()];
        self.each_phrasing(&normal, |phrasing, evidence| {
            let entry = self.phrasings[phrasing as usize].entry as usize;
            if best[entry].is_none_or(|best| evidence.score() > best.score()) {
                best[entry] = Some(evidence);
            }
        });
        self.entries
            .iter()
            .zip(best)
            .filter_map(|(entry, best)| best.map(|best| (entry, best)))
            .collect()
    }

    /// What words say about every entry, in their order, on a question in normal form.
    pub(super) fn matches(&self, normal: &str) -> Vec<Match> {
        let mut matches: Vec<Match> = Vec::with_capacity(self.entries.len());
        for (at, phrasing) in (0u32..).zip(&self.phrasings) {
            // An entry has at least its standard question, so this makes one match an entry.
            if phrasing.entry as usize == matches.len() {
                matches.push(Match {
                    phrasing: at,
                    overlap: None,
                    literal: None,
                });
            }
        }
        self.each_phrasing(normal, |phrasing, evidence| {
            let found = &mut matches[self.phrasings[phrasing as usize].entry as usize];
            let log_odds = evidence.log_odds();
            if found.overlap.is_none_or(|best| log_odds > best) {
                found.overlap = Some(log_odds);
                found.phrasing = phrasing;
            }
        });
        // From the least literal to the most.
        let heart = self.alike_at_heart.get(&sound(&skeleton(normal)));
        let alike = self.alike.get(&sound(normal));
        let identical = self.identical.get(&without_spaces(normal));
        for (phrasings, score) in [
            (heart, ALIKE_AT_HEART),
            (alike, SOUNDS_ALIKE),
            (identical, IDENTICAL),
        ] {
            for &phrasing in phrasings.into_iter().flatten() {
                let found = &mut matches[self.phrasings[phrasing as usize].entry as usize];
                if found.literal.is_none_or(|best| score > best) {
                    found.literal = Some(score);
                    found.phrasing = phrasing;
                }
            }
        }
        matches
    }

    /// Gives the evidence for every phrasing that shares a syllable with the question in normal form.
    fn each_phrasing(&self, normal: &str, mut found: impl FnMut(u32, Evidence)) {
        let question_words = terms(View::Words, normal);
        let words = self.words.measure(&question_words);
        let characters = self.characters.measure(&terms(View::Characters, normal));
        let syllables = self.syllables.measure(&terms(View::Syllables, normal));
        let whole = self.whole.measure(&question_words);
        let answers = self.answers.measure(&question_words);
        let heard = sound(normal);
        for (phrasing, known) in (0u32..).zip(&self.phrasings) {
            let words = self.words.common(&words, phrasing);
            let syllables = self.syllables.common(&syllables, phrasing);
            if words == 0.0 && syllables == 0.0 {
                continue;
            }
            let sequence = if syllables < LEAST_COMMON_SYLLABLES {
                0.0
            } else {
                let likeness = likeness(&heard, &known.sound);
                (likeness - CHANCE_LIKENESS).max(0.0) / (1.0 - CHANCE_LIKENESS)
            };
            found(
                phrasing,
                Evidence {
                    words,
                    characters: self.characters.common(&characters, phrasing),
                    syllables,
                    sequence,
                    entry: whole.recall(known.entry),
                    answer: answers.recall(known.entry),
                },
            );
        }
    }
}

fn words_of_entry(entry: &Entry) -> Vec<Term> {
    let mut all = terms(View::Words, &normal_form(&entry.category));
    for text in std::iter::once(&entry.question).chain(&entry.similar_questions) {
        all.extend(terms(View::Words, &normal_form(text)));
    }
    all
}

fn without_spaces(normal: &str) -> String {
    normal.replace(' ', "")
}

impl Ranking for LexicalIndex {
    fn config(&self) -> &RetrievalConfig {
        &self.config
    }

    fn rank(&self, question: &str, most: usize) -> Vec<Candidate> {
        let matches = self.matches(&Self::normal(question)).into_iter();
        let scored = matches.filter_map(|found| Some((found.phrasing, found.score()?)));
        self.best(scored, most)
    }
}

impl KnowledgeIndex for LexicalIndex {
    fn version(&self) -> &KnowledgeVersion {
        &self.version
    }

    fn search<'a>(&'a self, question: &'a str) -> SearchFuture<'a> {
        // A few milliseconds at most, so it needs no thread of its own.
        Box::pin(std::future::ready(Ok(self.find(question))))
    }
}
