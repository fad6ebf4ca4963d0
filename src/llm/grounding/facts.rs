//! Facts of a text: numbers with what they count, days of the week, prices, dates, telephone numbers.
//!
//! A range is one fact: who says 三到五天 has not said 三天.

use super::{
    super::lexicon::LEXICON,
    canonical::{is_hanzi, is_numeral},
};

/// What numbers count, longest first, with the form in which they are compared.
const UNITS: &[(&str, &str)] = &[
    ("个工作日", "工作日"),
    ("工作日", "工作日"),
    ("个自然日", "自然日"),
    ("自然日", "自然日"),
    ("个小时", "小时"),
    ("小时", "小时"),
    ("个钟头", "小时"),
    ("钟头", "小时"),
    ("分钟", "分钟"),
    ("秒钟", "秒"),
    ("秒", "秒"),
    ("个星期", "周"),
    ("星期", "周"),
    ("个礼拜", "周"),
    ("礼拜", "周"),
    ("周", "周"),
    ("个月", "个月"),
    ("月", "月"),
    ("年", "年"),
    ("天", "天"),
    ("日", "天"),
    ("号", "号"),
    ("元钱", "元"),
    ("块钱", "元"),
    ("元", "元"),
    ("块", "元"),
    ("厘米", "厘米"),
    ("毫米", "毫米"),
    ("平方米", "平方米"),
    ("平米", "平方米"),
    ("分", "分"),
    ("公里", "公里"),
    ("公斤", "公斤"),
    ("千克", "公斤"),
];

/// Days that are said of a week.
const WEEKDAYS: &str = "一二三四五六日天末";

/// The facts of a text in the form of comparison, in order, each with the place where it begins.
pub(super) fn facts(text: &[char]) -> Vec<(usize, String)> {
    let mut uncounted = vec![false; text.len()];
    for (at, length) in LEXICON.uncounted.places(text) {
        uncounted[at..at + length].fill(true);
    }
    let mut facts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if uncounted[at] {
            at += 1;
            continue;
        }
        let Some(first) = fact_at(text, at) else {
            at += 1;
            continue;
        };
        let began = at;
        at = first.end;
        let mut fact = first.text;
        // 周一到周五, 三到五天.
        while let Some(end) = range_mark(text, at)
            && let Some(next) = fact_at(text, end)
        {
            fact = format!("{fact}~{}", next.text);
            at = next.end;
        }
        facts.push((began, fact));
    }
    facts
}

struct Fact {
    text: String,
    end: usize,
}

/// Where the second part of a range begins, if the mark of one stands here.
fn range_mark(text: &[char], at: usize) -> Option<usize> {
    let mark = |at: usize| {
        text.get(at)
            .copied()
            .filter(|symbol| is_range_mark(*symbol))
    };
    mark(at)?;
    // —— and the like.
    let mut end = at + 1;
    while mark(end).is_some() {
        end += 1;
    }
    Some(end)
}

fn is_range_mark(symbol: char) -> bool {
    matches!(symbol, '到' | '至' | '~' | '～' | '-' | '—' | '–')
}

fn fact_at(text: &[char], at: usize) -> Option<Fact> {
    text.get(at)?;
    week_day(text, at).or_else(|| number(text, at))
}

/// 周一, 星期天, 周末.
fn week_day(text: &[char], at: usize) -> Option<Fact> {
    let rest = &text[at..];
    let lead = match rest {
        ['周', ..] => 1,
        ['星', '期', ..] | ['礼', '拜', ..] => 2,
        _ => return None,
    };
    // 三周一次: what is counted in weeks is no day.
    if at > 0 && is_numeral(text[at - 1]) {
        return None;
    }
    let day = rest.get(lead).filter(|day| WEEKDAYS.contains(**day))?;
    let day = if *day == '天' { '日' } else { *day };
    Some(Fact {
        text: format!("周{day}"),
        end: at + lead + 1,
    })
}

