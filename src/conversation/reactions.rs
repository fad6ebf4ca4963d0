//! What the bot does about what it understood (see `understanding`).
//!
//! Offers are in `choosing`, humans in `escalating`.

use super::{
    Intent,
    machine::{Conversation, Stage},
    playout::Repeatable,
    slots::Fault,
    understanding::Understood,
};
use crate::{
    call::{CallEvent, EndCause, EscalationReason, Party, SpeechSource},
    clock::Moment,
    entry::{Action, Candidate, Context, Entry, Finding, Verdict},
    escalation::EscalationPolicy,
    ids::{EntryId, UtteranceId},
    pii::Pii,
};

/// Slow speech, as a factor on the normal rate.
const SLOW: f32 = 0.75;

impl Conversation {
    /// Acts on anything but a question.
    pub(super) fn react(
        &mut self,
        now: Moment,
        utterance: Option<UtteranceId>,
        understood: Understood,
        text: &str,
    ) {
        match understood {
            Understood::Nothing | Understood::Backchannel | Understood::Question => {}
            Understood::MustEscalate(phrase) => {
                self.asked_in = utterance.unwrap_or(self.asked_in);
                text.clone_into(&mut self.last_question);
                self.escalate(
                    EscalationReason::MustEscalate { phrase },
                    Some("handover.connecting"),
                );
            }
            Understood::Choice(place) => self.choose(place),
            Understood::Slot(reply) => self.slot_reply(reply),
            Understood::Digits(digits) => match self.stage.clone() {
                Stage::Noting { entry, .. } => self.note(entry, text.to_owned()),
                _ => self.callback_digits(now, &digits),
            },
            Understood::Announcement if self.is_handing_over() => {}
            Understood::Announcement => self.say("answer.more"),
            Understood::Control(intent) => {
                self.event(CallEvent::Understood {
                    utterance,
                    intent: intent.name().to_owned(),
                });
                self.control(intent);
            }
        }
    }

    fn control(&mut self, intent: Intent) {
        if self.is_handing_over() {
            // Music is playing and a human is on the way: only leaving changes anything.
            if intent == Intent::Goodbye {
                self.say_goodbye();
            }
            return;
        }
        if let (Stage::Callback(_), Intent::Yes | Intent::No) = (&self.stage, intent) {
            return self.callback_decided(intent == Intent::Yes);
        }
        // The answer to what was asked is on its way.
        let acting = matches!(self.stage, Stage::Acting(_));
        if acting && !matches!(intent, Intent::Human | Intent::Goodbye) {
            return;
        }
        let filling = matches!(self.stage, Stage::Filling(_));
        if filling && self.controls_form(intent) {
            return;
        }
        let asked_more = std::mem::take(&mut self.asked_more);
        match intent {
            Intent::Human => {
                self.escalate(EscalationReason::Requested, Some("handover.connecting"))
            }
            Intent::Robot => self.say("answer.robot"),
            Intent::Repeat => self.repeat(None),
            Intent::Slower => {
                self.speed = SLOW;
                self.repeat(Some("answer.slower"));
            }
            Intent::Louder => self.repeat(Some("answer.louder")),
            Intent::Wait => {
                self.patient = true;
                self.say("answer.waiting");
            }
            Intent::Goodbye => self.say_goodbye(),
            Intent::Thanks => {
                self.asked_more = true;
                self.say("answer.thanks");
            }
            Intent::Hello => self.say("answer.hello"),
            Intent::No if asked_more => self.say_goodbye(),
            Intent::No | Intent::Dissent if matches!(self.stage, Stage::Choosing { .. }) => {
                self.stage = Stage::Open;
                self.abstain();
            }
            Intent::Yes | Intent::Acknowledge if matches!(self.stage, Stage::Choosing { .. }) => {
                self.say("clarify.again");
            }
            // 没有 instead of the details: there are none.
            Intent::No if matches!(self.stage, Stage::Noting { .. }) => {
                self.stage = Stage::Open;
                if !self.go_back() {
                    self.ask_for_more();
                }
            }
            Intent::Dissent if self.was_answered() => self.abstain(),
            Intent::Yes if asked_more => self.say("answer.more"),
            Intent::Yes | Intent::No | Intent::Acknowledge
                if self.was_answered() && self.stage == Stage::Open =>
            {
                self.ask_for_more();
            }
            Intent::Yes | Intent::No | Intent::Acknowledge | Intent::Dissent => {
                self.say("answer.more");
            }
        }
    }

