//! The embedded index: exact, in memory, lexical.
//!
//! It knows no meaning beyond its word lists; questions that share no word, character or sound with any phrasing abstain. In a
//! small base every entry is measured; in a large one those that full-text search finds (see `recall`).

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use jiff::civil::DateTime;
use rayon::prelude::*;

use super::{
    KnowledgeIndex, MAX_CHOICES, Query, Ranking, RetrievalConfig, SearchFuture,
    calibration::{Evidence, probability},
    lexicon::skeleton,
    normal_form::normal_form,
    overlap::OverlapIndex,
    recall::TextRecall,
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
/// Up to so many entries, all are measured.
const ALL_MEASURED: usize = 400;

/// One version of a knowledge base, held in memory.
pub struct LexicalIndex {
    version: KnowledgeVersion,
    config: RetrievalConfig,
    entries: Vec<Arc<Entry>>,
    /// By entry: its first phrasing; one more at the end.
    firsts: Vec<u32>,
    phrasings: Vec<Phrasing>,
    words: OverlapIndex,
    characters: OverlapIndex,
    syllables: OverlapIndex,
    /// Words of all phrasings of an entry and its category.
    whole: OverlapIndex,
    /// Words of an entry's answer.
    answers: OverlapIndex,
    /// Phrasings by the hash of their form.
    identical: HashMap<u64, Vec<u32>>,
    /// By that of their sound.
    alike: HashMap<u64, Vec<u32>>,
    /// By that of the sound of what is left without particles.
    alike_at_heart: HashMap<u64, Vec<u32>>,
    /// Where not all entries can be measured.
    recall: Option<TextRecall>,
}

struct Phrasing {
    entry: u32,
    text: String,
    /// In normal form.
    form: String,
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
        let mut firsts = Vec::with_capacity(entries.len() + 1);
        for (entry, known) in (0u32..).zip(&entries) {
            firsts.push(phrasings.len() as u32);
            phrasings.extend(known.phrasings().map(|text| (entry, text)));
        }
        firsts.push(phrasings.len() as u32);
        let phrasings: Vec<Phrasing> = phrasings
            .into_par_iter()
            .map(|(entry, text)| {
                let form = normal_form(text);
                Phrasing {
                    entry,
                    text: text.to_owned(),
                    sound: sound(&form),
                    form,
                }
            })
            .collect();
        let group: Vec<u32> = phrasings.iter().map(|phrasing| phrasing.entry).collect();
        let view = |view| {
            let texts = phrasings.par_iter().map(|it| terms(view, &it.form));
            OverlapIndex::build(&texts.collect::<Vec<_>>(), &group)
        };
        let each: Vec<u32> = (0u32..).take(entries.len()).collect();
        let whole: Vec<Vec<Term>> = entries.par_iter().map(words_of_entry).collect();
        let answers = entries.par_iter();
        let answers = answers.map(|entry| terms(View::Words, &normal_form(&entry.answer)));
        let answers: Vec<Vec<Term>> = answers.collect();
        let (mut identical, mut alike) = (HashMap::new(), HashMap::new());
        let mut alike_at_heart = HashMap::new();
        for (at, phrasing) in (0u32..).zip(&phrasings) {
            // A phrasing of nothing but punctuation is found by nothing.
            if !phrasing.sound.is_empty() {
                let put = |map: &mut HashMap<u64, Vec<u32>>, key| {
                    map.entry(key).or_default().push(at);
                };
                put(&mut identical, key(&without_spaces(&phrasing.form)));
                put(&mut alike, key(&phrasing.sound));
                put(&mut alike_at_heart, key(&heart(&phrasing.form)));
            }
        }
        let recall = match entries.len() > ALL_MEASURED {
            true => {
                let forms = phrasings.iter().map(|phrasing| phrasing.form.as_str());
                // All is measured, which takes longer and finds the same.
                let failed = |error| tracing::error!(%error, "no full-text search over a base");
                TextRecall::build(forms).map_err(failed).ok()
            }
            false => None,
        };
        Self {
            words: view(View::Words),
            characters: view(View::Characters),
            syllables: view(View::Syllables),
            whole: OverlapIndex::build(&whole, &each),
            answers: OverlapIndex::build(&answers, &each),
            identical,
            alike,
            alike_at_heart,
            recall,
            version,
            config,
            entries: entries.into_iter().map(Arc::new).collect(),
            firsts,
            phrasings,
        }
    }

    /// The verdict on `question`, whatever the time.
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
    pub(super) fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// Every phrasing with its entry, in order.
    pub(super) fn phrasings(&self) -> impl Iterator<Item = (u32, &str)> {
        self.phrasings
            .iter()
            .map(|phrasing| (phrasing.entry, phrasing.text.as_str()))
    }

    /// By entry: its first phrasing; one more at the end.
    pub(super) fn firsts(&self) -> &[u32] {
        &self.firsts
    }

    /// The entries that a question in normal form may mean by its words, ascending: in a small base all. `None`, too, if
    /// search fails.
    pub(super) fn candidates(&self, normal: &str) -> Option<Vec<u32>> {
        let recall = self.recall.as_ref()?;
        let found = match recall.phrasings(normal) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "full-text search failed; every entry is measured");
                return None;
            }
        };
        let literal = self
            .literal(normal)
            .into_iter()
            .map(|(phrasing, _)| phrasing);
        let phrasings = found.into_iter().chain(literal);
        let entries = phrasings.map(|phrasing| self.phrasings[phrasing as usize].entry);
        let mut entries: Vec<u32> = entries.collect();
        entries.sort_unstable();
        entries.dedup();
        Some(entries)
    }

    /// All entries.
    pub(super) fn everything(&self) -> Vec<u32> {
        (0..self.entries.len() as u32).collect()
    }

    /// Those of `entries` that are true at this local time.
    pub(super) fn in_force(&self, mut entries: Vec<u32>, now: DateTime) -> Vec<u32> {
        entries.retain(|entry| self.entries[*entry as usize].validity.holds(now));
        entries
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
                    entry: entry.clone(),
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
        self.each_phrasing(&normal, &self.everything(), |place, _, evidence| {
            if best[place].is_none_or(|best| evidence.score() > best.score()) {
                best[place] = Some(evidence);
            }
        });
        self.entries
            .iter()
            .zip(best)
            .filter_map(|(entry, best)| best.map(|best| (entry.as_ref(), best)))
            .collect()
    }

    /// What words say about each of `entries` on a question in normal form.
    pub(super) fn matches(&self, normal: &str, entries: &[u32]) -> Vec<Match> {
        let nothing = |entry: &u32| Match {
            phrasing: self.firsts[*entry as usize],
            overlap: None,
            literal: None,
        };
        let mut matches: Vec<Match> = entries.iter().map(nothing).collect();
        self.each_phrasing(normal, entries, |place, phrasing, evidence| {
            let found = &mut matches[place];
            let log_odds = evidence.log_odds();
            if found.overlap.is_none_or(|best| log_odds > best) {
                found.overlap = Some(log_odds);
                found.phrasing = phrasing;
            }
        });
        for (phrasing, score) in self.literal(normal) {
            let entry = self.phrasings[phrasing as usize].entry;
            let Ok(place) = entries.binary_search(&entry) else {
                continue;
            };
            let found = &mut matches[place];
            if found.literal.is_none_or(|best| score > best) {
                found.literal = Some(score);
                found.phrasing = phrasing;
            }
        }
        matches
    }

    /// The phrasings that a question in normal form is, by character or by sound, with their scores; from the least literal
    /// to the most.
    fn literal(&self, normal: &str) -> Vec<(u32, f32)> {
        let (bare, heard, essence) = (without_spaces(normal), sound(normal), heart(normal));
        let at = |phrasing: &u32| &self.phrasings[*phrasing as usize];
        // What has the same hash is looked at.
        let hearts = self
            .alike_at_heart
            .get(&key(&essence))
            .into_iter()
            .flatten();
        let hearts = hearts.filter(|it| heart(&at(it).form) == essence);
        let alike = self.alike.get(&key(&heard)).into_iter().flatten();
        let alike = alike.filter(|it| at(it).sound == heard);
        let identical = self.identical.get(&key(&bare)).into_iter().flatten();
        let identical = identical.filter(|it| without_spaces(&at(it).form) == bare);
        let hearts = hearts.map(|it| (*it, ALIKE_AT_HEART));
        let alike = alike.map(|it| (*it, SOUNDS_ALIKE));
        let identical = identical.map(|it| (*it, IDENTICAL));
        hearts.chain(alike).chain(identical).collect()
    }

    /// Gives the evidence for every phrasing of `entries` that shares a syllable with the question in normal form: the place
    /// among `entries`, the phrasing, the evidence.
    fn each_phrasing(
        &self,
        normal: &str,
        entries: &[u32],
        mut found: impl FnMut(usize, u32, Evidence),
    ) {
        let question_words = terms(View::Words, normal);
        let words = self.words.measure(&question_words);
        let characters = self.characters.measure(&terms(View::Characters, normal));
        let syllables = self.syllables.measure(&terms(View::Syllables, normal));
        let whole = self.whole.measure(&question_words);
        let answers = self.answers.measure(&question_words);
        let heard = sound(normal);
        for (place, &entry) in entries.iter().enumerate() {
            let of_entry = self.firsts[entry as usize]..self.firsts[entry as usize + 1];
            let mut of_whole = None;
            for phrasing in of_entry {
                let words = self.words.common(&words, phrasing);
                let syllables = self.syllables.common(&syllables, phrasing);
                if words == 0.0 && syllables == 0.0 {
                    continue;
                }
                let sequence = if syllables < LEAST_COMMON_SYLLABLES {
                    0.0
                } else {
                    let known = &self.phrasings[phrasing as usize];
                    let likeness = likeness(&heard, &known.sound);
                    (likeness - CHANCE_LIKENESS).max(0.0) / (1.0 - CHANCE_LIKENESS)
                };
                // The same for all phrasings of an entry.
                let (by_entry, by_answer) = *of_whole.get_or_insert_with(|| {
                    (
                        self.whole.recall(&whole, entry),
                        self.answers.recall(&answers, entry),
                    )
                });
                found(
                    place,
                    phrasing,
                    Evidence {
                        words,
                        characters: self.characters.common(&characters, phrasing),
                        syllables,
                        sequence,
                        entry: by_entry,
                        answer: by_answer,
                    },
                );
            }
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

/// The sound of what is left of a form without particles.
fn heart(form: &str) -> Vec<String> {
    sound(&skeleton(form))
}

fn key<T: Hash + ?Sized>(of: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl Ranking for LexicalIndex {
    fn config(&self) -> &RetrievalConfig {
        &self.config
    }

    fn version_asked(&self) -> &KnowledgeVersion {
        &self.version
    }

    fn rank_at(&self, question: &str, now: Option<DateTime>, most: usize) -> Vec<Candidate> {
        let normal = Self::normal(question);
        let entries = self
            .candidates(&normal)
            .unwrap_or_else(|| self.everything());
        let entries = match now {
            Some(now) => self.in_force(entries, now),
            None => entries,
        };
        let matches = self.matches(&normal, &entries).into_iter();
        let scored = matches.filter_map(|found| Some((found.phrasing, found.score()?)));
        self.best(scored, most)
    }
}

impl KnowledgeIndex for LexicalIndex {
    fn version(&self) -> &KnowledgeVersion {
        &self.version
    }

    fn search<'a>(&'a self, query: Query<'a>) -> SearchFuture<'a> {
        // A few milliseconds at most, so it needs no thread of its own.
        Box::pin(std::future::ready(Ok(self.find_at(query))))
    }
}
