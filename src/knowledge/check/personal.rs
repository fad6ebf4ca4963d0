//! Numbers of persons in an answer, which every caller would hear.

use crate::pii::mask_text;

/// A number that may be a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// In words, the number masked.
    pub(super) words: String,
    /// Whether it cannot be a business's.
    pub(super) is_certain: bool,
}

/// The mobile numbers, numbers of identity cards and of bank cards in `text`. Landlines are a business's, and mail addresses
/// are found elsewhere.
pub(super) fn numbers(text: &str) -> Vec<Number> {
    let symbols: Vec<char> = text.chars().collect();
    let masked: Vec<char> = mask_text(text).chars().collect();
    if symbols.len() != masked.len() {
        return Vec::new();
    }
    let is_number = |symbol: char| {
        symbol.is_ascii_digit()
            || matches!(symbol, 'x' | 'X' | '-' | ' ')
            || "零〇一二三四五六七八九幺两双个".contains(symbol)
    };
    let mut found: Vec<Number> = Vec::new();
    let mut place = 0;
    while place < symbols.len() {
        if masked[place] == symbols[place] {
            place += 1;
            continue;
        }
        let from = (0..place)
            .rev()
            .take_while(|before| is_number(symbols[*before]))
            .last()
            .unwrap_or(place);
        let to = (place..symbols.len())
            .take_while(|after| is_number(symbols[*after]))
            .last()
            .map_or(place + 1, |last| last + 1);
        let number: String = symbols[from..to].iter().collect();
        let shown: String = masked[from..to].iter().collect();
        found.extend(judged(&number, shown.trim().trim_matches('-')));
        place = to.max(place + 1);
    }
    found
}

fn judged(number: &str, shown: &str) -> Option<Number> {
    let digits: String = number
        .chars()
        .filter(|symbol| symbol.is_ascii_digit() || matches!(symbol, 'x' | 'X'))
        .collect();
    let first = number.trim().chars().next()?;
    let (what, is_certain) = match digits.len() {
        // A mail address.
        0 if number.trim().is_ascii() => return None,
        // Dictated: 幺三八…; 零 begins the code of an area.
        0 if matches!(first, '零' | '〇') => return None,
        0 => ("a number of a person", false),
        _ if first == '0' => return None,
        11 => ("a mobile number", false),
        // GB 11643-1999.
        18 => ("the number of an identity card", true),
        _ => ("a number of a person or an account", false),
    };
    Some(Number {
        words: format!("`{shown}` looks like {what}; every caller would hear it"),
        is_certain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_persons_are_found() {
        for (text, expected) in [
            ("请打13800138000找张师傅。", vec![("138****8000", false)]),
            ("身份证11010519491231002X。", vec![("identity card", true)]),
            ("账号6222020200112233440。", vec![]),
            ("打010-62345678或者4008001234。", vec![]),
            ("拨95588，或幺二三四五。", vec![]),
            ("订单号20261001123。", vec![]),
            (
                "两个号：13800138000、13900139000。",
                vec![("138****8000", false), ("139****9000", false)],
            ),
        ] {
            let found = numbers(text);
            assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
            for (number, (words, is_certain)) in found.iter().zip(expected) {
                assert!(number.words.contains(words), "{}", number.words);
                assert_eq!(number.is_certain, is_certain, "{text}");
            }
        }
    }
}
