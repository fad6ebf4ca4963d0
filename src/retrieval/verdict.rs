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

/// The verdict on `ranked` candidates, best first, one an entry.
pub(super) fn judge(config: &RetrievalConfig, ranked: Vec<Candidate>) -> Verdict {
    let Some(best) = ranked.first() else {
        return Verdict::Abstain { nearest: None };
    };
    let lead = best.score - ranked.get(1).map_or(0.0, |next| next.score);
    // What is a phrasing by character or by sound is meant, however near others are, unless they are phrasings just so.
    let literal = best.score >= ALIKE_AT_HEART && lead > 0.0;
    if literal || (best.score >= config.answer && lead >= config.margin) {
        return Verdict::Answer {
            candidate: best.clone(),
        };
    }
    if best.score >= config.clarify {
        let floor = best.score * LEAST_CHOICE;
        let close = ranked
            .iter()
            .take(MAX_CHOICES)
            .take_while(|candidate| candidate.score >= floor)
            .count();
        if close >= 2 {
            let mut candidates = ranked;
            candidates.truncate(close);
            return Verdict::Clarify { candidates };
        }
    }
    Verdict::Abstain {
        nearest: ranked.into_iter().next(),
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
