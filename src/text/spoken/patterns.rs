//! What figures and signs stand for, by what is around them.
//!
//! This file chooses; dates, times and signs are here, what can be counted is in `amounts`, what is dialled or spelled in
//! `identifiers`, what has letters in `letters`.

use super::{
    amounts::{counted_per, dimensions, fraction, is_measured, money, plain_number, range, unit},
    identifiers::{chain, identifier, telephone},
    letters::{code, version, word},
    numbers::{cardinal, digit_by_digit},
};

/// What is said, and how many symbols that takes.
pub(super) type Reading = Option<(String, usize)>;

/// What is said for the beginning of `rest`. `before` is all that precedes it.
pub(super) fn read(before: &[char], rest: &[char]) -> Reading {
    let first = *rest.first()?;
    if first == '¥' || first == '$' {
        return money(rest);
    }
    if first.is_ascii_digit() {
        return date(rest)
            .or_else(|| clock(rest))
            .or_else(|| identifier(before, rest))
            .or_else(|| telephone(before, rest))
            .or_else(|| dimensions(rest))
            .or_else(|| version(rest))
            .or_else(|| code(before, rest))
            .or_else(|| ratio(rest))
            .or_else(|| chain(rest))
            .or_else(|| range(rest))
            .or_else(|| fraction(before, rest))
            .or_else(|| plain_number(before, rest));
    }
    if first.is_ascii_alphabetic() {
        return word(before, rest);
    }
    sign(before, rest)
}

pub(super) fn run(symbols: &[char], accept: impl Fn(char) -> bool) -> usize {
    symbols
        .iter()
        .position(|symbol| !accept(*symbol))
        .unwrap_or(symbols.len())
}

pub(super) fn text(symbols: &[char]) -> String {
    symbols.iter().collect()
}

pub(super) fn digits(symbols: &[char]) -> usize {
    run(symbols, |symbol| symbol.is_ascii_digit())
}

/// The number of spaces that `symbols` begin with.
pub(super) fn spaces(symbols: &[char]) -> usize {
    run(symbols, |symbol| symbol == ' ')
}

pub(super) fn begins(symbols: &[char], word: &str) -> bool {
    let mut symbols = symbols.iter();
    word.chars().all(|symbol| symbols.next() == Some(&symbol))
}

pub(super) fn begins_with_any(symbols: &[char], words: &[&str]) -> bool {
    words.iter().any(|word| begins(symbols, word))
}

pub(super) fn ends(symbols: &[char], word: &str) -> bool {
    let length = word.chars().count();
    symbols.len() >= length && begins(&symbols[symbols.len() - length..], word)
}

/// Whether `symbols` has a Chinese character (and not a mark) at its end.
fn ends_with_hanzi(symbols: &[char]) -> bool {
    symbols
        .last()
        .is_some_and(|symbol| !symbol.is_ascii() && symbol.is_alphanumeric())
}

/// A sign between two quantities (-, ~, 至), with the spaces around it: what is said, and its length.
pub(super) fn joint(symbols: &[char]) -> Option<(&'static str, usize)> {
    let before = spaces(symbols);
    let said = match symbols.get(before)? {
        '-' | '−' | '–' | '~' | '到' => "到",
        '—' if symbols.get(before + 1) != Some(&'—') => "到",
        '至' => "至",
        _ => return None,
    };
    Some((said, before + 1 + spaces(&symbols[before + 1..])))
}

fn value(symbols: &[char]) -> Option<u32> {
    text(symbols).parse().ok()
}

