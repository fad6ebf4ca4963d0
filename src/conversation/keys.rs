//! What a key means where the conversation stands.
//!
//! Keys reach us at any time, also over a sentence that may not be interrupted. Telling digits apart on the line is `media`'s
//! work.

use super::{
    callback::Callback,
    machine::{Conversation, Stage},
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
            Meaning::Choice(place) => self.choose(place),
            Meaning::Decision(yes) => self.callback_decided(yes),
            Meaning::Dictated(key) => self.key_dictated(now, key),
            Meaning::EndOfNumber => self.digits_complete(now),
            Meaning::Unclear => match &self.stage {
                Stage::Callback(_) => self.callback_unclear(),
                _ => self.say("clarify.again"),
            },
            Meaning::Nothing => {}
        }
    }

    fn meaning_of(&self, key: char) -> Meaning {
        match (&self.stage, key) {
            (Stage::New | Stage::Waiting | Stage::WithAgent | Stage::Over, _) => Meaning::Nothing,
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
            _ => self.callback_digits(now, key.encode_utf8(&mut [0; 4])),
        }
    }

    /// The digits of a number that may go on.
    pub(super) fn pending_digits(&self) -> Option<&str> {
        let digits = match &self.stage {
            Stage::Noting { keys, .. } => keys,
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
            Stage::Callback(_) => self.callback_digits_complete(),
            _ => {}
        }
    }
}

/// The longest number that is taken down by keys: a bank card's (ISO/IEC 7812-1).
const MOST_KEYS: usize = 19;
