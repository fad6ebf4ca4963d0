//! Dates as sheets write them.

use jiff::civil::{Date, DateTime, Time};

use super::cells::{Use, tidy};

/// Which end of the time that an entry is true for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// 生效时间: from the first moment of a day.
    Begins,
    /// 失效时间: through a day, so until the next midnight.
    Expires,
}

/// What is written where there is no such date.
const ALWAYS: &[&str] = &[
    "长期",
    "永久",
    "长期有效",
    "永久有效",
    "无",
    "不限",
    "无限期",
    "至今",
    "-",
    "--",
    "—",
    "——",
    "/",
    "立即",
    "即日起",
    "立即生效",
    "none",
    "n/a",
    "never",
];

/// How a date may be written, for messages.
pub(super) const FORMS: &str = "2026-10-01, 2026/10/1, 2026年10月1日 08:00, 20261001";

/// The moment that `text` names: nothing if it names none (长期). An error is a text that is not a date.
pub(super) fn moment(text: &str, end: End) -> Result<Option<DateTime>, ()> {
    let text = tidy(text, Use::Label).text.to_lowercase();
    if text.is_empty() || ALWAYS.contains(&text.as_str()) {
        return Ok(None);
    }
    // Whole ISO 8601 moments, fractions of a second too.
    if text.contains('t')
        && text.contains(':')
        && let Ok(moment) = text.parse::<DateTime>()
    {
        return Ok(Some(moment));
    }
    let (date, time) = serial(&text)
        .or_else(|| compact(&text))
        .or_else(|| written(&text))
        .ok_or(())?;
    Ok(match (time, end, date) {
        (Some(Clock::At(time)), _, Span::Day(date)) => Some(date.to_datetime(time)),
        // A day that has no next one (9999-12-31) never ends.
        (Some(Clock::Midnight), _, Span::Day(date)) | (None, End::Expires, Span::Day(date)) => date
            .tomorrow()
            .ok()
            .map(|next| next.to_datetime(Time::midnight())),
        (None, End::Begins, Span::Day(date) | Span::Month(date)) => {
            Some(date.to_datetime(Time::midnight()))
        }
        (None, End::Expires, Span::Month(date)) => date
            .last_of_month()
            .tomorrow()
            .ok()
            .map(|next| next.to_datetime(Time::midnight())),
        (Some(_), _, Span::Month(_)) => return Err(()),
    })
}

/// Both ends of `2026-10-01至2026-10-07`; a date alone is the end.
pub(super) fn span(text: &str) -> Result<(Option<DateTime>, Option<DateTime>), ()> {
    let text = tidy(text, Use::Label).text;
    let text = text.trim_start_matches('自').trim_start_matches('从');
    let both = ["至", "到", "~", "～", "—", "–", " - "]
        .iter()
        .find_map(|separator| {
            let (from, until) = text.split_once(separator)?;
            // 即日起至2026-10-07.
            let from = moment(from.trim(), End::Begins).ok()?;
            let until = moment(until.trim_matches(['—', ' ']), End::Expires).ok()?;
            Some((from, until))
        });
    match both {
        Some(both) => Ok(both),
        None => Ok((None, moment(text, End::Expires)?)),
    }
}

enum Span {
    Day(Date),
    Month(Date),
}

enum Clock {
    At(Time),
    /// 24:00.
    Midnight,
}

type Written = (Span, Option<Clock>);

/// A day's number in Excel, its fraction the time: 1 is 1900-01-01, and 1900 counts as a leap year (ECMA-376 part 1
/// §18.17.4.1). Numbers of 1954 to 2119.
fn serial(text: &str) -> Option<Written> {
    let number: f64 = text.parse().ok()?;
    if !(20_000.0..80_000.0).contains(&number) {
        return None;
    }
    let zero = jiff::civil::date(1899, 12, 30);
    let days = number.floor();
    let date = zero
        .checked_add(jiff::Span::new().try_days(days as i64).ok()?)
        .ok()?;
    let seconds = ((number - days) * 86_400.0).round() as i64;
    let time = match seconds {
        0 => None,
        86_400.. => Some(Clock::Midnight),
        seconds => Some(Clock::At(clock(
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
        )?)),
    };
    Some((Span::Day(date), time))
}

