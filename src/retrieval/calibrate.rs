//! What scores are worth, and from which score on to answer: fitted to questions whose right answer is known.
//!
//! A [`Trial`] is what an index that lacks a question made of it. From many of them, [`Calibration::fit`] learns how likely the
//! best entry is right at a score ([`Curve`]), and picks the thresholds of `RetrievalConfig` that answer most questions right
//! while wrong answers stay as rare as was asked for. Whatever is reported was measured on entries that were not fitted on.
//!
//! This module asks nothing by itself and reads no files (see `cli`).

mod curve;
mod folds;
mod goodness;
mod thresholds;
mod trial;

pub use self::{
    curve::{Curve, CurveKind, Sample},
    goodness::{Bin, Goodness, wilson},
    thresholds::{Counts, Outcome, TradeOff},
    trial::Trial,
};
use self::{folds::folds, thresholds::Chooser};
use super::RetrievalConfig;

/// What is asked of a calibration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// Wrong answers at most, as a share of the questions; of those that an entry answers and of those that none does alike, so
    /// that it holds whatever callers ask more of.
    pub wrong: f64,
    /// How sure that is to be, 0.5 to 1: one-sided.
    pub confidence: f64,
    /// How many of the callers' questions no entry answers, as a share. It weighs the two populations in the curve.
    pub out_of_scope: f64,
    /// Parts for cross-validation.
    pub folds: usize,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            wrong: 0.03,
            confidence: 0.9,
            out_of_scope: 0.2,
            folds: 5,
        }
    }
}

/// Why nothing was fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CalibrateError {
    /// There is too little to part.
    #[error(
        "{groups} entries with questions that can be left out are too few for {folds} parts: give the entries similar questions, or a file of real ones"
    )]
    TooFew {
        /// Entries and questions out of scope.
        groups: usize,
        /// Parts asked for.
        folds: usize,
    },
    /// What is wanted makes no sense.
    #[error("{key} must be {range}, not {value}")]
    Wanted {
        /// Which wish.
        key: &'static str,
        /// What it may be.
        range: &'static str,
        /// What it is.
        value: f64,
    },
}

/// A curve with how well it does on entries that it was not fitted on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// Which curve.
    pub kind: CurveKind,
    /// Held out.
    pub goodness: Goodness,
}

/// What was fitted, and how well it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// What was asked for.
    pub wanted: Wanted,
    /// Every curve that was tried, scores as they are first.
    pub tried: Vec<Tried>,
    /// The curve with the least held-out log loss, fitted on everything.
    pub curve: Curve,
    /// Scores in ten parts: what was promised by the chosen curve, and what came; held out.
    pub reliability: Vec<Bin>,
    /// The thresholds.
    pub thresholds: RetrievalConfig,
    /// What they make of all trials.
    pub outcome: Outcome,
    /// What thresholds chosen without an entry make of that entry's questions, over all entries.
    pub held_out: Outcome,
    /// What the thresholds before make of all trials.
    pub before: Outcome,
    /// Whether the bounds of the held-out outcome are within what was asked for.
    pub holds: bool,
    /// Every threshold for answers, with what comes of it.
    pub trade_off: Vec<TradeOff>,
}

impl Calibration {
    /// Fits `trials`. `before` are the thresholds in use.
    pub fn fit(
        trials: &[Trial],
        before: &RetrievalConfig,
        wanted: Wanted,
    ) -> Result<Self, CalibrateError> {
        wanted.check()?;
        let parts = folds(trials, wanted.folds)?;
        let samples = samples(trials, wanted.out_of_scope);
        let mut tried = Vec::new();
        let mut promised: Option<(f64, CurveKind, Vec<f64>)> = None;
        for kind in CurveKind::ALL {
            let held_out = held_out(kind, &samples, &parts);
            let goodness = Goodness::of(&held_out, &samples);
            tried.push(Tried { kind, goodness });
            // A curve that is no better than the one before is not worth its parameters.
            if promised
                .as_ref()
                .is_none_or(|(least, ..)| goodness.log_loss < *least)
            {
                promised = Some((goodness.log_loss, kind, held_out));
            }
        }
        let (_, kind, promised) =
            promised.unwrap_or_else(|| (f64::INFINITY, CurveKind::AsIs, Vec::new()));
        let chooser = Chooser::new(&wanted);
        let (thresholds, held_out, holds) = chooser.cross_validated(trials, &parts);
        Ok(Self {
            wanted,
            tried,
            curve: Curve::fit(kind, &samples),
            reliability: goodness::bins(&promised, &samples, wanted.confidence),
            trade_off: thresholds::trade_off(trials, &thresholds),
            outcome: Outcome::of(&thresholds, trials),
            before: Outcome::of(before, trials),
            thresholds,
            held_out,
            holds,
        })
    }
}

impl Wanted {
    fn check(&self) -> Result<(), CalibrateError> {
        let wrong = |key, range, value| Err(CalibrateError::Wanted { key, range, value });
        // Not a number is outside every range.
        if !(0.0..=0.5).contains(&self.wrong) {
            return wrong("the wrong-answer rate", "0 to 50 %", self.wrong * 100.0);
        }
        if !(0.5..0.9999).contains(&self.confidence) {
            return wrong("the confidence", "50 to 99.99 %", self.confidence * 100.0);
        }
        if !(0.0..1.0).contains(&self.out_of_scope) {
            let share = self.out_of_scope * 100.0;
            return wrong("the share out of scope", "0 to 99 %", share);
        }
        if !(2..=100).contains(&self.folds) {
            return wrong("the number of parts", "2 to 100", self.folds as f64);
        }
        Ok(())
    }
}

/// Scores of the best entries, weighted so that questions out of scope are the share of all that they are among callers.
fn samples(trials: &[Trial], out_of_scope: f64) -> Vec<Sample> {
    let outside = trials.iter().filter(|trial| !trial.in_scope).count();
    let inside = trials.len() - outside;
    let (of_inside, of_outside) = match (inside, outside) {
        (0, _) | (_, 0) => (1.0, 1.0),
        _ => {
            let all = trials.len() as f64;
            (
                (1.0 - out_of_scope) * all / inside as f64,
                out_of_scope * all / outside as f64,
            )
        }
    };
    trials
        .iter()
        .map(|trial| Sample {
            score: f64::from(trial.scores.first().copied().unwrap_or(0.0)),
            right: trial.rank == Some(0),
            weight: if trial.in_scope {
                of_inside
            } else {
                of_outside
            },
        })
        .collect()
}

/// What a curve of this kind promises each sample when it was fitted without its part.
fn held_out(kind: CurveKind, samples: &[Sample], parts: &[usize]) -> Vec<f64> {
    let last = parts.iter().copied().max().unwrap_or(0);
    let mut promised = vec![0.0; samples.len()];
    for part in 0..=last {
        let others: Vec<Sample> = samples
            .iter()
            .zip(parts)
            .filter(|(_, of)| **of != part)
            .map(|(sample, _)| *sample)
            .collect();
        let curve = Curve::fit(kind, &others);
        for ((sample, of), promised) in samples.iter().zip(parts).zip(&mut promised) {
            if *of == part {
                *promised = curve.probability(sample.score);
            }
        }
    }
    promised
}

#[cfg(test)]
mod tests;
