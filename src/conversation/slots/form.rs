//! A form that is being filled: what it is for, what is known, and how often the present slot was asked for.
//!
//! It does not speak and records nothing (see `filling`).

use std::sync::Arc;

use jiff::civil::Date;

use super::{Ears, Fault, Reply, check, hear::value_of, numbers, read_back::read_back};
use crate::{
    action::{ActionPlan, SlotKind, SlotPlan},
    conversation::Listening,
    entry::Entry,
    pii::Pii,
};

/// How often something is asked for in vain.
const TRIES: u8 = 2;

/// How many corrections of one number are taken before one more is a try in vain.
const CORRECTIONS: u8 = 4;

/// The fewest digits of a number in a question that are taken for a number which could be of any length.
const SHORTEST_TOLD: usize = 4;

/// Where the present slot stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::conversation) enum Step {
    /// The caller's own number was offered.
    Offering,
    /// It was asked for; these digits of it were heard, the last by key.
    Asking { heard: String, keyed: bool },
    /// The day is known, the hour was asked for.
    AskingHour { day: Date },
    /// It was read back.
    Confirming { value: String },
}

/// What was done about a failed try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::conversation) enum Taken {
    /// It is asked for once more.
    Again,
    /// That was once too often.
    TooOften,
}

/// A form.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::conversation) struct Form {
    pub(in crate::conversation) entry: Arc<Entry>,
    /// What the caller had asked.
    pub(in crate::conversation) question: String,
    plan: Arc<ActionPlan>,
    values: Vec<Option<String>>,
    /// Values that were told in the question and not yet agreed to.
    told: Vec<Option<String>>,
    at: usize,
    step: Step,
    /// The caller's own number was offered: a key that stays alone may be the reply.
    offered: bool,
    tries: u8,
    corrections: u8,
    /// The slot before, if it was taken without a question of its own.
    implied: Option<usize>,
    /// Nothing was found once.
    pub(in crate::conversation) asked_anew: bool,
    /// A question of the caller's came between once.
    pub(in crate::conversation) was_set_aside: bool,
}

impl Form {
    /// An empty form, but for what `question` tells already.
    pub(in crate::conversation) fn new(
        entry: Arc<Entry>,
        plan: Arc<ActionPlan>,
        question: &str,
        ears: Ears<'_>,
    ) -> Self {
        let count = plan.slots.len();
        let mut form = Self {
            entry,
            question: question.to_owned(),
            plan,
            values: vec![None; count],
            told: vec![None; count],
            at: 0,
            step: Step::Asking {
                heard: String::new(),
                keyed: false,
            },
            offered: false,
            tries: 0,
            corrections: 0,
            implied: None,
            asked_anew: false,
            was_set_aside: false,
        };
        form.told = form.told_in(question, ears);
        form
    }

    /// The slots that a question fills: each number in it fills one, the first that it holds for.
    fn told_in(&self, question: &str, ears: Ears<'_>) -> Vec<Option<String>> {
        let mut runs = numbers::runs(question);
        let slots = self.plan.slots.iter();
        slots
            .map(|slot| match &slot.kind {
                kind if numbers::is_number(kind) => {
                    let holds = |run: &String| {
                        run.len() >= SHORTEST_TOLD
                            && check::number(kind, run, ears.now.date()).is_ok()
                    };
                    let place = runs.iter().position(holds)?;
                    Some(runs.remove(place))
                }
                SlotKind::Text => None,
                kind => match value_of(kind, question, None, ears) {
                    Some(Reply::Value(value)) => Some(value),
                    _ => None,
                },
            })
            .collect()
    }

    /// The present slot; `None` when all are filled.
    pub(in crate::conversation) fn slot(&self) -> Option<&SlotPlan> {
        self.plan.slots.get(self.at)
    }

    /// How to listen for the answer.
    pub(in crate::conversation) fn listening(&self) -> Listening {
        match (&self.step, self.kind()) {
            (Step::Offering | Step::Confirming { .. }, _) => Listening::Choice,
            (Step::Asking { .. }, SlotKind::Choice { .. }) => Listening::Choice,
            (Step::Asking { .. }, kind) if numbers::is_number(kind) => Listening::Number,
            (Step::Asking { .. } | Step::AskingHour { .. }, _) => Listening::Question,
        }
    }

    pub(super) fn kind(&self) -> &SlotKind {
        self.kind_of(self.at)
    }

