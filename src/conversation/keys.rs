//! What a key means where the conversation stands.
//!
//! Keys reach us at any time, also over a sentence that may not be interrupted. Telling digits apart on the line is `media`'s
//! work.

use super::{
    callback::Callback,
    machine::{Conversation, Stage},
    slots::{Form, Reply, Step},
};
use crate::{
    call::{Digit, EscalationReason},
    clock::Moment,
};

/// What is done about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A human is wanted.
    Human,
    /// The last answer or question again.
    Repeat,
    /// One of the offered entries.
    Choice(usize),
    /// Yes or no.
    Decision(bool),
    /// One more digit of a number.
    Dictated(char),
    /// The digits so far do not count.
    Clear,
    /// The number is complete.
    EndOfNumber,
    /// None of the keys that were named.
    Unclear,
    /// Nothing: a cheek on the keypad.
    Nothing,
}

impl Conversation {
    /// A key was pressed.
    pub(super) fn digit(&mut self, now: Moment, digit: Digit) {
        let meaning = self.meaning_of(digit.symbol());
        if meaning == Meaning::Nothing {
            return;
        }
        // The key takes the place of what was being said.
        self.set_aside_at_key(now);
        self.stop_playout();
        self.note_activity(now);
        match meaning {
            Meaning::Human => {
                self.escalate(EscalationReason::KeyZero, Some("handover.connecting"));
            }
            Meaning::Repeat => self.repeat(None),
            Meaning::Choice(place) => match &self.stage {
                Stage::Filling(_) => self.slot_key(place),
                _ => self.choose(place),
            },
            Meaning::Decision(yes) => match (&self.stage, yes) {
                (Stage::Filling(_), true) => self.slot_reply(Reply::Yes),
                (Stage::Filling(_), false) => self.slot_reply(Reply::No),
                _ => self.callback_decided(yes),
            },
            Meaning::Dictated(key) => self.key_dictated(now, key),
            Meaning::Clear => self.clear_slot(),
            Meaning::EndOfNumber => self.digits_complete(now),
            Meaning::Unclear => match &self.stage {
                Stage::Callback(_) => self.callback_unclear(),
                Stage::Filling(_) => self.repeat(None),
                _ => self.say("clarify.again"),
            },
            Meaning::Nothing => {}
        }
    }

    fn meaning_of(&self, key: char) -> Meaning {
        match (&self.stage, key) {
            (Stage::New | Stage::Waiting | Stage::WithAgent | Stage::Over, _) => Meaning::Nothing,
            (Stage::Acting(_), '0') => Meaning::Human,
            (Stage::Acting(_), _) => Meaning::Nothing,
            (Stage::Filling(form), key) => filling(form, key),
            // Area codes begin with 0; a 0 that stays alone asks for a human (see `digits_complete`).
            (Stage::Callback(Callback::Collecting { .. }), '0'..='9') => Meaning::Dictated(key),
            (Stage::Noting { keys, .. }, '1'..='9') if keys.len() < MOST_KEYS => {
                Meaning::Dictated(key)
            }
            (Stage::Noting { keys, .. }, '0') if (1..MOST_KEYS).contains(&keys.len()) => {
                Meaning::Dictated(key)
            }
            (_, '#') if self.pending_digits().is_some() => Meaning::EndOfNumber,
            (_, '0') => Meaning::Human,
            (_, '*') => Meaning::Repeat,
            (Stage::Choosing { offered, .. }, '1'..='9') => {
                let place = key as usize - '1' as usize;
                match place < offered.len() {
                    true => Meaning::Choice(place),
                    false => Meaning::Unclear,
                }
            }
            (Stage::Choosing { .. }, _) => Meaning::Unclear,
            (Stage::Callback(Callback::Collecting { .. }), _) => Meaning::Nothing,
            (Stage::Callback(_), '1') => Meaning::Decision(true),
            (Stage::Callback(_), '2') => Meaning::Decision(false),
            (Stage::Callback(_), _) => Meaning::Unclear,
            (Stage::Open | Stage::Noting { .. }, _) => Meaning::Nothing,
        }
    }

    fn key_dictated(&mut self, now: Moment, key: char) {
        match &mut self.stage {
            Stage::Noting { keys, .. } => keys.push(key),
            Stage::Filling(_) => self.slot_digits(key.encode_utf8(&mut [0; 4]), false, true),
            _ => self.callback_digits(now, key.encode_utf8(&mut [0; 4])),
        }
    }

    /// The digits of a number that may go on.
    pub(super) fn pending_digits(&self) -> Option<&str> {
        let digits = match &self.stage {
            Stage::Noting { keys, .. } => keys,
            Stage::Filling(form) => return form.pending(),
            Stage::Callback(Callback::Collecting { digits, .. }) => digits,
            _ => return None,
        };
        (!digits.is_empty()).then_some(digits)
    }

    /// No more digits will come.
    pub(super) fn digits_complete(&mut self, now: Moment) {
        self.note_activity(now);
        if self.pending_digits() == Some("0") {
            return self.escalate(EscalationReason::KeyZero, Some("handover.connecting"));
        }
        match self.stage.clone() {
            Stage::Noting { entry, keys } => self.note(entry, keys),
            Stage::Filling(_) => self.slot_digits_complete(),
            Stage::Callback(_) => self.callback_digits_complete(),
            _ => {}
        }
    }
}

/// What a key means to a form.
fn filling(form: &Form, key: char) -> Meaning {
    let pending = form.pending().is_some();
    match (form.step(), key) {
        (_, '0'..='9') if form.wants_digits() => Meaning::Dictated(key),
        // Identity cards end in X (GB 11643), for which keypads have no key.
        (_, '*') if form.ends_in_cross() => Meaning::Dictated('X'),
        (_, '*') if pending => Meaning::Clear,
        (_, '#') if pending => Meaning::EndOfNumber,
        (_, '0') => Meaning::Human,
        (_, '*') => Meaning::Repeat,
        // 1 and 2 reply, unless more keys follow: then they begin another number.
        (Step::Offering, '1'..='9') => Meaning::Dictated(key),
        (Step::Confirming { .. }, '1') => Meaning::Decision(true),
        (Step::Confirming { .. }, '2') => Meaning::Decision(false),
        (Step::Offering | Step::Confirming { .. }, _) => Meaning::Unclear,
        (Step::Asking { .. }, '1'..='9') => match form.option(key as usize - '1' as usize) {
            Some(_) => Meaning::Choice(key as usize - '1' as usize),
            None => Meaning::Nothing,
        },
        _ => Meaning::Nothing,
    }
}

/// The longest number that is taken down by keys: a bank card's (ISO/IEC 7812-1).
const MOST_KEYS: usize = 19;
