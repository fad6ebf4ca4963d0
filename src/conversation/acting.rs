//! Having the business's systems do what an entry is for, and saying what they reply.
//!
//! They are asked once a request; a reply that comes too late, or to another request, is nothing. Calling them, signing and
//! repeating is the driver's work.

use std::time::Duration;

use super::{
    Output,
    machine::{Conversation, Stage},
    playout::Repeatable,
    replies::Filled,
    slots::Form,
};
use crate::{
    action::{ActionFailure, ActionReply, ActionRequest, Outcome},
    call::{CallEvent, EscalationReason, SpeechSource},
    clock::Moment,
    entry::Action,
    ids::ActionId,
    pii::Pii,
};

/// How long a reply is waited for; the driver tells earlier that none comes.
const LIMIT: Duration = Duration::from_secs(8);

/// A request under way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Acting {
    id: ActionId,
    form: Form,
    since: Moment,
    filler_said: bool,
}

impl Conversation {
    /// Asks the business's systems.
    pub(super) fn request(&mut self, form: Form) {
        let id = self.next_action;
        self.next_action = id.next();
        let request = ActionRequest {
            id,
            action: form.entry.action.clone(),
            entry: form.entry.id.clone(),
            question: Pii::new(form.question.clone()),
            slots: form.collected(),
        };
        self.event(CallEvent::ActionRequested {
            id,
            action: request.action.clone(),
            slots: request.slots.clone(),
        });
        self.output(Output::Act(request));
        self.stage = Stage::Acting(Box::new(Acting {
            id,
            form,
            since: self.now,
            filler_said: false,
        }));
    }

    /// When the caller is told to wait, or no reply is waited for any more.
    pub(super) fn acting_deadline(&self) -> Option<Moment> {
        let Stage::Acting(acting) = &self.stage else {
            return None;
        };
        let given_up = acting.since + LIMIT;
        // Nobody needs to be told to wait while a sentence goes on.
        let waits = !acting.filler_said && self.speaking.is_quiet();
        let filler = acting.since.max(self.quiet_since) + self.settings.timings.filler;
        Some(match waits {
            true => filler.min(given_up),
            false => given_up,
        })
    }

    pub(super) fn acting_overdue(&mut self, now: Moment) {
        let Stage::Acting(acting) = &mut self.stage else {
            return;
        };
        if now >= acting.since + LIMIT {
            let id = acting.id;
            return self.acted(now, id, Err(ActionFailure::Timeout));
        }
        acting.filler_said = true;
        self.say("trouble.filler");
    }

    /// The business's systems replied, or did not.
    pub(super) fn acted(
        &mut self,
        now: Moment,
        id: ActionId,
        result: Result<ActionReply, ActionFailure>,
    ) {
        let Stage::Acting(acting) = &self.stage else {
            return;
        };
        if acting.id != id {
            return;
        }
        let form = acting.form.clone();
        // A wait is shorter than 2^64 ms.
        let took_ms = now.since(acting.since).as_millis() as u64;
        self.stage = Stage::Open;
        self.note_activity(now);
        match result {
            Ok(reply) => {
                let action = &form.entry.action;
                let slots = form.collected();
                let filled = self.settings.prompts.replies().fill(action, &reply, &slots);
                self.event(CallEvent::ActionReplied {
                    id,
                    outcome: reply.outcome,
                    fields: reply.fields,
                    unfilled: filled.unfilled(),
                    took_ms,
                });
                self.replied(form, reply.outcome, filled);
            }
            Err(failure) => {
                self.event(CallEvent::ActionFailed {
                    id,
                    failure,
                    took_ms,
                });
                self.leave_to_staff(&form);
            }
        }
    }

    fn replied(&mut self, mut form: Form, outcome: Outcome, filled: Filled) {
        let action = form.entry.action.clone();
        let asks_nothing = form.collected().is_empty();
        match outcome {
            Outcome::Done => {
                self.policy.answered();
                if matches!(action, Action::Verify(_)) {
                    self.verified = Some(Box::new(form.clone()));
                }
                match (filled, generic_done(&action)) {
                    (Filled::Sentence(text), _) => self.say_reply(action, text),
                    (_, Some(key)) => {
                        self.ask(key, &[]);
                        self.asked_more = true;
                    }
                    // Something was found of which nothing can be said.
                    (_, None) => return self.leave_to_staff(&form),
                }
                self.go_back();
            }
            Outcome::NotFound if asks_nothing => {
                self.say_reply_or(action, filled, "action.nothing_found");
                self.go_back();
            }
            Outcome::NotFound if !form.asked_anew => {
                self.say_reply_or(action, filled, "action.not_found");
                form.start_over(false);
                self.stage = Stage::Filling(Box::new(form));
                self.next_slot();
            }
            Outcome::Refused if matches!(action, Action::Verify(_)) && !form.asked_anew => {
                self.say_reply_or(action, filled, "action.not_verified");
                form.start_over(true);
                self.stage = Stage::Filling(Box::new(form));
                self.next_slot();
            }
            Outcome::Refused if !matches!(action, Action::Verify(_)) => {
                self.say_reply_or(action, filled, "action.refused");
                self.go_back();
            }
            Outcome::NotFound | Outcome::Refused | Outcome::Human => {
                let key = match filled {
                    Filled::Sentence(text) if outcome == Outcome::Human => {
                        self.say_reply(action.clone(), text);
                        "handover.connecting"
                    }
                    _ => "action.human",
                };
                self.note_form(&form);
                self.escalate(EscalationReason::ActionFailed { action }, Some(key));
            }
        }
    }

    /// Nobody's system does it: the staff will.
    fn leave_to_staff(&mut self, form: &Form) {
        self.note_form(form);
        self.ask("action.noted", &[]);
        self.asked_more = true;
        self.go_back();
    }

    fn say_reply_or(&mut self, action: Action, filled: Filled, key: &str) {
        match filled {
            Filled::Sentence(text) => self.say_reply(action, text),
            Filled::NoTemplate | Filled::Unfilled(_) => self.ask(key, &[]),
        }
    }

    fn say_reply(&mut self, action: Action, text: String) {
        self.say_repeatable(Repeatable {
            text,
            source: SpeechSource::Acted { action },
            speed: 1.0,
        });
    }
}

/// What is said of an action that is done, where no more has to be known. What was looked up has to be.
const fn generic_done(action: &Action) -> Option<&'static str> {
    match action {
        Action::Ticket(_) => Some("action.ticket_done"),
        Action::Sms(_) => Some("action.sms_done"),
        Action::Verify(_) => Some("action.verify_done"),
        _ => None,
    }
}
