//! Corrections of a number that was read back (不对，最后一位是六).
//!
//! A correction is exact or it is none: one that fits two places gives [`Corrected::Ambiguous`], and the number is asked for again.

use super::numbers::runs;
use crate::text::digits::leading;

/// What a correction makes of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::conversation) enum Corrected {
    /// This number is meant; it is to be checked and read back.
    Number(String),
    /// It was not said which digit, or more than one fits.
    Ambiguous,
    /// The number is being said anew; these are its first digits.
    Anew(String),
}

/// What stands between a place and its digits.
const IS: [&str; 10] = [
    "应该是",
    "应当是",
    "应该",
    "改成",
    "改为",
    "换成",
    "而是",
    "是",
    "为",
    "念",
];

/// What may stand after a place.
const NAMES_OF_PLACES: [&str; 5] = ["数字", "号码", "数", "的", "那"];

/// Some digits of a number, from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First(Option<usize>),
    Last(Option<usize>),
    Nth(usize),
    NthLast(usize),
    Middle(usize),
}

/// What `text` makes of `value`; `None` if it is no correction. `fits` tells whether a number may be what is wanted.
pub(super) fn correct(value: &str, text: &str, fits: impl Fn(&str) -> bool) -> Option<Corrected> {
    let text: String = text
        .chars()
        .filter(|symbol| !symbol.is_whitespace())
        .collect();
    let names_place = text.contains('位') || find_place(&text).is_some();
    let counts = ["少了", "少一", "少个", "漏", "多了", "多一", "多个", "缺"];
    let counted = counts.iter().any(|word| text.contains(word));
    if !names_place && !counted {
        let whole = runs(&text).into_iter().filter(|run| fits(run));
        let whole: Vec<String> = whole.collect();
        if let [one] = &whole[..] {
            return Some(Corrected::Number(one.clone()));
        }
    }
    if counted {
        return Some(count(value, &text, fits));
    }
    if names_place {
        return Some(at_places(value, &text));
    }
    if let Some(changed) = in_place_of(value, &text) {
        return Some(changed);
    }
    let said: Vec<String> = runs(&text);
    match &said[..] {
        [one] => Some(Corrected::Anew(one.clone())),
        [] if single_digit(&text) => Some(Corrected::Ambiguous),
        [] => None,
        _ => Some(Corrected::Ambiguous),
    }
}

/// 不对，六: which six?
fn single_digit(text: &str) -> bool {
    let marks = |symbol: char| !symbol.is_alphanumeric();
    let rest = ["不对", "不是", "错了", "是"]
        .iter()
        .fold(text.to_owned(), |rest, word| rest.replacen(word, "", 1));
    let (digits, after) = leading(rest.trim_start_matches(marks));
    !digits.is_empty() && after.trim_matches(marks).is_empty()
}

/// Digits at places that are named: 最后一位是六, 第三位是五不是九, 中间四位是….
fn at_places(value: &str, text: &str) -> Corrected {
    let mut digits: Vec<char> = value.chars().collect();
    let (mut rest, mut changed) = (text, false);
    while let Some((place, after)) = find_place(rest) {
        let after = skip(after, &NAMES_OF_PLACES);
        let Some((new, old, after)) = new_digits(after) else {
            // A place without a digit (第三位错了) tells where, and not what.
            return Corrected::Ambiguous;
        };
        let Some(range) = range_of(place, digits.len(), new.len()) else {
            return Corrected::Ambiguous;
        };
        let there: String = digits[range.clone()].iter().collect();
        if old.is_some_and(|old| old != there) {
            return Corrected::Ambiguous;
        }
        digits.splice(range, new.chars());
        changed = true;
        rest = after;
    }
    match changed {
        true => Corrected::Number(digits.into_iter().collect()),
        false => Corrected::Ambiguous,
    }
}

/// The digits that a place is said to have, and those it is said not to have: 是五不是九, 不是九是五.
fn new_digits(text: &str) -> Option<(String, Option<String>, &str)> {
    let pause = |symbol: char| matches!(symbol, '，' | ',' | '、' | '。');
    let text = text.trim_start_matches(pause);
    if let Some(after) = text.strip_prefix("不是") {
        let (old, after) = leading(after);
        let after = skip(after.trim_start_matches(pause), &IS);
        let (new, after) = leading(after);
        return (!old.is_empty() && !new.is_empty()).then_some((new, Some(old), after));
    }
    let (new, after) = leading(skip(text, &IS));
    if new.is_empty() {
        return None;
    }
    match after.trim_start_matches(pause).strip_prefix("不是") {
        Some(denied) => {
            let (old, after) = leading(denied);
            Some((new, (!old.is_empty()).then_some(old), after))
        }
        None => Some((new, None, after)),
    }
}

