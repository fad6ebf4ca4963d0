//! The one form in which questions and phrasings are compared.
//!
//! Letters are lower case and half width, numbers are written as they are spoken, punctuation is gone, and so is what
//! callers say around a question (请问一下 … 谢谢). This module does not cut words (see `views`).

use std::sync::LazyLock;

use super::lexicon::FILLERS;
use crate::text::spoken::{cardinal, digit_by_digit};

/// `text` in normal form: single spaces only, and only where there was a break.
pub(super) fn normal_form(text: &str) -> String {
    let plain = spell_numbers(&plain_characters(text));
    strip_fillers(&plain)
}

/// Only what sounds: half-width lower-case letters, digits and hanzi, with one space for any break.
fn plain_characters(text: &str) -> Vec<char> {
    let mut plain: Vec<char> = Vec::with_capacity(text.len() / 2);
    let folded: Vec<char> = text
        .chars()
        .map(half_width)
        .flat_map(char::to_lowercase)
        .collect();
    for (at, &symbol) in folded.iter().enumerate() {
        let digit = |at: Option<usize>| {
            at.and_then(|at| folded.get(at))
                .is_some_and(char::is_ascii_digit)
        };
        let inside_number = digit(at.checked_sub(1)) && digit(Some(at + 1));
        match symbol {
            // Kept for `spell_numbers`.
            '.' if inside_number => plain.push('.'),
            '%' if digit(at.checked_sub(1)) => plain.push('%'),
            ',' if inside_number => {}
            _ if symbol.is_alphanumeric() => plain.push(symbol),
            _ if plain.last().is_some_and(|&last| last != ' ') => plain.push(' '),
            _ => {}
        }
    }
    plain
}

/// U+FF01..U+FF5E are the full-width forms of U+0021..U+007E.
fn half_width(symbol: char) -> char {
    match u32::from(symbol) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(symbol),
        0x3000 => ' ',
        _ => symbol,
    }
}

/// Arabic numbers as they are spoken, and the spoken variants of digits (幺, 两) as one.
fn spell_numbers(plain: &[char]) -> String {
    let mut spelled = String::with_capacity(plain.len() * 3);
    let mut rest = plain;
    while let Some((&symbol, after)) = rest.split_first() {
        if symbol.is_ascii_digit() {
            let length = rest
                .iter()
                .take_while(|symbol| symbol.is_ascii_digit() || **symbol == '.')
                .count();
            let (number, tail) = rest.split_at(length);
            let percent = tail.first() == Some(&'%');
            if percent {
                spelled.push_str("百分之");
            }
            let counts = percent || tail.first().is_some_and(|unit| UNITS.contains(unit));
            spell_number(number, counts, &mut spelled);
            rest = if percent { &tail[1..] } else { tail };
            continue;
        }
        spelled.push(one_form(symbol));
        rest = after;
    }
    spelled
}

/// The spoken variants of a digit as one.
fn one_form(symbol: char) -> char {
    match symbol {
        '幺' => '一',
        '两' | '俩' | '贰' => '二',
        '〇' | '洞' => '零',
        other => other,
    }
}

/// What stands behind a number that is read as a whole, however long.
const UNITS: [char; 5] = ['元', '块', '个', '天', '万'];

/// `counts` says that the number is an amount (3000元) and not a row of digits (95588).
fn spell_number(number: &[char], counts: bool, spelled: &mut String) {
    let whole = number.iter().position(|&symbol| symbol == '.');
    let (whole, decimals) = number.split_at(whole.unwrap_or(number.len()));
    let digits: String = whole.iter().collect();
    // Longer numbers are read digit by digit: telephone numbers, order numbers, 2026年.
    let a_row = (whole.len() > 3 && !counts) || (whole.len() > 1 && whole[0] == '0');
    let spoken = match a_row {
        true => digit_by_digit(&digits, false),
        false => cardinal(&digits),
    };
    spelled.extend(spoken.chars().map(one_form));
    for &symbol in decimals {
        match symbol {
            '.' => spelled.push('点'),
            digit => spelled.push_str(&digit_by_digit(digit.encode_utf8(&mut [0; 4]), false)),
        }
    }
}

/// Drops fillers, but never everything: a question that is only fillers keeps its words.
fn strip_fillers(plain: &str) -> String {
    let fillers = LazyLock::force(&FILLERS);
    let mut text = plain.trim().to_owned();
    for filler in &fillers.anywhere {
        if text.len() > filler.len() {
            text = text.replace(filler.as_str(), "");
        }
    }
    let mut kept = text.trim();
    while let Some(rest) = fillers
        .opening
        .iter()
        .find_map(|filler| kept.strip_prefix(filler.as_str()))
    {
        kept = rest.trim_start();
    }
    while let Some(rest) = fillers
        .closing
        .iter()
        .find_map(|filler| kept.strip_suffix(filler.as_str()))
    {
        kept = rest.trim_end();
    }
    kept.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_have_one_form() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(normal_form(text), expected, "{text}");
        }
        check("空调坏了怎么报修？", "空调坏了怎么报修");
        check("喂，你好，请问一下空调坏了怎么报修啊", "空调坏了怎么报修");
        check("我想问一下，那个，ＷｉＦｉ 连不上", "wifi 连不上");
        check("7天无理由退不退", "七天无理由退不退");
        check("两天了，没动静", "二天了 没动静");
        check(
            "15天、20天、48小时、105块、110块、400块",
            "十五天 二十天 四十八小时 一百零五块 一百一十块 四百块",
        );
        check("利率3.5%", "利率百分之三点五");
        check("我打的95588", "我打的九五五八八");
        check(
            "3,000元、2000块、12050个、1000天、20万、3000万、1234.50元",
            "三千元 二千块 一万二千零五十个 一千天 二十万 三千万 一千二百三十四点五零元",
        );
        check("两千块、两万元", "二千块 二万元");
        check("20000元、2500%", "二万元 百分之二千五百");
        check(
            "2026年、0095元、尾号8000",
            "二零二六年 零零九五元 尾号八零零零",
        );
        check("余额不足", "余额不足");
        check("额度怎么提高", "额度怎么提高");
        check("幺三八", "一三八");
        check("嗯嗯", "");
        check("……", "");
        check("0元购", "零元购");
    }

    #[test]
    fn normal_form_is_a_fixed_point() {
        for text in [
            "师傅多收我１００块钱，谢谢",
            "KFR-35GW/B1 怎么保养",
            "三 点 五",
        ] {
            let once = normal_form(text);
            assert_eq!(normal_form(&once), once, "{text}");
        }
    }
}
