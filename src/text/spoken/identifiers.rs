//! What is dialled, spelled or numbered, and not counted: telephone numbers, hotlines, codes, rooms.

use super::{
    amounts::is_measured,
    numbers::{cardinal, digit_by_digit},
    patterns::{Reading, begins, begins_with_any, digits, ends, text},
};

/// What an identifier follows.
const LABELS: &[&str] = &[
    "尾号",
    "工号",
    "邮编",
    "邮政编码",
    "验证码",
    "校验码",
    "密码",
    "编号",
    "分机",
    "分机号",
    "号码",
    "单号",
    "卡号",
    "账号",
    "帐号",
    "证号",
    "税号",
    "机号",
    "流水号",
    "案号",
    "代码",
    "条码",
    "口令",
    "热线",
    "拨打",
    "致电",
];

/// 尾号8000, 验证码：4829, 转801, 501室.
pub(super) fn identifier(before: &[char], rest: &[char]) -> Reading {
    let mut length = digits(rest);
    if is_amount(&rest[length..]) || is_whole_mobile(&rest[..length]) {
        return None;
    }
    let is_room = length >= 3
        && begins_with_any(&rest[length..], &["室", "房", "号房"])
        && !begins_with_any(
            &rest[length..],
            &["室内", "室外", "房间", "房屋", "房产", "房贷"],
        );
    let labelled = before
        .iter()
        .rposition(|symbol| !"：: 是为（(".contains(*symbol))
        .map_or(&[] as &[char], |last| &before[..=last]);
    let is_labelled = LABELS.iter().any(|label| ends(labelled, label))
        // An extension; 转2次 and 转1/2 are no such thing.
        || length >= 3 && ends(before, "转");
    if !(is_room || is_labelled) || letter_at(rest, length) || telephone(&[], rest).is_some() {
        return None;
    }
    let mut words = digit_by_digit(&text(&rest[..length]), true);
    while rest.get(length) == Some(&'-') && digits(&rest[length + 1..]) > 0 {
        let more = digits(&rest[length + 1..]);
        let group = text(&rest[length + 1..length + 1 + more]);
        words = format!("{words}杠{}", digit_by_digit(&group, true));
        length += 1 + more;
    }
    Some((words, length))
}

fn letter_at(rest: &[char], place: usize) -> bool {
    rest.get(place).is_some_and(char::is_ascii_alphabetic)
}

/// Whether figures before `rest` are an amount: a measure, a fraction or the end of a range with a measure follows.
fn is_amount(rest: &[char]) -> bool {
    if is_measured(rest) {
        return true;
    }
    let decimals = match rest.first() {
        Some('.') => digits(&rest[1..]),
        _ => 0,
    };
    if decimals > 0 {
        return true;
    }
    let is_joint = matches!(rest.first(), Some('-' | '~' | '–' | '—' | '至' | '到'));
    let more = rest.get(1..).map_or(0, digits);
    is_joint && more > 0 && is_amount(&rest[1 + more..])
}

fn is_whole_mobile(number: &[char]) -> bool {
    number.len() == 11 && number[0] == '1' && ('3'..='9').contains(&number[1])
}

/// The shapes in which numbers are written in groups.
fn is_shape(groups: &[&str]) -> bool {
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let first = groups[0];
    let is_service = first.starts_with("400") || first.starts_with("800");
    match lengths.as_slice() {
        [3, 4, 4] => first.starts_with('0') || first.starts_with('1') && !first.starts_with("10"),
        [3 | 4, 7 | 8] if first.starts_with('0') => true,
        [4, 3 | 4, 4] => first.starts_with('0'),
        [3, 3, 4] | [3, 7] | [4, 3, 3] => is_service,
        _ => false,
    }
}

