//! Hides numbers of persons inside text: mobiles, landlines, identity cards, bank cards, mail addresses.
//!
//! Works on written digits and on dictated ones (幺三八, 双零, 三个八), as recognition gives both. Only the middle is hidden, so
//! that a reader can still tell numbers apart. What has no check digit and no known form (order numbers) is left alone inside
//! a sentence of the business; of what a caller says, every longer row of digits is hidden whole.

use serde_json::Value;

use crate::text::{
    check_digits::{luhn_holds, mod_11_2_holds},
    digits::dictated,
};

/// `text` with the numbers of persons hidden: `138****8000`.
pub fn mask_text(text: &str) -> String {
    let mut symbols: Vec<char> = text.chars().collect();
    mask_addresses(&mut symbols);
    for run in runs(&symbols) {
        mask_run(&mut symbols, &run);
    }
    symbols.into_iter().collect()
}

/// What a caller said, masked. Numbers are dictated in groups (幺三八 … 零零幺三 …), and a group has no known form: digits alone are
/// hidden, unless they are so few that they are a choice; and so is every longer row of digits inside a sentence (an order, a
/// password), whatever it is.
pub fn mask_words(words: &str) -> String {
    /// The fewest digits of a row.
    const ROW: usize = 6;
    let mut symbols: Vec<char> = mask_dictation(words).chars().collect();
    for run in digit_runs(&symbols) {
        let places: Vec<usize> = run.iter().flatten().map(|(place, _)| *place).collect();
        if places.len() >= ROW {
            for place in places {
                hide_digits(&mut symbols, place);
            }
        }
    }
    symbols.into_iter().collect()
}

/// Whether words are nothing but digits of no known form: a part of a number.
pub fn is_dictation(words: &str) -> bool {
    /// The fewest digits that are a group of a number.
    const GROUP: usize = 3;
    dictated(words).is_some_and(|digits| digits.len() >= GROUP) && mask_text(words) == words
}

/// Digits alone are hidden whole, and otherwise what has a known form.
fn mask_dictation(words: &str) -> String {
    match dictated(words) {
        Some(digits) if is_dictation(words) => hide(&digits),
        _ => mask_text(words),
    }
}

/// A sentence that reads a number back, in any form, masked. Of one that was cut short nothing is left: it would show what is
/// hidden in the whole.
pub fn mask_read_back(text: &str, is_whole: bool) -> String {
    let masked = mask_text(text);
    if is_whole && masked != text {
        return masked;
    }
    let mut symbols: Vec<char> = text.chars().collect();
    for run in digit_runs(&symbols) {
        let places: Vec<usize> = run.iter().flatten().map(|(place, _)| *place).collect();
        let (head, tail) = match is_whole {
            true => ends_of(places.len()),
            false => (0, 0),
        };
        for place in &places[head..places.len() - tail] {
            symbols[*place] = '*';
        }
    }
    symbols.into_iter().collect()
}

/// A number of any form, all but its ends hidden.
pub fn mask_number(number: &str) -> String {
    let length = number.chars().count();
    let (head, tail) = ends_of(length);
    number
        .chars()
        .enumerate()
        .map(|(place, symbol)| match place {
            place if place < head || place + tail >= length => symbol,
            _ => '*',
        })
        .collect()
}

/// Nothing of `text` but its length.
pub fn hide(text: &str) -> String {
    "*".repeat(text.chars().count())
}

/// Every text inside `value` masked, except identifiers and hashes; single keys (`digit`) are hidden whole.
pub fn mask_json(value: &mut Value) {
    /// Fields whose digits are no one's number.
    const IDENTIFIERS: &[&str] = &["call", "file", "hash", "sha256", "sip_call_id", "version"];
    match value {
        Value::String(text) => *text = mask_text(text),
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field) {
                    (name, _) if IDENTIFIERS.contains(&name) => {}
                    ("digit", Value::String(key)) => *key = "*".to_owned(),
                    // Whatever its form: it is the caller's.
                    ("canonical" | "number", Value::String(number)) => {
                        *number = mask_number(number);
                    }
                    ("question", Value::String(words)) => *words = mask_words(words),
                    // What the bot says, too: the business's own numbers stay.
                    ("text", Value::String(words)) => *words = mask_dictation(words),
                    (_, field) => mask_json(field),
                }
            }
        }
        _ => {}
    }
}