    pub(super) fn kind_of(&self, slot: usize) -> &SlotKind {
        // Free words ask for nothing.
        self.plan
            .slots
            .get(slot)
            .map_or(&SlotKind::Text, |slot| &slot.kind)
    }

    pub(in crate::conversation) const fn step(&self) -> &Step {
        &self.step
    }

    pub(super) const fn implied(&self) -> Option<usize> {
        self.implied
    }

    /// The option at this place, if the slot is a choice.
    pub(in crate::conversation) fn option(&self, place: usize) -> Option<&String> {
        match self.kind() {
            SlotKind::Choice { options } => options.get(place),
            _ => None,
        }
    }

    /// Whether digits are wanted now.
    pub(in crate::conversation) fn wants_digits(&self) -> bool {
        matches!(self.step, Step::Asking { .. }) && numbers::is_number(self.kind())
    }

    /// The digits so far of a number that may go on.
    pub(in crate::conversation) fn pending(&self) -> Option<&str> {
        match &self.step {
            Step::Asking { heard, .. } if !heard.is_empty() => Some(heard),
            _ => None,
        }
    }

    /// Whether what was heard by voice holds as it is, so that little more has to be waited for.
    pub(in crate::conversation) fn may_be_whole(&self, today: Date) -> bool {
        match &self.step {
            Step::Asking {
                heard,
                keyed: false,
            } => self.check(heard, today).is_ok(),
            Step::Asking { .. } => self.keyed_reply().is_some(),
            _ => false,
        }
    }

