//! The embedded index: exact, in memory, lexical.
//!
//! It knows no meaning beyond its word lists; questions that share no word, character or sound with any phrasing abstain.

use std::collections::HashMap;

use super::{
    KnowledgeIndex, MAX_CHOICES, RetrievalConfig, SearchFuture,
    calibration::Evidence,
    lexicon::skeleton,
    normal_form::normal_form,
    overlap::OverlapIndex,
    verdict::{ALIKE_AT_HEART, IDENTICAL, SOUNDS_ALIKE, judge},
    views::{Term, View, likeness, sound, terms},
};
use crate::{
    entry::{Candidate, Entry, Finding},
    ids::KnowledgeVersion,
};

/// Longer questions are cut: nobody asks in more characters, and recognition loops can produce them.
const LONGEST_QUESTION_CHARACTERS: usize = 200;
/// Below this share of common syllables the order of sounds is not looked at; it takes longest.
const LEAST_COMMON_SYLLABLES: f32 = 0.25;
/// Questions about different things in the same pattern (怎么…) sound this much alike.
const CHANCE_LIKENESS: f32 = 0.6;
/// Overlap alone stays below [`ALIKE_AT_HEART`].
const HIGHEST_BY_OVERLAP: f32 = 0.95;

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

/// An entry with the phrasing that speaks most for it.
#[derive(Clone, Copy)]
struct Match {
    entry: u32,
    phrasing: u32,
    score: f32,
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
            verdict: judge(&self.config, self.ranked(question)),
            version: self.version.clone(),
        }
    }

    /// The entries that share anything with `question`, best first: enough of them for any verdict.
    pub fn ranked(&self, question: &str) -> Vec<Candidate> {
        let mut matches = self.matches(question);
        let by_rank = |a: &Match, b: &Match| {
            let id = |found: &Match| &self.entries[found.entry as usize].id;
            b.score.total_cmp(&a.score).then_with(|| id(a).cmp(id(b)))
        };
        let wanted = MAX_CHOICES + 1;
        if matches.len() > wanted {
            matches.select_nth_unstable_by(wanted, by_rank);
            matches.truncate(wanted);
        }
        matches.sort_by(by_rank);
        matches
            .into_iter()
            .map(|found| Candidate {
                entry: self.entries[found.entry as usize].clone(),
                score: found.score,
                matched: self.phrasings[found.phrasing as usize].text.clone(),
            })
            .collect()
    }

    /// What speaks for the best phrasing of every entry that shares anything with `question`, for tuning.
    pub fn evidence(&self, question: &str) -> Vec<(&Entry, Evidence)> {
        let normal = self.normal_question(question);
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

    fn normal_question(&self, question: &str) -> String {
        let end = question
            .char_indices()
            .nth(LONGEST_QUESTION_CHARACTERS)
            .map_or(question.len(), |(end, _)| end);
        normal_form(&question[..end])
    }

    fn matches(&self, question: &str) -> Vec<Match> {
        let normal = self.normal_question(question);
        let mut best: Vec<Option<Match>> = vec![None; self.entries.len()];
        let mut offer = |phrasing: u32, score: f32| {
            let entry = self.phrasings[phrasing as usize].entry;
            let best = &mut best[entry as usize];
            if best.is_none_or(|best| score > best.score) {
                *best = Some(Match {
                    entry,
                    phrasing,
                    score,
                });
            }
        };
        // What is a phrasing or sounds like one stays above all that only overlap.
        self.each_phrasing(&normal, |phrasing, evidence| {
            offer(phrasing, evidence.score() * HIGHEST_BY_OVERLAP);
        });
        for &phrasing in self
            .alike_at_heart
            .get(&sound(&skeleton(&normal)))
            .into_iter()
            .flatten()
        {
            offer(phrasing, ALIKE_AT_HEART);
        }
        for &phrasing in self.alike.get(&sound(&normal)).into_iter().flatten() {
            offer(phrasing, SOUNDS_ALIKE);
        }
        for &phrasing in self
            .identical
            .get(&without_spaces(&normal))
            .into_iter()
            .flatten()
        {
            offer(phrasing, IDENTICAL);
        }
        best.into_iter().flatten().collect()
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

impl KnowledgeIndex for LexicalIndex {
    fn version(&self) -> &KnowledgeVersion {
        &self.version
    }

    fn search<'a>(&'a self, question: &'a str) -> SearchFuture<'a> {
        // A few milliseconds at most, so it needs no thread of its own.
        Box::pin(std::future::ready(Ok(self.find(question))))
    }
}
