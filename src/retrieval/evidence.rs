//! What words, characters and sounds say about an entry, exactly: the second of two stages.

use super::{
    calibration::Evidence,
    collection::Collection,
    overlap::{Asked, OverlapBuilder, OverlapIndex},
    recall::Terms,
    views::{Syllable, Term, likeness},
};

/// Below this share of common syllables the order of sounds is not looked at; it takes longest.
pub(super) const LEAST_COMMON_SYLLABLES: f32 = 0.25;
/// Questions about different things in the same pattern (怎么…) sound this much alike.
pub(super) const CHANCE_LIKENESS: f32 = 0.6;

/// What every phrasing and entry holds.
#[derive(Debug, Default)]
pub(super) struct EvidenceIndex {
    words: OverlapIndex,
    characters: OverlapIndex,
    syllables: OverlapIndex,
    /// Words of all phrasings of an entry and its category.
    whole: OverlapIndex,
    /// Words of an entry's answer.
    answers: OverlapIndex,
    /// Phrasing by phrasing.
    sounds: Vec<Syllable>,
    /// Where each phrasing's sound ends.
    ends: Vec<u32>,
}

/// An [`EvidenceIndex`] that is still told its entries.
#[derive(Default)]
pub(super) struct EvidenceBuilder {
    words: OverlapBuilder,
    characters: OverlapBuilder,
    syllables: OverlapBuilder,
    whole: OverlapBuilder,
    answers: OverlapBuilder,
    sounds: Vec<Syllable>,
    ends: Vec<u32>,
    entries: u32,
}

impl EvidenceBuilder {
    /// Adds the next entry: its phrasings, the words of its category and of its answer.
    pub(super) fn add(
        &mut self,
        phrasings: &[Terms<'_>],
        category: &[Term<'_>],
        answer: &[Term<'_>],
    ) {
        let entry = self.entries;
        self.entries += 1;
        for terms in phrasings {
            self.words.add(entry, terms.words.iter().cloned());
            self.characters.add(entry, terms.characters.iter().cloned());
            self.syllables.add(entry, terms.syllables.iter().cloned());
            self.sounds.extend(&terms.sound);
            self.ends.push(self.sounds.len() as u32);
        }
        let whole = phrasings.iter().flat_map(|terms| &terms.words);
        self.whole.add(entry, category.iter().chain(whole).cloned());
        self.answers.add(entry, answer.iter().cloned());
    }

    pub(super) fn finish(mut self) -> EvidenceIndex {
        self.sounds.shrink_to_fit();
        EvidenceIndex {
            words: self.words.finish(),
            characters: self.characters.finish(),
            syllables: self.syllables.finish(),
            whole: self.whole.finish(),
            answers: self.answers.finish(),
            sounds: self.sounds,
            ends: self.ends,
        }
    }
}

/// A question, weighed in every view.
pub(super) struct Weighed<'a> {
    words: Asked,
    characters: Asked,
    syllables: Asked,
    whole: Asked,
    answers: Asked,
    sound: &'a [Syllable],
}

impl EvidenceIndex {
    /// Weighs a question.
    pub(super) fn weigh<'a>(&self, question: &'a Terms<'_>) -> Weighed<'a> {
        let words = || question.words.iter().cloned();
        Weighed {
            words: self.words.asked(words()),
            characters: self.characters.asked(question.characters.iter().cloned()),
            syllables: self.syllables.asked(question.syllables.iter().cloned()),
            whole: self.whole.asked(words()),
            answers: self.answers.asked(words()),
            sound: &question.sound,
        }
    }

    /// Gives the evidence for every phrasing of `entry` that shares a word or a syllable with the question.
    pub(super) fn of_entry(
        &self,
        question: &Weighed<'_>,
        collection: &Collection,
        entry: u32,
        mut found: impl FnMut(u32, Evidence),
    ) {
        // The same for all phrasings, and needed by those alone that share anything.
        let mut of_entry = None;
        for phrasing in collection.of(entry) {
            let words = self.words.overlap(&question.words, phrasing).common();
            let syllables = self
                .syllables
                .overlap(&question.syllables, phrasing)
                .common();
            if words == 0.0 && syllables == 0.0 {
                continue;
            }
            let sequence = if syllables < LEAST_COMMON_SYLLABLES {
                0.0
            } else {
                let likeness = likeness(question.sound, self.sound(phrasing));
                (likeness - CHANCE_LIKENESS).max(0.0) / (1.0 - CHANCE_LIKENESS)
            };
            let (whole, answer) = *of_entry.get_or_insert_with(|| {
                (
                    self.whole.overlap(&question.whole, entry).recall,
                    self.answers.overlap(&question.answers, entry).recall,
                )
            });
            let characters = self.characters.overlap(&question.characters, phrasing);
            found(
                phrasing,
                Evidence {
                    words,
                    characters: characters.common(),
                    syllables,
                    sequence,
                    entry: whole,
                    answer,
                },
            );
        }
    }

    fn sound(&self, phrasing: u32) -> &[Syllable] {
        let phrasing = phrasing as usize;
        let start = phrasing
            .checked_sub(1)
            .map_or(0, |before| self.ends[before]);
        &self.sounds[start as usize..self.ends[phrasing] as usize]
    }
}
