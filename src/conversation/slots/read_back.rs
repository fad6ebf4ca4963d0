//! How what was heard is said back, so that a wrong digit is noticed.

use jiff::civil::{Date, DateTime};

use super::cities;
use crate::{action::SlotKind, text::digits::spelled};

/// Digits that are read in one breath.
const GROUP: usize = 4;

/// `value` as the caller hears it, written.
pub(super) fn read_back(kind: &SlotKind, value: &str, chinese: bool) -> String {
    match kind {
        SlotKind::Phone if chinese => spelled(value),
        SlotKind::Phone | SlotKind::Digits { .. } | SlotKind::IdCard | SlotKind::BankCard => {
            in_groups(value, chinese)
        }
        SlotKind::City => cities::with_province(value),
        SlotKind::Date => value
            .parse::<Date>()
            .map_or_else(|_| value.to_owned(), |date| day(date, chinese)),
        SlotKind::Time => value.parse::<DateTime>().map_or_else(
            |_| value.to_owned(),
            |at| match chinese {
                true => format!("{}{}", day(at.date(), chinese), at.strftime("，%-H:%M")),
                false => format!("{} at {}", day(at.date(), chinese), at.strftime("%H:%M")),
            },
        ),
        SlotKind::Choice { .. } | SlotKind::Text => value.to_owned(),
    }
}

fn day(date: Date, chinese: bool) -> String {
    const DAYS: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
    match chinese {
        // The offset is 0 to 6.
        true => {
            let day = date.weekday().to_monday_zero_offset().unsigned_abs();
            let (month, of_month) = (date.month(), date.day());
            format!("{month}月{of_month}日，星期{}", DAYS[usize::from(day)])
        }
        false => date.strftime("%A, %B %-d").to_string(),
    }
}

/// Digit by digit in groups of four; a digit that would be left alone goes with the group before.
fn in_groups(value: &str, chinese: bool) -> String {
    let symbols: Vec<char> = value.chars().collect();
    let mut groups: Vec<&[char]> = symbols.chunks(GROUP).collect();
    if groups.len() > 1 && groups.last().is_some_and(|last| last.len() == 1) {
        groups.truncate(groups.len() - 2);
        groups.push(&symbols[groups.len() * GROUP..]);
    }
    let named = |symbol: &char| {
        let place = symbol.to_digit(10).filter(|_| chinese);
        let name = place.and_then(|digit| "零幺二三四五六七八九".chars().nth(digit as usize));
        name.unwrap_or(*symbol).to_string()
    };
    let between = if chinese { "" } else { " " };
    let groups: Vec<String> = groups
        .iter()
        .map(|group| group.iter().map(named).collect::<Vec<_>>().join(between))
        .collect();
    groups.join(if chinese { "，" } else { ", " })
}
