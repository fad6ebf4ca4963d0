//! Digits as callers dictate them.
//!
//! Only whole strings of digits: 三百二十 is a number and not dictation.

/// The digits of `text` if it is nothing but dictated digits (`幺三八，零零幺三…` -> `138001…`); separators and what people say
/// around a number (我电话是, 谢谢) do not count.
pub fn dictated(text: &str) -> Option<String> {
    let mut digits = String::new();
    let mut rest = strip_tail(strip_lead(text));
    while let Some(symbol) = rest.chars().next() {
        if let Some(after) = BETWEEN.iter().find_map(|word| rest.strip_prefix(word)) {
            rest = after;
            continue;
        }
        if let Some((word, count)) = REPEATS.iter().find(|(word, _)| rest.starts_with(word)) {
            // 三个八, 双六: the next digit so many times.
            let after = &rest[word.len()..];
            if let Some(next) = after.chars().next().and_then(digit_of) {
                digits.extend(std::iter::repeat_n(next, *count));
                rest = &after[after.chars().next().map_or(0, char::len_utf8)..];
                continue;
            }
        }
        if let Some(digit) = digit_of(symbol) {
            digits.push(digit);
        } else if !is_separator(symbol) {
            return None;
        }
        rest = &rest[symbol.len_utf8()..];
    }
    (!digits.is_empty()).then_some(digits)
}

/// The digits that `text` begins with as somebody dictates them (`双六，三个八号楼` -> `66888` and `号楼`), and what follows.
/// Separators count only between digits; a word that is none ends the run.
pub fn leading(text: &str) -> (String, &str) {
    let mut digits = String::new();
    let (mut rest, mut after_digits) = (text, text);
    while let Some(symbol) = rest.chars().next() {
        let repeat = REPEATS.iter().find_map(|(word, count)| {
            let after = rest.strip_prefix(word)?;
            let next = after.chars().next()?;
            Some((digit_of(next)?, *count, &after[next.len_utf8()..]))
        });
        let (digit, count, after) = match (repeat, digit_of(symbol)) {
            (Some(found), _) => found,
            (None, Some(digit)) => (digit, 1, &rest[symbol.len_utf8()..]),
            (None, None) if is_separator(symbol) && !digits.is_empty() => {
                rest = &rest[symbol.len_utf8()..];
                continue;
            }
            (None, None) => break,
        };
        digits.extend(std::iter::repeat_n(digit, count));
        rest = after;
        after_digits = after;
    }
    (digits, after_digits)
}

/// A number as it is read out: digit by digit, in groups (`13800138000` -> `幺三八，零零幺三，八零零零`). Symbols that are no
/// digits are left out.
pub fn spelled(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter_map(name_of).collect();
    // Mobiles are read 3-4-4; of fixed numbers the area code is read with its 0 (three or four digits) before the rest.
    let groups: &[usize] = match (digits.len(), number.starts_with('1')) {
        (11, true) => &[3, 4, 4],
        (11, false) if number.starts_with("01") || number.starts_with("02") => &[3, 4, 4],
        (11, false) => &[4, 3, 4],
        (12, false) => &[4, 4, 4],
        _ => &[4; 6],
    };
    let mut spoken = String::new();
    let mut rest = digits.as_slice();
    for size in groups {
        if rest.is_empty() {
            break;
        }
        let (group, after) = rest.split_at((*size).min(rest.len()));
        if !spoken.is_empty() {
            spoken.push('，');
        }
        spoken.extend(group);
        rest = after;
    }
    spoken.extend(rest);
    spoken
}

/// The telephone name of a digit: 幺 for 1, so that it is not heard as 七.
fn name_of(digit: char) -> Option<char> {
    let value = digit.to_digit(10)? as usize;
    "零幺二三四五六七八九".chars().nth(value)
}

/// What stands before a dictated number.
const LEADS: &[&str] = &[
    "我的",
    "我",
    "电话",
    "手机",
    "号码",
    "号",
    "是",
    "嗯",
    "呃",
    "啊",
    "那",
    "打",
    "拨",
    "这个",
    "就",
    "记一下",
    "记下",
    "你",
    "您",
    "好的",
    "好",
    "对",
    "后面",
    "最后",
    "尾号",
    "前面",
    "开头",
    "改成",
    "换成",
];

/// What stands between the parts of one.
const BETWEEN: &[&str] = &["后面", "最后", "然后", "接着", "再", "是"];

/// What stands after one.
const TAILS: &[&str] = &[
    "谢谢",
    "你",
    "您",
    "吧",
    "啊",
    "呢",
    "哈",
    "呀",
    "对",
    "对的",
    "好",
    "好的",
    "的",
    "了",
    "吗",
    "是",
    "就这个",
    "这个",
    "这个号码",
    "没错",
    "就",
    "完",
    "结束",
];

