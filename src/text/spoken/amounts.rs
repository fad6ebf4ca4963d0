//! What is counted and measured: numbers with units, ranges, fractions, money.

use super::{
    numbers::{cardinal, decimal, digit_by_digit},
    patterns::{Reading, begins, begins_with_any, digits, joint, spaces, text},
};

/// A number with grouping commas and a decimal point: its plain form and length.
fn number(symbols: &[char]) -> Reading {
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

/// 60*60*85cm.
pub(super) fn dimensions(rest: &[char]) -> Reading {
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

/// 3-5天, 10%-20%, 3~5个, 2-3kg, 2025-2026年.
pub(super) fn range(rest: &[char]) -> Reading {
    let (low, low_length) = number(rest)?;
    let (low_unit, low_unit_length) = unit(&rest[low_length..]).unwrap_or_default();
    let mut length = low_length + low_unit_length;
    let (joint, joint_length) = joint(&rest[length..])?;
    length += joint_length;
    let (high, high_length) = number(&rest[length..])?;
    length += high_length;
    let after = &rest[length..];
    let is_year =
        |plain: &str| plain.len() == 4 && (plain.starts_with("19") || plain.starts_with("20"));
    let may_be_years =
        begins_with_any(after, &["年", "学年", "财年", "赛季"]) || !is_measured(after);
    if low_unit.is_empty() && is_year(&low) && is_year(&high) && may_be_years {
        let (low, high) = (digit_by_digit(&low, false), digit_by_digit(&high, false));
        return Some((format!("{low}{joint}{high}"), length));
    }
    let (high_unit, high_unit_length) = unit(after).unwrap_or_default();
    length += high_unit_length;
    // 10-20%: the sign is both numbers' and is said once.
    if low_unit.is_empty() && matches!(high_unit.as_str(), "%" | "‰") {
        let high = amount(&high, &high_unit, &[]);
        let whole = if high_unit == "%" {
            "百分之"
        } else {
            "千分之"
        };
        let high = high.trim_start_matches(whole);
        return Some((format!("{whole}{}{joint}{high}", decimal(&low)), length));
    }
    // What is counted is counted by both numbers: 两到三公斤.
    let low = match (low.as_str(), low_unit.is_empty(), high_unit.is_empty()) {
        ("2", true, false) => "两".to_owned(),
        _ => amount(
            &low,
            &low_unit,
            if high_unit.is_empty() { after } else { &[] },
        ),
    };
    let high = amount(&high, &high_unit, after);
    Some((format!("{low}{joint}{high}"), length))
}

/// 1/3.
pub(super) fn fraction(before: &[char], rest: &[char]) -> Reading {
    let over = digits(rest);
    if rest.get(over) != Some(&'/') || over > 3 || before.last() == Some(&'/') {
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

pub(super) fn plain_number(before: &[char], rest: &[char]) -> Reading {
    let (plain, length) = number(rest)?;
    let after = &rest[length..];
    if before.last() == Some(&'第') {
        return Some((decimal(&plain), length));
    }
    // 95折 is nine and a half tenths.
    if plain.len() == 2 && begins(after, "折") && !plain.ends_with('0') {
        return Some((digit_by_digit(&plain, false), length));
    }
    let (unit, unit_length) = unit(after).unwrap_or_default();
    Some((amount(&plain, &unit, after), length + unit_length))
}

/// A number with its unit; 二 is 两 before what is counted.
fn amount(plain: &str, unit: &str, after: &[char]) -> String {
    if unit == "%" {
        return format!("百分之{}", decimal(plain));
    }
    if unit == "‰" {
        return format!("千分之{}", decimal(plain));
    }
    let plain = match unit.is_empty() && is_money(after) {
        true => price(plain),
        false => plain.to_owned(),
    };
    let words = match (plain.as_str(), !unit.is_empty() || is_counted(after)) {
        ("2", true) => "两".to_owned(),
        _ => decimal(&plain),
    };
    words + unit
}

/// 199.00 is a whole amount; a price ends without its trailing zeros.
fn price(plain: &str) -> String {
    match plain.contains('.') {
        true => plain.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => plain.to_owned(),
    }
}

/// Whether an amount of money ends here: 元, 万元, 美元.
pub(super) fn is_money(after: &[char]) -> bool {
    let scale = after
        .iter()
        .position(|symbol| !"百千万亿".contains(*symbol))
        .unwrap_or(after.len());
    begins_with_any(
        &after[scale..],
        &["元", "块", "美元", "港元", "港币", "欧元", "日元", "英镑"],
    )
}

/// Measure words before which 2 is 两. Not 月, 号, 日, 楼, 级, 分: they number, they do not count.
const MEASURES: &str = "个天元块年次件台张位份种条只家点周套本口层把双间杯瓶包箱盒斤公米升秒人项笔单名倍岁款晚户辆页步股批\
                        场趟遍回根粒片支颗袋罐碗节吨万亿千平";

/// Longer ones, whose first character is none by itself.
const LONG_MEASURES: &[&str] = &[
    "小时", "分钟", "美元", "港元", "港币", "欧元", "日元", "英镑", "立方", "积分", "毫米", "毫升",
    "厘米", "千米",
];

/// Words that begin like measure words.
const NO_MEASURES: &[&str] = &[
    "单元",
    "单号",
    "单位",
    "单独",
    "年级",
    "人工",
    "家里",
    "家人",
    "家中",
    "本人",
    "本店",
    "周末",
    "周一",
    "点击",
    "包邮",
    "包括",
    "位于",
    "名称",
    "公司",
    "公众",
    "回复",
    "回拨",
    "节假",
    "页面",
    "步骤",
    "场景",
    "种类",
    "项目",
    "条款",
    "平台",
    "平时",
    "间隔",
    "千万别",
    "万一",
    "分机",
    "分别",
    "分店",
    "分期",
    "分公司",
    "分之",
];

fn is_counted(after: &[char]) -> bool {
    let first = after.first();
    (first.is_some_and(|symbol| MEASURES.contains(*symbol))
        || begins_with_any(after, LONG_MEASURES))
        && !begins_with_any(after, NO_MEASURES)
}

/// Whether a unit or measure word follows, so that figures before it are counted.
pub(super) fn is_measured(rest: &[char]) -> bool {
    let first = rest.first();
    unit(rest).is_some()
        || is_counted(rest)
        || first.is_some_and(|symbol| "分角度".contains(*symbol))
            && !begins_with_any(rest, NO_MEASURES)
}

/// What an amount can be counted by, after a slash: what is said and its length.
pub(super) fn counted_per(after: &[char]) -> Option<(String, usize)> {
    const PER: &[&str] = &[
        "年", "月", "天", "日", "周", "季", "晚", "小时", "时", "分", "秒", "次", "人", "位", "个",
        "件", "台", "套", "张", "条", "只", "户", "间", "单", "笔", "份", "箱", "盒", "瓶", "包",
        "袋", "斤", "公斤", "公里", "千克", "千米", "吨", "米", "平", "立方", "升", "度", "股",
        "场", "趟", "页", "字", "课", "节", "款", "层", "百", "千", "万",
    ];
    match unit(after) {
        Some((said, length)) if said != "%" && said != "‰" => Some((said, length)),
        _ => begins_with_any(after, PER).then(|| (String::new(), 0)),
    }
}

/// ¥199.90, $20, ¥1.2万, ¥100-200.
pub(super) fn money(rest: &[char]) -> Reading {
    let currency = rest[0];
    let mut length = 1 + spaces(&rest[1..]);
    let (low, low_length) = priced(&rest[length..])?;
    length += low_length;
    let mut words = low;
    if let Some((joint, joint_length)) = joint(&rest[length..]) {
        let mut start = length + joint_length;
        start += usize::from(rest.get(start) == Some(&currency));
        if let Some((high, high_length)) = priced(&rest[start..]) {
            words = format!("{words}{joint}{high}");
            length = start + high_length;
        }
    }
    length += usize::from(rest.get(length) == Some(&'元'));
    let currency = if currency == '$' { "美元" } else { "元" };
    Some((words + currency, length))
}

/// A price before its currency, with 万 or 亿.
fn priced(rest: &[char]) -> Reading {
    let (plain, length) = number(rest)?;
    let plain = price(&plain);
    let words = match plain.as_str() {
        "2" => "两".to_owned(),
        _ => decimal(&plain),
    };
    match rest.get(length) {
        Some(scale @ ('千' | '万' | '亿')) => Some((format!("{words}{scale}"), length + 1)),
        _ => Some((words, length)),
    }
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
    ("Mbps", "兆"),
    ("min", "分钟"),
    ("Hz", "赫兹"),
    ("dB", "分贝"),
    ("℃", "摄氏度"),
    ("°C", "摄氏度"),
    ("°", "度"),
    ("%", "%"),
    ("‰", "‰"),
    ("G", "G"),
    ("M", "兆"),
    ("H", "小时"),
    ("L", "升"),
    ("W", "瓦"),
    ("V", "伏"),
    ("A", "安"),
    ("m", "米"),
    ("g", "克"),
    ("h", "小时"),
];

pub(super) fn unit(rest: &[char]) -> Reading {
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