/// Which digits a place means, if there are that many and `said` were given for it.
fn range_of(place: Place, length: usize, said: usize) -> Option<std::ops::Range<usize>> {
    let range = match place {
        Place::First(count) => 0..count.unwrap_or(said),
        Place::Last(count) => length.checked_sub(count.unwrap_or(said))?..length,
        Place::Nth(nth) => nth.checked_sub(1)?..nth,
        Place::NthLast(nth) => {
            let at = length.checked_sub(nth)?;
            at..at + 1
        }
        // Mobiles are read 3-4-4; else the middle must be one.
        Place::Middle(4) if length == 11 => 3..7,
        Place::Middle(count) => {
            let around = length.checked_sub(count)?;
            if !around.is_multiple_of(2) {
                return None;
            }
            around / 2..around / 2 + count
        }
    };
    (range.end <= length && range.len() == said && said > 0).then_some(range)
}

/// The first place that `text` names, and what follows.
fn find_place(text: &str) -> Option<(Place, &str)> {
    text.char_indices()
        .find_map(|(at, _)| place_at(&text[at..]))
}

fn place_at(text: &str) -> Option<(Place, &str)> {
    if let Some(after) = text.strip_prefix("倒数第") {
        let (nth, after) = small_number(after)?;
        return Some((Place::NthLast(nth), skip_measure(after)?));
    }
    if let Some(after) = text.strip_prefix('第') {
        let (nth, after) = small_number(after)?;
        return Some((Place::Nth(nth), skip_measure(after)?));
    }
    type Made = fn(Option<usize>) -> Option<Place>;
    const WORDS: [(&str, Made); 11] = [
        ("最后面", |count| Some(Place::Last(count))),
        ("最后", |count| Some(Place::Last(count))),
        ("末尾", |count| Some(Place::Last(count))),
        ("结尾", |count| Some(Place::Last(count))),
        ("尾号", |count| Some(Place::Last(count))),
        ("后面", |count| Some(Place::Last(count))),
        ("中间", |count| count.map(Place::Middle)),
        ("开头", |count| Some(Place::First(count))),
        ("前面", |count| Some(Place::First(count))),
        ("后", |count| count.map(|count| Place::Last(Some(count)))),
        ("前", |count| count.map(|count| Place::First(Some(count)))),
    ];
    let (after, made) = WORDS
        .iter()
        .find_map(|(word, made)| Some((text.strip_prefix(word)?, made)))?;
    let counted = small_number(after).and_then(|(count, after)| {
        let after = after
            .strip_prefix('位')
            .or_else(|| after.strip_prefix("个数"))?;
        Some((count, after))
    });
    match counted {
        Some((count, after)) => Some((made(Some(count))?, after)),
        // 最后是五六: as many as are said. 最后那个 and the like name no place.
        None => {
            let says = IS.iter().any(|word| after.starts_with(word));
            says.then(|| Some((made(None)?, after)))?
        }
    }
}

fn skip_measure(text: &str) -> Option<&str> {
    text.strip_prefix('位').or_else(|| text.strip_prefix('个'))
}

/// 一 to 十九, or figures.
fn small_number(text: &str) -> Option<(usize, &str)> {
    let figures = text.len()
        - text
            .trim_start_matches(|symbol: char| symbol.is_ascii_digit())
            .len();
    if figures > 0 {
        return Some((text[..figures].parse().ok()?, &text[figures..]));
    }
    let value = |symbol: char| match symbol {
        '两' => Some(2),
        _ => "零一二三四五六七八九".chars().position(|one| one == symbol),
    };
    let mut symbols = text.chars();
    let first = symbols.next()?;
    if first == '十' {
        let units = symbols.next().and_then(value);
        let length = '十'.len_utf8() * if units.is_some() { 2 } else { 1 };
        return Some((10 + units.unwrap_or(0), &text[length..]));
    }
    Some((value(first)?, &text[first.len_utf8()..]))
}

fn skip<'a>(text: &'a str, words: &[&str]) -> &'a str {
    words
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .unwrap_or(text)
}

