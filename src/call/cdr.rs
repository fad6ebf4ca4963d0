//! The billing record (话单) of a call, as a view on its events.
//!
//! A pure fold: the same events give the same record, byte for byte when serialised. This module does not store it (see
//! `storage`) and does not price it.

use serde::{Deserialize, Serialize};

use super::{CallEvent, CallRecord, Disposition, EndCause, EscalationReason, Party};
use crate::{
    action::Outcome,
    clock::Moment,
    entry::Verdict,
    ids::{BusinessId, CallId, LineNumber},
    phone_number::CallerNumber,
    pii::Pii,
};

/// What is left of a call when it is over. Fields are written in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cdr {
    /// The call.
    pub call: CallId,
    /// Who owns the line, if the number was known.
    pub business: Option<BusinessId>,
    /// The line, if the number was known.
    pub line: Option<LineNumber>,
    /// The user part that was dialled.
    pub dialled: String,
    /// Who called.
    pub caller: Pii<CallerNumber>,
    /// When the INVITE arrived, in milliseconds after the Unix epoch.
    pub started_ms: i64,
    /// When the answer was confirmed, on the same scale.
    pub answered_ms: Option<i64>,
    /// When the call was over, on the same scale.
    pub ended_ms: i64,
    /// From INVITE to answer or end, in milliseconds.
    pub ring_ms: u64,
    /// With the bot, in milliseconds.
    pub talk_bot_ms: u64,
    /// Waiting for an agent, the brief included, in milliseconds.
    pub ring_agent_ms: u64,
    /// With an agent, in milliseconds.
    pub talk_agent_ms: u64,
    /// From answer to end, every begun second counted.
    pub billable_s: u64,
    /// Who ended it.
    pub ended_by: Party,
    /// Why.
    pub cause: EndCause,
    /// How it ended for the business.
    pub disposition: Disposition,
    /// SIP status of a refusal.
    pub rejected: Option<u16>,
    /// Questions the bot acted on.
    pub turns: u32,
    /// Of these and of choices, how many were answered.
    pub answered: u32,
    /// How many were asked back.
    pub clarified: u32,
    /// How many had no answer.
    pub abstained: u32,
    /// Why a human was needed first.
    pub escalation: Option<EscalationReason>,
    /// The agent who was brought in, or the last who was tried.
    pub agent: Option<String>,
    /// File in the recordings folder.
    pub recording: Option<String>,
    /// Call-ID header.
    pub sip_call_id: String,
}

/// Whose time it is.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Ringing,
    Bot,
    WaitingForAgent,
    Agent,
}

impl Cdr {
    /// The record of `call`; `None` unless `records` begin with the offer and hold the end.
    pub fn from_records(call: CallId, records: &[CallRecord]) -> Option<Self> {
        let mut cdr = Self::begun(call, records.first()?)?;
        let mut phase = Phase::Ringing;
        // In microseconds: rounding every stretch would lose up to a millisecond an event.
        let mut spent_us = [0_u64; 4];
        let mut before = Moment::ORIGIN;
        let mut answered_at = None;
        let mut over = false;
        for record in records {
            spent_us[phase as usize] += record.at.as_micros().saturating_sub(before.as_micros());
            before = record.at;
            cdr.count(&record.event);
            match &record.event {
                CallEvent::Answered { .. } => {
                    answered_at = Some(record.at);
                    phase = Phase::Bot;
                }
                CallEvent::AgentOffered { .. } | CallEvent::Referred { .. } => {
                    phase = Phase::WaitingForAgent;
                }
                CallEvent::Bridged { .. } => phase = Phase::Agent,
                CallEvent::AgentUnavailable { .. } | CallEvent::AgentLeft { .. } => {
                    phase = Phase::Bot;
                }
                CallEvent::Ended {
                    by,
                    cause,
                    disposition,
                } => {
                    cdr.ended_by = *by;
                    cdr.cause = *cause;
                    cdr.disposition = *disposition;
                    over = true;
                    break;
                }
                _ => {}
            }
        }
        cdr.ended_ms = wall(cdr.started_ms, before);
        cdr.answered_ms = answered_at.map(|at| wall(cdr.started_ms, at));
        cdr.billable_s = answered_at.map_or(0, |at| {
            before
                .as_micros()
                .saturating_sub(at.as_micros())
                .div_ceil(1_000_000)
        });
        let spent = |phase: Phase| spent_us[phase as usize] / 1_000;
        cdr.ring_ms = spent(Phase::Ringing);
        cdr.talk_bot_ms = spent(Phase::Bot);
        cdr.ring_agent_ms = spent(Phase::WaitingForAgent);
        cdr.talk_agent_ms = spent(Phase::Agent);
        over.then_some(cdr)
    }

