//! From what a caller did and a server recorded to the report of a scenario.
//!
//! Pure: cuts the events into the windows of the steps and has each judged (see `judge`).

use std::time::Duration;

use super::{
    agent::AgentReport,
    caller::{Did, Played, Prepared, expects_reply, said},
    judge::{CallFacts, Verdict},
    record::{Record, Seen},
    report::{ScenarioReport, TurnReport},
    scenario::{Expectation, Scenario},
};
use crate::clock::Moment;

/// The server's clock of a call starts when the INVITE reached it, ours when it was sent: its offsets are that much smaller.
const SKEW: Duration = Duration::from_millis(60);

/// What is known after a call.
pub(super) struct Facts {
    /// When the INVITE was sent.
    pub(super) begun: Moment,
    /// Call-ID header.
    pub(super) sip_call_id: String,
    /// What the caller did.
    pub(super) played: Played,
    /// What the server recorded.
    pub(super) record: Record,
    /// What became of the agent's call.
    pub(super) agent: Option<AgentReport>,
    /// Whether the recording can be fetched.
    pub(super) has_recording: bool,
}

impl Facts {
    /// The report.
    pub(super) fn report(self, scenario: &Scenario, steps: &[Prepared]) -> ScenarioReport {
        let mut failures: Vec<String> = self.played.failure.iter().cloned().collect();
        failures.extend(self.record_failures());
        let mut turns = Vec::new();
        for (place, (did, prepared)) in self.played.did.iter().zip(steps).enumerate() {
            let events = match opens_window(prepared) {
                true => self.window(did, place, steps),
                false => &[],
            };
            let turn = turn(prepared, did, &Verdict::of(events));
            let line = prepared.step.line;
            failures.extend(
                turn.failures
                    .iter()
                    .map(|failure| format!("line {line}, {}: {failure}", turn.said)),
            );
            turns.push(turn);
        }
        let greeting_ms = self.played.greeting.map(|after| after.as_millis() as u64);
        let facts = CallFacts {
            events: &self.record.events,
            status: self.played.status,
            has_recording: self.has_recording,
            greeting_ms,
            agent_answered: self.agent.as_ref().is_some_and(|agent| agent.was_answered),
        };
        failures.extend(facts.failures(&scenario.expect));
        ScenarioReport {
            name: scenario.name.clone(),
            passed: failures.is_empty(),
            failures,
            call: self.record.call.clone(),
            sip_call_id: Some(self.sip_call_id),
            status: self.played.status,
            greeting_ms,
            turns,
        }
    }

    fn record_failures(&self) -> Option<String> {
        match (&self.record.error, &self.record.call) {
            (Some(error), _) => Some(format!("the record cannot be read: {error}")),
            (None, None) => Some("the server has no record of the call".to_owned()),
            (None, Some(_)) if !self.record.is_closed() => {
                Some("the server did not close its record of the call".to_owned())
            }
            (None, Some(_)) => None,
        }
    }

    /// The events from a step up to the next that opens a window of its own.
    fn window(&self, did: &Did, place: usize, steps: &[Prepared]) -> &[Seen] {
        let offset = |moment: Moment| Moment::ORIGIN + (moment - SKEW).since(self.begun);
        let from = offset(did.began);
        let next = self
            .played
            .did
            .iter()
            .zip(steps)
            .skip(place + 1)
            .find(|(_, prepared)| opens_window(prepared));
        let events = &self.record.events;
        let start = events.partition_point(|event| event.at < from);
        let end = match next {
            Some((next, _)) => {
                let to = offset(next.began);
                events.partition_point(|event| event.at < to)
            }
            None => events.len(),
        };
        &events[start..end.max(start)]
    }
}

/// Whether what follows a step is its own doing: it asks something, or expects something.
fn opens_window(prepared: &Prepared) -> bool {
    expects_reply(prepared) || prepared.step.expect != Expectation::default()
}

fn turn(prepared: &Prepared, did: &Did, verdict: &Verdict) -> TurnReport {
    let broken_ms = did.broken.map(|after| after.as_millis() as u64);
    let reply_ms = did.reply.map(|reply| reply.as_millis() as u64);
    TurnReport {
        said: said(&prepared.step),
        failures: verdict.failures(&prepared.step.expect, reply_ms, broken_ms),
        recognised: verdict.recognised.clone(),
        verdict: verdict.verdict.clone(),
        entry: verdict.entry.clone(),
        score: verdict.score,
        choices: verdict.choices.clone(),
        human: verdict.human.clone(),
        barge_in: verdict.barge_in,
        voice_to_voice_ms: reply_ms,
        decision_ms: verdict.decision_ms,
    }
}
