//! Picking thresholds: as many right answers as possible, while wrong ones stay as rare as was asked for.

use super::{Trial, Wanted, wilson};
use crate::retrieval::{
    RetrievalConfig,
    verdict::{Decision, decide},
};

/// Thresholds are tried in steps of this.
const STEP: f32 = 0.01;
/// Thresholds for answers, in steps: 0.2 to 0.95, where a score by overlap ends.
const ANSWERS: std::ops::RangeInclusive<u8> = 20..=95;
/// Margins, in steps.
const MARGINS: std::ops::RangeInclusive<u8> = 0..=50;
/// The least score that is worth offering, in steps.
const LEAST_CLARIFY: u8 = 5;

/// Shares of the wanted rate that are tried on the way to one that holds on what was not chosen on.
const TIGHTER: [f64; 5] = [1.0, 0.75, 0.5, 0.25, 0.0];

/// What became of the trials of one population.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub asked: usize,
    /// Answered with the right entry.
    pub right: usize,
    /// Answered with another.
    pub wrong: usize,
    /// Offered the right entry among others.
    pub offered_right: usize,
    /// Offered others only.
    pub offered_wrong: usize,
    /// Not answered.
    pub abstained: usize,
}

impl Counts {
    /// `part` of all, 0 to 1.
    pub fn share(&self, part: usize) -> f64 {
        part as f64 / self.asked.max(1) as f64
    }

    /// The share of wrong answers that is not passed with this confidence (Wilson).
    pub fn wrong_at_most(&self, confidence: f64) -> f64 {
        wilson(self.share(self.wrong), self.asked as f64, confidence).1
    }

    fn add(&mut self, config: &RetrievalConfig, trial: &Trial) {
        self.asked += 1;
        let counted = match decide(config, &trial.scores) {
            Decision::Answer if trial.rank == Some(0) => &mut self.right,
            Decision::Answer => &mut self.wrong,
            Decision::Clarify(offered) if trial.rank.is_some_and(|rank| rank < offered) => {
                &mut self.offered_right
            }
            Decision::Clarify(_) => &mut self.offered_wrong,
            Decision::Abstain => &mut self.abstained,
        };
        *counted += 1;
    }

    fn and(self, other: Self) -> Self {
        Self {
            asked: self.asked + other.asked,
            right: self.right + other.right,
            wrong: self.wrong + other.wrong,
            offered_right: self.offered_right + other.offered_right,
            offered_wrong: self.offered_wrong + other.offered_wrong,
            abstained: self.abstained + other.abstained,
        }
    }
}

/// What became of trials, population by population.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Questions that an entry answers.
    pub own: Counts,
    /// Questions that none does.
    pub out_of_scope: Counts,
}

impl Outcome {
    /// What these thresholds make of `trials`.
    pub fn of<'a>(
        thresholds: &RetrievalConfig,
        trials: impl IntoIterator<Item = &'a Trial>,
    ) -> Self {
        let mut outcome = Self::default();
        for trial in trials {
            let counts = match trial.in_scope {
                true => &mut outcome.own,
                false => &mut outcome.out_of_scope,
            };
            counts.add(thresholds, trial);
        }
        outcome
    }

    /// Both populations.
    pub fn each(&self) -> [&Counts; 2] {
        [&self.own, &self.out_of_scope]
    }

    fn and(self, other: Self) -> Self {
        Self {
            own: self.own.and(other.own),
            out_of_scope: self.out_of_scope.and(other.out_of_scope),
        }
    }
}

/// What comes of one threshold for answers, the margin being as chosen. Shares are of the questions that an entry answers and
/// of those that none does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TradeOff {
    /// From this score on is answered.
    pub answer: f32,
    /// What comes of it.
    pub outcome: Outcome,
}

/// Every threshold, with the margin of `chosen`.
pub(super) fn trade_off(trials: &[Trial], chosen: &RetrievalConfig) -> Vec<TradeOff> {
    ANSWERS
        .map(|step| {
            let answer = f32::from(step) * STEP;
            let thresholds = RetrievalConfig {
                answer,
                clarify: chosen.clarify.min(answer),
                ..*chosen
            };
            TradeOff {
                answer,
                outcome: Outcome::of(&thresholds, trials),
            }
        })
        .collect()
}

/// Chooses thresholds.
pub(super) struct Chooser {
    wrong: f64,
    confidence: f64,
    /// The share of questions out of scope.
    out_of_scope: f64,
}