/// 三天, 九十九点五元, 百分之五, 第二, 十几天.
fn number(text: &[char], at: usize) -> Option<Fact> {
    let is_vague = |symbol: char| matches!(symbol, '几' | '数' | '多' | '半');
    let mut end = at;
    let mut fact = String::new();
    if text[at..].starts_with(&['百', '分', '之']) || text[at..].starts_with(&['千', '分', '之'])
    {
        fact.extend(&text[at..at + 3]);
        end += 3;
    } else if text[at] == '第' && text.get(at + 1).is_some_and(|next| is_numeral(*next)) {
        fact.push('第');
        end += 1;
    } else if matches!(text[at], '几' | '数' | '半') {
        // 几天, 半年. What counts nothing (数据, 半路) has no unit after it.
        let unit = unit(text, at + 1).filter(|(_, _, known)| *known)?;
        return Some(Fact {
            text: format!("{}{}", text[at], unit.0),
            end: unit.1,
        });
    } else if !is_numeral(text[at]) {
        return None;
    }
    while let Some(symbol) = text.get(end) {
        let between_digits = *symbol == '点'
            && text
                .get(end + 1)
                .is_some_and(|next| is_numeral(*next) || *next == '半');
        let vague = is_vague(*symbol) && end > at;
        if text[end..].starts_with(&['分', '之']) {
            fact.push_str("分之");
            end += 2;
            continue;
        }
        match is_numeral(*symbol) || between_digits || vague {
            true => fact.push(*symbol),
            false => break,
        }
        end += 1;
    }
    // What follows a time of day is what happens then.
    let unit = unit(text, end).filter(|(_, _, known)| *known || !fact.contains('点'));
    let Some((unit, end, _)) = unit else {
        return Some(Fact { text: fact, end });
    };
    Some(Fact {
        text: fact + &unit,
        end,
    })
}

/// Whether `word` is one of the measures that numbers are compared with.
pub(super) fn is_measure(word: &[char]) -> bool {
    UNITS
        .iter()
        .any(|(written, _)| written.chars().eq(word.iter().copied()))
}

/// What is counted, where it ends, and whether it is a known measure. A character that is none is taken as it stands: 三楼 and
/// 三件 are two facts.
fn unit(text: &[char], at: usize) -> Option<(String, usize, bool)> {
    let mut at = at;
    while text.get(at) == Some(&' ') {
        at += 1;
    }
    let rest = text.get(at..)?;
    for (written, unit) in UNITS {
        let length = written.chars().count();
        if rest.len() >= length && written.chars().zip(rest).all(|(one, other)| one == *other) {
            return Some(((*unit).to_owned(), at + length, true));
        }
    }
    let first = *rest.first()?;
    if first.is_ascii_alphabetic() {
        let word: String = rest
            .iter()
            .take_while(|symbol| symbol.is_ascii_alphabetic())
            .collect();
        let end = at + word.len();
        return Some((
            word.strip_suffix('s').unwrap_or(&word).to_owned(),
            end,
            true,
        ));
    }
    let counts = is_hanzi(first) && !is_range_mark(first) && !"的和与及或以之起左".contains(first);
    counts.then(|| (first.to_string(), at + 1, false))
}

#[cfg(test)]
mod tests {
    use super::{super::canonical::canonical, *};

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = facts(&canonical(text)).into_iter();
        let found: Vec<String> = found.map(|(_, fact)| fact).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn numbers_carry_what_they_count() {
        check("签收7天内可以退", &["七天"]);
        check("保修三年，压缩机十年", &["三年", "十年"]);
        check("满99元包邮，不满收8块", &["九十九元", "八元"]);
        check("三个工作日", &["三工作日"]);
        check("24小时", &["二十四小时"]);
        check("四楼起每层二十元", &["四楼", "二十元"]);
        check("打折5%", &["百分之五"]);
        check("三分之一", &["三分之一"]);
        check("within 7 days", &["七day"]);
        check("拨打400-800-1001", &["四零零八零零一零零一"]);
        check("十几天", &["十几天"]);
        check("半年", &["半年"]);
        check("第二件半价", &["第二件"]);
    }

    #[test]
    fn a_range_is_one_fact() {
        check("三到五天到账", &["三~五天"]);
        check("3-5天", &["三~五天"]);
        check("周一至周五", &["周一~周五"]);
        check("早上9:30到晚上21点", &["九点半", "二十一点"]);
        check("9:30到21:00", &["九点半~二十一点"]);
    }

    #[test]
    fn days_of_the_week_are_facts() {
        check("星期天休息", &["周日"]);
        check("礼拜三、周末", &["周三", "周末"]);
        check("每三周一次", &["三周", "一次"]);
    }

    #[test]
    fn parts_of_words_count_nothing() {
        for text in [
            "您看一下",
            "统一安排",
            "万一坏了",
            "数据线",
            "十分抱歉",
            "一般情况",
        ] {
            check(text, &[]);
        }
    }
}
