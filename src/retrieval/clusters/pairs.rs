//! How alike two questions of a collection are.

use std::collections::HashMap;

use crate::{
    embedding::likeness as cosine,
    retrieval::{
        calibration::{Evidence, probability},
        fusion::{BOTH, Nearness},
        lexical::{CHANCE_LIKENESS, LEAST_COMMON_SYLLABLES},
        lexicon::skeleton,
        overlap::{Overlap, OverlapIndex},
        verdict::ALIKE_AT_HEART,
        views::{Term, View, likeness, sound, terms},
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
    words: Vec<Term>,
    characters: Vec<Term>,
    syllables: Vec<Term>,
    sound: Vec<String>,
    /// Names its sound without particles.
    heart: u32,
}

/// One question, measured against all.
pub(super) struct Measured<'a> {
    pairs: &'a Pairs,
    question: usize,
    words: Overlap,
    characters: Overlap,
    syllables: Overlap,
}

impl Pairs {
    /// `forms` are in normal form; `vectors` are unit vectors in the same order.
    pub(super) fn new(forms: &[&str], vectors: Option<Vec<Vec<f32>>>) -> Self {
        let mut hearts: HashMap<Vec<String>, u32> = HashMap::new();
        let mut questions = Vec::with_capacity(forms.len());
        for form in forms {
            let next = hearts.len() as u32;
            questions.push(Question {
                words: terms(View::Words, form),
                characters: terms(View::Characters, form),
                syllables: terms(View::Syllables, form),
                sound: sound(form),
                heart: *hearts.entry(sound(&skeleton(form))).or_insert(next),
            });
        }
        let each: Vec<u32> = (0u32..).take(forms.len()).collect();
        let index = |view: fn(&Question) -> &Vec<Term>| {
            let texts: Vec<Vec<Term>> = questions.iter().map(view).cloned().collect();
            OverlapIndex::build(&texts, &each)
        };
        Self {
            words: index(|question| &question.words),
            characters: index(|question| &question.characters),
            syllables: index(|question| &question.syllables),
            vectors,
            questions,
        }
    }

    /// How many questions there are.
    pub(super) const fn len(&self) -> usize {
        self.questions.len()
    }

    /// Takes up question `one`.
    pub(super) fn measure(&self, one: usize) -> Measured<'_> {
        let question = &self.questions[one];
        Measured {
            pairs: self,
            question: one,
            words: self.words.measure(&question.words),
            characters: self.characters.measure(&question.characters),
            syllables: self.syllables.measure(&question.syllables),
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
        let text = other as u32;
        let words = pairs.words.common(&self.words, text);
        Evidence {
            words,
            characters: pairs.characters.common(&self.characters, text),
            syllables: pairs.syllables.common(&self.syllables, text),
            sequence: 0.0,
            // A question is an entry of one phrasing, and has no answer to hold words of it.
            entry: words,
            answer: 0.0,
        }
    }
}
