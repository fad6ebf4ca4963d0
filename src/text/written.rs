//! Spoken numbers as they are written: the way back from [`super::spoken`].
//!
//! For what was heard and is to be stored or compared: amounts, dates, times, codes. Numerals that are parts of words stay
//! (万一, 十分, 一起), and so do single ones before most measures (一个), where figures would not be written either. Numbers
//! that are dictated digit by digit with pauses are the work of [`super::digits`].

use super::spoken::cardinal;

const NUMERALS: &str = "零〇一幺二两三四五六七八九十百千万亿";

/// What single numerals are written in figures before.
const MEASURES: &[&str] = &["元", "月", "小时", "分钟", "公斤", "公里", "岁"];

/// `text` with figures for its numbers (`两万零五元` -> `20005元`, `百分之五` -> `5%`, `九点半` -> `9:30`).
pub fn to_written(text: &str) -> String {
    let symbols: Vec<char> = text.chars().collect();
    let mut written = String::with_capacity(text.len());
    let mut place = 0;
    while place < symbols.len() {
        let rest = &symbols[place..];
        let reading = share(rest)
            .or_else(|| clock(rest))
            .or_else(|| number(rest).filter(|(_, length)| stands_alone(&symbols, place, *length)));
        match reading {
            Some((figures, length)) => {
                written.push_str(&figures);
                place += length;
            }
            // A run that is no number stays whole.
            None => {
                let length = run(rest).max(1);
                written.extend(&rest[..length]);
                place += length;
            }
        }
    }
    written
}

/// Whether the numeral at `place` is a number there and not a part of a word.
fn stands_alone(symbols: &[char], place: usize, length: usize) -> bool {
    if length > 1 {
        return true;
    }
    let after = &symbols[place + 1..];
    let is_day =
        place > 0 && symbols[place - 1] == '月' && matches!(after.first(), Some('日' | '号'));
    is_day || MEASURES.iter().any(|measure| begins(after, measure))
}

fn begins(symbols: &[char], word: &str) -> bool {
    let mut symbols = symbols.iter();
    word.chars().all(|symbol| symbols.next() == Some(&symbol))
}

fn run(symbols: &[char]) -> usize {
    symbols
        .iter()
        .position(|symbol| !NUMERALS.contains(*symbol))
        .unwrap_or(symbols.len())
}

fn digit(symbol: char) -> Option<u64> {
    match symbol {
        '〇' => Some(0),
        '幺' => Some(1),
        '两' => Some(2),
        _ => "零一二三四五六七八九"
            .chars()
            .position(|digit| digit == symbol)
            .map(|digit| digit as u64),
    }
}

/// 百分之三点五.
fn share(rest: &[char]) -> Option<(String, usize)> {
    let sign = match rest {
        ['百', '分', '之', ..] => '%',
        ['千', '分', '之', ..] => '‰',
        _ => return None,
    };
    let (figures, length) = number(&rest[3..])?;
    Some((format!("{figures}{sign}"), 3 + length))
}

/// 九点半, 十八点零五分, 三点一刻. 九点 alone stays as it is said.
fn clock(rest: &[char]) -> Option<(String, usize)> {
    let hour_length = run(rest);
    let hour = value(&rest[..hour_length]).filter(|hour| *hour <= 24)?;
    if rest.get(hour_length) != Some(&'点') {
        return None;
    }
    let after = &rest[hour_length + 1..];
    let (minute, length) = match after {
        ['半', ..] => (30, 1),
        ['一', '刻', ..] => (15, 2),
        ['三', '刻', ..] => (45, 2),
        _ => {
            let length = run(after);
            let zero = usize::from(length > 1 && after[0] == '零');
            let minute = value(&after[zero..length]).filter(|minute| *minute < 60)?;
            // 三点五 is a decimal, 三点五十 and 三点零五分 are times.
            match after.get(length) {
                Some('分') => (minute, length + 1),
                _ if after[..length].contains(&'十') => (minute, length),
                _ => return None,
            }
        }
    };
    Some((format!("{hour}:{minute:02}"), hour_length + 1 + length))
}

