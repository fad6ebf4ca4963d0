//! Evidence that a question means an entry, and the score that follows from it.
//!
//! The score is a logistic model of the overlaps, so that 0.8 means the same for every question and knowledge base.

/// What speaks for one phrasing of an entry. Every overlap is 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Share of the question's words in the phrasing.
    pub word_recall: f32,
    /// Share of the phrasing's words in the question.
    pub word_precision: f32,
    /// The same by characters.
    pub character_recall: f32,
    /// The same by characters.
    pub character_precision: f32,
    /// The same by syllables.
    pub syllable_recall: f32,
    /// The same by syllables.
    pub syllable_precision: f32,
    /// Share of the question's words in any phrasing of the entry or its category.
    pub entry_recall: f32,
    /// Share of the question's words in the entry's answer.
    pub answer_recall: f32,
}

impl Evidence {
    /// In the order of [`WEIGHTS`].
    pub fn values(&self) -> [f32; 8] {
        [
            self.word_recall,
            self.word_precision,
            self.character_recall,
            self.character_precision,
            self.syllable_recall,
            self.syllable_precision,
            self.entry_recall,
            self.answer_recall,
        ]
    }

    /// 0 to 1, comparable between questions and knowledge bases.
    pub fn score(&self) -> f32 {
        let sum: f32 = self
            .values()
            .iter()
            .zip(WEIGHTS)
            .map(|(value, weight)| value * weight)
            .sum();
        1.0 / (1.0 + (-(BIAS + sum)).exp())
    }
}

const BIAS: f32 = -5.0;
const WEIGHTS: [f32; 8] = [2.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.5, 0.5];