/// 少了一个八, 多了一个零, 最后少了一个六.
fn count(value: &str, text: &str, fits: impl Fn(&str) -> bool) -> Corrected {
    let is_missing = ["少", "漏", "缺"].iter().any(|word| text.contains(word));
    let word = if is_missing {
        ["少", "漏", "缺"].as_slice()
    } else {
        ["多"].as_slice()
    };
    let Some((at, found)) = word.iter().find_map(|word| Some((text.find(word)?, *word))) else {
        return Corrected::Ambiguous;
    };
    let (before, after) = (&text[..at], &text[at + found.len()..]);
    let after = skip(after, &["了", "说了", "念了", "掉了"]);
    let (digits, rest) = leading(skip(after, &["个"]));
    // 少了一位: which?
    if digits.is_empty() || rest.starts_with(['位', '个']) {
        return Corrected::Ambiguous;
    }
    let at_end = ["最后", "末尾", "结尾", "后面"]
        .iter()
        .any(|word| before.contains(word));
    let at_start = ["最前", "开头", "前面"]
        .iter()
        .any(|word| before.contains(word));
    let candidates = match is_missing {
        true => with(value, &digits),
        false => without(value, &digits),
    };
    let length = value.len();
    let chosen: Vec<&(usize, String)> = candidates
        .iter()
        .filter(|(place, _)| match (at_start, at_end, is_missing) {
            (true, _, _) => *place == 0,
            (false, true, true) => *place == length,
            (false, true, false) => *place + digits.len() == length,
            (false, false, _) => true,
        })
        .collect();
    // The same number by another place is the same number.
    let distinct = |of: &[&(usize, String)]| {
        let mut numbers: Vec<String> = of.iter().map(|(_, number)| number.clone()).collect();
        numbers.sort();
        numbers.dedup();
        numbers
    };
    let all = distinct(&chosen);
    if let [one] = &all[..] {
        return Corrected::Number(one.clone());
    }
    let fitting: Vec<&String> = all.iter().filter(|number| fits(number)).collect();
    if let ([one], true) = (&fitting[..], all.len() > 1) {
        return Corrected::Number((*one).clone());
    }
    if !is_missing {
        return Corrected::Ambiguous;
    }
    // One digit of several alike is missed easily: 八八 is heard as 八.
    let beside: Vec<&(usize, String)> = chosen
        .into_iter()
        .filter(|(place, _)| {
            let alike = |at: Option<usize>| {
                at.and_then(|at| value.get(at..at + 1))
                    .is_some_and(|digit| digits.starts_with(digit))
            };
            alike(place.checked_sub(1)) || alike(Some(*place))
        })
        .collect();
    match &distinct(&beside)[..] {
        [one] => Corrected::Number(one.clone()),
        _ => Corrected::Ambiguous,
    }
}

/// `value` with `digits` put in at every place.
fn with(value: &str, digits: &str) -> Vec<(usize, String)> {
    let put = |at: usize| (at, format!("{}{digits}{}", &value[..at], &value[at..]));
    (0..=value.len()).map(put).collect()
}

/// `value` with `digits` taken out wherever they stand.
fn without(value: &str, digits: &str) -> Vec<(usize, String)> {
    places_of(value, digits)
        .into_iter()
        .map(|at| {
            (
                at,
                format!("{}{}", &value[..at], &value[at + digits.len()..]),
            )
        })
        .collect()
}

/// Where `digits` stand in `value`, also over each other.
fn places_of(value: &str, digits: &str) -> Vec<usize> {
    let last = value.len().saturating_sub(digits.len());
    (0..=last)
        .filter(|at| value[*at..].starts_with(digits))
        .collect()
}

/// 是七不是一, 不是一是七, 把一改成七.
fn in_place_of(value: &str, text: &str) -> Option<Corrected> {
    let pause = |symbol: char| matches!(symbol, '，' | ',' | '、' | '。');
    let (old, new) = if let Some(at) = text.find("不是") {
        let (before, after) = (&text[..at], &text[at + "不是".len()..]);
        let (old, rest) = leading(after.trim_start_matches(pause));
        if old.is_empty() {
            return None;
        }
        let (new, _) = leading(skip(rest.trim_start_matches(pause), &IS));
        match new.is_empty() {
            false => (old, new),
            true => (old, trailing(before.trim_end_matches(pause))?),
        }
    } else {
        let word = ["改成", "改为", "换成", "应该是"]
            .iter()
            .find(|word| text.contains(**word))?;
        let (before, after) = text.split_once(word)?;
        (trailing(before.trim_end_matches(pause))?, leading(after).0)
    };
    if new.is_empty() {
        return Some(Corrected::Ambiguous);
    }
    Some(match places_of(value, &old)[..] {
        [at] => Corrected::Number(format!("{}{new}{}", &value[..at], &value[at + old.len()..])),
        _ => Corrected::Ambiguous,
    })
}

/// The digits that `text` ends in.
fn trailing(text: &str) -> Option<String> {
    text.char_indices().find_map(|(at, _)| {
        let (digits, after) = leading(&text[at..]);
        (!digits.is_empty() && after.is_empty()).then_some(digits)
    })
}
