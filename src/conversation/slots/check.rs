//! Whether a number can be what it is said to be.
//!
//! A number that holds may still be another's: that is for the business's systems to say.

use jiff::civil::{Date, date};

use crate::{
    action::{CheckDigit, SlotKind},
    phone_number::{CallerNumber, Places},
    text::check_digits::{luhn_holds, mod_11_2_holds},
};

/// What is wrong with a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::conversation) enum Fault {
    /// Too short or too long.
    Length,
    /// The check digit does not fit.
    CheckDigit,
    /// There is no such number, day or place.
    Implausible,
    /// A day or time that is over.
    Past,
    /// Nothing of the kind was heard.
    NotUnderstood,
    /// What was heard can mean several things.
    Ambiguous,
    /// The caller says that it was heard wrong, and no more.
    Denied,
    /// Nothing was heard at all.
    Silent,
    /// The caller does not have it.
    Unable,
}

impl Fault {
    /// Name for the record.
    pub(in crate::conversation) const fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::CheckDigit => "check_digit",
            Self::Implausible => "implausible",
            Self::Past => "past",
            Self::NotUnderstood => "not_understood",
            Self::Ambiguous => "ambiguous",
            Self::Denied => "denied",
            Self::Silent => "silent",
            Self::Unable => "unable",
        }
    }
}

/// GB 11643-1999 §4.2.1, GB/T 2260: the first two digits of the region.
const REGIONS: [&str; 34] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41",
    "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71",
    "81", "82",
];

/// Residents of Taiwan hold cards with 83 (公安部 2018).
const TAIWAN: &str = "83";

/// The number as the business's systems are told, or what is wrong with it.
pub(super) fn number(kind: &SlotKind, heard: &str, today: Date) -> Result<String, Fault> {
    match kind {
        SlotKind::Phone => phone(heard),
        SlotKind::Digits { min, max, check } => {
            let bounds = usize::from(*min)..=usize::from(*max);
            let guarded = match check {
                CheckDigit::None => plain(heard),
                CheckDigit::Luhn => plain(heard) && luhn_holds(heard),
                CheckDigit::Mod11 => mod_11_2_holds(heard),
            };
            match (bounds.contains(&heard.len()), guarded) {
                (false, _) => Err(Fault::Length),
                (true, false) => Err(Fault::CheckDigit),
                (true, true) => Ok(heard.to_owned()),
            }
        }
        SlotKind::IdCard => id_card(heard, today),
        // ISO/IEC 7812-1: cards of China have 16 to 19 digits.
        SlotKind::BankCard => match ((16..=19).contains(&heard.len()), luhn_holds(heard)) {
            (false, _) => Err(Fault::Length),
            (true, true) if plain(heard) => Ok(heard.to_owned()),
            (true, _) => Err(Fault::CheckDigit),
        },
        SlotKind::City
        | SlotKind::Date
        | SlotKind::Time
        | SlotKind::Choice { .. }
        | SlotKind::Text => Err(Fault::NotUnderstood),
    }
}

fn plain(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn phone(heard: &str) -> Result<String, Fault> {
    let number = CallerNumber::parse(heard, &Places::built_in());
    match number.can_be_called() {
        true => Ok(number.canonical),
        false if heard.len() < 10 => Err(Fault::Length),
        false => Err(Fault::Implausible),
    }
}

/// GB 11643-1999.
fn id_card(heard: &str, today: Date) -> Result<String, Fault> {
    if heard.len() != 18 {
        return Err(Fault::Length);
    }
    if !mod_11_2_holds(heard) {
        return Err(Fault::CheckDigit);
    }
    // The check digit has shown that the first seventeen are ASCII digits.
    let part = |from: usize, to: usize| heard[from..to].parse::<i16>().unwrap_or(0);
    let (month, day) = (part(10, 12) as i8, part(12, 14) as i8);
    let born = Date::new(part(6, 10), month, day).ok();
    let alive = born.is_some_and(|born| born >= date(1900, 1, 1) && born <= today);
    let region = REGIONS.contains(&&heard[..2]) || &heard[..2] == TAIWAN;
    match alive && region {
        true => Ok(heard.to_owned()),
        false => Err(Fault::Implausible),
    }
}
