//! Days and times of day as callers say them (后天, 下周三, 十月八号, 下午两点半), from a given now on.
//!
//! No clock is read and no calendar of holidays is known. What is understood is Chinese, or figures.

use jiff::{
    ToSpan,
    civil::{Date, DateTime, Time, Weekday},
};

use super::check::Fault;
use crate::text::written::to_written;

/// Appointments are not made further ahead.
const FURTHEST_DAYS: i32 = 366;

/// Days by name, the longer before the shorter that it ends in.
const NAMED: [(&str, i64); 13] = [
    ("大后天", 3),
    ("后天", 2),
    ("明天", 1),
    ("明日", 1),
    ("明早", 1),
    ("明晚", 1),
    ("明儿", 1),
    ("今天", 0),
    ("今日", 0),
    ("今儿", 0),
    ("今早", 0),
    ("今晚", 0),
    ("当天", 0),
];

/// Words for a week, and how many weeks they are ahead.
const WEEKS: [(&str, i64); 7] = [
    ("下下个", 2),
    ("下下", 2),
    ("下个", 1),
    ("下", 1),
    ("这个", 0),
    ("这", 0),
    ("本", 0),
];

/// A day, or a day and a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Day(Date),
    Moment(DateTime),
}

/// The day that `text` names; `Ok(None)` when it names none.
pub(super) fn day(text: &str, today: Date) -> Result<Option<Date>, Fault> {
    let text = to_written(text);
    let found = match named(&text, today)
        .or_else(|| weekday(&text, today))
        .or_else(|| in_days(&text, today))
    {
        Some(date) => Some(date),
        None => calendar(&text, today)?,
    };
    match found {
        Some(date) if date < today => Err(Fault::Past),
        Some(date) if (date - today).get_days() > FURTHEST_DAYS => Err(Fault::Implausible),
        found => Ok(found),
    }
}

/// The day and time that `text` names, on `known` if it names no day. A time without any day is the next such time.
pub(super) fn when(text: &str, known: Option<Date>, now: DateTime) -> Result<Option<When>, Fault> {
    let day = day(text, now.date())?.or(known);
    let moment = match (day, clock(&to_written(text))?) {
        (None, None) => return Ok(None),
        (Some(day), None) => return Ok(Some(When::Day(day))),
        (Some(day), Some(time)) => day.to_datetime(time),
        (None, Some(time)) => {
            let today = now.date().to_datetime(time);
            match today > now {
                true => today,
                false => today.saturating_add(1.day()),
            }
        }
    };
    match moment > now {
        true => Ok(Some(When::Moment(moment))),
        false => Err(Fault::Past),
    }
}

fn named(text: &str, today: Date) -> Option<Date> {
    let (_, ahead) = NAMED.iter().find(|(name, _)| text.contains(name))?;
    today.checked_add(ahead.days()).ok()
}

/// 下周三, 这个星期六, 礼拜天. Without a word before it, the next such day.
fn weekday(text: &str, today: Date) -> Option<Date> {
    let (place, name) = ["星期", "礼拜", "周"]
        .iter()
        .find_map(|name| text.find(name).map(|place| (place, *name)))?;
    let day = text[place + name.len()..].chars().next()?;
    let weekday = match day {
        '一' | '1' => Weekday::Monday,
        '二' | '2' => Weekday::Tuesday,
        '三' | '3' => Weekday::Wednesday,
        '四' | '4' => Weekday::Thursday,
        '五' | '5' => Weekday::Friday,
        '六' | '6' => Weekday::Saturday,
        '日' | '天' | '末' | '7' => Weekday::Sunday,
        _ => return None,
    };
    // 周末 begins on Saturday.
    let weekday = match day {
        '末' => Weekday::Saturday,
        _ => weekday,
    };
    let ahead = i64::from(weekday.to_monday_zero_offset())
        - i64::from(today.weekday().to_monday_zero_offset());
    let week = WEEKS
        .iter()
        .find(|(word, _)| text[..place].ends_with(word))
        .map(|(_, weeks)| *weeks);
    let ahead = match week {
        Some(weeks) => ahead + 7 * weeks,
        None => ahead.rem_euclid(7),
    };
    today.checked_add(ahead.days()).ok()
}

/// 三天后, 两天以后.
fn in_days(text: &str, today: Date) -> Option<Date> {
    let place = text.find("天后").or_else(|| text.find("天以后"))?;
    let before = text[..place].chars().next_back()?;
    let days = match before {
        '一' => 1,
        '二' | '两' => 2,
        _ => number_before(&text[..place]).or_else(|| numeral(before))?,
    };
    today.checked_add(i64::from(days).days()).ok()
}