/// How wrong answers are kept rare.
#[derive(Clone, Copy, PartialEq)]
enum Limit {
    /// Their bound is at most this share.
    Bound(f64),
    /// So many were seen at most, as a share: for few trials, of which no bound is low.
    Seen(f64),
}

impl Chooser {
    pub(super) const fn new(wanted: &Wanted) -> Self {
        Self {
            wrong: wanted.wrong,
            confidence: wanted.confidence,
            out_of_scope: wanted.out_of_scope,
        }
    }

    /// Thresholds from all trials, what thresholds from the other parts make of each part, and whether the bounds of that are as
    /// wanted. The limit is tightened until they are.
    pub(super) fn cross_validated(
        &self,
        trials: &[Trial],
        parts: &[usize],
    ) -> (RetrievalConfig, Outcome, bool) {
        let mut found = None;
        for share in TIGHTER {
            for limit in [
                Limit::Bound(self.wrong * share),
                Limit::Seen(self.wrong * share),
            ] {
                let Some(chosen) = self.choose(trials.iter(), limit) else {
                    continue;
                };
                let held_out = self.held_out(trials, parts, limit);
                let holds = self.holds(&held_out);
                if holds {
                    return (chosen, held_out, true);
                }
                found = Some((chosen, held_out));
            }
        }
        let (chosen, held_out) = found.unwrap_or_else(|| {
            // Even what is a phrasing by sound is too often wrong: nothing else is answered then.
            let strictest = self.strictest();
            (strictest, Outcome::of(&strictest, trials))
        });
        (chosen, held_out, false)
    }

    fn strictest(&self) -> RetrievalConfig {
        RetrievalConfig {
            answer: f32::from(*ANSWERS.end()) * STEP,
            margin: f32::from(*MARGINS.end()) * STEP,
            clarify: f32::from(*ANSWERS.end()) * STEP,
        }
    }

    fn held_out(&self, trials: &[Trial], parts: &[usize], limit: Limit) -> Outcome {
        let last = parts.iter().copied().max().unwrap_or(0);
        let mut outcome = Outcome::default();
        for part in 0..=last {
            let of = |inside: bool| {
                let each = trials.iter().zip(parts);
                each.filter(move |(_, of)| (**of == part) == inside)
                    .map(|(trial, _)| trial)
            };
            let chosen = self
                .choose(of(false), limit)
                .unwrap_or_else(|| self.strictest());
            outcome = outcome.and(Outcome::of(&chosen, of(true)));
        }
        outcome
    }

    fn holds(&self, outcome: &Outcome) -> bool {
        let asked = outcome.each().into_iter().filter(|counts| counts.asked > 0);
        asked
            .into_iter()
            .all(|counts| counts.wrong_at_most(self.confidence) <= self.wrong)
    }

    fn is_within(&self, counts: &Counts, limit: Limit) -> bool {
        counts.asked == 0
            || match limit {
                Limit::Bound(most) => counts.wrong_at_most(self.confidence) <= most,
                Limit::Seen(most) => counts.share(counts.wrong) <= most,
            }
    }