    fn begun(call: CallId, first: &CallRecord) -> Option<Self> {
        let CallEvent::Offered {
            wall_ms,
            dialled,
            line,
            business,
            caller,
            sip_call_id,
            ..
        } = &first.event
        else {
            return None;
        };
        Some(Self {
            call,
            business: business.clone(),
            line: line.clone(),
            dialled: dialled.clone(),
            caller: caller.clone(),
            started_ms: *wall_ms,
            answered_ms: None,
            ended_ms: *wall_ms,
            ring_ms: 0,
            talk_bot_ms: 0,
            ring_agent_ms: 0,
            talk_agent_ms: 0,
            billable_s: 0,
            ended_by: Party::System,
            cause: EndCause::System,
            disposition: Disposition::Abandoned,
            rejected: None,
            turns: 0,
            answered: 0,
            clarified: 0,
            abstained: 0,
            escalation: None,
            agent: None,
            recording: None,
            sip_call_id: sip_call_id.clone(),
        })
    }

    fn count(&mut self, event: &CallEvent) {
        match event {
            CallEvent::Rejected { status, .. } => self.rejected = Some(*status),
            CallEvent::RecordingStarted { file, .. } => self.recording = Some(file.clone()),
            CallEvent::Turn { finding, .. } => {
                self.turns += 1;
                match finding.verdict {
                    Verdict::Answer { .. } => self.answered += 1,
                    Verdict::Clarify { .. } => self.clarified += 1,
                    Verdict::Abstain { .. } => self.abstained += 1,
                }
            }
            CallEvent::Chosen { .. } | CallEvent::Rewritten { .. } => self.answered += 1,
            CallEvent::Generated { sentences, .. } if !sentences.is_empty() => self.answered += 1,
            CallEvent::Escalated { reason } => {
                self.escalation.get_or_insert_with(|| reason.clone());
            }
            CallEvent::AgentOffered { agent, .. } => self.agent = Some(agent.clone()),
            CallEvent::Referred { target, .. } => self.agent = Some(target.clone()),
            _ => {}
        }
    }
}

/// How a call that ends now, for `cause`, ended for the business.
pub fn disposition(records: &[CallRecord], cause: EndCause) -> Disposition {
    let any = |wanted: fn(&CallEvent) -> bool| records.iter().any(|record| wanted(&record.event));
    if cause == EndCause::Rejected || any(|event| matches!(event, CallEvent::Rejected { .. })) {
        return Disposition::Refused;
    }
    if cause == EndCause::Transferred || any(|event| matches!(event, CallEvent::Bridged { .. })) {
        return Disposition::HandedOver;
    }
    if any(|event| matches!(event, CallEvent::CallbackRequested { .. })) {
        return Disposition::CallbackRequested;
    }
    if any(|event| matches!(event, CallEvent::Escalated { .. })) {
        return Disposition::HandoverFailed;
    }
    let helped = any(|event| match event {
        CallEvent::Chosen { .. } | CallEvent::Noted { .. } | CallEvent::Rewritten { .. } => true,
        CallEvent::Generated { sentences, .. } => !sentences.is_empty(),
        CallEvent::ActionReplied { outcome, .. } => *outcome == Outcome::Done,
        CallEvent::Turn { finding, .. } => matches!(finding.verdict, Verdict::Answer { .. }),
        _ => false,
    });
    match helped {
        true => Disposition::Contained,
        false => Disposition::Abandoned,
    }
}