/// 2026-11-24, 2026/11/24, 2026-11, 2026年11月24日, 2026年; 11/24 is a fraction.
fn date(rest: &[char]) -> Reading {
    if digits(rest) != 4 {
        return None;
    }
    let year = value(&rest[..4]).filter(|year| (1900..2100).contains(year))?;
    let year_words = digit_by_digit(&year.to_string(), false);
    let separator = *rest.get(4)?;
    if separator == '年' {
        return Some((format!("{year_words}年"), 5));
    }
    if !matches!(separator, '-' | '/' | '.') {
        return None;
    }
    let month_length = digits(&rest[5..]);
    let month = value(&rest[5..5 + month_length]).filter(|month| (1..=12).contains(month))?;
    let after = 5 + month_length;
    if rest.get(after) != Some(&separator) {
        // 2024-11: a month, unless a range of something measured.
        let is_month = separator == '-' && month_length == 2 && !is_measured(&rest[after..]);
        return is_month.then(|| {
            let month = cardinal(&month.to_string());
            (format!("{year_words}年{month}月"), after)
        });
    }
    let day_length = digits(&rest[after + 1..]);
    let day =
        value(&rest[after + 1..after + 1 + day_length]).filter(|day| (1..=31).contains(day))?;
    let words = format!(
        "{year_words}年{}月{}日",
        cardinal(&month.to_string()),
        cardinal(&day.to_string())
    );
    Some((words, after + 1 + day_length))
}

/// 9:00, 18:05, 9:00-17:30.
fn clock(rest: &[char]) -> Reading {
    let (words, length) = one_clock(rest)?;
    if let Some((_, joint_length)) = joint(&rest[length..])
        && let Some((until, until_length)) = one_clock(&rest[length + joint_length..])
    {
        let length = length + joint_length + until_length;
        return Some((format!("{words}到{until}"), length));
    }
    Some((words, length))
}

fn one_clock(rest: &[char]) -> Reading {
    let hour_length = digits(rest);
    let hour = value(&rest[..hour_length]).filter(|hour| hour_length <= 2 && *hour <= 24)?;
    if !matches!(rest.get(hour_length), Some(':' | '：')) || digits(&rest[hour_length + 1..]) != 2
    {
        return None;
    }
    let minute = value(&rest[hour_length + 1..hour_length + 3]).filter(|minute| *minute < 60)?;
    let hour = match hour {
        2 => "两".to_owned(),
        hour => cardinal(&hour.to_string()),
    };
    let minute = match minute {
        0 => String::new(),
        30 => "半".to_owned(),
        1..=9 => format!("零{}分", cardinal(&minute.to_string())),
        _ => format!("{}分", cardinal(&minute.to_string())),
    };
    Some((format!("{hour}点{minute}"), hour_length + 3))
}

/// 16:9; what can be a time is one.
fn ratio(rest: &[char]) -> Reading {
    let first = digits(rest);
    let second = digits(rest.get(first + 1..)?);
    let length = first + 1 + second;
    if rest[first] != ':' || first > 3 || !(1..=3).contains(&second) {
        return None;
    }
    if rest.get(length) == Some(&':') {
        return None;
    }
    let (left, right) = (text(&rest[..first]), text(&rest[first + 1..length]));
    Some((format!("{}比{}", cardinal(&left), cardinal(&right)), length))
}

fn sign(before: &[char], rest: &[char]) -> Reading {
    let last = before.last().copied();
    let follows_digit = last.is_some_and(|symbol| symbol.is_ascii_digit());
    let before_digit = rest.get(1).is_some_and(char::is_ascii_digit);
    let words = match rest[0] {
        ' ' | '-' | '−' | '–' | '—' => return hyphen(before, rest),
        '/' => return slash(before, rest),
        '+' if before_digit || follows_digit => "加",
        '=' => "等于",
        '&' => "和",
        '#' => "井号",
        '@' => "艾特",
        '~' => "到",
        '*' if !before_digit => "星号",
        '℃' => "摄氏度",
        '㎡' => "平方米",
        '%' => "百分号",
        _ => return None,
    };
    Some((words.to_owned(), 1))
}