    /// The thresholds that answer most right within the limit. Of equals those with fewer wrong answers, then the stricter.
    fn choose<'a>(
        &self,
        trials: impl Iterator<Item = &'a Trial>,
        limit: Limit,
    ) -> Option<RetrievalConfig> {
        let trials: Vec<&Trial> = trials.collect();
        let mut best: Option<((usize, std::cmp::Reverse<usize>), RetrievalConfig)> = None;
        for answer in ANSWERS {
            for margin in MARGINS {
                let answer = f32::from(answer) * STEP;
                let thresholds = RetrievalConfig {
                    answer,
                    margin: f32::from(margin) * STEP,
                    // Nothing is offered while answers are chosen.
                    clarify: f32::INFINITY,
                };
                let outcome = Outcome::of(&thresholds, trials.iter().copied());
                if !outcome
                    .each()
                    .into_iter()
                    .all(|counts| self.is_within(counts, limit))
                {
                    continue;
                }
                let wrong = outcome.own.wrong + outcome.out_of_scope.wrong;
                let worth = (outcome.own.right, std::cmp::Reverse(wrong));
                if best.as_ref().is_none_or(|(most, _)| worth >= *most) {
                    best = Some((worth, thresholds));
                }
            }
        }
        let (_, chosen) = best?;
        Some(RetrievalConfig {
            clarify: self.clarify(&trials, &chosen),
            ..chosen
        })
    }

    /// From which score on an offer more often holds the right entry than not, weighted as callers ask.
    fn clarify(&self, trials: &[&Trial], chosen: &RetrievalConfig) -> f32 {
        let mut best = (f64::NEG_INFINITY, chosen.answer);
        let most = (chosen.answer / STEP).round() as u8;
        for step in LEAST_CLARIFY.min(most)..=most {
            let clarify = f32::from(step) * STEP;
            let thresholds = RetrievalConfig { clarify, ..*chosen };
            let outcome = Outcome::of(&thresholds, trials.iter().copied());
            let gain = |counts: &Counts| {
                counts.share(counts.offered_right) - counts.share(counts.offered_wrong)
            };
            let gain = (1.0 - self.out_of_scope) * gain(&outcome.own)
                + self.out_of_scope * gain(&outcome.out_of_scope);
            if gain >= best.0 {
                best = (gain, clarify);
            }
        }
        best.1.min(chosen.answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(in_scope: bool, scores: &[f32], rank: Option<usize>) -> Trial {
        Trial {
            group: String::new(),
            in_scope,
            scores: scores.to_vec(),
            rank,
        }
    }

    fn chooser(wrong: f64) -> Chooser {
        Chooser::new(&Wanted {
            wrong,
            ..Wanted::default()
        })
    }

    #[test]
    fn every_trial_is_counted_once() {
        let thresholds = RetrievalConfig {
            answer: 0.6,
            clarify: 0.3,
            margin: 0.1,
        };
        let trials = [
            trial(true, &[0.9, 0.2], Some(0)),
            trial(true, &[0.9, 0.2], Some(1)),
            trial(true, &[0.5, 0.4, 0.1], Some(1)),
            trial(true, &[0.5, 0.4, 0.1], Some(2)),
            trial(true, &[0.2, 0.1], Some(0)),
            trial(false, &[0.8], None),
            trial(false, &[], None),
        ];
        let outcome = Outcome::of(&thresholds, &trials);
        let own = Counts {
            asked: 5,
            right: 1,
            wrong: 1,
            offered_right: 1,
            offered_wrong: 1,
            abstained: 1,
        };
        let out_of_scope = Counts {
            asked: 2,
            wrong: 1,
            abstained: 1,
            ..Counts::default()
        };
        assert_eq!(outcome, Outcome { own, out_of_scope });
    }

    /// Right above 0.6, wrong below, and what is out of scope scores up to 0.4.
    fn clean() -> Vec<Trial> {
        let own = (1..=100u8).map(|at| {
            let score = f32::from(at) / 108.0;
            let rank = if score > 0.6 { 0 } else { 1 };
            trial(true, &[score, score / 2.0], Some(rank))
        });
        let outside = (0..100u8).map(|at| trial(false, &[f32::from(at) / 250.0], None));
        own.chain(outside).collect()
    }

    #[test]
    fn as_much_is_answered_as_may_be_wrong() {
        let trials = clean();
        let choose = |wrong: f64| chooser(wrong).choose(trials.iter(), Limit::Seen(wrong));
        let none = choose(0.0).expect("possible");
        let outcome = Outcome::of(&none, &trials);
        assert_eq!((outcome.own.wrong, outcome.own.right), (0, 36));
        assert!(none.clarify < none.answer, "{none:?}");
        // Nothing more can be answered right, so nothing more is answered.
        assert_eq!(choose(0.1), Some(none));
        // Of 100 questions nothing is certain to 1 %.
        assert_eq!(
            chooser(0.01).choose(trials.iter(), Limit::Bound(0.01)),
            None
        );
    }

    #[test]
    fn what_is_always_wrong_is_never_answered() {
        let trials: Vec<Trial> = (0..50u8)
            .map(|at| trial(true, &[0.5 + f32::from(at) / 120.0], None))
            .collect();
        let parts: Vec<usize> = (0..50).map(|at| at % 5).collect();
        let (chosen, held_out, holds) = chooser(0.03).cross_validated(&trials, &parts);
        assert_eq!(held_out.own.wrong, 0);
        assert_eq!(Outcome::of(&chosen, &trials).own.wrong, 0);
        // Fifty questions cannot show 3 %.
        assert!(!holds);
    }

    #[test]
    fn a_lower_threshold_answers_no_less() {
        let trials = clean();
        let points = trade_off(&trials, &RetrievalConfig::default());
        assert_eq!(points.len(), 76);
        for two in points.windows(2) {
            let answered = |point: &TradeOff| point.outcome.own.right + point.outcome.own.wrong;
            assert!(two[0].answer < two[1].answer);
            assert!(answered(&two[0]) >= answered(&two[1]));
        }
    }
}