/// `20261001`, `202610010800`, `20261001080000`.
fn compact(text: &str) -> Option<Written> {
    if !text.bytes().all(|digit| digit.is_ascii_digit()) || !matches!(text.len(), 8 | 12 | 14) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let date = day(number(0, 4)?, number(4, 6)?, number(6, 8)?)?;
    let time = match text.len() {
        8 => None,
        length => {
            let seconds = if length == 14 { number(12, 14)? } else { 0 };
            Some(time_of(number(8, 10)?, number(10, 12)?, seconds)?)
        }
    };
    Some((Span::Day(date), time))
}

/// Year, month, day in this order with any of the usual marks between; then the time.
fn written(text: &str) -> Option<Written> {
    let mut rest = text;
    let mut take = |marks: &[&str]| -> Option<(i64, bool)> {
        let digits = rest.len()
            - rest
                .trim_start_matches(|symbol: char| symbol.is_ascii_digit())
                .len();
        let number = rest.get(..digits)?.parse().ok()?;
        rest = &rest[digits..];
        let mark = marks.iter().find(|mark| rest.starts_with(**mark));
        if let Some(mark) = mark {
            rest = rest[mark.len()..].trim_start();
        }
        Some((number, mark.is_some()))
    };
    let (year, _) = take(&["年", "-", "/", "."]).filter(|(_, marked)| *marked)?;
    let (month, goes_on) = take(&["月份", "月", "-", "/", "."])?;
    if rest.is_empty() {
        // 2026-10-: the day is missing.
        let is_whole = !goes_on || text.ends_with('月') || text.ends_with('份');
        return is_whole
            .then(|| day(year, month, 1))
            .flatten()
            .map(|date| (Span::Month(date), None));
    }
    let rest = {
        let digits = rest.len()
            - rest
                .trim_start_matches(|symbol: char| symbol.is_ascii_digit())
                .len();
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let date = day(year, month, number)?;
        let after = rest[digits..].trim_start_matches(['日', '号']);
        let is_apart = after.len() != rest.len() - digits || after.starts_with([' ', 't']);
        (date, after.trim_start_matches('t').trim(), is_apart)
    };
    match rest {
        (date, "", _) => Some((Span::Day(date), None)),
        (date, time, true) => Some((Span::Day(date), Some(time_text(time)?))),
        _ => None,
    }
}