/// A hyphen or dash: 到 between quantities (3天-5天), 负 where a number begins, a pause between the parts of an address.
fn hyphen(before: &[char], rest: &[char]) -> Reading {
    let is_dash = matches!(before.last(), Some('—')) || begins(rest, "——");
    if !is_dash
        && let Some((said, length)) = joint(rest)
        && ends_with_quantity(before)
        && begins_with_quantity(&rest[length..])
    {
        return Some((said.to_owned(), length));
    }
    if !matches!(rest[0], '-' | '−' | '–') || !rest.get(1)?.is_ascii_digit() {
        return None;
    }
    let begins_number = before
        .last()
        .is_none_or(|last| !last.is_alphanumeric() || "是为约到至下".contains(*last));
    let after = &rest[1 + digits(&rest[1..])..];
    let is_temperature = begins_with_any(after, &["℃", "°", "度"]) && ends_with_hanzi(before);
    if begins_number || is_temperature {
        return Some(("负".to_owned(), 1));
    }
    ends_with_hanzi(before).then(|| ("，".to_owned(), 1))
}

/// 100元, 3天, 18点, 50%, 周一.
fn ends_with_quantity(before: &[char]) -> bool {
    let Some(last) = before.last() else {
        return false;
    };
    if last.is_ascii_digit() || matches!(last, '%' | '‰' | '℃' | '°') {
        return true;
    }
    let is_day = ["周", "星期", "礼拜"]
        .iter()
        .any(|week| "一二三四五六日天".contains(*last) && ends(&before[..before.len() - 1], week));
    // The parts of an address have numbers, but are none of a range.
    let is_place = [
        "栋", "幢", "座", "室", "门", "号楼", "单元", "院", "弄", "路",
    ]
    .iter()
    .any(|place| ends(before, place));
    is_day || figures_before(before).is_some() && !is_place
}

/// The Chinese characters at the end of `before` if they are few and follow a figure (元 of 100元).
fn figures_before(before: &[char]) -> Option<&[char]> {
    let tail = before
        .iter()
        .rev()
        .take_while(|symbol| !symbol.is_ascii() && symbol.is_alphanumeric())
        .count();
    let (figures, tail_symbols) = before.split_at(before.len() - tail);
    let is_figure = figures.last().is_some_and(char::is_ascii_digit);
    ((1..=3).contains(&tail) && is_figure).then_some(tail_symbols)
}

fn begins_with_quantity(rest: &[char]) -> bool {
    rest.first()
        .is_some_and(|symbol| symbol.is_ascii_digit() || matches!(symbol, '¥' | '$'))
        || begins_with_any(
            rest,
            &[
                "上午",
                "下午",
                "晚上",
                "晚",
                "早上",
                "中午",
                "凌晨",
                "次日",
                "第二天",
                "周",
                "星期",
                "礼拜",
            ],
        )
}

/// A slash: 每 after an amount (99元/月), 或 between words, nothing in the names of models.
fn slash(before: &[char], rest: &[char]) -> Reading {
    let after = &rest[1..];
    let left = before.iter().rposition(|symbol| *symbol != ' ');
    let left = &before[..left.map_or(0, |last| last + 1)];
    let is_latin = |symbol: char| symbol.is_ascii_alphanumeric() || symbol == '-';
    let latin = left.iter().rev().take_while(|symbol| is_latin(**symbol));
    let latin = &left[left.len() - latin.count()..];
    let is_amount = ["元", "块", "角"].iter().any(|money| ends(left, money))
        || figures_before(left).is_some()
        || latin.first().is_some_and(char::is_ascii_digit);
    if is_amount && let Some((said, length)) = counted_per(after) {
        return Some((format!("每{said}"), 1 + length));
    }
    let is_model = latin.len() > 3
        && latin.iter().any(char::is_ascii_digit)
        && latin.iter().any(char::is_ascii_alphabetic)
        && after.first().is_some_and(char::is_ascii_alphanumeric);
    let right = after.get(spaces(after));
    let between = left.last().is_some_and(|symbol| symbol.is_alphanumeric())
        && right.is_some_and(|symbol| symbol.is_alphanumeric());
    let said = match (is_model, between || unit(after).is_some()) {
        (false, true) => "或",
        _ => " ",
    };
    Some((said.to_owned(), 1))
}
