//! How alike two questions of a collection are.

use std::collections::HashMap;

use crate::{
    embedding::likeness as cosine,
    retrieval::{
        calibration::{Evidence, probability},
        evidence::{CHANCE_LIKENESS, LEAST_COMMON_SYLLABLES},
        fusion::{BOTH, Nearness},
        lexicon::skeleton,
        overlap::{Asked, OverlapBuilder, OverlapIndex},
        recall::Terms,
        verdict::ALIKE_AT_HEART,
        views::{Syllable, Term, likeness, sound},
    },
};

/// All that words can say.
const MOST: Evidence = Evidence {
    words: 1.0,
    characters: 1.0,
    syllables: 1.0,
    sequence: 1.0,
    entry: 1.0,
    answer: 0.0,
};

/// Questions, ready to be compared with each other.
pub(super) struct Pairs {
    questions: Vec<Question>,
    words: OverlapIndex,
    characters: OverlapIndex,
    syllables: OverlapIndex,
    /// Unit vectors, where there are some.
    vectors: Option<Vec<Vec<f32>>>,
}

struct Question {
    words: Asked,
    characters: Asked,
    syllables: Asked,
    sound: Vec<Syllable>,
    /// Names its sound without particles.
    heart: u32,
}

/// One question, measured against all.
pub(super) struct Measured<'a> {
    pairs: &'a Pairs,
    question: usize,
}

impl Pairs {
    /// `forms` are in normal form; `vectors` are unit vectors in the same order.
    pub(super) fn new(forms: &[&str], vectors: Option<Vec<Vec<f32>>>) -> Self {
        let all: Vec<Terms<'_>> = forms.iter().map(|form| Terms::of(form)).collect();
        let (mut words, mut characters, mut syllables) = Default::default();
        for (text, terms) in (0u32..).zip(&all) {
            let add = |view: &mut OverlapBuilder, terms: &[Term<'_>]| {
                view.add(text, terms.iter().cloned());
            };
            add(&mut words, &terms.words);
            add(&mut characters, &terms.characters);
            add(&mut syllables, &terms.syllables);
        }
        let (words, characters, syllables) =
            (words.finish(), characters.finish(), syllables.finish());
        let mut hearts: HashMap<Vec<Syllable>, u32> = HashMap::new();
        let mut questions = Vec::with_capacity(forms.len());
        for (form, terms) in forms.iter().zip(all) {
            let next = hearts.len() as u32;
            questions.push(Question {
                words: words.asked(terms.words.iter().cloned()),
                characters: characters.asked(terms.characters.iter().cloned()),
                syllables: syllables.asked(terms.syllables.iter().cloned()),
                sound: terms.sound,
                heart: *hearts.entry(sound(&skeleton(form))).or_insert(next),
            });
        }
        Self {
            questions,
            words,
            characters,
            syllables,
            vectors,
        }
    }

    /// How many questions there are.
    pub(super) const fn len(&self) -> usize {
        self.questions.len()
    }

    /// Takes up question `one`.
    pub(super) const fn measure(&self, one: usize) -> Measured<'_> {
        Measured {
            pairs: self,
            question: one,
        }
    }
}

impl Measured<'_> {
    /// How likely question `other` means the same, 0 to 1.
    pub(super) fn with(&self, other: usize) -> f32 {
        // Nothing is below 0, so that it is always found.
        self.if_above(other, -1.0).unwrap_or_default()
    }

    /// The same, if it is above `floor`; what cannot be is not looked at closely.
    pub(super) fn if_above(&self, other: usize, floor: f32) -> Option<f32> {
        let pairs = self.pairs;
        let (a, b) = (&pairs.questions[self.question], &pairs.questions[other]);
        if a.heart == b.heart {
            return Some(ALIKE_AT_HEART).filter(|score| *score > floor);
        }
        let vectors = pairs.vectors.as_ref();
        let cosine = vectors.map(|vectors| cosine(&vectors[self.question], &vectors[other]));
        let score = |lexical: f32| match cosine {
            Some(cosine) => {
                // An entry of one phrasing.
                let nearness = Nearness {
                    most: cosine,
                    mean: cosine,
                };
                BOTH.score(lexical, nearness)
            }
            None => probability(lexical),
        };
        if cosine.is_some() && score(MOST.log_odds()) <= floor {
            return None;
        }
        let mut evidence = self.overlap(other);
        if evidence.syllables >= LEAST_COMMON_SYLLABLES {
            evidence.sequence = 1.0;
            if score(evidence.log_odds()) <= floor {
                return None;
            }
            let alike = likeness(&a.sound, &b.sound);
            evidence.sequence = (alike - CHANCE_LIKENESS).max(0.0) / (1.0 - CHANCE_LIKENESS);
        }
        Some(score(evidence.log_odds())).filter(|score| *score > floor)
    }

    /// What is shared, without the order of sounds, which takes longest.
    fn overlap(&self, other: usize) -> Evidence {
        let pairs = self.pairs;
        let asked = &pairs.questions[self.question];
        let common =
            |view: &OverlapIndex, asked: &Asked| view.overlap(asked, other as u32).common();
        let words = common(&pairs.words, &asked.words);
        Evidence {
            words,
            characters: common(&pairs.characters, &asked.characters),
            syllables: common(&pairs.syllables, &asked.syllables),
            sequence: 0.0,
            // A question is an entry of one phrasing, and has no answer to hold words of it.
            entry: words,
            answer: 0.0,
        }
    }
}
