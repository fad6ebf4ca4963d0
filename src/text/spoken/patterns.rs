//! What figures and signs stand for, by what is around them.

use super::numbers::{cardinal, decimal, digit_by_digit};

/// What is said for the beginning of `rest`, and how many symbols that takes. `before` is the symbol that precedes it.
pub(super) fn read(before: Option<char>, rest: &[char]) -> Option<(String, usize)> {
    let first = *rest.first()?;
    if first == '¥' || first == '$' {
        return money(rest);
    }
    if first.is_ascii_digit() {
        return date(rest)
            .or_else(|| clock(rest))
            .or_else(|| telephone(rest))
            .or_else(|| dimensions(rest))
            .or_else(|| code(before, rest))
            .or_else(|| range(rest))
            .or_else(|| fraction(rest))
            .or_else(|| plain_number(before, rest));
    }
    if first.is_ascii_alphabetic() {
        return word(before, rest);
    }
    sign(before, rest)
}

fn run(symbols: &[char], accept: impl Fn(char) -> bool) -> usize {
    symbols
        .iter()
        .position(|symbol| !accept(*symbol))
        .unwrap_or(symbols.len())
}

fn text(symbols: &[char]) -> String {
    symbols.iter().collect()
}

fn digits(symbols: &[char]) -> usize {
    run(symbols, |symbol| symbol.is_ascii_digit())
}

/// A number with grouping commas and a decimal point: its plain form and length.
fn number(symbols: &[char]) -> Option<(String, usize)> {
    let mut length = digits(symbols);
    if length == 0 {
        return None;
    }
    let mut plain = text(&symbols[..length]);
    if length <= 3 {
        // 12,500: groups of exactly three.
        while symbols.get(length) == Some(&',') && digits(&symbols[length + 1..]) == 3 {
            plain.push_str(&text(&symbols[length + 1..length + 4]));
            length += 4;
        }
    }
    if symbols.get(length) == Some(&'.') {
        let fraction = digits(&symbols[length + 1..]);
        // A second point makes it a version or an address.
        if fraction > 0 && symbols.get(length + 1 + fraction) != Some(&'.') {
            plain.push_str(&text(&symbols[length..length + 1 + fraction]));
            length += 1 + fraction;
        }
    }
    Some((plain, length))
}

fn value(symbols: &[char]) -> Option<u32> {
    text(symbols).parse().ok()
}