/// 10月8号, 8号, 下个月8号, 2026年10月8日.
fn calendar(text: &str, today: Date) -> Result<Option<Date>, Fault> {
    let Some(place) = ["号", "日"].iter().find_map(|word| {
        let mut places = text.match_indices(word).map(|(place, _)| place);
        places.find(|place| number_or_numeral(&text[..*place]).is_some())
    }) else {
        return Ok(None);
    };
    let before = &text[..place];
    let Some(day) = number_or_numeral(before) else {
        return Ok(None);
    };
    let made = |year: i16, month: u32| {
        let month = i8::try_from(month).ok()?;
        Date::new(year, month, i8::try_from(day).ok()?).ok()
    };
    let month = before.rfind('月').and_then(|place| {
        let year = text[..place]
            .find('年')
            .and_then(|year| number_before(&text[..year]));
        Some((year, number_or_numeral(&text[..place])?))
    });
    let found = match month {
        Some((Some(year), month)) => made(i16::try_from(year).unwrap_or(0), month),
        Some((None, month)) => {
            let this = made(today.year(), month);
            // 一月三号, said in December, is in January.
            match this {
                Some(date) if date < today => made(today.year() + 1, month),
                // 2月29号 may be of next year.
                None => made(today.year() + 1, month),
                this => this,
            }
        }
        None => {
            let next_month = before.contains("下个月") || before.contains("下月");
            let months = (i64::from(next_month)..=12).filter_map(|ahead| {
                let first = today.first_of_month().checked_add(ahead.months()).ok()?;
                made(first.year(), u32::from(first.month().unsigned_abs()))
            });
            months.into_iter().find(|date| *date >= today)
        }
    };
    found.map(Some).ok_or(Fault::Implausible)
}

/// 下午2点半, 14:30, 早上9点.
fn clock(text: &str) -> Result<Option<Time>, Fault> {
    let Some((hour, minute)) = hour_and_minute(text) else {
        return Ok(None);
    };
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let morning = any(&["早", "上午", "凌晨"]);
    let evening = any(&["下午", "傍晚", "晚"]);
    let hour = match hour {
        12 if any(&["凌晨", "半夜"]) => 0,
        1..=11 if evening => hour + 12,
        1..=3 if any(&["中午"]) => hour + 12,
        // Nobody is visited at 两点 in the night.
        1..=6 if !morning => hour + 12,
        24 => 0,
        hour => hour,
    };
    let time = i8::try_from(hour)
        .ok()
        .zip(i8::try_from(minute).ok())
        .and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok());
    time.map(Some).ok_or(Fault::Implausible)
}

fn hour_and_minute(text: &str) -> Option<(u32, u32)> {
    if let Some(place) = text.find([':', '：']) {
        let colon = text[place..].chars().next().map_or(1, char::len_utf8);
        let minute = number_at(&text[place + colon..])?;
        return Some((number_before(&text[..place])?, minute));
    }
    let place = text.find('点')?;
    let hour = number_or_numeral(&text[..place])?;
    let after = &text[place + '点'.len_utf8()..];
    let minute = match after.chars().next() {
        Some('半') => 30,
        Some('一') if after.starts_with("一刻") => 15,
        Some('三') if after.starts_with("三刻") => 45,
        _ => number_at(after).unwrap_or(0),
    };
    Some((hour, minute))
}

/// The figures that `text` ends in.
fn number_before(text: &str) -> Option<u32> {
    let digits = text.len()
        - text
            .trim_end_matches(|symbol: char| symbol.is_ascii_digit())
            .len();
    text[text.len() - digits..].parse().ok()
}

/// The figures that `text` begins with.
fn number_at(text: &str) -> Option<u32> {
    let digits = text.len()
        - text
            .trim_start_matches(|symbol: char| symbol.is_ascii_digit())
            .len();
    text[..digits].parse().ok()
}

/// Single numerals stay numerals when text is written.
fn numeral(symbol: char) -> Option<u32> {
    let place = "零一二三四五六七八九十"
        .chars()
        .position(|one| one == symbol);
    match symbol {
        '两' => Some(2),
        // Eleven symbols.
        _ => place.map(|value| value as u32),
    }
}

fn number_or_numeral(text: &str) -> Option<u32> {
    number_before(text).or_else(|| numeral(text.chars().next_back()?))
}
