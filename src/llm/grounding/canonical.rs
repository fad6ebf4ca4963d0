//! The one form in which sentences and passages are compared: numbers as they are spoken, small half-width letters.

use crate::text::{
    spoken::{digit_by_digit, to_spoken},
    written::to_written,
};

/// The fewest digits that are a telephone number when strokes part them (95-588 is none, 400-800-1001 is one).
const TELEPHONE: usize = 7;

/// `text` in the form of comparison. 三天 and 3天 are the same in it, and so are 九点半 and 9:30, 99元 and ¥99.
pub(super) fn canonical(text: &str) -> Vec<char> {
    let folded: String = text
        .chars()
        .filter(|symbol| !is_invisible(*symbol))
        .map(half_width)
        .flat_map(char::to_lowercase)
        .collect();
    let written: Vec<char> = to_written(&folded).chars().collect();
    let spoken = to_spoken(&spell_telephones(&written));
    spoken.chars().map(one_form).collect()
}

/// Symbols that are not seen: a number with one in its middle would look like another.
fn is_invisible(symbol: char) -> bool {
    matches!(
        symbol,
        '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
    ) || (symbol.is_control() && symbol != '\n')
}

/// Full-width letters and digits in ASCII.
fn half_width(symbol: char) -> char {
    match symbol {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
            char::from_u32(symbol as u32 - 0xfee0).unwrap_or(symbol)
        }
        '\u{3000}' => ' ',
        _ => symbol,
    }
}

/// The spoken variants of a digit as one.
fn one_form(symbol: char) -> char {
    match symbol {
        '幺' => '一',
        '两' | '俩' => '二',
        '〇' | '洞' => '零',
        other => other,
    }
}

/// 400-800-1001 and 4008001001 digit by digit: one number, without pauses. Dates keep their strokes, and amounts what they are.
fn spell_telephones(symbols: &[char]) -> String {
    let mut spelled = String::with_capacity(symbols.len() * 2);
    let mut at = 0;
    while at < symbols.len() {
        let rest = &symbols[at..];
        let length = rest
            .iter()
            .take_while(|symbol| symbol.is_ascii_digit() || matches!(symbol, '-' | '—' | '－'))
            .count();
        let (row, after) = rest.split_at(length);
        let digits: String = row
            .iter()
            .filter(|symbol| symbol.is_ascii_digit())
            .collect();
        let groups: Vec<usize> = row
            .split(|symbol| !symbol.is_ascii_digit())
            .map(<[char]>::len)
            .collect();
        let is_date = matches!(groups[..], [4, 1..=2, 1..=2]);
        let is_amount = after
            .first()
            .is_some_and(|next| ".元块个天万亿%".contains(*next));
        if digits.len() >= TELEPHONE && row[0].is_ascii_digit() && !is_date && !is_amount {
            spelled.push_str(&digit_by_digit(&digits, false));
            at += length;
        } else {
            // Whole, so that no part of a longer row is taken for a number.
            let taken = length.max(1);
            spelled.extend(&rest[..taken]);
            at += taken;
        }
    }
    spelled
}

/// A numeral of the form of comparison.
pub(super) fn is_numeral(symbol: char) -> bool {
    "零一二三四五六七八九十百千万亿".contains(symbol)
}

/// Whether a clause ends here. An enumeration (、) goes on: what is said or denied of its first part is so of all.
pub(super) fn ends_clause(symbol: char) -> bool {
    matches!(symbol, '，' | ',' | '：' | ':' | '（' | '）' | '(' | ')') || ends_sentence(symbol)
}

/// Whether a sentence ends here.
pub(super) fn ends_sentence(symbol: char) -> bool {
    matches!(
        symbol,
        '。' | '！' | '？' | '；' | '!' | '?' | ';' | '\n' | '.'
    )
}

/// Whether it is one of the characters that Chinese is written in.
pub(super) fn is_hanzi(symbol: char) -> bool {
    matches!(symbol, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_is_written_alike() {
        let check = |one: &str, other: &str| {
            let text = |text: &str| canonical(text).into_iter().collect::<String>();
            assert_eq!(text(one), text(other), "{one} {other}");
        };
        check("三天", "3天");
        check("两天", "2天");
        check("３０天", "三十天");
        check("七天无理由", "7天无理由");
        check("九点半", "9:30");
        check("99元", "九十九元");
        check("¥99.5", "99.5元");
        check("百分之五", "5%");
        check("二〇二六年十月二日", "2026年10月2日");
        check("打幺幺九", "打119");
        check("400-800-1001", "4008001001");
        check("四零零八零零幺零零幺", "4008001001");
        check("3-5天", "三到五天");
        check("ＷｉＦｉ", "wifi");
        check("1\u{200b}5天", "15天");
    }
}
