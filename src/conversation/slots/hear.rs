//! What an utterance means to the question that a [`Form`] has asked.
//!
//! What it means to any other question (转人工, 再说一遍, 洗衣机怎么修) is told by `understanding`.

use jiff::civil::{Date, DateTime};

use super::{
    Fault, Form, Step, cities,
    correct::{Corrected, correct},
    days::{self, When},
    numbers,
};
use crate::{action::SlotKind, conversation::Vocabulary, text::pinyin::toneless};

/// Longer answers are cut: a caller who tells a story is not taken down.
const LONGEST_TEXT: usize = 200;

/// What was understood of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::conversation) enum Reply {
    /// Digits of a number that may go on. `full` if nothing can follow.
    Digits {
        digits: String,
        /// In place of what was said before.
        anew: bool,
        full: bool,
    },
    /// All that was asked for.
    Value(String),
    /// A day, where a time is wanted too.
    Day(Date),
    /// The number that was read back is another.
    Corrected(Corrected),
    /// What was taken before without being read back is another.
    Amended { slot: usize, value: String },
    /// Yes to what was read back or offered.
    Yes,
    /// No to it, and no more.
    No,
    /// Something of the kind, and wrong.
    Wrong(Fault),
    /// The caller does not have it.
    Unable,
    /// The caller does not want it any more.
    Cancelled,
}

impl Reply {
    /// Whether more words could not change it.
    pub(in crate::conversation) const fn is_complete(&self) -> bool {
        matches!(self, Self::Digits { full: true, .. } | Self::Cancelled)
    }
}

/// What an answer is understood with.
#[derive(Clone, Copy, Debug)]
pub(in crate::conversation) struct Ears<'a> {
    pub(in crate::conversation) vocabulary: &'a Vocabulary,
    /// The local time of the business.
    pub(in crate::conversation) now: DateTime,
}

impl Form {
    /// Digits, or a correction of digits. They come before anything else that the words could mean: 12315 may be a part of them.
    pub(in crate::conversation) fn hear_number(&self, text: &str, ears: Ears<'_>) -> Option<Reply> {
        let kind = self.kind();
        if !numbers::is_number(kind) {
            return None;
        }
        let fits = |digits: &str| self.check(digits, ears.now.date()).is_ok();
        match self.step() {
            Step::Confirming { value } => {
                let corrected = correct(value, text, fits)?;
                // 对，幺三八零零幺三八零零零 is a yes.
                match &corrected {
                    Corrected::Number(number) if number == value => Some(Reply::Yes),
                    _ => Some(Reply::Corrected(corrected)),
                }
            }
            Step::Offering => self.digits(&numbers::heard(kind, text)?, "", false),
            Step::Asking { heard, .. } => {
                let (text, anew) = match ears.vocabulary.after_retraction(text) {
                    Some(rest) => (rest, true),
                    None => (text, false),
                };
                let before = if anew { "" } else { heard.as_str() };
                let digits = numbers::heard(kind, text);
                match digits {
                    Some(digits) => {
                        self.digits(&digits, before, anew || repeats(before, &digits, fits))
                    }
                    None if anew && !heard.is_empty() => Some(Reply::No),
                    None => None,
                }
            }
            Step::AskingHour { .. } => None,
        }
    }

    fn digits(&self, digits: &str, before: &str, anew: bool) -> Option<Reply> {
        let whole = match anew {
            true => digits.to_owned(),
            false => format!("{before}{digits}"),
        };
        Some(Reply::Digits {
            full: numbers::is_full(self.kind(), &whole),
            digits: digits.to_owned(),
            anew,
        })
    }

    /// Words: yes, no, a city, a day, one of a few.
    pub(in crate::conversation) fn hear_words(&self, text: &str, ears: Ears<'_>) -> Option<Reply> {
        let vocabulary = ears.vocabulary;
        let decided = |yes: bool| if yes { Reply::Yes } else { Reply::No };
        let decision = || vocabulary.decision(text).map(decided);
        // 不用了, said of the number that was offered, is no more than that.
        if *self.step() == Step::Offering
            && let Some(reply) = decision()
        {
            return Some(reply);
        }
        if vocabulary.is_cancelled(text) {
            return Some(Reply::Cancelled);
        }
        match self.step() {
            Step::Offering => return None,
            Step::Confirming { value } => {
                return match self.value_in(text, ears) {
                    Some(Reply::Value(other)) if other != *value => Some(Reply::Value(other)),
                    Some(Reply::Value(_)) => Some(Reply::Yes),
                    _ => decision(),
                };
            }
            Step::Asking { .. } | Step::AskingHour { .. } => {}
        }
        if vocabulary.is_unable(text) {
            return Some(Reply::Unable);
        }
        if let Some(before) = self.implied()
            && let Some(rest) = vocabulary.after_retraction(text)
            && let Some(Reply::Value(value)) = value_of(self.kind_of(before), rest, None, ears)
        {
            return Some(Reply::Amended {
                slot: before,
                value,
            });
        }
        self.value_in(text, ears)
    }