/// How many digits stay at both ends of a number of unknown form.
const fn ends_of(length: usize) -> (usize, usize) {
    match length {
        0..=2 => (0, 0),
        3..=6 => (0, 2),
        7..=8 => (2, 2),
        9..=10 => (2, 4),
        _ => (3, 4),
    }
}

/// Places of digits that stand together, in groups between separators. `(place, digit)`.
type Run = Vec<Vec<(usize, char)>>;

/// The runs that are long enough for a number that is hidden.
fn runs(symbols: &[char]) -> Vec<Run> {
    let mut found = digit_runs(symbols);
    found.retain(|run| run.iter().map(Vec::len).sum::<usize>() >= SHORTEST);
    found
}

fn digit_runs(symbols: &[char]) -> Vec<Run> {
    let mut found = Vec::new();
    let mut run: Run = vec![Vec::new()];
    let mut place = 0;
    while place < symbols.len() {
        let symbol = symbols[place];
        let group = run.last().map_or(0, Vec::len);
        let (digit, count, length) = digits_at(symbols, place).unwrap_or((symbol, 0, 1));
        if count > 0 {
            // 第一13800138000: what is spoken and what is written are two groups.
            let before = run.last().and_then(|group| group.last());
            if before.is_some_and(|(before, _)| is_spoken(symbols[*before]) != is_spoken(symbol)) {
                run.push(Vec::new());
            }
            if let Some(group) = run.last_mut() {
                group.extend(std::iter::repeat_n((place, digit), count));
            }
        } else if matches!(symbol, 'x' | 'X' | 'Ｘ' | '叉') && group > 0 {
            // The check character of identity cards (GB 11643-1999).
            if let Some(group) = run.last_mut() {
                group.push((place, 'X'));
            }
        } else if is_separator(symbol) || is_point(symbols, place, group) {
            if group > 0 {
                run.push(Vec::new());
            }
        } else {
            found.push(std::mem::replace(&mut run, vec![Vec::new()]));
        }
        place += length;
    }
    found.push(run);
    found
}

/// The shortest number that is hidden: one abroad, with its country code.
const SHORTEST: usize = 8;

/// ITU-T E.164 §6.1: how many digits a number has, its country code included.
const INTERNATIONAL: std::ops::RangeInclusive<usize> = SHORTEST..=15;

/// The digit at a place, how often it counts and how many symbols say so: 双零 is `('0', 2, 2)`, 三个八 `('8', 3, 3)`.
fn digits_at(symbols: &[char], place: usize) -> Option<(char, usize, usize)> {
    let digit = |place: usize| symbols.get(place).copied().and_then(digit_of);
    if symbols[place] == '双' {
        return Some((digit(place + 1)?, 2, 2));
    }
    let first = digit(place)?;
    match (symbols.get(place + 1), digit(place + 2)) {
        (Some('个'), Some(repeated)) if first != '0' => {
            let count = first.to_digit(10).unwrap_or(1) as usize;
            Some((repeated, count, 3))
        }
        _ => Some((first, 1, 1)),
    }
}

/// Hides the digits that begin at a place, 三个八 as a whole.
fn hide_digits(symbols: &mut [char], place: usize) {
    let length = digits_at(symbols, place).map_or(1, |(_, _, length)| length);
    symbols[place..place + length].fill('*');
}

