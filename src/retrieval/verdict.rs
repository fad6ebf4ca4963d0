//! From ranked entries to a verdict.
//!
//! This module does not score (see `calibration`) and does not decide what to say.

use super::{MAX_CHOICES, RetrievalConfig};
use crate::entry::{Candidate, Verdict};

/// The score of a question that is a phrasing, character by character.
pub(super) const IDENTICAL: f32 = 1.0;
/// The score of a question that sounds like a phrasing.
pub(super) const SOUNDS_ALIKE: f32 = 0.97;
/// The score of a question that sounds like a phrasing when both leave their particles out. Overlap alone stays below.
pub(super) const ALIKE_AT_HEART: f32 = 0.96;

/// The least share of the best entry's score that a choice must have.
const LEAST_CHOICE: f32 = 0.3;

/// What scores say: the verdict before anybody looks at the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The best is the answer.
    Answer,
    /// So many of the best are offered.
    Clarify(usize),
    /// None is near enough.
    Abstain,
}

/// The decision on scores, best first, one an entry.
pub(super) fn decide(config: &RetrievalConfig, scores: &[f32]) -> Decision {
    let Some(&best) = scores.first() else {
        return Decision::Abstain;
    };
    let lead = best - scores.get(1).copied().unwrap_or(0.0);
    // What is a phrasing by character or by sound is meant, however near others are, unless they are phrasings just so.
    let literal = best >= ALIKE_AT_HEART && lead > 0.0;
    if literal || (best >= config.answer && lead >= config.margin) {
        return Decision::Answer;
    }
    if best >= config.clarify {
        let floor = best * LEAST_CHOICE;
        let close = scores
            .iter()
            .take(MAX_CHOICES)
            .take_while(|score| **score >= floor)
            .count();
        if close >= 2 {
            return Decision::Clarify(close);
        }
    }
    Decision::Abstain
}

/// The verdict on `ranked` candidates, best first, one an entry.
pub(super) fn judge(config: &RetrievalConfig, mut ranked: Vec<Candidate>) -> Verdict {
    let scores: Vec<f32> = ranked
        .iter()
        .take(MAX_CHOICES)
        .map(|candidate| candidate.score)
        .collect();
    let decision = decide(config, &scores);
    if let Decision::Clarify(close) = decision {
        ranked.truncate(close);
        return Verdict::Clarify { candidates: ranked };
    }
    match ranked.into_iter().next() {
        Some(candidate) if decision == Decision::Answer => Verdict::Answer { candidate },
        nearest => Verdict::Abstain { nearest },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::fake::FakeIndex;

    fn candidates(scores: &[f32]) -> Vec<Candidate> {
        scores
            .iter()
            .enumerate()
            .map(|(at, &score)| Candidate {
                entry: FakeIndex::entry(&format!("A{at}"), "问", "答").into(),
                score,
                matched: "问".to_owned(),
            })
            .collect()
    }

    #[test]
    fn thresholds_part_the_verdicts() {
        let config = RetrievalConfig {
            answer: 0.6,
            margin: 0.1,
            clarify: 0.3,
        };
        #[track_caller]
        fn check(config: &RetrievalConfig, scores: &[f32], expected: &str) {
            let verdict = match judge(config, candidates(scores)) {
                Verdict::Answer { candidate } => format!("answer {}", candidate.entry.id),
                Verdict::Clarify { candidates } => format!("clarify {}", candidates.len()),
                Verdict::Abstain { nearest } => format!("abstain {}", nearest.is_some()),
            };
            assert_eq!(verdict, expected, "{scores:?}");
        }
        check(&config, &[], "abstain false");
        check(&config, &[0.9], "answer A0");
        check(&config, &[0.9, 0.7], "answer A0");
        check(&config, &[0.9, 0.85], "clarify 2");
        check(&config, &[0.9, 0.85, 0.84, 0.83], "clarify 3");
        check(&config, &[1.0, 0.97], "answer A0");
        check(&config, &[0.97, 0.95], "answer A0");
        check(&config, &[1.0, 1.0], "clarify 2");
        check(&config, &[0.97, 0.97], "clarify 2");
        check(&config, &[0.5, 0.35, 0.1], "clarify 2");
        check(&config, &[0.5, 0.1], "abstain true");
        check(&config, &[0.2, 0.2], "abstain true");
    }
}
