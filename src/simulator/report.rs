//! What came of scenarios: a report, whose JSON is stable.
//!
//! Does not judge (see `judge`) and does not tell anything while calls run (see `news`).

use serde::Serialize;

/// Verdicts of questions to the knowledge base, whose latency counts.
const FAQ: &[&str] = &["answer", "clarify", "abstain", "chosen"];

/// What came of one thing a caller did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TurnReport {
    /// What was said, or pressed (`[1]`), or done (`(hold)`).
    pub said: String,
    /// What the server recognised.
    pub recognised: Option<String>,
    /// `answer`, `clarify`, `abstain`, `chosen`, `human`, `reprompt`, `backchannel` or an intent.
    pub verdict: Option<String>,
    /// The entry that was said or was nearest.
    pub entry: Option<String>,
    /// Its score, 0 to 1.
    pub score: Option<f64>,
    /// Entries that were offered.
    pub choices: Vec<String>,
    /// Why a human was needed.
    pub human: Option<String>,
    /// Whether the bot was interrupted.
    pub barge_in: bool,
    /// From the last speech sample sent to the first non-silent sample received, at the caller's socket.
    pub voice_to_voice_ms: Option<u64>,
    /// From the last word to the decision, as the server saw it.
    pub decision_ms: Option<u64>,
    /// Where it was not as expected.
    pub failures: Vec<String>,
}

/// What came of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScenarioReport {
    /// Its name.
    pub name: String,
    /// Whether everything was as expected.
    pub passed: bool,
    /// Where it was not, turns included.
    pub failures: Vec<String>,
    /// The server's name for the call.
    pub call: Option<String>,
    /// Call-ID header.
    pub sip_call_id: Option<String>,
    /// SIP status when it was not answered.
    pub status: Option<u16>,
    /// From ACK to the first sound.
    pub greeting_ms: Option<u64>,
    /// What the caller did, in order.
    pub turns: Vec<TurnReport>,
}

/// Latencies of many, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How many were measured.
    pub count: usize,
    /// Half of them are no longer.
    pub median: Option<u64>,
    /// 95 of 100 are no longer.
    pub p95: Option<u64>,
}

impl Latency {
    /// Of these values, by nearest rank.
    pub fn of(values: impl IntoIterator<Item = u64>) -> Self {
        let mut values: Vec<u64> = values.into_iter().collect();
        values.sort_unstable();
        let rank = |percent: usize| {
            let place = (values.len() * percent).div_ceil(100);
            values.get(place.checked_sub(1)?).copied()
        };
        Self {
            count: values.len(),
            median: rank(50),
            p95: rank(95),
        }
    }
}

/// What came of all scenarios.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// How many were as expected.
    pub passed: usize,
    /// How many were not.
    pub failed: usize,
    /// Voice-to-voice latency of spoken questions to the knowledge base.
    pub voice_to_voice_ms: Latency,
    /// From ACK to greeting.
    pub greeting_ms: Latency,
    /// Each of them, in the order in which they were given.
    pub scenarios: Vec<ScenarioReport>,
}

impl Report {
    /// Counts and latencies of these.
    pub fn of(scenarios: Vec<ScenarioReport>) -> Self {
        let passed = scenarios.iter().filter(|scenario| scenario.passed).count();
        let is_faq = |turn: &&TurnReport| {
            let verdict = turn.verdict.as_deref();
            // Keys need no recognition: they would make the others look fast.
            turn.recognised.is_some() && verdict.is_some_and(|verdict| FAQ.contains(&verdict))
        };
        let turns = scenarios.iter().flat_map(|scenario| &scenario.turns);
        Self {
            passed,
            failed: scenarios.len() - passed,
            voice_to_voice_ms: Latency::of(
                turns
                    .filter(is_faq)
                    .filter_map(|turn| turn.voice_to_voice_ms),
            ),
            greeting_ms: Latency::of(scenarios.iter().filter_map(|one| one.greeting_ms)),
            scenarios,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let check = |values: &[u64], median, p95| {
            let latency = Latency::of(values.iter().copied());
            assert_eq!((latency.median, latency.p95), (median, p95), "{values:?}");
        };
        check(&[], None, None);
        check(&[7], Some(7), Some(7));
        check(&[3, 1, 2], Some(2), Some(3));
        let hundred: Vec<u64> = (1..=100).collect();
        check(&hundred, Some(50), Some(95));
    }

    #[test]
    fn the_shape_of_the_report_is_stable() {
        let turn = TurnReport {
            said: "怎么开发票".to_owned(),
            recognised: Some("怎么开发票".to_owned()),
            verdict: Some("answer".to_owned()),
            entry: Some("A026".to_owned()),
            score: Some(0.5),
            voice_to_voice_ms: Some(800),
            decision_ms: Some(400),
            ..TurnReport::default()
        };
        let bye = TurnReport {
            said: "再见".to_owned(),
            verdict: Some("goodbye".to_owned()),
            voice_to_voice_ms: Some(2_000),
            ..TurnReport::default()
        };
        let good = ScenarioReport {
            name: "good".to_owned(),
            passed: true,
            call: Some("0190".to_owned()),
            sip_call_id: Some("a@b".to_owned()),
            greeting_ms: Some(90),
            turns: vec![turn, bye],
            ..ScenarioReport::default()
        };
        let bad = ScenarioReport {
            name: "bad".to_owned(),
            failures: vec!["no".to_owned()],
            status: Some(404),
            ..ScenarioReport::default()
        };
        let report = serde_json::to_value(Report::of(vec![good, bad])).expect("serialises");
        let expected = json!({
            "passed": 1,
            "failed": 1,
            "voice_to_voice_ms": {"count": 1, "median": 800, "p95": 800},
            "greeting_ms": {"count": 1, "median": 90, "p95": 90},
            "scenarios": [
                {
                    "name": "good", "passed": true, "failures": [], "call": "0190", "sip_call_id": "a@b",
                    "status": null, "greeting_ms": 90,
                    "turns": [
                        {
                            "said": "怎么开发票", "recognised": "怎么开发票", "verdict": "answer", "entry": "A026",
                            "score": 0.5, "choices": [], "human": null, "barge_in": false, "voice_to_voice_ms": 800,
                            "decision_ms": 400, "failures": []
                        },
                        {
                            "said": "再见", "recognised": null, "verdict": "goodbye", "entry": null, "score": null,
                            "choices": [], "human": null, "barge_in": false, "voice_to_voice_ms": 2000,
                            "decision_ms": null, "failures": []
                        }
                    ]
                },
                {
                    "name": "bad", "passed": false, "failures": ["no"], "call": null, "sip_call_id": null,
                    "status": 404, "greeting_ms": null, "turns": []
                }
            ]
        });
        assert_eq!(report, expected);
    }
}
