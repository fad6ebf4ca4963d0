//! From a score to the probability that the best entry is right: as it is, by a logistic curve, or by steps.

/// A score, and whether the entry that had it was meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// 0 to 1.
    pub score: f64,
    /// Whether the entry was meant.
    pub right: bool,
    /// How much it counts.
    pub weight: f64,
}

/// Kinds of curves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurveKind {
    /// A score is taken for the probability.
    AsIs,
    /// A straight line through the log-odds (Platt 1999, "Probabilistic outputs for support vector machines").
    Logistic,
    /// The best steps that never fall, by pooling adjacent violators (Ayer et al. 1955; Zadrozny and Elkan 2002).
    Isotonic,
}

impl CurveKind {
    /// From the simplest to the richest.
    pub const ALL: [Self; 3] = [Self::AsIs, Self::Logistic, Self::Isotonic];

    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AsIs => "scores as they are",
            Self::Logistic => "logistic",
            Self::Isotonic => "isotonic",
        }
    }
}

/// A fitted curve; never falling.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// See [`CurveKind::AsIs`].
    AsIs,
    /// Log-odds times `slope`, plus `intercept`.
    Logistic {
        /// 0 or above.
        slope: f64,
        /// Of the log-odds.
        intercept: f64,
    },
    /// Scores, ascending, with their probabilities; between two of them on the line that joins them.
    Isotonic(Vec<(f64, f64)>),
}

/// Scores of 0 and 1 have no log-odds.
const NEAREST_TO_SURE: f64 = 1e-3;

/// Newton's method is at its end after a handful of steps.
const STEPS: usize = 50;

impl Curve {
    /// The curve of this kind that fits `samples` best.
    pub fn fit(kind: CurveKind, samples: &[Sample]) -> Self {
        match kind {
            _ if samples.is_empty() => Self::AsIs,
            CurveKind::AsIs => Self::AsIs,
            CurveKind::Logistic => logistic(samples),
            CurveKind::Isotonic => isotonic(samples),
        }
    }

    /// How likely the best entry is right at `score`.
    pub fn probability(&self, score: f64) -> f64 {
        match self {
            Self::AsIs => score.clamp(0.0, 1.0),
            Self::Logistic { slope, intercept } => logistic_of(slope * log_odds(score) + intercept),
            Self::Isotonic(points) => {
                let above = points.partition_point(|(at, _)| *at < score);
                match (above.checked_sub(1).map(|at| points[at]), points.get(above)) {
                    (Some((low, from)), Some(&(high, to))) => {
                        let share = (score - low) / (high - low).max(f64::EPSILON);
                        from + share * (to - from)
                    }
                    (Some((_, last)), None) => last,
                    (None, Some(&(_, first))) => first,
                    (None, None) => score,
                }
            }
        }
    }
}

fn log_odds(score: f64) -> f64 {
    let score = score.clamp(NEAREST_TO_SURE, 1.0 - NEAREST_TO_SURE);
    (score / (1.0 - score)).ln()
}

