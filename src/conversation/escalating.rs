//! Asking for a human, what the human is told, and what follows when one comes, does not come, or leaves.

use super::{
    Output,
    callback::SetAside,
    machine::{Conversation, Stage},
};
use crate::{
    call::{CallEvent, EscalationReason},
    clock::Moment,
    pii::Pii,
};

impl Conversation {
    /// Asks for a human, once. `sentence` is what the caller hears first.
    pub(super) fn escalate(&mut self, reason: EscalationReason, sentence: Option<&str>) {
        if matches!(self.stage, Stage::Waiting | Stage::WithAgent | Stage::Over) {
            return;
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Waiting);
        match stage {
            Stage::Filling(form) if !form.collected().is_empty() => self.note_form(&form),
            _ => {}
        }
        self.form_aside = None;
        self.escalated = Some(reason.clone());
        self.event(CallEvent::Escalated {
            reason: reason.clone(),
        });
        if let Some(key) = sentence {
            self.say(key);
        }
        let brief = Pii::new(self.brief(&reason));
        self.output(Output::Escalate { reason, brief });
    }

    /// Words or voice tell that a human is needed, unless one is already being brought in.
    pub(super) fn sensed(&mut self, cause: String) {
        // A call-back that is being noted is what becomes of a call for which no human could be had.
        if matches!(
            self.stage,
            Stage::Waiting | Stage::WithAgent | Stage::Over | Stage::Callback(_)
        ) {
            return;
        }
        // The answer to what upset them is not what they want to hear now.
        self.stop_playout();
        self.escalate(
            EscalationReason::Sensed { cause },
            Some("handover.connecting"),
        );
    }

    pub(super) fn brief(&self, reason: &EscalationReason) -> String {
        let prompts = &self.settings.prompts;
        let reason = match reason {
            EscalationReason::Requested => prompts.reason("requested", &[]),
            EscalationReason::KeyZero => prompts.reason("key_zero", &[]),
            EscalationReason::RepeatedAbstention => prompts.reason("repeated_abstention", &[]),
            EscalationReason::MustEscalate { phrase } => {
                prompts.reason("must_escalate", &[("phrase", phrase)])
            }
            EscalationReason::EntryAction { .. } => prompts.reason("entry_action", &[]),
            EscalationReason::EngineFailure => prompts.reason("engine_failure", &[]),
            EscalationReason::SlotFailed { .. } => prompts.reason("slot_failed", &[]),
            EscalationReason::ActionFailed { .. } => prompts.reason("action_failed", &[]),
            EscalationReason::Sensed { cause } => prompts.reason("sensed", &[("cause", cause)]),
        };
        let caller = match self.caller.canonical.as_str() {
            "" => prompts.sentence("agent.brief_no_number", &[]).text,
            number => {
                let tail = number.len().saturating_sub(4);
                let tail = self.spelled(number.get(tail..).unwrap_or(number));
                prompts
                    .sentence("agent.brief_number", &[("tail", &tail)])
                    .text
            }
        };
        let question = match self.last_question.as_str() {
            "" => prompts.sentence("agent.brief_no_question", &[]).text,
            asked => {
                prompts
                    .sentence("agent.brief_question", &[("question", asked)])
                    .text
            }
        };
        let values = [
            ("caller", caller.as_str()),
            ("reason", reason.as_str()),
            ("question", question.as_str()),
        ];
        let mut brief = prompts.sentence("agent.brief", &values).text;
        brief.push_str(&self.brief_of_slots());
        brief
    }

    /// The caller talks to a human from here on.
    pub(super) fn agent_connected(&mut self) {
        if matches!(self.stage, Stage::New | Stage::Over) {
            return;
        }
        self.set_hearing_aside();
        self.stage = Stage::WithAgent;
        if !self.speaking.is_quiet() {
            self.speaking.set_paused(false);
            self.output(Output::StopPlayout { all: true });
        }
    }

    pub(super) fn agent_unavailable(&mut self, now: Moment) {
        if self.stage != Stage::Waiting {
            return;
        }
        self.note_activity(now);
        self.committed = None;
        self.say("handover.unavailable");
        self.offer_callback();
    }

    pub(super) fn agent_left(&mut self, now: Moment) {
        match self.stage {
            Stage::WithAgent => {}
            // Left before the legs were joined: nobody was had.
            _ => return self.agent_unavailable(now),
        }
        self.note_activity(now);
        self.stage = Stage::Open;
        self.set_aside = SetAside::Never;
        self.asked_more = true;
        self.say("handover.left");
    }
}
