//! Several questions in one utterance: 洗衣机怎么清洗，另外保修多久.
//!
//! A question is parted only where both parts ask something by themselves: 我卡里还有多少钱 is one. Whether the parts mean
//! anything is for the search to say.

use super::{
    lexicon::is_function_word,
    normal_form::normal_form,
    views::{View, terms},
};

/// What goes before a further question, longest first.
const CONNECTORS: &[&str] = &[
    "还有一个问题",
    "还有个问题",
    "还有一件事",
    "顺便问一下",
    "顺便再问",
    "再问一下",
    "还想问一下",
    "再帮我查",
    "还有就是",
    "还想问",
    "再问个",
    "顺便问",
    "另外",
    "顺便",
    "还有",
    "以及",
    "对了",
];

/// What ends a question.
const ENDS: [char; 6] = ['？', '?', '。', '！', '!', '；'];

/// What asks.
const ASKING: &[&str] = &[
    "吗",
    "呢",
    "么",
    "怎么",
    "如何",
    "什么",
    "多少",
    "多久",
    "多长",
    "哪",
    "几",
    "谁",
    "为啥",
    "咋",
    "能不能",
    "可不可以",
    "是不是",
    "有没有",
    "会不会",
    "要不要",
    "行不行",
    "可以",
    "能否",
];

/// The questions in `text`, without what parts them: one, unless several parts ask something by themselves.
pub fn split_questions(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    // From where on to look for the next parting.
    let mut from = 0;
    while let Some((end, start, said)) = parting(rest, from) {
        let (before, after) = (&rest[..end], &rest[start..]);
        if asks(before, said) && asks(first_of(after), said) {
            parts.push(trimmed(before));
            rest = after;
            from = 0;
        } else {
            from = start;
        }
    }
    parts.push(if parts.is_empty() {
        text
    } else {
        trimmed(rest)
    });
    parts
}

/// The next place where a question may end: where it ends, where the next begins, and whether a word says that one begins.
fn parting(text: &str, from: usize) -> Option<(usize, usize, bool)> {
    text[from..].char_indices().find_map(|(at, symbol)| {
        let at = from + at;
        let after = at + symbol.len_utf8();
        let rest = &text[at..];
        if let Some(word) = CONNECTORS.iter().find(|word| rest.starts_with(**word)) {
            return Some((at, at + word.len(), true));
        }
        if !ENDS.contains(&symbol) || text[after..].trim().is_empty() {
            return None;
        }
        let next = text[after..].trim_start();
        let word = CONNECTORS.iter().find(|word| next.starts_with(**word));
        let start = text.len() - next.len() + word.map_or(0, |word| word.len());
        Some((at, start, word.is_some()))
    })
}

/// Up to where a next question could begin.
fn first_of(text: &str) -> &str {
    match parting(text, 0) {
        Some((end, ..)) => &text[..end],
        None => text,
    }
}

/// Whether a part asks something by itself. Where a word says that a question begins, two words that mean something are
/// enough (冰箱报修).
fn asks(part: &str, said: bool) -> bool {
    let normal = normal_form(part);
    let meaning = terms(View::Words, &normal)
        .iter()
        .filter(|term| !is_function_word(&term.text))
        .count();
    let asking = ASKING.iter().any(|word| part.contains(word));
    (meaning > 0 && asking) || (said && meaning > 1)
}

fn trimmed(part: &str) -> &str {
    part.trim_matches(|symbol: char| !symbol.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_parted_where_both_ask() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            assert_eq!(split_questions(text), expected, "{text}");
        }
        check(
            "洗衣机怎么清洗，另外保修多久",
            &["洗衣机怎么清洗", "保修多久"],
        );
        check(
            "空调怎么预约安装还有发票怎么开",
            &["空调怎么预约安装", "发票怎么开"],
        );
        check(
            "退款多久到账？还有，退货运费谁出？",
            &["退款多久到账", "退货运费谁出"],
        );
        check("怎么报修？要收费吗？", &["怎么报修", "要收费吗"]);
        check(
            "门店几点开门，顺便问一下冰箱有没有现货，以及怎么开发票",
            &["门店几点开门", "冰箱有没有现货", "怎么开发票"],
        );
        check("空调报修，另外冰箱安装", &["空调报修", "冰箱安装"]);
        check("洗衣机怎么洗？冰箱呢？", &["洗衣机怎么洗", "冰箱呢"]);
        for one in [
            "我卡里还有多少钱",
            "那个政府补贴还有没有",
            "积分还有多少",
            "那款电视还有货不",
            "你好？空调怎么报修？",
            "空调坏了。怎么报修？",
            "空调怎么报修？谢谢。",
            "怎么退货，还有",
            "水果以及蔬菜坏了能赔吗",
            "另外",
            "",
            "？？",
        ] {
            check(one, &[one]);
        }
    }

    proptest::proptest! {
        #[test]
        fn parts_are_of_the_text_and_in_order(text in "(空调|怎么|还有|另外|吗|？|。|，|修|a| ){0,12}") {
            let mut rest = text.as_str();
            for part in split_questions(&text) {
                let at = rest.find(part);
                proptest::prop_assert!(at.is_some());
                rest = &rest[at.unwrap_or_default() + part.len()..];
            }
        }
    }
}