/// Hides the numbers of a run: groups are joined as far as they make a number (138 0013 8000), longest first.
fn mask_run(symbols: &mut [char], run: &Run) {
    let mut first = 0;
    // Groups side by side that make no number.
    let mut left: Vec<(usize, char)> = Vec::new();
    while first < run.len() {
        let is_abroad = run[first]
            .first()
            .is_some_and(|(place, _)| follows_plus(symbols, *place));
        let found = (first + 1..=run.len()).rev().find_map(|end| {
            let joined: Vec<(usize, char)> = run[first..end].concat();
            let digits: String = joined.iter().map(|(_, digit)| digit).collect();
            let abroad = is_abroad && INTERNATIONAL.contains(&digits.len());
            kept_ends(&digits)
                .or_else(|| abroad.then(|| ends_of(digits.len())))
                .map(|ends| (end, joined, ends))
        });
        match found {
            Some((end, joined, (head, tail))) => {
                for (place, _) in &joined[head..joined.len() - tail] {
                    hide_digits(symbols, *place);
                }
                mask_inside(symbols, &std::mem::take(&mut left));
                first = end;
            }
            None => {
                left.extend(&run[first]);
                first += 1;
            }
        }
    }
    mask_inside(symbols, &left);
}

/// Hides a mobile with other digits around it, where they are dictated: recognition hears a digit twice, or callers begin
/// again. Long written numbers are orders.
fn mask_inside(symbols: &mut [char], digits: &[(usize, char)]) {
    let parts: Vec<&[(usize, char)]> = digits
        .chunk_by(|(one, _), (next, _)| is_spoken(symbols[*one]) == is_spoken(symbols[*next]))
        .filter(|part| is_spoken(symbols[part[0].0]))
        .collect();
    for part in parts {
        let text: String = part.iter().map(|(_, digit)| digit).collect();
        let Some(at) = text.as_bytes().windows(11).position(is_mobile) else {
            continue;
        };
        // Which eleven are the number is not sure, so what follows is hidden but for the last four.
        for (place, _) in &part[at + 3..part.len() - 4] {
            hide_digits(symbols, *place);
        }
    }
}

/// Whether a `+` stands before the digit at `place`, as it does before a country code (ITU-T E.123).
fn follows_plus(symbols: &[char], place: usize) -> bool {
    let mut before = symbols[..place].iter().rev();
    before
        .find(|symbol| !matches!(symbol, ' ' | '('))
        .is_some_and(|symbol| matches!(symbol, '+' | '＋'))
}

/// A mobile number without country code.
fn is_mobile(digits: &[u8]) -> bool {
    digits.len() == 11
        && digits[0] == b'1'
        && (b'3'..=b'9').contains(&digits[1])
        && digits.iter().all(u8::is_ascii_digit)
}

/// How many digits stay at both ends of a number of a person; `None` if it is none.
fn kept_ends(digits: &str) -> Option<(usize, usize)> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    // As it is, with the country code, or with the 0 that some exchanges want before it.
    for prefix in ["", "86", "0086", "0"] {
        let national = digits.strip_prefix(prefix);
        if national.is_some_and(|national| is_mobile(national.as_bytes())) {
            return Some((prefix.len() + 3, 4));
        }
    }
    if is_identity_number(digits) {
        return Some((3, 4));
    }
    if plain && (16..=19).contains(&digits.len()) && luhn_holds(digits) {
        return Some((0, 4));
    }
    // Area codes have three digits for Beijing and 02x, four elsewhere; subscribers seven or eight.
    let area = match digits.as_bytes() {
        [b'0', b'1' | b'2', ..] => 3,
        [b'0', b'3'..=b'9', ..] => 4,
        _ => return None,
    };
    let subscriber = digits.len().checked_sub(area)?;
    (plain && (7..=8).contains(&subscriber)).then_some((area, 2))
}

/// GB 11643-1999: 17 digits and a check character by ISO 7064 MOD 11-2.
fn is_identity_number(digits: &str) -> bool {
    digits.len() == 18 && mod_11_2_holds(digits)
}