    /// A key alone after the caller's own number was offered: 1 takes it, 2 does not. As mobiles begin with 1, too, it is known
    /// only when no other follows.
    pub(in crate::conversation) fn keyed_reply(&self) -> Option<Reply> {
        match &self.step {
            Step::Asking { heard, keyed: true } if self.offered => match heard.as_str() {
                "1" => Some(Reply::Yes),
                "2" => Some(Reply::No),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether one more key can be the check character of an identity card, which has no key of its own.
    pub(in crate::conversation) fn ends_in_cross(&self) -> bool {
        let kind = self.kind();
        numbers::ends_in_cross(kind)
            && self
                .pending()
                .is_some_and(|heard| heard.len() + 1 == numbers::longest(kind))
    }

    pub(super) fn check(&self, digits: &str, today: Date) -> Result<String, Fault> {
        check::number(self.kind(), digits, today)
    }

    /// Takes digits; whether nothing can follow.
    pub(in crate::conversation) fn add(&mut self, digits: &str, anew: bool, by_key: bool) -> bool {
        let mut so_far = match &self.step {
            Step::Asking { heard, .. } if !anew => heard.clone(),
            _ => String::new(),
        };
        so_far.push_str(digits);
        // One more than can be right shows that it is too long.
        so_far.truncate(numbers::longest(self.kind()) + 1);
        let full = numbers::is_full(self.kind(), &so_far);
        self.step = Step::Asking {
            heard: so_far,
            keyed: by_key,
        };
        full
    }

    /// The digits so far as a number, which is to be read back.
    pub(in crate::conversation) fn take_digits(&mut self, today: Date) -> Result<(), Fault> {
        let heard = self.pending().unwrap_or_default().to_owned();
        self.check(&heard, today).map(|_| self.confirm(heard))
    }

    /// A corrected number; a try in vain if it does not hold or there were too many.
    pub(in crate::conversation) fn take_correction(
        &mut self,
        number: String,
        today: Date,
    ) -> Result<(), Fault> {
        self.begin_anew()?;
        self.check(&number, today).map(|_| self.confirm(number))
    }

    /// A day or a time, which is to be agreed to; a try in vain if there were too many.
    pub(in crate::conversation) fn take_words(&mut self, value: String) -> Result<(), Fault> {
        if matches!(self.step, Step::Confirming { .. }) {
            self.begin_anew()?;
        }
        self.confirm(value);
        Ok(())
    }

    /// In place of what was read back something else is being said; a try in vain if that was too often.
    pub(in crate::conversation) fn begin_anew(&mut self) -> Result<(), Fault> {
        self.corrections += 1;
        match self.corrections > CORRECTIONS {
            true => Err(Fault::Denied),
            false => Ok(()),
        }
    }

    /// A value is to be agreed to.
    pub(in crate::conversation) fn confirm(&mut self, value: String) {
        self.step = Step::Confirming { value };
    }

    /// The caller's own number is to be agreed to.
    pub(in crate::conversation) fn offer(&mut self) {
        self.offered = true;
        self.step = Step::Offering;
    }

    /// The day is known.
    pub(in crate::conversation) fn ask_hour(&mut self, day: Date) {
        self.step = Step::AskingHour { day };
    }

    /// It is asked for, nothing was heard.
    pub(in crate::conversation) fn ask(&mut self) {
        self.offered = false;
        self.step = Step::Asking {
            heard: String::new(),
            keyed: false,
        };
    }

    /// A try was in vain.
    pub(in crate::conversation) fn miss(&mut self) -> Taken {
        self.tries += 1;
        self.ask();
        match self.tries >= TRIES {
            true => Taken::TooOften,
            false => Taken::Again,
        }
    }

    /// The present slot has this value, as it was heard; gives its name and what is told. The next open slot is the present one.
    pub(in crate::conversation) fn fill(&mut self, value: String, today: Date) -> (String, String) {
        let told = match numbers::is_number(self.kind()) {
            // It held when it was read back.
            true => self.check(&value, today).unwrap_or(value),
            false => value,
        };
        let name = self
            .slot()
            .map_or_else(String::new, |slot| slot.name.clone());
        if let Some(place) = self.values.get_mut(self.at) {
            *place = Some(told.clone());
        }
        self.implied = Some(self.at).filter(|_| !self.is_read_back());
        self.at += 1;
        self.begin_slot();
        (name, told)
    }

    /// `value` of a slot as the caller hears it.
    pub(in crate::conversation) fn words_of(
        &self,
        slot: usize,
        value: &str,
        chinese: bool,
    ) -> String {
        read_back(self.kind_of(slot), value, chinese)
    }

    /// Another value for a slot that is filled, once; gives its name.
    pub(in crate::conversation) fn amend(&mut self, slot: usize, value: String) -> String {
        self.implied = None;
        if let Some(place) = self.values.get_mut(slot) {
            *place = Some(value);
        }
        let slot = self.plan.slots.get(slot);
        slot.map_or_else(String::new, |slot| slot.name.clone())
    }

    fn begin_slot(&mut self) {
        while self.values.get(self.at).is_some_and(Option::is_some) {
            self.at += 1;
        }
        (self.tries, self.corrections) = (0, 0);
        self.ask();
    }

    /// From the first slot on, whose value was of no use; `all` for every value.
    pub(in crate::conversation) fn start_over(&mut self, all: bool) {
        let count = if all { self.values.len() } else { 1 };
        self.values
            .iter_mut()
            .take(count)
            .for_each(|value| *value = None);
        self.told.fill(None);
        self.at = 0;
        self.implied = None;
        self.asked_anew = true;
        self.begin_slot();
    }

    /// What the question told of the present slot. It is given once.
    pub(in crate::conversation) fn take_told(&mut self) -> Option<String> {
        self.told.get_mut(self.at)?.take()
    }

    /// Whether such a value is agreed to before it is used. A city or a choice is said in passing.
    pub(in crate::conversation) fn is_read_back(&self) -> bool {
        let kind = self.kind();
        numbers::is_number(kind) || matches!(kind, SlotKind::Date | SlotKind::Time)
    }

    /// `value` of a slot as the caller hears it.
    pub(in crate::conversation) fn read_back(&self, value: &str, chinese: bool) -> String {
        read_back(self.kind(), value, chinese)
    }

    /// Everything that was collected, in the order of the plan.
    pub(in crate::conversation) fn collected(&self) -> Vec<(String, Pii<String>)> {
        let filled = self.plan.slots.iter().zip(&self.values);
        filled
            .filter_map(|(slot, value)| Some((slot.name.clone(), Pii::new(value.clone()?))))
            .collect()
    }

    /// The same under the names that people call it by, as it is read out.
    pub(in crate::conversation) fn in_words(&self, chinese: bool) -> Vec<(String, bool, String)> {
        let filled = self.plan.slots.iter().zip(&self.values);
        filled
            .filter_map(|(slot, value)| {
                let value = value.as_ref()?;
                let is_number = numbers::is_number(&slot.kind);
                let words = match is_number {
                    true => value.clone(),
                    false => read_back(&slot.kind, value, chinese),
                };
                Some((slot.label.clone(), is_number, words))
            })
            .collect()
    }
}
