//! Letters: addresses sign by sign, abbreviations letter by letter, words as they are; figures that belong to letters.

use super::{
    amounts::unit,
    numbers::{cardinal, digit_by_digit},
    patterns::{Reading, begins_with_any, digits, run, text},
};

/// Capitals that are said as a word.
const SAID_AS_WORDS: &[&str] = &["APP", "WIFI", "SIM", "PIN", "OPPO", "VIVO", "NASA", "PASS"];

/// What makes 5g a network and not a weight.
const NETWORK: &[&str] = &[
    "网", "信号", "手机", "套餐", "流量", "卡", "基站", "版", "时代",
];

pub(super) fn word(before: &[char], rest: &[char]) -> Reading {
    let address = run(rest, |symbol| {
        symbol.is_ascii_alphanumeric() || ".-_/:@".contains(symbol)
    });
    let whole = text(&rest[..address]);
    let is_address = whole.contains('@')
        || whole.contains("www.")
        || whole.contains("://")
        || whole.contains(".com")
        || whole.contains(".cn");
    if is_address {
        return Some((address_words(&whole), address));
    }
    let length = run(rest, |symbol| symbol.is_ascii_alphabetic());
    let letters = text(&rest[..length]);
    let capitals = letters.chars().all(|letter| letter.is_ascii_uppercase());
    let spelled = length == 1
        || (capitals
            && (length <= 4 || rest.get(length).is_some_and(|next| *next == '-'))
            && !SAID_AS_WORDS.contains(&letters.as_str()));
    let mut words = match spelled {
        true => letters
            .chars()
            .map(|letter| letter.to_string())
            .collect::<Vec<_>>()
            .join(" "),
        false => letters,
    };
    // Letter by letter also means apart from what precedes.
    if before.last().is_some_and(char::is_ascii_alphabetic) {
        words.insert(0, ' ');
    }
    // KFR-35GW: the hyphen is not said.
    let hyphen = rest.get(length) == Some(&'-')
        && rest
            .get(length + 1)
            .is_some_and(char::is_ascii_alphanumeric);
    if hyphen {
        words.push(' ');
        let after = &rest[length + 1..];
        let figures = digits(after);
        words.push_str(&digit_by_digit(&text(&after[..figures]), false));
        return Some((words, length + 1 + figures));
    }
    Some((words, length))
}

fn address_words(address: &str) -> String {
    let mut words = String::new();
    for symbol in address.chars() {
        match symbol {
            '.' => words.push('点'),
            '@' => words.push_str("艾特"),
            '/' => words.push_str("斜杠"),
            ':' => words.push_str("冒号"),
            '-' => words.push_str("横杠"),
            '_' => words.push_str("下划线"),
            '0'..='9' => words.push_str(&digit_by_digit(&symbol.to_string(), true)),
            _ => words.push(symbol),
        }
    }
    words
}

/// Groups of digits with points between them (`1.2.3` -> 一点二点三): the words, the length and the number of groups.
fn pointed(rest: &[char]) -> (String, usize, usize) {
    let mut length = digits(rest);
    let mut words = digit_by_digit(&text(&rest[..length]), false);
    let mut groups = 1;
    while rest.get(length) == Some(&'.') && digits(&rest[length + 1..]) > 0 {
        let more = digits(&rest[length + 1..]);
        let group = text(&rest[length + 1..length + 1 + more]);
        words = format!("{words}点{}", digit_by_digit(&group, false));
        length += 1 + more;
        groups += 1;
    }
    (words, length, groups)
}

/// 1.2.3, 192.168.1.1.
pub(super) fn version(rest: &[char]) -> Reading {
    let (words, length, groups) = pointed(rest);
    (groups > 2).then_some((words, length))
}

/// 5G, 3C, A12, V2.0: a number that letters follow which are no unit, or that follows letters.
pub(super) fn code(before: &[char], rest: &[char]) -> Reading {
    let length = digits(rest);
    let letters = before
        .iter()
        .rev()
        .take_while(|symbol| symbol.is_ascii_alphabetic())
        .count();
    if letters > 0 {
        let (words, all, _) = pointed(rest);
        let is_lower = before.last().is_some_and(char::is_ascii_lowercase);
        // iPhone15 and Win11 are counted, A12 is not.
        if letters >= 3 && is_lower && length <= 2 && all == length {
            return Some((cardinal(&text(&rest[..length])), length));
        }
        return Some((words, all));
    }
    let letter = *rest.get(length)?;
    let after = &rest[length + 1..];
    let ends_here = !after.first().is_some_and(char::is_ascii_alphanumeric);
    let is_network = length == 1
        && ends_here
        && ('2'..='6').contains(&rest[0])
        && (letter == 'G' || letter == 'g' && begins_with_any(after, NETWORK));
    if is_network {
        let generation = digit_by_digit(&text(&rest[..1]), false);
        return Some((generation + "G", 2));
    }
    // 5A景区: a grade and no current.
    let is_grade = letter == 'A' && begins_with_any(after, &["景", "级"]);
    let is_name = letter.is_ascii_alphabetic() && unit(&rest[length..]).is_none();
    (is_grade || is_name).then(|| (digit_by_digit(&text(&rest[..length]), false), length))
}