/// 010-62551234, 400 800 1234, 138-0013-8000, 021-5555 6666, 010-62551234-801.
fn grouped_telephone(before: &[char], rest: &[char]) -> Reading {
    if before
        .last()
        .is_some_and(|last| last.is_ascii_alphanumeric() || matches!(last, '-' | '.'))
    {
        return None;
    }
    let mut groups = vec![text(&rest[..digits(rest)])];
    let mut length = groups[0].len();
    while matches!(rest.get(length), Some('-' | ' ')) && groups.len() < 3 {
        let more = digits(&rest[length + 1..]);
        if more == 0 {
            break;
        }
        groups.push(text(&rest[length + 1..length + 1 + more]));
        length += 1 + more;
        let borrowed: Vec<&str> = groups.iter().map(String::as_str).collect();
        // 021-5555 6666 begins like nothing shorter, but 400-8001234 12 ends where its shape does.
        if !is_shape(&borrowed) || is_amount(&rest[length..]) {
            continue;
        }
        let words: Vec<_> = groups
            .iter()
            .map(|group| digit_by_digit(group, true))
            .collect();
        let words = words.join("，");
        let extension = match rest.get(length) {
            Some('-') => digits(&rest[length + 1..]),
            _ => 0,
        };
        return match extension {
            0 => Some((words, length)),
            1..=5 => {
                let number = text(&rest[length + 1..length + 1 + extension]);
                let number = digit_by_digit(&number, true);
                Some((format!("{words}，转{number}"), length + 1 + extension))
            }
            _ => None,
        };
    }
    None
}

/// Mobiles, fixed numbers, 400 numbers, hotlines, and long strings of digits.
pub(super) fn telephone(before: &[char], rest: &[char]) -> Reading {
    if let Some(reading) = grouped_telephone(before, rest) {
        return Some(reading);
    }
    let length = digits(rest);
    let all = text(&rest[..length]);
    let after = &rest[length..];
    let is_service = length == 10 && (all.starts_with("400") || all.starts_with("800"));
    if length == 11 && all.starts_with('1') && !is_amount(after) {
        return Some((grouped(&all, &[3, 4, 4]), length));
    }
    if is_service && !is_amount(after) {
        return Some((grouped(&all, &[3, 3, 4]), length));
    }
    if is_amount(after) {
        return None;
    }
    // Nobody says a round number digit by digit.
    let is_round = all.ends_with("0000") && !all.starts_with('0');
    let is_spelled = is_hotline(&all)
        // Order numbers and codes: nobody counts them. Area codes begin with 0.
        || length >= 7 && !is_round
        || length >= 3 && all.starts_with('0');
    is_spelled.then(|| (digit_by_digit(&all, true), length))
}

/// Emergency and public-service numbers: 12xxx, 95xxx, 96xxx, 100xx, 116xxx.
fn is_hotline(number: &str) -> bool {
    let is_round = number.ends_with("000") || number.ends_with("00") && number.starts_with("12");
    match number.len() {
        3 => matches!(
            number,
            "110" | "112" | "114" | "119" | "120" | "122" | "999"
        ),
        5 if number == "12300" => true,
        5 => {
            !is_round
                && ["12", "95", "96", "100"]
                    .iter()
                    .any(|start| number.starts_with(start))
        }
        6 => number.starts_with("116") && !is_round,
        _ => false,
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

/// 2-1-501: building, stair and flat. The hyphens are said.
pub(super) fn chain(rest: &[char]) -> Reading {
    let mut length = digits(rest);
    let mut groups = vec![text(&rest[..length])];
    while rest.get(length) == Some(&'-') && digits(&rest[length + 1..]) > 0 {
        let more = digits(&rest[length + 1..]);
        groups.push(text(&rest[length + 1..length + 1 + more]));
        length += 1 + more;
    }
    if groups.len() < 3 || begins(&rest[length..], "%") {
        return None;
    }
    let groups: Vec<_> = groups
        .iter()
        .map(|group| match group.len() {
            1 | 2 => cardinal(group),
            _ => digit_by_digit(group, true),
        })
        .collect();
    Some((groups.join("杠"), length))
}