/// 2026-11-24, 2026/11/24, 2026年11月24日, 2026年, 11/24 is a fraction.
fn date(rest: &[char]) -> Option<(String, usize)> {
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
        return None;
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
fn clock(rest: &[char]) -> Option<(String, usize)> {
    let (words, length) = one_clock(rest)?;
    if matches!(rest.get(length), Some('-' | '~' | '至' | '—'))
        && let Some((until, until_length)) = one_clock(&rest[length + 1..])
    {
        return Some((format!("{words}到{until}"), length + 1 + until_length));
    }
    Some((words, length))
}

fn one_clock(rest: &[char]) -> Option<(String, usize)> {
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

/// Mobiles, fixed numbers, 400 numbers, hotlines, and long strings of digits.
fn telephone(rest: &[char]) -> Option<(String, usize)> {
    let mut groups = vec![digits(rest)];
    let mut length = groups[0];
    while rest.get(length) == Some(&'-') && digits(&rest[length + 1..]) >= 3 {
        let next = digits(&rest[length + 1..]);
        groups.push(next);
        length += 1 + next;
    }
    let all = text(&rest[..length]);
    if groups.len() > 1 {
        // 010-62551234, 400-800-1234, 138-0013-8000.
        let total: usize = groups.iter().sum();
        let dialled = all.starts_with('0')
            || all.starts_with("400")
            || all.starts_with("800")
            || all.starts_with('1');
        if !(10..=13).contains(&total) || !dialled {
            return None;
        }
        let words: Vec<_> = all
            .split('-')
            .map(|group| digit_by_digit(group, true))
            .collect();
        return Some((words.join("，"), length));
    }
    let is_hotline = matches!(
        all.as_str(),
        "110" | "112" | "114" | "119" | "120" | "122" | "999" | "12306" | "12315" | "12345"
    ) || (all.len() == 5
        && (all.starts_with("95") || all.starts_with("96") || all.starts_with("100")));
    // Nobody says a round number digit by digit.
    let is_mobile = all.len() == 11 && all.starts_with('1');
    let is_dialled = is_mobile || all.starts_with('0') || all.starts_with("400");
    if all.ends_with("0000") && !is_dialled {
        return None;
    }
    match all.len() {
        11 if all.starts_with('1') => Some((grouped(&all, &[3, 4, 4]), length)),
        10 if all.starts_with("400") || all.starts_with("800") => {
            Some((grouped(&all, &[3, 3, 4]), length))
        }
        _ if is_hotline && !is_measured(&rest[length..]) => {
            Some((digit_by_digit(&all, true), length))
        }
        // Order numbers, codes, area codes: nobody counts them.
        7.. if !is_measured(&rest[length..]) && rest.get(length) != Some(&'.') => {
            Some((digit_by_digit(&all, true), length))
        }
        3.. if all.starts_with('0') => Some((digit_by_digit(&all, true), length)),
        _ => None,
    }
}

fn grouped(number: &str, lengths: &[usize]) -> String {
    let mut start = 0;
    let groups: Vec<_> = lengths
        .iter()
        .map(|length| {
            let group = digit_by_digit(&number[start..start + length], true);
            start += length;
            group
        })
        .collect();
    groups.join("，")
}

/// 60*60*85cm.
fn dimensions(rest: &[char]) -> Option<(String, usize)> {
    let (first, mut length) = number(rest)?;
    let mut words = decimal(&first);
    let mut count = 1;
    while matches!(rest.get(length), Some('*' | '×' | 'x' | 'X')) {
        let Some((next, next_length)) = number(&rest[length + 1..]) else {
            break;
        };
        words = format!("{words}乘{}", decimal(&next));
        length += 1 + next_length;
        count += 1;
    }
    if count == 1 {
        return None;
    }
    let (unit, unit_length) = unit(&rest[length..]).unwrap_or_default();
    Some((words + &unit, length + unit_length))
}

/// 5G, 3C, A12: a number that letters follow which are no unit, or that follows letters.
fn code(before: Option<char>, rest: &[char]) -> Option<(String, usize)> {
    let length = digits(rest);
    let after_letter = before.is_some_and(|symbol| symbol.is_ascii_alphabetic());
    let before_letter = rest.get(length).is_some_and(char::is_ascii_alphabetic);
    let names = before_letter && unit(&rest[length..]).is_none();
    if !(after_letter || names) {
        return None;
    }
    Some((digit_by_digit(&text(&rest[..length]), false), length))
}

/// 3-5天, 10%-20%, 3~5个.
fn range(rest: &[char]) -> Option<(String, usize)> {
    let (low, low_length) = number(rest)?;
    let (low_unit, low_unit_length) = unit(&rest[low_length..]).unwrap_or_default();
    let mut length = low_length + low_unit_length;
    if !matches!(rest.get(length), Some('-' | '~' | '—')) {
        return None;
    }
    length += 1;
    let (high, high_length) = number(&rest[length..])?;
    length += high_length;
    let (high_unit, high_unit_length) = unit(&rest[length..]).unwrap_or_default();
    let low = amount(
        &low,
        &low_unit,
        high_unit
            .is_empty()
            .then(|| rest.get(length).copied())
            .flatten(),
    );
    let high = amount(&high, &high_unit, rest.get(length).copied());
    Some((format!("{low}到{high}"), length + high_unit_length))
}

/// 1/3.
fn fraction(rest: &[char]) -> Option<(String, usize)> {
    let over = digits(rest);
    if rest.get(over) != Some(&'/') || over > 3 {
        return None;
    }
    let under = digits(&rest[over + 1..]);
    if under == 0 || under > 3 || rest.get(over + 1 + under) == Some(&'/') {
        return None;
    }
    let words = format!(
        "{}分之{}",
        cardinal(&text(&rest[over + 1..over + 1 + under])),
        cardinal(&text(&rest[..over]))
    );
    Some((words, over + 1 + under))
}

fn plain_number(before: Option<char>, rest: &[char]) -> Option<(String, usize)> {
    let (plain, length) = number(rest)?;
    let (unit, unit_length) = unit(&rest[length..]).unwrap_or_default();
    let next = rest.get(length).copied();
    if before == Some('第') {
        return Some((cardinal(&plain), length));
    }
    Some((amount(&plain, &unit, next), length + unit_length))
}

/// A number with its unit; 二 is 两 before what is counted.
fn amount(plain: &str, unit: &str, next: Option<char>) -> String {
    if unit == "%" {
        return format!("百分之{}", decimal(plain));
    }
    if unit == "‰" {
        return format!("千分之{}", decimal(plain));
    }
    let counted = !unit.is_empty() || next.is_some_and(|symbol| MEASURES.contains(symbol));
    let words = match (plain, counted) {
        ("2", true) => "两".to_owned(),
        _ => decimal(plain),
    };
    words + unit
}

/// Measure words before which 2 is 两. Not 月, 号, 日, 楼, 级, 分: they number, they do not count.
const MEASURES: &str =
    "个天元块小年次件台张位份种条只家点周套本口层把双间杯瓶包箱盒斤公米升秒人项笔单";

/// Whether a unit or measure word follows, so that figures before it are counted.
fn is_measured(rest: &[char]) -> bool {
    unit(rest).is_some()
        || rest.first().is_some_and(|symbol| {
            MEASURES.contains(*symbol) || "分角万亿岁吨度倍".contains(*symbol)
        })
}

/// ¥199.90, $20.
fn money(rest: &[char]) -> Option<(String, usize)> {
    let skip = 1 + run(&rest[1..], |symbol| symbol == ' ');
    let (plain, length) = number(&rest[skip..])?;
    let currency = if rest[0] == '$' { "美元" } else { "元" };
    let plain = match plain.split_once('.') {
        // 199.00 is a whole amount; a price ends without its trailing zero.
        Some((whole, fraction)) => match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        },
        None => plain,
    };
    let mut length = skip + length;
    if rest.get(length) == Some(&'元') {
        length += 1;
    }
    Some((amount(&plain, currency, None), length))
}

/// Units by what is written, the longest first.
const UNITS: &[(&str, &str)] = &[
    ("km/h", "公里每小时"),
    ("kWh", "度"),
    ("KWH", "度"),
    ("kwh", "度"),
    ("mAh", "毫安时"),
    ("m³", "立方米"),
    ("m²", "平方米"),
    ("㎡", "平方米"),
    ("km", "公里"),
    ("KM", "公里"),
    ("kg", "公斤"),
    ("KG", "公斤"),
    ("Kg", "公斤"),
    ("mg", "毫克"),
    ("cm", "厘米"),
    ("CM", "厘米"),
    ("mm", "毫米"),
    ("MM", "毫米"),
    ("ml", "毫升"),
    ("mL", "毫升"),
    ("ML", "毫升"),
    ("kW", "千瓦"),
    ("KW", "千瓦"),
    ("GB", "G"),
    ("MB", "兆"),
    ("TB", "T"),
    ("Hz", "赫兹"),
    ("dB", "分贝"),
    ("℃", "摄氏度"),
    ("°C", "摄氏度"),
    ("°", "度"),
    ("%", "%"),
    ("‰", "‰"),
    ("L", "升"),
    ("W", "瓦"),
    ("V", "伏"),
    ("A", "安"),
    ("m", "米"),
    ("g", "克"),
    ("h", "小时"),
];

fn unit(rest: &[char]) -> Option<(String, usize)> {
    let (written, said) = UNITS.iter().find(|(written, _)| {
        let length = written.chars().count();
        // A unit ends where the letters end.
        rest.len() >= length
            && written
                .chars()
                .zip(rest)
                .all(|(unit, symbol)| unit == *symbol)
            && !(written.ends_with(|last: char| last.is_ascii_alphabetic())
                && rest
                    .get(length)
                    .is_some_and(|next| next.is_ascii_alphanumeric()))
    })?;
    Some(((*said).to_owned(), written.chars().count()))
}

/// Letters: addresses sign by sign, abbreviations letter by letter, words as they are.
fn word(before: Option<char>, rest: &[char]) -> Option<(String, usize)> {
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
    if before.is_some_and(|symbol| symbol.is_ascii_alphanumeric()) {
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

/// Capitals that are said as a word.
const SAID_AS_WORDS: &[&str] = &["APP", "WIFI", "SIM", "PIN", "OPPO", "VIVO", "NASA", "PASS"];

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

fn sign(before: Option<char>, rest: &[char]) -> Option<(String, usize)> {
    let follows_digit = before.is_some_and(|symbol| symbol.is_ascii_digit());
    let before_digit = rest.get(1).is_some_and(char::is_ascii_digit);
    let words = match rest[0] {
        '-' | '−'
            if before_digit && !before.is_some_and(|symbol| symbol.is_ascii_alphanumeric()) =>
        {
            "负"
        }
        '+' if before_digit || follows_digit => "加",
        '=' => "等于",
        '&' => "和",
        '#' => "井号",
        '@' => "艾特",
        '~' => "到",
        '/' => "或",
        '*' if !before_digit => "星号",
        '℃' => "摄氏度",
        '㎡' => "平方米",
        '%' => "百分号",
        _ => return None,
    };
    Some((words.to_owned(), 1))
}