/// Hides all but the first symbol before an `@`.
fn mask_addresses(symbols: &mut [char]) {
    let is_local = |symbol: char| {
        symbol.is_ascii_alphanumeric() || matches!(symbol, '.' | '_' | '%' | '+' | '-')
    };
    for at in 0..symbols.len() {
        if symbols[at] != '@' {
            continue;
        }
        let local = symbols[..at]
            .iter()
            .rev()
            .take_while(|symbol| is_local(**symbol));
        let start = at - local.count();
        let domain: String = symbols[at + 1..]
            .iter()
            .take_while(|symbol| symbol.is_ascii_alphanumeric() || matches!(symbol, '.' | '-'))
            .collect();
        // A domain of digits is an address of a machine (sip:agent@127.0.0.1).
        let named = domain.trim_end_matches('.').contains('.')
            && domain.chars().any(|symbol| symbol.is_ascii_alphabetic());
        // `sip:` URIs name lines and agents by their user part.
        let uri = start > 0 && symbols[start - 1] == ':';
        if start < at && named && !uri {
            for symbol in &mut symbols[start + 1..at] {
                *symbol = '*';
            }
        }
    }
}

fn is_separator(symbol: char) -> bool {
    symbol.is_whitespace()
        || matches!(
            symbol,
            '-' | '，' | '、' | ',' | '杠' | '—' | '(' | ')' | '+' | '＋'
        )
        || matches!(symbol, '－' | '–' | '‐' | '‑' | '−' | '（' | '）' | '＋')
        // Pauses of dictation, as recognition writes them.
        || matches!(symbol, '。' | '嗯' | '呃' | '额' | '啊')
}

/// Whether a point stands between groups of a number (138.0013.8000), and not in a price or an address (127.0.0.1).
fn is_point(symbols: &[char], place: usize, group: usize) -> bool {
    let digits_after = symbols[place + 1..]
        .iter()
        .take_while(|symbol| digit_of(**symbol).is_some());
    matches!(symbols[place], '.' | '．') && group >= 3 && digits_after.take(3).count() == 3
}

/// Whether a digit is dictated (幺) and not written.
fn is_spoken(symbol: char) -> bool {
    !matches!(symbol, '0'..='9' | '０'..='９')
}

