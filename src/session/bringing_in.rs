//! Bringing in an agent: what the call's machine does from an escalation to the bridge, and back.

use std::time::Duration;

use super::{
    handover::{Handover, TransferMode},
    machine::SessionMachine,
    output::SessionOutput,
};
use crate::{
    call::{AgentUnavailable, CallEvent, EndCause, EscalationReason, Party},
    clock::Moment,
    conversation,
    ids::OfferId,
    pii::Pii,
};

/// How long an agent may take to hear the brief: one sentence, made and said. One who answers and puts us on hold at once
/// never hears it.
const BRIEF_LIMIT: Duration = Duration::from_secs(30);

impl SessionMachine {
    pub(super) fn escalate(&mut self, now: Moment, reason: &EscalationReason, brief: Pii<String>) {
        let Handover::Idle { next } = self.handover else {
            // An agent is being brought in already; the reason is on record.
            return;
        };
        tracing::debug!(escalation.reason = ?reason, "a human is needed");
        let offer = next;
        let settings = self.settings.as_ref().map(|settings| &settings.handover);
        let Some((settings, agent)) = settings.and_then(|settings| {
            let agent = settings.agent.clone()?;
            Some((settings.clone(), agent))
        }) else {
            self.record(
                now,
                CallEvent::AgentUnavailable {
                    offer,
                    cause: AgentUnavailable::NotConfigured,
                },
            );
            let cause = AgentUnavailable::NotConfigured;
            self.handover = Handover::Idle { next: offer.next() };
            self.converse(now, conversation::Input::AgentUnavailable { cause });
            return;
        };
        match settings.mode {
            TransferMode::Bridge => {
                self.record(
                    now,
                    CallEvent::AgentOffered {
                        offer,
                        agent: agent.clone(),
                    },
                );
                self.handover = Handover::Ringing {
                    offer,
                    brief,
                    until: now + settings.ring_timeout,
                };
                self.outputs.push_back(SessionOutput::CallAgent {
                    offer,
                    target: agent,
                });
                self.outputs.push_back(SessionOutput::PlayMusic { offer });
            }
            TransferMode::Refer => {
                self.record(
                    now,
                    CallEvent::Referred {
                        offer,
                        target: agent.clone(),
                    },
                );
                self.handover = Handover::Referring {
                    offer,
                    until: now + settings.refer_timeout,
                };
                self.outputs.push_back(SessionOutput::Refer {
                    offer,
                    target: agent,
                });
                self.outputs.push_back(SessionOutput::PlayMusic { offer });
            }
        }
    }

    /// Patience with the attempt under way has ended.
    pub(super) fn handover_overdue(&mut self, now: Moment) {
        match self.handover {
            Handover::Ringing { offer, .. } => {
                self.agent_failed(now, offer, AgentUnavailable::NoAnswer);
            }
            // The agent took the call, and that is what the caller waits for: the brief is a courtesy. To hang up on an
            // agent who is there, or to let music play on, would be worse than a talk without it.
            Handover::Briefing { offer, .. } => self.brief_ended(now, offer),
            Handover::Referring { offer, .. } => {
                self.agent_failed(now, offer, AgentUnavailable::TransferFailed);
            }
            Handover::Idle { .. } | Handover::Bridged { .. } => {}
        }
    }

    /// More is known of what the call is about. An agent who hears the brief already learns it from the caller.
    pub(super) fn renew_brief(&mut self, renewed: Pii<String>) {
        if let Handover::Ringing { brief, .. } = &mut self.handover {
            *brief = renewed;
        }
    }

    pub(super) fn agent_answered(&mut self, now: Moment, answered: OfferId) {
        let Handover::Ringing { offer, brief, .. } = &self.handover else {
            return self
                .outputs
                .push_back(SessionOutput::EndAgentLeg { offer: answered });
        };
        if *offer != answered {
            return self
                .outputs
                .push_back(SessionOutput::EndAgentLeg { offer: answered });
        }
        let (offer, brief) = (*offer, brief.clone());
        self.record(
            now,
            CallEvent::AgentAnswered {
                offer,
                brief: brief.clone(),
            },
        );
        self.handover = Handover::Briefing {
            offer,
            until: now + BRIEF_LIMIT,
        };
        self.outputs
            .push_back(SessionOutput::Brief { offer, text: brief });
    }

    pub(super) fn brief_ended(&mut self, now: Moment, offer: OfferId) {
        if !matches!(self.handover, Handover::Briefing { offer: current, .. } if current == offer) {
            return;
        }
        self.outputs
            .push_back(SessionOutput::StopPlayout { all: true });
        self.outputs.push_back(SessionOutput::Bridge { offer });
        self.converse(now, conversation::Input::AgentConnected);
        self.handover = Handover::Bridged { offer };
        self.record(now, CallEvent::Bridged { offer });
        // Said before the bridge or not at all.
        self.outputs
            .push_back(SessionOutput::Listen(conversation::Listening::Question));
    }

    pub(super) fn agent_failed(&mut self, now: Moment, failed: OfferId, cause: AgentUnavailable) {
        if self.handover.offer() != Some(failed) || self.handover.is_bridged() {
            return;
        }
        self.handover = Handover::Idle {
            next: failed.next(),
        };
        self.record(
            now,
            CallEvent::AgentUnavailable {
                offer: failed,
                cause,
            },
        );
        self.outputs
            .push_back(SessionOutput::EndAgentLeg { offer: failed });
        // The notices at the beginning of a call are heard to their end, whatever became of the agent.
        self.outputs.push_back(SessionOutput::StopMusic);
        self.outputs
            .push_back(SessionOutput::StopPlayout { all: false });
        self.converse(now, conversation::Input::AgentUnavailable { cause });
    }

    pub(super) fn agent_gone(&mut self, now: Moment, offer: OfferId) {
        match self.handover {
            Handover::Bridged { offer: bridged } if bridged == offer => {
                self.handover = Handover::Idle { next: offer.next() };
                self.record(now, CallEvent::AgentLeft { offer });
                self.outputs.push_back(SessionOutput::EndAgentLeg { offer });
                self.converse(now, conversation::Input::AgentLeft);
            }
            Handover::Briefing { .. } => self.agent_failed(now, offer, AgentUnavailable::Declined),
            _ => {}
        }
    }

    pub(super) fn refer_progress(&mut self, now: Moment, offer: OfferId, status: u16) {
        if !matches!(self.handover, Handover::Referring { offer: current, .. } if current == offer)
        {
            return;
        }
        match status {
            // RFC 3515 §2.4.5: 1xx is progress, 2xx is success of the referred call.
            100..=199 => {}
            200..=299 => self.finish(now, Party::Agent, EndCause::Transferred),
            _ => self.agent_failed(now, offer, AgentUnavailable::TransferFailed),
        }
    }
}