fn wall(started_ms: i64, at: Moment) -> i64 {
    // 292 million years of milliseconds fit in 63 bits.
    started_ms + at.as_millis() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{call::AgentUnavailable, ids::OfferId};
    use uuid::Uuid;

    fn call(events: Vec<(u64, CallEvent)>) -> Vec<CallRecord> {
        let offered = CallEvent::Offered {
            wall_ms: 1_800_000_000_000,
            dialled: "4008001001".to_owned(),
            line: None,
            business: None,
            caller: Pii::new(CallerNumber::default()),
            source: ([127, 0, 0, 1], 5060).into(),
            sip_call_id: "a@b".to_owned(),
        };
        std::iter::once((0, offered))
            .chain(events)
            .enumerate()
            .map(|(seq, (ms, event))| CallRecord {
                seq: seq as u64,
                at: Moment::from_millis(ms),
                event,
            })
            .collect()
    }

    fn ended(records: &[CallRecord], cause: EndCause) -> CallEvent {
        CallEvent::Ended {
            by: Party::Caller,
            cause,
            disposition: disposition(records, cause),
        }
    }

    fn check(mut events: Vec<(u64, CallEvent)>, cause: EndCause, end_ms: u64) -> Cdr {
        let end = ended(&call(events.clone()), cause);
        events.push((end_ms, end));
        Cdr::from_records(CallId(Uuid::nil()), &call(events)).expect("the call is over")
    }

    fn answered() -> CallEvent {
        CallEvent::Answered {
            codec: "PCMA".to_owned(),
        }
    }

    fn offered_agent() -> CallEvent {
        CallEvent::AgentOffered {
            offer: OfferId(1),
            agent: "sip:agent@127.0.0.1".to_owned(),
        }
    }

    #[test]
    fn every_stretch_of_time_is_counted_once() {
        let cdr = check(
            vec![
                (300, answered()),
                (
                    4_000,
                    CallEvent::Escalated {
                        reason: EscalationReason::KeyZero,
                    },
                ),
                (4_001, offered_agent()),
                (9_001, CallEvent::Bridged { offer: OfferId(1) }),
            ],
            EndCause::Hangup,
            20_501,
        );
        assert_eq!(
            (
                cdr.ring_ms,
                cdr.talk_bot_ms,
                cdr.ring_agent_ms,
                cdr.talk_agent_ms
            ),
            (300, 3_701, 5_000, 11_500)
        );
        assert_eq!(cdr.billable_s, 21);
        assert_eq!(cdr.ended_ms - cdr.started_ms, 20_501);
        assert_eq!(cdr.disposition, Disposition::HandedOver);
        assert_eq!(cdr.escalation, Some(EscalationReason::KeyZero));
    }

    #[test]
    fn dispositions() {
        let escalated = || CallEvent::Escalated {
            reason: EscalationReason::Requested,
        };
        let unavailable = || CallEvent::AgentUnavailable {
            offer: OfferId(1),
            cause: AgentUnavailable::Busy,
        };
        let callback = || CallEvent::CallbackRequested {
            number: Pii::new("13800138000".to_owned()),
        };
        for (events, cause, expected) in [
            (vec![], EndCause::Cancelled, Disposition::Abandoned),
            (
                vec![CallEvent::Rejected {
                    status: 404,
                    reason: "unknown number".to_owned(),
                }],
                EndCause::Rejected,
                Disposition::Refused,
            ),
            (vec![answered()], EndCause::Hangup, Disposition::Abandoned),
            (
                vec![answered(), escalated(), offered_agent(), unavailable()],
                EndCause::Hangup,
                Disposition::HandoverFailed,
            ),
            (
                vec![answered(), escalated(), unavailable(), callback()],
                EndCause::Hangup,
                Disposition::CallbackRequested,
            ),
            (
                vec![answered(), escalated()],
                EndCause::Transferred,
                Disposition::HandedOver,
            ),
        ] {
            let records = call(events.into_iter().map(|event| (10, event)).collect());
            assert_eq!(disposition(&records, cause), expected, "{records:?}");
        }
    }

    #[test]
    fn a_call_that_goes_on_has_no_cdr() {
        let id = CallId(Uuid::nil());
        assert_eq!(Cdr::from_records(id, &[]), None);
        assert_eq!(Cdr::from_records(id, &call(vec![(300, answered())])), None);
    }
}
