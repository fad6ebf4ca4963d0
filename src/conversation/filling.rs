//! Asking the caller for what an action needs, slot by slot.
//!
//! What an answer means and whether it holds is told by `slots`; here it is decided what is said next and when a human is
//! needed: after two tries in vain. What is done with a full form stands in `acting`.

use jiff::{SignedDuration, civil::DateTime};

use super::{
    Intent,
    machine::{Conversation, Stage},
    slots::{Corrected, Ears, Fault, Form, Reply, Step, Taken, is_number},
};
use crate::{
    action::SlotKind,
    call::{CallEvent, EscalationReason},
    clock::Moment,
    entry::Entry,
    pii::Pii,
};

/// How many digits of a number an agent is told.
const TAIL: usize = 4;

impl Conversation {
    /// The local time of the business.
    pub(super) fn local(&self) -> DateTime {
        let passed = self.now.since(Moment::ORIGIN);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::ZERO);
        self.began.saturating_add(passed)
    }

    pub(super) fn ears(&self) -> Ears<'_> {
        Ears {
            vocabulary: self.settings.prompts.vocabulary(),
            now: self.local(),
        }
    }

    /// Begins to collect what an entry's action needs; whether its business says what that is.
    pub(super) fn begin_form(&mut self, entry: &std::sync::Arc<Entry>) -> bool {
        let Some(plan) = self.settings.plans.of(&entry.action) else {
            return false;
        };
        let plan = std::sync::Arc::new(plan.clone());
        let form = Form::new(entry.clone(), plan, &self.last_question, self.ears());
        self.collected.clear();
        match self
            .verified
            .take_if(|before| before.entry.action == entry.action)
        {
            // Who was verified in this call is not asked again; what they want now may be another thing.
            Some(mut before) => {
                before.entry = entry.clone();
                before.question.clone_from(&self.last_question);
                self.request(*before);
            }
            None => {
                self.stage = Stage::Filling(Box::new(form));
                self.next_slot();
            }
        }
        true
    }

    fn form(&mut self) -> Option<&mut Form> {
        match &mut self.stage {
            Stage::Filling(form) => Some(form),
            _ => None,
        }
    }

    /// Asks for the next open slot, or has done what the form is for.
    pub(super) fn next_slot(&mut self) {
        let caller = self.caller.can_be_called();
        loop {
            let Stage::Filling(form) = &mut self.stage else {
                return;
            };
            let Some(slot) = form.slot() else {
                let form = Form::clone(form);
                return self.request(form);
            };
            let (name, kind) = (slot.name.clone(), slot.kind.clone());
            let action = form.entry.action.clone();
            let told = form.take_told();
            let is_read_back = form.is_read_back();
            match &told {
                Some(value) if is_read_back => form.confirm(value.clone()),
                None if kind == SlotKind::Phone && caller => form.offer(),
                _ => {}
            }
            match told {
                Some(value) if !is_read_back => self.fill(value),
                _ => {
                    self.event(CallEvent::SlotAsked { action, slot: name });
                    return self.ask_again();
                }
            }
        }
    }

    /// The question that the form stands at.
    pub(super) fn ask_again(&mut self) {
        let Stage::Filling(form) = &self.stage else {
            return;
        };
        let Some(slot) = form.slot() else {
            return;
        };
        let (label, chinese) = (slot.label.clone(), self.is_chinese());
        match form.step() {
            Step::Offering => {
                let number = self.caller.canonical.as_str();
                let tail = number.get(number.len().saturating_sub(TAIL)..);
                let tail = self.spelled(tail.unwrap_or(number));
                self.ask("slot.offer", &[("label", &label), ("tail", &tail)]);
            }
            Step::Confirming { value } => {
                let key = match is_number(&slot.kind) {
                    true => "slot.confirm",
                    false => "slot.confirm_words",
                };
                let value = form.read_back(value, chinese);
                self.ask(key, &[("label", &label), ("value", &value)]);
            }
            Step::AskingHour { .. } => self.ask("slot.ask_hour", &[]),
            Step::Asking { .. } => match (slot.ask.clone(), slot.kind.clone()) {
                (Some(sentence), _) => self.ask("slot.ask_own", &[("ask", &sentence)]),
                (None, SlotKind::Choice { options }) => {
                    let options = self.listed(&options);
                    self.ask(
                        "slot.ask_choice",
                        &[("label", &label), ("options", &options)],
                    );
                }
                (None, kind) if is_number(&kind) => {
                    self.ask("slot.ask_number", &[("label", &label)]);
                }
                (None, _) => self.ask("slot.ask_words", &[("label", &label)]),
            },
        }
    }

    fn is_chinese(&self) -> bool {
        self.settings.prompts.language().starts_with("zh")
    }

    /// Choices with their numbers, which are their keys, too.
    fn listed(&self, options: &[String]) -> String {
        let prompts = &self.settings.prompts;
        let numbered = options.iter().enumerate().map(|(place, name)| {
            let number = match self.is_chinese() {
                true => crate::text::spoken::cardinal(&(place + 1).to_string()),
                false => (place + 1).to_string(),
            };
            let values = [("number", number.as_str()), ("name", name.as_str())];
            prompts.sentence("slot.option", &values).text
        });
        numbered.collect()
    }

    /// Acts on an answer.
    pub(super) fn slot_reply(&mut self, reply: Reply) {
        let (today, chinese) = (self.local().date(), self.is_chinese());
        let own = self.caller.canonical.clone();
        let Some(form) = self.form() else {
            return;
        };
        match reply {
            Reply::Digits { digits, anew, .. } => self.slot_digits(&digits, anew, false),
            Reply::Value(value) if form.is_read_back() => {
                let taken = form.take_words(value);
                self.read_back_or_miss(taken);
            }
            Reply::Value(value) => {
                self.fill(value);
                self.next_slot();
            }
            Reply::Day(day) => {
                form.ask_hour(day);
                self.ask_again();
            }
            Reply::Corrected(Corrected::Number(number)) => {
                let taken = form.take_correction(number, today);
                self.read_back_or_miss(taken);
            }
            Reply::Corrected(Corrected::Ambiguous) => self.slot_missed(Fault::Ambiguous),
            Reply::Corrected(Corrected::Anew(digits)) => match form.begin_anew() {
                Ok(()) => self.slot_digits(&digits, true, false),
                Err(fault) => self.slot_missed(fault),
            },
            Reply::Amended { slot, value } => {
                let words = form.words_of(slot, &value, chinese);
                let name = form.amend(slot, value.clone());
                self.slot_filled(name, value);
                self.say_with("slot.taken", &[("value", &words)], true);
                self.ask_again();
            }
            Reply::Yes => match form.step().clone() {
                Step::Offering => {
                    self.fill(own);
                    self.next_slot();
                }
                Step::Confirming { value } => {
                    self.fill(value);
                    self.next_slot();
                }
                Step::Asking { .. } | Step::AskingHour { .. } => self.ask_again(),
            },
            Reply::No => match form.step() {
                Step::Offering => {
                    form.ask();
                    self.ask_again();
                }
                _ => self.slot_missed(Fault::Denied),
            },
            Reply::Wrong(fault) => self.slot_missed(fault),
            Reply::Unable => self.fail_slot(Fault::Unable),
            Reply::Cancelled => self.cancel_form(),
        }
    }

    fn read_back_or_miss(&mut self, taken: Result<(), Fault>) {
        match taken {
            Ok(()) => self.ask_again(),
            Err(fault) => self.slot_missed(fault),
        }
    }

    /// Digits that were said or keyed in; more may come.
    pub(super) fn slot_digits(&mut self, digits: &str, anew: bool, by_key: bool) {
        let full = self
            .form()
            .is_some_and(|form| form.add(digits, anew, by_key));
        if full {
            self.slot_digits_complete();
        }
    }

    /// No more digits will come.
    pub(super) fn slot_digits_complete(&mut self) {
        let today = self.local().date();
        if let Some(form) = self.form() {
            if let Some(reply) = form.keyed_reply() {
                form.offer();
                return self.slot_reply(reply);
            }
            let taken = form.take_digits(today);
            self.read_back_or_miss(taken);
        }
    }

    /// An option was chosen by its key.
    pub(super) fn slot_key(&mut self, place: usize) {
        let option = self.form().and_then(|form| form.option(place).cloned());
        if let Some(option) = option {
            self.slot_reply(Reply::Value(option));
        }
    }

    /// The digits so far do not count.
    pub(super) fn clear_slot(&mut self) {
        if let Some(form) = self.form() {
            form.ask();
            self.ask_again();
        }
    }

    /// The present slot has a value.
    fn fill(&mut self, value: String) {
        let (today, chinese) = (self.local().date(), self.is_chinese());
        let Some(form) = self.form() else {
            return;
        };
        let in_passing = (!form.is_read_back()).then(|| form.read_back(&value, chinese));
        let is_text = form.slot().is_some_and(|slot| slot.kind == SlotKind::Text);
        let (name, told) = form.fill(value, today);
        self.collected = form.in_words(chinese);
        self.slot_filled(name, told);
        match in_passing {
            // Nobody wants to hear all their words again.
            Some(_) if is_text => self.say("slot.noted"),
            Some(words) => self.say_with("slot.taken", &[("value", &words)], true),
            None => {}
        }
    }

    fn slot_filled(&mut self, slot: String, value: String) {
        let value = Pii::new(value);
        self.event(CallEvent::SlotFilled { slot, value });
    }

    /// A try was in vain: the slot is asked for again, or a human is.
    pub(super) fn slot_missed(&mut self, fault: Fault) {
        let Some(form) = self.form() else {
            return;
        };
        let taken = form.miss();
        let Some(slot) = form.slot().cloned() else {
            return;
        };
        self.event(CallEvent::SlotMissed {
            slot: slot.name,
            fault: fault.name().to_owned(),
        });
        if taken == Taken::TooOften {
            return self.escalate_slot("slot.failed");
        }
        let key = match (fault, &slot.kind) {
            (_, SlotKind::Choice { .. }) => return self.ask_again(),
            (Fault::Length, _) => "slot.bad_length",
            (Fault::CheckDigit | Fault::Implausible, kind) if is_number(kind) => "slot.bad_number",
            (Fault::Past, _) => "slot.past",
            (Fault::Ambiguous, SlotKind::City) => "slot.which_city",
            (Fault::Ambiguous | Fault::Denied, _) => "slot.again",
            (_, kind) if is_number(kind) => "slot.unclear_number",
            _ => "slot.unclear",
        };
        match key {
            "slot.past" | "slot.which_city" => self.ask(key, &[]),
            key => self.ask(key, &[("label", &slot.label)]),
        }
    }

    /// It cannot be had.
    fn fail_slot(&mut self, fault: Fault) {
        let slot = self.form().and_then(|form| form.slot().cloned());
        if let Some(slot) = slot {
            self.event(CallEvent::SlotMissed {
                slot: slot.name,
                fault: fault.name().to_owned(),
            });
        }
        self.escalate_slot("slot.unable");
    }

    fn escalate_slot(&mut self, sentence: &str) {
        let slot = self.form().and_then(|form| form.slot().cloned());
        let slot = slot.map_or_else(String::new, |slot| slot.name);
        self.escalate(EscalationReason::SlotFailed { slot }, Some(sentence));
    }

    /// The caller does not want it any more.
    pub(super) fn cancel_form(&mut self) {
        self.stage = Stage::Open;
        self.asked_more = true;
        self.ask("slot.cancelled", &[]);
        self.go_back();
    }

    /// Acts on words that are no answer; whether they do not mean what they mean elsewhere.
    pub(super) fn controls_form(&mut self, intent: Intent) -> bool {
        match intent {
            Intent::No | Intent::Dissent => self.cancel_form(),
            // 好的 to being asked: it comes.
            Intent::Yes | Intent::Acknowledge => {}
            Intent::Robot | Intent::Hello | Intent::Thanks => {
                let key = match intent {
                    Intent::Robot => "answer.robot",
                    _ => "answer.more",
                };
                self.say(key);
                self.repeat(None);
            }
            Intent::Human
            | Intent::Repeat
            | Intent::Slower
            | Intent::Louder
            | Intent::Wait
            | Intent::Goodbye => return false,
        }
        true
    }

    /// What was collected is for the staff, as nobody's system takes it.
    pub(super) fn note_form(&mut self, form: &Form) {
        let prompts = &self.settings.prompts;
        let collected: String = form
            .in_words(self.is_chinese())
            .iter()
            .map(|(label, _, value)| {
                let values = [("label", label.as_str()), ("value", value.as_str())];
                prompts.sentence("agent.noted", &values).text
            })
            .collect();
        let text = match collected.as_str() {
            "" => form.question.clone(),
            _ => collected,
        };
        self.event(CallEvent::Noted {
            entry: form.entry.id.clone(),
            text: Pii::new(text),
        });
    }

    /// What an agent is told of it.
    pub(super) fn brief_of_slots(&self) -> String {
        let prompts = &self.settings.prompts;
        let slots = self.collected.iter().map(|(label, is_number, value)| {
            let (key, value) = match is_number {
                true => {
                    let tail = value.get(value.len().saturating_sub(TAIL)..);
                    ("agent.brief_slot_tail", self.spelled(tail.unwrap_or(value)))
                }
                false => ("agent.brief_slot", value.clone()),
            };
            let values = [("label", label.as_str()), ("value", value.as_str())];
            prompts.sentence(key, &values).text
        });
        let verified = self.verified.is_some();
        let verified = verified.then(|| prompts.sentence("agent.brief_verified", &[]).text);
        slots.chain(verified).collect()
    }

    /// A question comes between, with an answer of its own. One that comes after it ends the form.
    pub(super) fn set_form_aside(&mut self) {
        if let Stage::Filling(form) = &self.stage
            && !form.was_set_aside
        {
            let mut form = form.clone();
            form.was_set_aside = true;
            self.form_aside = Some(form);
        }
    }

    /// What came between is dealt with: whatever was put off for it is gone back to. Whether there was anything.
    pub(super) fn go_back(&mut self) -> bool {
        match self.form_aside.take() {
            Some(mut form) => {
                if form.pending().is_some() {
                    form.ask();
                }
                self.stage = Stage::Filling(form);
                self.ask_again();
                true
            }
            None => self.return_to_callback(),
        }
    }
}
