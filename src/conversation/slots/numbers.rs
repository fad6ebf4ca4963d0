//! Numbers inside what a caller says: dictated alone, in groups, or in the middle of a sentence.
//!
//! Whether a number holds is told by `check`.

use crate::{
    action::{CheckDigit, SlotKind},
    text::digits::{dictated, leading},
};

/// The fewest digits that are a number in the middle of a sentence; fewer are a count (三个工作日).
const SHORTEST_RUN: usize = 3;

/// The longest number that can be dialled (ITU-T E.164 §6.1 and a trunk prefix).
const LONGEST_PHONE: usize = 17;

/// How the check character X is said and written.
const CROSSES: [&str; 7] = ["艾克斯", "埃克斯", "爱克斯", "叉", "x", "Ｘ", "X"];

/// Whether a slot is filled with digits.
pub(in crate::conversation) const fn is_number(kind: &SlotKind) -> bool {
    matches!(
        kind,
        SlotKind::Phone | SlotKind::Digits { .. } | SlotKind::IdCard | SlotKind::BankCard
    )
}

/// Whether X may stand at the end.
pub(super) const fn ends_in_cross(kind: &SlotKind) -> bool {
    matches!(
        kind,
        SlotKind::IdCard
            | SlotKind::Digits {
                check: CheckDigit::Mod11,
                ..
            }
    )
}

/// The longest that such a number can be.
pub(super) fn longest(kind: &SlotKind) -> usize {
    match kind {
        SlotKind::Digits { max, .. } => usize::from(*max),
        SlotKind::IdCard => 18,
        SlotKind::BankCard => 19,
        _ => LONGEST_PHONE,
    }
}

/// Whether nothing can follow.
pub(super) fn is_full(kind: &SlotKind, digits: &str) -> bool {
    // A mobile number needs nothing after it to be complete.
    let mobile = matches!(kind, SlotKind::Phone) && digits.len() == 11 && digits.starts_with('1');
    mobile || digits.len() >= longest(kind)
}

/// The digits that were said for such a slot: all of `text`, or the one number in it.
pub(super) fn heard(kind: &SlotKind, text: &str) -> Option<String> {
    let text = match ends_in_cross(kind) {
        true => CROSSES
            .iter()
            .fold(text.to_owned(), |text, cross| text.replace(cross, "X")),
        false => text.to_owned(),
    };
    let (before, cross) = match text.rfind('X') {
        Some(place) if ends_in_cross(kind) => (&text[..place], "X"),
        _ => (text.as_str(), ""),
    };
    let marks = |symbol: char| !symbol.is_alphanumeric();
    if !cross.is_empty() && before.trim_matches(marks).is_empty() {
        return Some(cross.to_owned());
    }
    if let Some(digits) = dictated(before) {
        return Some(digits + cross);
    }
    let runs = runs(before);
    let fitting: Vec<&String> = runs
        .iter()
        .filter(|run| run.len() + cross.len() <= longest(kind))
        .collect();
    match fitting[..] {
        [one] => Some(format!("{one}{cross}")),
        _ => {
            let full = |run: &&&String| is_full(kind, &format!("{run}{cross}"));
            let mut full = fitting.iter().filter(full);
            let one = full.next()?;
            full.next().is_none().then(|| format!("{one}{cross}"))
        }
    }
}

/// Every number in a sentence.
pub(super) fn runs(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(symbol) = rest.chars().next() {
        let (digits, after) = leading(rest);
        rest = match digits.is_empty() {
            true => &rest[symbol.len_utf8()..],
            false => after,
        };
        if digits.len() >= SHORTEST_RUN {
            found.push(digits);
        }
    }
    found
}
