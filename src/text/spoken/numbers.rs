//! Figures into characters.

const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/// `digits` one by one; on the telephone 一 is said 幺.
pub fn digit_by_digit(digits: &str, telephone: bool) -> String {
    digits
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .map(|digit| match (digit, telephone) {
            (1, true) => '幺',
            (digit, _) => DIGITS[digit as usize],
        })
        .collect()
}

/// A whole number of up to sixteen digits (`12050` -> 一万二千零五十); longer ones digit by digit.
pub fn cardinal(digits: &str) -> String {
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return "零".to_owned();
    }
    if digits.len() > 16 {
        return digit_by_digit(digits, false);
    }
    let mut spoken = String::new();
    // Groups of four, the highest first: 万亿, 亿, 万, ones.
    let first = (digits.len() - 1) % 4 + 1;
    let mut groups = vec![&digits[..first]];
    groups.extend(
        (first..digits.len())
            .step_by(4)
            .map(|start| &digits[start..start + 4]),
    );
    let names = ["", "万", "亿", "万亿"];
    let mut gap = false;
    for (place, group) in groups.iter().enumerate() {
        let name = names[groups.len() - 1 - place];
        if group.chars().all(|digit| digit == '0') {
            gap = true;
            continue;
        }
        let inner = group_of_four(group);
        // 一万零五十, 两亿零三万: a zero where the group before ended or this one begins with nothing.
        if !spoken.is_empty() && (gap || group.starts_with('0')) {
            spoken.push('零');
        }
        gap = false;
        match (inner.as_str(), name) {
            ("二", "万" | "亿" | "万亿") => spoken.push('两'),
            _ => spoken.push_str(&inner),
        }
        spoken.push_str(name);
    }
    // 十五, not 一十五, at the beginning.
    match spoken.strip_prefix("一十") {
        Some(rest) => format!("十{rest}"),
        None => spoken,
    }
}

fn group_of_four(group: &str) -> String {
    let names = ["", "十", "百", "千"];
    let mut spoken = String::new();
    let mut gap = false;
    for (place, digit) in group.chars().enumerate() {
        let name = names[group.len() - 1 - place];
        match digit.to_digit(10) {
            Some(0) | None => gap = true,
            Some(digit) => {
                if gap && !spoken.is_empty() {
                    spoken.push('零');
                }
                gap = false;
                spoken.push(match (digit, name) {
                    (2, "千") => '两',
                    (digit, _) => DIGITS[digit as usize],
                });
                spoken.push_str(name);
            }
        }
    }
    spoken
}

/// A number with or without a decimal point (`3.05` -> 三点零五).
pub fn decimal(number: &str) -> String {
    match number.split_once('.') {
        Some((whole, fraction)) => {
            format!("{}点{}", cardinal(whole), digit_by_digit(fraction, false))
        }
        None => cardinal(number),
    }
}
