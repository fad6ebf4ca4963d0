//! What words and vectors say about an entry, as one score.
//!
//! A logistic model again (see `calibration`), so that the thresholds of `RetrievalConfig` mean the same whether an encoder is
//! configured or not.

use super::calibration::probability;

/// How near an entry's phrasings are to a question, as cosines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nearness {
    /// The nearest phrasing's.
    pub most: f32,
    /// The mean of all phrasings'.
    pub mean: f32,
}

/// How evidence becomes a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fusion {
    bias: f32,
    /// Of the log-odds by words.
    lexical: f32,
    most: f32,
    mean: f32,
}

/// Fitted by logistic regression (L2) on trades that the encoder was not trained on, by `scripts/train/encoder/fusion.py`. The
/// bundled encoder's: another one has other cosines, and wants its own (see that script).
pub(super) const BOTH: Fusion = Fusion {
    bias: -4.35,
    lexical: 0.22,
    most: 1.33,
    mean: 4.87,
};

/// The same without words, to see what the vectors are worth alone.
pub(super) const DENSE_ALONE: Fusion = Fusion {
    bias: -6.55,
    lexical: 0.0,
    most: 2.25,
    mean: 6.21,
};

impl Fusion {
    /// What vectors add to the log-odds.
    pub(super) fn of_vectors(&self, nearness: Nearness) -> f32 {
        self.most * nearness.most + self.mean * nearness.mean
    }

    /// A vector whose product with a question's is what vectors add, where a phrasing with the vector `nearest` is the nearest of
    /// an entry whose phrasings' mean is `mean`: products are linear.
    pub(super) fn folded(&self, nearest: &[f32], mean: &[f32]) -> Vec<f32> {
        let pairs = nearest.iter().zip(mean);
        pairs
            .map(|(nearest, mean)| self.most * nearest + self.mean * mean)
            .collect()
    }

    /// 0 to 1. `lexical` is the log-odds of the evidence by words.
    pub(super) fn score(&self, lexical: f32, nearness: Nearness) -> f32 {
        let sum = self.bias
            + self.lexical * lexical
            + self.most * nearness.most
            + self.mean * nearness.mean;
        probability(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_evidence_never_lowers_the_score() {
        for fusion in [BOTH, DENSE_ALONE] {
            assert!(
                [fusion.lexical, fusion.most, fusion.mean]
                    .iter()
                    .all(|weight| *weight >= 0.0)
            );
            let far = Nearness::default();
            let near = Nearness {
                most: 1.0,
                mean: 0.8,
            };
            assert!(fusion.score(-3.0, far) < 0.05, "{fusion:?}");
            assert!(fusion.score(3.0, near) > 0.6, "{fusion:?}");
        }
    }
}