fn digit_of(symbol: char) -> Option<char> {
    Some(match symbol {
        '0'..='9' => symbol,
        '０'..='９' => char::from(b'0' + (symbol as u32 - '０' as u32) as u8),
        '零' | '〇' | '洞' => '0',
        '一' | '幺' | '妖' | '腰' => '1',
        '二' | '两' => '2',
        '三' => '3',
        '四' => '4',
        '五' => '5',
        '六' => '6',
        '七' | '拐' => '7',
        '八' => '8',
        '九' | '勾' => '9',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_persons_are_hidden() {
        let check = |text: &str, expected: &str| assert_eq!(mask_text(text), expected, "{text}");
        // Mobiles.
        check("我的号码是13800138000。", "我的号码是138****8000。");
        check("138 0013 8000", "138 **** 8000");
        check("138-0013-8000", "138-****-8000");
        check("+8613800138000", "+86138****8000");
        check("幺三八零零幺三八零零零", "幺三八****八零零零");
        check("一三八，零零一三，八零零零", "一三八，****，八零零零");
        check("13800138000，13900139000", "138****8000，139****9000");
        // Numbers abroad.
        check("打+85291234567给我", "打+852****4567给我");
        check("＋852 9123 4567", "＋852 **** 4567");
        check("+ 8 5 2 9 1 2 3 4 5 6 7", "+ 8 5 2 * * * * 4 5 6 7");
        check("+6581234567", "+65****4567");
        check("+1234567", "+1234567");
        check("85291234567", "85291234567");
        // Identity cards, with a right and a wrong check digit.
        check("身份证11010519491231002X", "身份证110***********002X");
        check("110105194912310021", "110105194912310021");
        check("身份证440524188001010014", "身份证440***********0014");
        // Bank cards, with a right and a wrong check digit.
        check("卡号6222 0212 3456 7894", "卡号**** **** **** 7894");
        check("6222021234567893", "6222021234567893");
        // Landlines.
        check("010-62345678", "010-******78");
        check("0571-8815555", "0571-*****55");
        check("零五七一杠八八一五五五五五", "零五七一杠******五五");
        // As callers dictate.
        check("幺三八三个零幺三八三个零", "幺三八*****八三个零");
        check("幺三八双零幺三八零零零", "幺三八****八零零零");
        check("幺三八零零幺三八三个零", "幺三八****八三个零");
        check("一三五六个八一二", "一三五***一二");
        check("1383个0 138 00", "138*** *38 00");
        check("幺三八嗯零零幺三八零零零", "幺三八嗯****八零零零");
        check("幺三八。零零幺三。八零零零。", "幺三八。****。八零零零。");
        check("一一三八零零一三八零零零", "一一三八****八零零零");
        check(
            "幺三八零零幺三八零零零幺三九零零幺三九零零零",
            "幺三八***************九零零零",
        );
        check(
            "身份证幺幺零幺零五幺九四九幺二三幺零零二叉",
            "身份证幺幺零***********零零二叉",
        );
        check("身份证11010519491231002叉", "身份证110***********002叉");
        // As they are written.
        check("138.0013.8000", "138.****.8000");
        check("013800138000", "0138****8000");
        check("第一13800138000", "第一138****8000");
        check("010－62345678", "010－******78");
        check("（010）62345678", "（010）******78");
        check("010.6234.5678", "010.****.**78");
        // Mail.
        check("发到zhang.san@example.com吧", "发到z********@example.com吧");
        // None of them.
        check("拨打4008001001", "拨打4008001001");
        check("订单2024010100012", "订单2024010100012");
        check("一共三百二十元，一二三四五", "一共三百二十元，一二三四五");
        check("sip:agent@127.0.0.1:5090", "sip:agent@127.0.0.1:5090");
        for text in [
            "在139.196.10.101上",
            "版本1.38.0013",
            "一共1380.00元，再加1999.50元",
            "要1,380,013.80元",
            "一千三百八十元零五毛",
            "买了三个，又买了五个一百三十八的",
            "三个八块，双十一买的，双人床两个",
            "一三八块，一九九块，一五零块",
            "订单20240113800138000",
            "2026年10月2日13点45分",
            "2026-10-02 13:45:00",
            "2026.10.02。1380",
            "二零二六年一月三十八号。零零一三",
            "二零二六幺零零二幺零零三零零零",
            "",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn words_that_are_digits_alone_are_hidden() {
        let check = |text: &str, expected: &str| assert_eq!(mask_words(text), expected, "{text}");
        check("幺三八", "***");
        check("是零零幺三。", "****");
        check("三个八", "***");
        check("八五二九一二三四五六七", "***********");
        check("4821", "****");
        // A number of known form is told apart by its ends.
        check("13800138000", "138****8000");
        // Choices, and what is no dictation.
        for text in ["一", "2", "二三", "三百二十", "二零二六年的", ""] {
            check(text, text);
        }
        // A row inside a sentence.
        check("订单2024010100012到哪了", "订单*************到哪了");
        check("我的密码是一二三四五六", "我的密码是******");
        check("订单一二三四，五六七八", "订单****，****");
    }

    #[test]
    fn json_is_masked_inside_and_identifiers_are_not() {
        let mut value = serde_json::json!({
            "call": "13800138000",
            "caller": { "canonical": "+4915112345678", "kind": "international" },
            "digit": "5",
            "number": "+85291234567",
            "text": "零零幺三",
            "texts": ["13800138000"],
            "wall_ms": 1_800_000_000_000_u64,
        });
        mask_json(&mut value);
        let expected = serde_json::json!({
            "call": "13800138000",
            "caller": { "canonical": "+49*******5678", "kind": "international" },
            "digit": "*",
            "number": "+85*****4567",
            "text": "****",
            "texts": ["138****8000"],
            "wall_ms": 1_800_000_000_000_u64,
        });
        assert_eq!(value, expected);
    }
}