    fn say_goodbye(&mut self) {
        self.say_with("answer.closing", &[], false);
        self.hang_up(Party::Bot, EndCause::Hangup);
    }

    /// 请问还有什么可以帮您？
    pub(super) fn ask_for_more(&mut self) {
        self.asked_more = true;
        self.say("answer.anything_else");
    }

    /// Writes down what the caller told an entry that needs a person's work.
    pub(super) fn note(&mut self, entry: EntryId, text: String) {
        self.stage = Stage::Open;
        self.event(CallEvent::Noted {
            entry,
            text: Pii::new(text),
        });
        self.asked_more = true;
        self.say("answer.noted");
        self.go_back();
    }

    /// Acts on what was found for a question.
    pub(super) fn answer(&mut self, text: &str, finding: Finding) {
        self.asked_more = false;
        if self.is_handing_over() || matches!(self.stage, Stage::Acting(_)) {
            return;
        }
        if !matches!(finding.verdict, Verdict::Abstain { .. }) {
            self.set_callback_aside();
            self.set_form_aside();
        }
        match finding.verdict {
            Verdict::Answer { candidate } => match finding.second {
                Some(second) => self.say_both(candidate, second),
                None => self.say_entry(candidate),
            },
            Verdict::Clarify { candidates } => self.clarify(candidates),
            Verdict::Abstain { .. } => match std::mem::replace(&mut self.stage, Stage::Open) {
                Stage::Noting { entry, .. } => self.note(entry, text.to_owned()),
                Stage::Choosing {
                    offered,
                    again: false,
                } => {
                    self.stage = Stage::Choosing {
                        offered,
                        again: true,
                    };
                    self.say("clarify.again");
                }
                stage @ Stage::Filling(_) => {
                    self.stage = stage;
                    self.slot_missed(Fault::NotUnderstood);
                }
                // The caller went on to something else than being called back; that is settled first.
                stage @ Stage::Callback(_) => {
                    self.stage = stage;
                    self.callback_unclear();
                }
                _ => self.abstain(),
            },
        }
    }

    /// Says the answers to two questions of one utterance. What asks for something comes last, and a human, who can be told
    /// of both, alone.
    fn say_both(&mut self, first: Candidate, second: Candidate) {
        let escalates = |one: &Candidate| EscalationPolicy::of_action(&one.entry.action).is_some();
        let asks = |one: &Candidate| one.entry.action != Action::Answer;
        let (before, last) = match (asks(&first), asks(&second)) {
            (false, _) => ((!escalates(&second)).then_some(first), second),
            (true, false) => ((!escalates(&first)).then_some(second), first),
            (true, true) if escalates(&second) => (None, second),
            (true, true) => (None, first),
        };
        let mut said = Vec::new();
        if let Some(before) = before {
            self.say_answer(&before.entry);
            said = std::mem::take(&mut self.repeatable);
        }
        self.say_entry(last);
        // 再说一遍 means both.
        self.repeatable.splice(..0, said);
    }

    fn say_answer(&mut self, entry: &Entry) {
        self.say_repeatable(Repeatable {
            text: entry.answer.clone(),
            source: SpeechSource::Entry {
                entry: entry.id.clone(),
            },
            speed: 1.0,
        });
    }

    pub(super) fn say_entry(&mut self, candidate: Candidate) {
        self.policy.answered();
        let entry = candidate.entry;
        self.say_answer(&entry);
        self.answered = Some(Context {
            question: Pii::new(self.last_question.clone()),
            entry: entry.clone(),
        });
        self.stage = match &entry.action {
            Action::Answer | Action::Transfer(_) | Action::Escalate(_) => Stage::Open,
            _ if self.begin_form(&entry) => return,
            // Where no system is named for it, what these need is taken down for the staff.
            Action::Lookup(_)
            | Action::Ticket(_)
            | Action::Route(_)
            | Action::Sms(_)
            | Action::Verify(_) => Stage::Noting {
                entry: entry.id.clone(),
                keys: String::new(),
            },
        };
        match EscalationPolicy::of_action(&entry.action) {
            Some(reason) => self.escalate(reason, Some("handover.connecting")),
            None if self.stage == Stage::Open => {
                self.go_back();
            }
            None => {}
        }
    }

    pub(super) fn abstain(&mut self) {
        self.answered = None;
        match self.policy.abstained() {
            Some(reason) => self.escalate(reason, Some("abstain.second")),
            None => {
                self.say("abstain.first");
                self.go_back();
            }
        }
    }
}