/// A cardinal, a decimal, or digits one by one.
fn number(rest: &[char]) -> Option<(String, usize)> {
    let length = run(rest);
    let digits = |symbols: &[char]| -> Option<String> {
        symbols
            .iter()
            .map(|symbol| digit(*symbol).map(|digit| digit.to_string()))
            .collect()
    };
    if length > 2
        && let Some(digits) = digits(&rest[..length])
    {
        return Some((digits, length));
    }
    let whole = value(&rest[..length])?;
    if rest.get(length) == Some(&'点') {
        let fraction = run(&rest[length + 1..]);
        let end = length + 1 + fraction;
        // 一点一滴 is a saying.
        if fraction > 0 && rest.get(end) != Some(&'滴') {
            return Some((format!("{whole}.{}", digits(&rest[length + 1..end])?), end));
        }
    }
    Some((whole.to_string(), length))
}

/// The value of a cardinal that is said as one says it; also 两万五 and 三百二 for 25000 and 320.
fn value(numeral: &[char]) -> Option<u64> {
    if let Some(value) = full_value(numeral) {
        return Some(value);
    }
    let (last, before) = numeral.split_last()?;
    let tenth = match before.last()? {
        '百' => 10,
        '千' => 100,
        '万' => 1_000,
        '亿' => 10_000_000,
        _ => return None,
    };
    let last = digit(*last).filter(|digit| *digit > 0)?;
    full_value(before)?.checked_add(last * tenth)
}

fn full_value(numeral: &[char]) -> Option<u64> {
    let (mut high, mut middle, mut low, mut last) = (0u64, 0u64, 0u64, 0u64);
    for symbol in numeral {
        let unit = match symbol {
            '十' => 10,
            '百' => 100,
            '千' => 1_000,
            '万' => {
                middle = middle.saturating_add((low + last).saturating_mul(10_000));
                (low, last) = (0, 0);
                continue;
            }
            '亿' => {
                high = high
                    .saturating_add(middle)
                    .saturating_add(low + last)
                    .saturating_mul(100_000_000);
                (middle, low, last) = (0, 0, 0);
                continue;
            }
            _ => {
                last = digit(*symbol)?;
                continue;
            }
        };
        low += last.max(u64::from(*symbol == '十')) * unit;
        last = 0;
    }
    let value = high.checked_add(middle)?.checked_add(low + last)?;
    // Whatever is not how the number is said is none: 两三百, 万一, 千万.
    let plain = |text: &str| text.replace('两', "二");
    let said: String = numeral.iter().collect();
    (plain(&cardinal(&value.to_string())) == plain(&said)).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::spoken::to_spoken, *};

    #[test]
    fn what_is_said_is_written() {
        let check = |said: &str, expected: &str| assert_eq!(to_written(said), expected, "{said}");
        check("两万零五", "20005");
        check("一共三百二十元", "一共320元");
        check("两万五", "25000");
        check("一亿零三万元", "100030000元");
        check("九十九点九元", "99.9元");
        check("两元", "2元");
        check("零点五", "0.5");
        check("百分之三点五", "3.5%");
        check("千分之五", "5‰");
        check("二零二六年十一月八日", "2026年11月8日");
        check("二月二号", "2月2号");
        check("九点半到十八点零五分", "9:30到18:05");
        check("三点一刻", "3:15");
        check("三点五十", "3:50");
        check("二十四小时内", "24小时内");
        check("幺三八零零幺三八零零零", "13800138000");
        check("尾号八零零零", "尾号8000");
        check("打一一九", "打119");
    }

    #[test]
    fn words_stay() {
        for text in [
            "万一坏了",
            "千万别",
            "十分抱歉",
            "一起看一下",
            "两三百块",
            "统一安排",
            "一个",
            "九点开门",
            "百货大楼",
            "三心二意",
            "一点一滴",
            "星期一",
            "百分之百",
            "WiFi 5G",
            "",
        ] {
            assert_eq!(to_written(text), text);
        }
    }

    proptest! {
        #[test]
        fn written_comes_back_from_spoken(
            amount in 0u64..1_000_000_000_000,
            cents in 1u32..10,
            (year, month, day) in (1900u32..2100, 1u32..13, 1u32..32),
            (hour, minute) in (0u32..24, 1u32..60),
        ) {
            for text in [
                format!("{amount}元"),
                format!("{amount}.0{cents}元"),
                format!("{amount}%"),
                format!("{year}年{month}月{day}日"),
                format!("{hour}:{minute:02}"),
            ] {
                prop_assert_eq!(to_written(&to_spoken(&text)), text);
            }
        }

        #[test]
        fn nothing_panics(text in "[零一二两三十百千万亿点分之元半刻月a]{0,24}") {
            to_written(&text);
        }
    }
}
