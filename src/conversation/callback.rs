//! Being called back: whether, and under which number.
//!
//! The request is an event for the record; who dials, and when, is the business's work.

use super::{
    Listening,
    machine::{Conversation, Stage},
};
use crate::{
    call::CallEvent,
    clock::Moment,
    phone_number::{CallerNumber, Places},
    pii::Pii,
    text::digits::spelled,
};

/// How often a number is asked for.
const TRIES: u8 = 2;

/// The longest number that can be dialled (ITU-T E.164 §6.1 and a trunk prefix).
const LONGEST_NUMBER: usize = 17;

/// A question that came between the offer of a call back and its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum SetAside {
    /// None so far.
    #[default]
    Never,
    /// It is being dealt with; then this is gone back to.
    Now(Callback),
    /// That was done: nobody is asked for ever.
    Before,
}

/// Where the agreement on a call back stands. `tries` is how often a number has been asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Callback {
    /// 需要我们稍后给您回电话吗？
    Offered,
    /// The number was read back.
    Confirming { number: String, tries: u8 },
    /// A number is being said or keyed in.
    Collecting { digits: String, tries: u8 },
}

impl Callback {
    pub(super) const fn wants_digits(&self) -> bool {
        matches!(self, Self::Collecting { .. })
    }

    pub(super) const fn listening(&self) -> Listening {
        match self {
            Self::Offered | Self::Confirming { .. } => Listening::Choice,
            Self::Collecting { .. } => Listening::Number,
        }
    }
}

impl Conversation {
    /// Yes or no to the present question.
    pub(super) fn callback_decided(&mut self, yes: bool) {
        let Stage::Callback(callback) = &self.stage else {
            return;
        };
        match (callback.clone(), yes) {
            (Callback::Offered, true) if self.caller.can_be_called() => {
                let number = self.caller.canonical.clone();
                self.confirm(number, 0);
            }
            (Callback::Offered, true) => self.ask_number(0),
            (Callback::Offered, false) => self.settle("callback.declined"),
            (Callback::Confirming { number, .. }, true) => {
                self.event(CallEvent::CallbackRequested {
                    number: Pii::new(number),
                });
                self.settle("callback.noted");
            }
            (Callback::Confirming { tries, .. }, false) => self.ask_number(tries),
            // 好的 to being asked for a number: it comes.
            (Callback::Collecting { digits, .. }, true) if digits.is_empty() => {}
            (Callback::Collecting { .. }, true) => self.callback_digits_complete(),
            (Callback::Collecting { digits, .. }, false) if digits.is_empty() => {
                self.settle("callback.declined");
            }
            // 不对 after some digits: once more from the first.
            (Callback::Collecting { tries, .. }, false) => self.ask_number(tries),
        }
    }

    /// Digits that were said or keyed in; more may come.
    pub(super) fn callback_digits(&mut self, now: Moment, more: &str) {
        let (mut digits, tries) = match &self.stage {
            Stage::Callback(Callback::Collecting { digits, tries }) => (digits.clone(), *tries),
            Stage::Callback(Callback::Confirming { tries, .. }) => (String::new(), *tries),
            Stage::Callback(Callback::Offered) => (String::new(), 0),
            _ => return,
        };
        digits.push_str(more);
        digits.truncate(LONGEST_NUMBER);
        // A mobile number needs nothing after it to be complete.
        let complete = digits.len() == 11 && digits.starts_with('1');
        let full = digits.len() == LONGEST_NUMBER;
        self.stage = Stage::Callback(Callback::Collecting { digits, tries });
        self.note_activity(now);
        if complete || full {
            self.callback_digits_complete();
        }
    }

    /// No more digits will come.
    pub(super) fn callback_digits_complete(&mut self) {
        let Stage::Callback(Callback::Collecting { digits, tries }) = &self.stage else {
            return;
        };
        let (number, tries) = (CallerNumber::parse(digits, &Places::built_in()), *tries);
        match number.can_be_called() {
            true => self.confirm(number.canonical, tries),
            false => self.bad_number(tries),
        }
    }

    /// Neither yes nor no nor a number: the question again.
    pub(super) fn callback_unclear(&mut self) {
        let Stage::Callback(callback) = &self.stage else {
            return;
        };
        match callback.clone() {
            Callback::Offered | Callback::Confirming { .. } => self.repeat(None),
            Callback::Collecting { tries, .. } => self.bad_number(tries),
        }
    }

    fn bad_number(&mut self, tries: u8) {
        self.collect("callback.bad_number", tries);
    }

    fn ask_number(&mut self, tries: u8) {
        self.collect("callback.ask_number", tries);
    }

    /// Asks for a number, unless that was done often enough.
    fn collect(&mut self, key: &str, tries: u8) {
        if tries >= TRIES {
            return self.settle("callback.failed");
        }
        let (digits, tries) = (String::new(), tries + 1);
        self.stage = Stage::Callback(Callback::Collecting { digits, tries });
        self.ask(key, &[]);
    }

    /// Reads a number back, which asks for none.
    fn confirm(&mut self, number: String, tries: u8) {
        let spoken = self.spelled(&number);
        self.ask("callback.confirm", &[("number", &spoken)]);
        self.stage = Stage::Callback(Callback::Confirming { number, tries });
    }

    pub(super) fn offer_callback(&mut self) {
        self.set_aside = SetAside::Never;
        self.stage = Stage::Callback(Callback::Offered);
        self.ask("callback.offer", &[]);
    }

    /// A question comes between, with an answer of its own.
    pub(super) fn set_callback_aside(&mut self) {
        if let (Stage::Callback(callback), SetAside::Never) = (&self.stage, &self.set_aside) {
            self.set_aside = SetAside::Now(callback.clone());
        }
    }

    /// What came between is dealt with: the call back is asked about again. Whether there was anything to go back to.
    pub(super) fn return_to_callback(&mut self) -> bool {
        let SetAside::Now(callback) = &self.set_aside else {
            return false;
        };
        let callback = callback.clone();
        self.set_aside = SetAside::Before;
        match callback {
            Callback::Offered => {
                self.stage = Stage::Callback(Callback::Offered);
                self.ask("callback.offer", &[]);
            }
            Callback::Confirming { number, tries } => self.confirm(number, tries),
            // To be asked again is no failure of the caller's.
            Callback::Collecting { tries, .. } => self.ask_number(tries.saturating_sub(1)),
        }
        true
    }

    fn settle(&mut self, key: &str) {
        self.asked_more = key != "callback.failed";
        self.stage = Stage::Open;
        self.ask(key, &[]);
    }

    /// A number as it is read out in this conversation's language.
    pub(super) fn spelled(&self, number: &str) -> String {
        match self.settings.prompts.language().starts_with("zh") {
            true => spelled(number),
            false => number
                .chars()
                .map(String::from)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}