/// `08:00`, `8点30分`, `下午3:00`, `08:00:00.000`.
fn time_text(text: &str) -> Option<Clock> {
    let (text, is_afternoon) = [
        ("上午", false),
        ("凌晨", false),
        ("早上", false),
        ("下午", true),
        ("晚上", true),
    ]
    .iter()
    .find_map(|(word, afternoon)| Some((text.strip_prefix(word)?, *afternoon)))
    .or_else(|| Some((text.strip_suffix("pm")?, true)))
    .unwrap_or((text.trim_end_matches("am"), false));
    let text = text.trim();
    let text = text.split_once('.').map_or(text, |(whole, fraction)| {
        match fraction.bytes().all(|digit| digit == b'0') {
            true => whole,
            false => text,
        }
    });
    let marked = text
        .replace(['点', '时', '分', '：'], ":")
        .replace('秒', "")
        .replace("半", "30");
    let numbers: Vec<i64> = marked
        .trim_end_matches(':')
        .split(':')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let is_marked = marked.contains(':');
    let (hour, minute, second) = match numbers[..] {
        [hour] if is_marked => (hour, 0, 0),
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = if is_afternoon && (1..12).contains(&hour) {
        hour + 12
    } else {
        hour
    };
    time_of(hour, minute, second)
}

fn time_of(hour: i64, minute: i64, second: i64) -> Option<Clock> {
    match (hour, minute, second) {
        (24, 0, 0) => Some(Clock::Midnight),
        _ => clock(hour, minute, second).map(Clock::At),
    }
}

fn clock(hour: i64, minute: i64, second: i64) -> Option<Time> {
    let byte = |number: i64| i8::try_from(number).ok();
    Time::new(byte(hour)?, byte(minute)?, byte(second)?, 0).ok()
}

/// A date of this or the last century: others are misread.
fn day(year: i64, month: i64, day: i64) -> Option<Date> {
    let year = i16::try_from(year)
        .ok()
        .filter(|year| (1900..=9999).contains(year))?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(moment: Option<DateTime>) -> String {
        moment.map_or("always".to_owned(), |moment| moment.to_string())
    }

    #[test]
    fn dates_are_read_in_their_usual_forms() {
        for (text, expected) in [
            ("2026-10-01", "2026-10-01T00:00:00"),
            ("2026/10/1", "2026-10-01T00:00:00"),
            ("2026.10.1", "2026-10-01T00:00:00"),
            ("2026年10月1日 08:00", "2026-10-01T08:00:00"),
            ("2026年10月1日8点30分", "2026-10-01T08:30:00"),
            ("２０２６年１０月１日８：００", "2026-10-01T08:00:00"),
            ("2026/10/1 下午3:05", "2026-10-01T15:05:00"),
            ("2026-10-01T08:00:05", "2026-10-01T08:00:05"),
            ("2026-10-01 08:00:00.000", "2026-10-01T08:00:00"),
            ("20261001", "2026-10-01T00:00:00"),
            ("202610010830", "2026-10-01T08:30:00"),
            ("46296", "2026-10-01T00:00:00"),
            ("46296.5", "2026-10-01T12:00:00"),
            ("2026年10月", "2026-10-01T00:00:00"),
            ("2026-10", "2026-10-01T00:00:00"),
            ("长期", "always"),
            (" ", "always"),
        ] {
            assert_eq!(
                moment(text, End::Begins).map(shown),
                Ok(expected.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_day_of_expiry_counts_whole() {
        for (text, expected) in [
            ("2026-10-07", "2026-10-08T00:00:00"),
            ("2026-12-31", "2027-01-01T00:00:00"),
            ("46296", "2026-10-02T00:00:00"),
            ("2026年10月", "2026-11-01T00:00:00"),
            ("2026-10-07 18:00", "2026-10-07T18:00:00"),
            ("2026-10-07 24:00", "2026-10-08T00:00:00"),
            ("2026-10-08T00:00:00", "2026-10-08T00:00:00"),
            ("9999-12-31", "always"),
            ("永久有效", "always"),
        ] {
            assert_eq!(
                moment(text, End::Expires).map(shown),
                Ok(expected.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "下个月",
            "2026",
            "10-01",
            "2026-13-01",
            "2026-02-30",
            "2026-10-01abc",
            "26/10/1",
            "99999999",
            "2026-10-",
            "2026-10-01 25:00",
            "2026-10-0108:00",
            "12",
            "2026-10 08:00",
            "0026-10-01",
        ] {
            assert_eq!(moment(text, End::Begins), Err(()), "{text}");
        }
    }

    #[test]
    fn a_span_has_two_ends() {
        let check = |text: &str| span(text).map(|(from, until)| (shown(from), shown(until)));
        let both = Ok((
            "2026-10-01T00:00:00".to_owned(),
            "2026-10-08T00:00:00".to_owned(),
        ));
        assert_eq!(check("2026-10-01至2026-10-07"), both);
        assert_eq!(check("自2026/10/1 ~ 2026/10/7"), both);
        assert_eq!(check("2026年10月1日—2026年10月7日"), both);
        let end = Ok(("always".to_owned(), "2026-10-08T00:00:00".to_owned()));
        assert_eq!(check("2026-10-07"), end);
        assert_eq!(check("即日起至2026-10-07"), end);
        assert_eq!(check("春节期间"), Err(()));
    }

    proptest! {
        #[test]
        fn anything_is_a_date_or_is_not(text in "[0-9年月日:./ t点半下午-]{0,24}") {
            let _ = moment(&text, End::Expires);
            let _ = span(&text);
        }
    }
}