const REPEATS: &[(&str, usize)] = &[
    ("双", 2),
    ("一个", 1),
    ("两个", 2),
    ("三个", 3),
    ("四个", 4),
    ("五个", 5),
    ("六个", 6),
    ("七个", 7),
    ("八个", 8),
    ("九个", 9),
    ("十个", 10),
    ("2个", 2),
    ("3个", 3),
    ("4个", 4),
    ("5个", 5),
    ("6个", 6),
    ("7个", 7),
    ("8个", 8),
    ("9个", 9),
];

fn strip_lead(mut text: &str) -> &str {
    'again: loop {
        text = text.trim_start_matches(is_separator);
        for lead in LEADS {
            if let Some(rest) = text.strip_prefix(lead) {
                text = rest;
                continue 'again;
            }
        }
        return text;
    }
}

fn strip_tail(mut text: &str) -> &str {
    'again: loop {
        text = text.trim_end_matches(is_separator);
        for tail in TAILS {
            if let Some(rest) = text.strip_suffix(tail) {
                text = rest;
                continue 'again;
            }
        }
        return text;
    }
}

fn is_separator(symbol: char) -> bool {
    symbol.is_whitespace()
        || matches!(
            symbol,
            '，' | '。'
                | '、'
                | ','
                | '.'
                | '-'
                | '杠'
                | '—'
                | '嗯'
                | '呃'
                | '：'
                | ':'
                | '；'
                | '…'
                | '？'
                | '?'
                | '！'
                | '!'
        )
}

/// Telephone readings of a digit (幺 for 1, 洞 for 0, 拐 for 7, 勾 for 9, 两 for 2).
fn digit_of(symbol: char) -> Option<char> {
    Some(match symbol {
        '0'..='9' => symbol,
        '０'..='９' => char::from(b'0' + (symbol as u32 - '０' as u32) as u8),
        '零' | '〇' | '洞' | '圆' => '0',
        '一' | '幺' | '妖' | '腰' => '1',
        '二' | '两' | '俩' => '2',
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
    fn numbers_are_read_in_groups() {
        let check = |number: &str, expected: &str| assert_eq!(spelled(number), expected);
        check("13800138000", "幺三八，零零幺三，八零零零");
        check("01088155555", "零幺零，八八幺五，五五五五");
        check("05318815555", "零五三幺，八八幺，五五五五");
        check("057188155555", "零五七幺，八八幺五，五五五五");
        check("8000", "八零零零");
        check("+14155550100", "幺四幺五，五五五，零幺零零");
        check("", "");
    }

    #[test]
    fn a_run_ends_where_words_begin() {
        let check = |text: &str, digits: &str, rest: &str| {
            assert_eq!(leading(text), (digits.to_owned(), rest), "{text}");
        };
        check("幺三八，零零到哪了", "13800", "到哪了");
        check("双六，三个八号楼", "66888", "号楼");
        check("12 34，好的", "1234", "，好的");
        check("三个工作日", "3", "个工作日");
        check("我的", "", "我的");
        check("，一", "", "，一");
        check("", "", "");
    }

    #[test]
    fn dictation_and_what_is_none() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(dictated(text).as_deref(), expected, "{text}");
        };
        check("幺三八零零幺三八零零零", Some("13800138000"));
        check(
            "我的手机号码是一三八，零零一三，八零零零。",
            Some("13800138000"),
        );
        check("138-0013-8000", Some("13800138000"));
        check("幺三八三个零幺双六", Some("138000166"));
        check("四个八", Some("8888"));
        check("零五七一杠八八幺五五五五五", Some("057188155555"));
        check("两", Some("2"));
        check("我电话是13800138000", Some("13800138000"));
        check("13800138000谢谢", Some("13800138000"));
        check("幺三八零零幺三八零零零吧", Some("13800138000"));
        check("幺三八零零幺三八零零零，对", Some("13800138000"));
        check("手机号码是：13800138000", Some("13800138000"));
        check("就打13800138000", Some("13800138000"));
        check("打我手机13800138000", Some("13800138000"));
        check("记一下，13800138000", Some("13800138000"));
        check("七个八", Some("8888888"));
        check("后面三个零", Some("000"));
        check("幺三八零零幺三八，后面三个零", Some("13800138000"));
        check("双六", Some("66"));
        check("对，是幺三八零零幺三八零零零没错", Some("13800138000"));
        check("你好", None);
        check("对的", None);
        check("是的", None);
        check("七个", None);
        check("三个工作日", None);
        check("一下", None);
        check("三百二十", None);
        check("我要报修", None);
        check("", None);
        check("嗯", None);
    }
}
