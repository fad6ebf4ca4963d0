//! Being called back: whether, and under which number.

use super::{
    Listening,
    machine::{Conversation, Stage},
};
use crate::{
    call::CallEvent,
    phone_number::{CallerNumber, Places},
    pii::Pii,
};

/// How often a number is asked for.
const TRIES: u8 = 2;

/// The longest number that can be dialled (ITU-T E.164 §6.1 and a trunk prefix).
const LONGEST_NUMBER: usize = 17;

/// Where the agreement on a call back stands.
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
            (Callback::Collecting { digits, tries }, true) => self.check(&digits, tries),
            (Callback::Collecting { .. }, false) => self.settle("callback.declined"),
        }
    }

    /// Digits that were said or keyed in; `all` when no more will come.
    pub(super) fn callback_digits(&mut self, more: &str, all: bool) {
        let Stage::Callback(Callback::Collecting { digits, tries }) = &mut self.stage else {
            return;
        };
        let tries = *tries;
        digits.push_str(more);
        digits.truncate(LONGEST_NUMBER);
        let digits = digits.clone();
        // A mobile number needs no hash key to be complete.
        let complete = digits.len() == 11 && digits.starts_with('1');
        if all || complete || digits.len() == LONGEST_NUMBER {
            self.check(&digits, tries);
        }
    }

    /// Neither yes nor no nor a number: the question again.
    pub(super) fn callback_unclear(&mut self) {
        let Stage::Callback(callback) = &self.stage else {
            return;
        };
        match callback.clone() {
            Callback::Offered => self.say("callback.offer"),
            Callback::Confirming { number, .. } => {
                self.say_with("callback.confirm", &[("number", &number)], true)
            }
            Callback::Collecting { tries, .. } => self.bad_number(tries),
        }
    }

    fn check(&mut self, digits: &str, tries: u8) {
        let number = CallerNumber::parse(digits, &Places::built_in());
        match number.can_be_called() {
            true => self.confirm(number.canonical, tries),
            false => self.bad_number(tries),
        }
    }

    fn bad_number(&mut self, tries: u8) {
        let tries = tries + 1;
        if tries >= TRIES {
            return self.settle("callback.failed");
        }
        self.collect(tries);
        self.say("callback.bad_number");
    }

    fn ask_number(&mut self, tries: u8) {
        if tries >= TRIES {
            return self.settle("callback.failed");
        }
        self.collect(tries);
        self.say("callback.ask_number");
    }

    fn collect(&mut self, tries: u8) {
        let digits = String::new();
        self.stage = Stage::Callback(Callback::Collecting { digits, tries });
    }

    fn confirm(&mut self, number: String, tries: u8) {
        self.say_with("callback.confirm", &[("number", &number)], true);
        let tries = tries + 1;
        self.stage = Stage::Callback(Callback::Confirming { number, tries });
    }

    fn settle(&mut self, key: &str) {
        self.asked_more = key != "callback.failed";
        self.stage = Stage::Open;
        self.say(key);
    }
}
