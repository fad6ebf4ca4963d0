//! The embedded index: exact, in memory, lexical.
//!
//! It knows no meaning beyond its word lists; questions that share no word, character or sound with any phrasing abstain.

use std::collections::HashMap;

use super::{
    KnowledgeIndex, MAX_CHOICES, RetrievalConfig, SearchFuture,
    calibration::Evidence,
    normal_form::normal_form,
    overlap::OverlapIndex,
    verdict::judge,
    views::{Term, View, sound, terms},
};
use crate::{
    entry::{Candidate, Entry, Finding},
    ids::KnowledgeVersion,
};

/// Longer questions are cut: nobody asks in more characters, and recognition loops can produce them.
const LONGEST_QUESTION_CHARACTERS: usize = 200;
/// The score of a question that is a phrasing, character by character.
const IDENTICAL: f32 = 1.0;
/// The score of a question that sounds like a phrasing.
const SOUNDS_ALIKE: f32 = 0.97;

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
    alike: HashMap<String, Vec<u32>>,
}

struct Phrasing {
    entry: u32,
    text: String,
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
                forms.push(normal_form(text));
                phrasings.push(Phrasing {
                    entry,
                    text: text.clone(),
                });
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
        let by_key = |key: &dyn Fn(&str) -> String| {
            let mut found: HashMap<String, Vec<u32>> = HashMap::new();
            for (phrasing, form) in (0u32..).zip(&forms) {
                found.entry(key(form)).or_default().push(phrasing);
            }
            found.remove("");
            found
        };
        Self {
            words: view(View::Words),
            characters: view(View::Characters),
            syllables: view(View::Syllables),
            whole: OverlapIndex::build(&whole, &each),
            answers: OverlapIndex::build(&answers, &each),
            identical: by_key(&without_spaces),
            alike: by_key(&sound),
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
            offer(phrasing, evidence.score().min(0.95));
        });
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
        for (phrasing, known) in (0u32..).zip(&self.phrasings) {
            let word_recall = words.recall(phrasing);
            let syllable_recall = syllables.recall(phrasing);
            if word_recall == 0.0 && syllable_recall == 0.0 {
                continue;
            }
            found(
                phrasing,
                Evidence {
                    word_recall,
                    word_precision: self.words.precision(&words, phrasing),
                    character_recall: characters.recall(phrasing),
                    character_precision: self.characters.precision(&characters, phrasing),
                    syllable_recall,
                    syllable_precision: self.syllables.precision(&syllables, phrasing),
                    entry_recall: whole.recall(known.entry),
                    answer_recall: answers.recall(known.entry),
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
