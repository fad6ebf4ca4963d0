//! Evidence that a question means an entry, and the score that follows from it.
//!
//! The score is a logistic model of the overlaps, so that 0.8 means the same for every question and knowledge base.

/// What speaks for one phrasing of an entry. Everything is 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Words that the question and the phrasing share, as a share of both (their geometric mean).
    pub words: f32,
    /// Shared characters and pairs of them.
    pub characters: f32,
    /// Shared syllables and pairs of them.
    pub syllables: f32,
    /// How alike the two sound in order, counted from 0 where they are hardly more alike than chance.
    pub sequence: f32,
    /// Share of the question's words in any phrasing of the entry or its category.
    pub entry: f32,
    /// Share of the question's words in the entry's answer.
    pub answer: f32,
}

impl Evidence {
    /// In the order of the weights.
    pub fn values(&self) -> [f32; 6] {
        [
            self.words,
            self.characters,
            self.syllables,
            self.sequence,
            self.entry,
            self.answer,
        ]
    }

    /// 0 to 1, comparable between questions and knowledge bases.
    pub fn score(&self) -> f32 {
        probability(self.log_odds())
    }

    /// The score before it is brought between 0 and 1.
    pub fn log_odds(&self) -> f32 {
        let sum: f32 = self
            .values()
            .iter()
            .zip(WEIGHTS)
            .map(|(value, weight)| value * weight)
            .sum();
        BIAS + sum
    }
}

/// The probability that has these log-odds.
pub(super) fn probability(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Fitted by logistic regression (L2) on the three sample businesses: similar questions against an index without them,
/// known questions with recognition errors, and questions out of scope. Fitted on two businesses and half of the latter,
/// and tried on the third and the other half, they answer 37 % of paraphrases right and 3 % wrong, and 1 % of what is out of
/// scope. The odds were then flattened (power 2/3) and shifted, so that 0.5 is where an answer is worth saying and good
/// matches do not crowd below 1.
const BIAS: f32 = -3.35;
const WEIGHTS: [f32; 6] = [2.48, 1.54, 2.07, 2.72, 1.08, 2.3];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_evidence_never_lowers_the_score() {
        let none = Evidence::default();
        let all = Evidence {
            words: 1.0,
            characters: 1.0,
            syllables: 1.0,
            sequence: 1.0,
            entry: 1.0,
            answer: 1.0,
        };
        assert!(none.score() < 0.05);
        assert!(all.score() > 0.99);
        assert!(WEIGHTS.iter().all(|weight| *weight >= 0.0));
    }
}