fn logistic_of(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

fn logistic(samples: &[Sample]) -> Curve {
    let total = |right: bool| -> f64 {
        let these = samples.iter().filter(|sample| sample.right == right);
        these.map(|sample| sample.weight).sum()
    };
    let (rights, wrongs) = (total(true), total(false));
    // Platt's targets: as if one more had been seen of each kind, so that separable samples have a finite curve.
    let (high, low) = ((rights + 1.0) / (rights + 2.0), 1.0 / (wrongs + 2.0));
    let target = |sample: &Sample| if sample.right { high } else { low };
    let loss = |slope: f64, intercept: f64| -> f64 {
        let each = samples.iter().map(|sample| {
            let odds = slope * log_odds(sample.score) + intercept;
            // ln(1 + e^odds) without overflow.
            let softplus = odds.max(0.0) + (-odds.abs()).exp().ln_1p();
            sample.weight * (softplus - target(sample) * odds)
        });
        each.sum()
    };
    let (mut slope, mut intercept) = (1.0, 0.0);
    for _ in 0..STEPS {
        let (mut by_slope, mut by_intercept) = (0.0, 0.0);
        // The matrix of second derivatives, a little raised so that it can always be inverted.
        let (mut ss, mut si, mut ii) = (1e-9, 0.0, 1e-9);
        for sample in samples {
            let odds = log_odds(sample.score);
            let p = logistic_of(slope * odds + intercept);
            let off = sample.weight * (p - target(sample));
            let curvature = sample.weight * p * (1.0 - p);
            by_slope += off * odds;
            by_intercept += off;
            ss += curvature * odds * odds;
            si += curvature * odds;
            ii += curvature;
        }
        let determinant = ss * ii - si * si;
        let step_slope = (ii * by_slope - si * by_intercept) / determinant;
        let step_intercept = (ss * by_intercept - si * by_slope) / determinant;
        if !step_slope.is_finite() || !step_intercept.is_finite() {
            break;
        }
        // Half as far for as long as that makes nothing better.
        let now = loss(slope, intercept);
        let mut share = 1.0;
        while share > 1e-6
            && loss(
                slope - share * step_slope,
                intercept - share * step_intercept,
            ) > now
        {
            share /= 2.0;
        }
        slope -= share * step_slope;
        intercept -= share * step_intercept;
        if (share * step_slope)
            .abs()
            .max((share * step_intercept).abs())
            < 1e-9
        {
            break;
        }
    }
    if slope < 0.0 {
        // Scores that say the opposite of what they should say nothing.
        let all = (rights + 1.0) / (rights + wrongs + 2.0);
        return Curve::Logistic {
            slope: 0.0,
            intercept: log_odds(all),
        };
    }
    Curve::Logistic { slope, intercept }
}

/// Samples that share a probability.
struct Block {
    low: f64,
    high: f64,
    right: f64,
    weight: f64,
}

impl Block {
    fn share(&self) -> f64 {
        self.right / self.weight.max(f64::MIN_POSITIVE)
    }
}

fn isotonic(samples: &[Sample]) -> Curve {
    let mut sorted = samples.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let mut blocks: Vec<Block> = Vec::new();
    for sample in sorted {
        let right = if sample.right { sample.weight } else { 0.0 };
        match blocks.last_mut() {
            // Equal scores are one block from the beginning.
            Some(last) if last.low == last.high && last.low == sample.score => {
                last.right += right;
                last.weight += sample.weight;
            }
            _ => blocks.push(Block {
                low: sample.score,
                high: sample.score,
                right,
                weight: sample.weight,
            }),
        }
    }
    let mut pooled: Vec<Block> = Vec::new();
    for block in blocks {
        pooled.push(block);
        while let [.., before, last] = &pooled[..]
            && before.share() >= last.share()
        {
            // Two were just seen.
            if let (Some(last), Some(before)) = (pooled.pop(), pooled.last_mut()) {
                before.high = last.high;
                before.right += last.right;
                before.weight += last.weight;
            }
        }
    }
    // Nothing seen is ever quite sure: one wrong among so many could still come (Laplace).
    let unsure = 1.0 / (samples.len() as f64 + 2.0);
    let mut points = Vec::with_capacity(pooled.len() * 2);
    for block in pooled {
        let probability = block.share().clamp(unsure, 1.0 - unsure);
        points.push((block.low, probability));
        if block.high > block.low {
            points.push((block.high, probability));
        }
    }
    Curve::Isotonic(points)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(score: f64, right: bool) -> Sample {
        Sample {
            score,
            right,
            weight: 1.0,
        }
    }

    #[test]
    fn steps_pool_what_falls() {
        #[track_caller]
        fn check(samples: &[(f64, bool)], expected: &[(f64, f64)]) {
            let samples: Vec<Sample> = samples.iter().map(|&(s, r)| sample(s, r)).collect();
            let Curve::Isotonic(points) = Curve::fit(CurveKind::Isotonic, &samples) else {
                panic!("steps");
            };
            assert_eq!(points.len(), expected.len(), "{points:?}");
            for (is, wanted) in points.iter().zip(expected) {
                let far = (is.0 - wanted.0).abs() + (is.1 - wanted.1).abs();
                assert!(far < 1e-9, "{points:?}");
            }
        }
        check(
            &[(0.1, false), (0.2, true), (0.3, false), (0.4, true)],
            &[(0.1, 1.0 / 6.0), (0.2, 0.5), (0.3, 0.5), (0.4, 5.0 / 6.0)],
        );
        check(&[(0.5, true), (0.5, false)], &[(0.5, 0.5)]);
        check(&[(0.9, false), (0.2, true)], &[(0.2, 0.5), (0.9, 0.5)]);
    }

    #[test]
    fn the_logistic_curve_finds_what_made_the_samples() {
        // At each score as many are right as log-odds of 2 x - 1 say.
        let samples: Vec<Sample> = (1..20)
            .flat_map(|at| {
                let score = f64::from(at) / 20.0;
                let rights = (1000.0 * logistic_of(2.0 * log_odds(score) - 1.0)).round() as usize;
                (0..1000).map(move |number| sample(score, number < rights))
            })
            .collect();
        let Curve::Logistic { slope, intercept } = Curve::fit(CurveKind::Logistic, &samples) else {
            panic!("logistic");
        };
        assert!((slope - 2.0).abs() < 0.05, "{slope}");
        assert!((intercept + 1.0).abs() < 0.05, "{intercept}");
    }

    #[test]
    fn samples_that_part_cleanly_have_a_finite_curve() {
        let samples = [0.1, 0.2, 0.8, 0.9].map(|score| sample(score, score > 0.5));
        let curve = Curve::fit(CurveKind::Logistic, &samples);
        let (low, high) = (curve.probability(0.0), curve.probability(1.0));
        assert!(
            low > 0.0 && high < 1.0 && low < 0.3 && high > 0.7,
            "{curve:?}"
        );
        let upside_down = [0.1, 0.2, 0.8, 0.9].map(|score| sample(score, score < 0.5));
        let curve = Curve::fit(CurveKind::Logistic, &upside_down);
        assert_eq!(curve.probability(0.1), curve.probability(0.9));
    }

    proptest! {
        #[test]
        fn no_curve_ever_falls(
            samples in prop::collection::vec((0.0..=1.0, any::<bool>(), 0.1..3.0), 0..60),
            scores in prop::collection::vec(0.0..=1.0, 2..20),
        ) {
            let samples: Vec<Sample> = samples
                .into_iter()
                .map(|(score, right, weight)| Sample { score, right, weight })
                .collect();
            let mut scores = scores;
            scores.sort_by(f64::total_cmp);
            for kind in CurveKind::ALL {
                let curve = Curve::fit(kind, &samples);
                let promised: Vec<f64> = scores.iter().map(|at| curve.probability(*at)).collect();
                prop_assert!(promised.iter().all(|p| (0.0..=1.0).contains(p)), "{curve:?}");
                prop_assert!(promised.windows(2).all(|two| two[0] <= two[1] + 1e-12), "{curve:?}");
            }
        }
    }
}