    /// Free words, when they are nothing else.
    pub(in crate::conversation) fn hear_text(&self, text: &str, ears: Ears<'_>) -> Option<Reply> {
        let wanted = matches!(
            (self.kind(), self.step()),
            (SlotKind::Text, Step::Asking { .. })
        );
        wanted.then(|| {
            let text = ears.vocabulary.without_fillers(text);
            Reply::Value(text.chars().take(LONGEST_TEXT).collect())
        })
    }

    fn value_in(&self, text: &str, ears: Ears<'_>) -> Option<Reply> {
        let day = match self.step() {
            Step::AskingHour { day } => Some(*day),
            _ => None,
        };
        value_of(self.kind(), text, day, ears)
    }
}

/// The value of such a kind in `text`.
pub(super) fn value_of(
    kind: &SlotKind,
    text: &str,
    day: Option<Date>,
    ears: Ears<'_>,
) -> Option<Reply> {
    let of = |found: Result<Option<String>, Fault>| match found {
        Ok(found) => found.map(Reply::Value),
        Err(fault) => Some(Reply::Wrong(fault)),
    };
    match kind {
        SlotKind::City => of(cities::city(text)),
        SlotKind::Date => {
            of(days::day(text, ears.now.date()).map(|day| day.map(|day| day.to_string())))
        }
        SlotKind::Time => match days::when(text, day, ears.now) {
            Ok(Some(When::Moment(at))) => {
                Some(Reply::Value(at.strftime("%Y-%m-%dT%H:%M").to_string()))
            }
            Ok(Some(When::Day(_))) if day.is_some() => None,
            Ok(Some(When::Day(day))) => Some(Reply::Day(day)),
            Ok(None) => None,
            Err(fault) => Some(Reply::Wrong(fault)),
        },
        SlotKind::Choice { options } => {
            let place = ears
                .vocabulary
                .ordinal(text, options.len())
                .or_else(|| nth(text, options.len()))
                .or_else(|| by_name(text, options))?;
            options.get(place).cloned().map(Reply::Value)
        }
        SlotKind::Phone
        | SlotKind::Digits { .. }
        | SlotKind::IdCard
        | SlotKind::BankCard
        | SlotKind::Text => None,
    }
}

/// Whether `digits` are the whole number once more, said to be sure.
fn repeats(before: &str, digits: &str, fits: impl Fn(&str) -> bool) -> bool {
    !before.is_empty() && fits(digits) && !fits(&format!("{before}{digits}"))
}

/// 四, 第五个, 6.
fn nth(text: &str, count: usize) -> Option<usize> {
    let text = text.trim_start_matches("选").trim_start_matches('第');
    let digits = crate::text::digits::dictated(text.trim_end_matches('个'))?;
    let place = digits.parse::<usize>().ok()?.checked_sub(1)?;
    (place < count).then_some(place)
}

/// The one option that `text` names, by its characters or by sound.
fn by_name(text: &str, options: &[String]) -> Option<usize> {
    let said = toneless(text);
    let sounds = |option: &String| {
        let name = toneless(option);
        name.len() > 1 && said.windows(name.len()).any(|part| part == name)
    };
    let written = |option: &String| text.contains(option.as_str());
    let longest = |named: &dyn Fn(&String) -> bool| {
        let lengths = options.iter().map(|option| match named(option) {
            true => option.chars().count(),
            false => 0,
        });
        let lengths: Vec<usize> = lengths.collect();
        let best = lengths.iter().max().copied().filter(|best| *best > 0)?;
        let mut places = lengths.iter().enumerate().filter(|(_, one)| **one == best);
        let (place, _) = places.next()?;
        places.next().is_none().then_some(place)
    };
    longest(&written).or_else(|| longest(&sounds))
}
