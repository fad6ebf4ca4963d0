//! What a question looks like, and cells that hold several.

use crate::knowledge::normal::{is_hanzi, normalised};

/// What people ask with.
const ASKING: &[&str] = &[
    "怎么",
    "怎样",
    "如何",
    "什么",
    "多少",
    "多久",
    "多长",
    "多大",
    "几点",
    "几天",
    "几个",
    "几次",
    "几时",
    "哪",
    "谁",
    "为何",
    "为啥",
    "啥",
    "咋",
    "能否",
    "是否",
    "可否",
    "能不能",
    "可不可以",
    "可以不",
    "是不是",
    "有没有",
    "要不要",
    "会不会",
    "用不用",
    "需不需要",
    "行不行",
    "对不对",
    "好不好",
    "该不该",
    "吗",
    "呢",
];

/// Words that begin English questions.
const ENGLISH: &[&str] = &[
    "how", "what", "when", "where", "who", "whom", "which", "why", "can", "could", "do", "does",
    "did", "is", "are", "was", "may", "should", "will", "would", "whose", "have", "has",
];

/// Whether `text` asks something.
pub(super) fn is_question(text: &str) -> bool {
    let text = text.trim();
    let first = text
        .split(|symbol: char| !symbol.is_ascii_alphabetic())
        .next()
        .unwrap_or_default()
        .to_lowercase();
    text.ends_with(['？', '?'])
        || ASKING.iter().any(|word| text.contains(word))
        || ENGLISH.contains(&first.as_str())
}

/// The questions of a cell.
///
/// `||`, `##`, `|`, a new line, a tab and `；` always separate, and so does a `？` with more behind it. Commas separate only where
/// every part could be asked alone: each asks something and says what about (two characters beside the asking word), or there
/// are three parts or more and each shares two neighbouring characters with `question`, the question that the cell belongs
/// to. 我丢了卡，怎么办 therefore stays one question.
pub(super) fn split(cell: &str, question: &str) -> Vec<String> {
    let cell = cell.replace("##", "\n").replace("||", "\n");
    let mut parts = Vec::new();
    for line in cell.split(['\n', '\t', '|', '｜', '；', ';']) {
        for piece in after_question_marks(line) {
            let piece = without_mark(piece);
            let listed: Vec<&str> = piece
                .split(['，', ',', '、'])
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            match listed.len() > 1 && each_can_be_asked(&listed, question) {
                true => parts.extend(listed.into_iter().map(str::to_owned)),
                false => parts.push(piece.to_owned()),
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The questions of a cell for one question: its lines or the parts between `|`, if each of them asks; the cell as a whole
/// otherwise. A number before a question is not a part of it.
pub(super) fn listed(cell: &str) -> Vec<String> {
    let marked = cell.replace("||", "\n").replace(['|', '｜'], "\n");
    let lines: Vec<&str> = marked
        .split('\n')
        .map(without_mark)
        .filter(|line| !line.is_empty())
        .collect();
    match lines.len() > 1 && lines.iter().all(|line| is_question(line)) {
        true => lines.into_iter().map(str::to_owned).collect(),
        false => vec![without_mark(cell).to_owned()],
    }
}

/// The parts between `|`, where `\|` is no separator: how this program's own sheets hold several.
pub(super) fn split_strictly(cell: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut symbols = cell.chars().peekable();
    while let Some(symbol) = symbols.next() {
        let escaped = (symbol == '\\')
            .then(|| symbols.next_if(|next| matches!(next, '\\' | '|')))
            .flatten();
        match (symbol, escaped) {
            ('|', _) => parts.push(String::new()),
            (symbol, escaped) => {
                if let Some(part) = parts.last_mut() {
                    part.push(escaped.unwrap_or(symbol));
                }
            }
        }
    }
    parts
        .into_iter()
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

fn after_question_marks(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut symbols = line.char_indices().peekable();
    while let Some((at, symbol)) = symbols.next() {
        let is_mark = |symbol: char| matches!(symbol, '？' | '?');
        if is_mark(symbol) && symbols.peek().is_some_and(|(_, next)| !is_mark(*next)) {
            let to = at + symbol.len_utf8();
            pieces.push(&line[from..to]);
            from = to;
        }
    }
    pieces.push(&line[from..]);
    pieces
}

/// Without the number of a list (`1、`, `(2)`, `- `) and separators at the ends.
fn without_mark(piece: &str) -> &str {
    let piece = piece.trim().trim_matches(['，', ',', '、', '·', '•', ' ']);
    let piece = piece.strip_prefix("- ").unwrap_or(piece);
    let numbered = piece.trim_start_matches(['(', '（']);
    let rest = numbered.trim_start_matches(|symbol: char| symbol.is_ascii_digit());
    let digits = numbered.len() - rest.len();
    let opened = numbered.len() != piece.len();
    let marked = match opened {
        true => rest.strip_prefix([')', '）']),
        false => rest
            .strip_prefix(['、', ')', '）'])
            .or_else(|| rest.strip_prefix(". "))
            .or_else(|| {
                rest.strip_prefix('.')
                    .filter(|rest| rest.starts_with(is_hanzi))
            }),
    };
    match (digits, marked) {
        (1..=2, Some(rest)) if !rest.trim().is_empty() => rest.trim(),
        _ => piece,
    }
}

fn each_can_be_asked(parts: &[&str], question: &str) -> bool {
    let words: Vec<char> = normalised(question).chars().collect();
    let shares_two = |part: &str| {
        let part: Vec<char> = normalised(part).chars().collect();
        part.windows(2)
            .any(|two| words.windows(2).any(|other| other == two))
    };
    let asks = |part: &str| {
        let about = ASKING
            .iter()
            .chain(&["办", "了", "的", "我", "你", "您", "请问", "？", "?"])
            .fold(part.to_owned(), |text, word| text.replace(word, ""));
        is_question(part)
            && about
                .chars()
                .filter(|symbol| symbol.is_alphanumeric())
                .count()
                >= 2
    };
    parts
        .iter()
        .all(|part| asks(part) || parts.len() >= 3 && shares_two(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn questions_ask() {
        for (text, expected) in [
            ("怎么退货", true),
            ("退货？", true),
            ("能退吗", true),
            ("How do I return it", true),
            ("退货流程", false),
            ("However", false),
            ("", false),
        ] {
            assert_eq!(is_question(text), expected, "{text}");
        }
    }

    #[test]
    fn cells_hold_questions_between_the_usual_marks() {
        #[track_caller]
        fn check(cell: &str, expected: &[&str]) {
            assert_eq!(split(cell, "银行卡丢了怎么办"), expected);
        }
        check("我要挂失|卡丢了 | ", &["我要挂失", "卡丢了"]);
        check(
            "我要挂失||卡丢了##卡没了",
            &["我要挂失", "卡丢了", "卡没了"],
        );
        check("我要挂失；卡丢了;卡没了", &["我要挂失", "卡丢了", "卡没了"]);
        check("我要挂失\n卡丢了", &["我要挂失", "卡丢了"]);
        check(
            "1、我要挂失\n2、卡丢了\n（3）卡没了",
            &["我要挂失", "卡丢了", "卡没了"],
        );
        check(
            "卡丢了怎么挂失？怎么补卡？",
            &["卡丢了怎么挂失？", "怎么补卡？"],
        );
        // Commas.
        check("卡丢了，怎么办", &["卡丢了，怎么办"]);
        check("手机丢了，怎么办呢，急", &["手机丢了，怎么办呢，急"]);
        check(
            "怎么挂失,如何补卡,挂失要钱吗",
            &["怎么挂失", "如何补卡", "挂失要钱吗"],
        );
        check(
            "银行卡丢了，银行卡没了，急",
            &["银行卡丢了，银行卡没了，急"],
        );
        check("银行卡丢了，卡没了", &["银行卡丢了，卡没了"]);
        check(
            "银行卡丢了、我的银行卡没了、银行卡丢失",
            &["银行卡丢了", "我的银行卡没了", "银行卡丢失"],
        );
        check("怎么退货、换货", &["怎么退货、换货"]);
        check("5G套餐", &["5G套餐"]);
        check("3.5折能用吗", &["3.5折能用吗"]);
        check("", &[]);
    }

    #[test]
    fn a_question_may_stand_in_several_forms() {
        for (cell, expected) in [
            ("怎么退货\n如何退货？", vec!["怎么退货", "如何退货？"]),
            ("怎么退货|能退吗", vec!["怎么退货", "能退吗"]),
            ("退货\n怎么退", vec!["退货\n怎么退"]),
            ("3、怎么退货", vec!["怎么退货"]),
        ] {
            assert_eq!(listed(cell), expected, "{cell}");
        }
    }

    #[test]
    fn our_own_cells_are_separated_by_bars_alone() {
        for (cell, expected) in [
            ("坏了 | 修一下|", vec!["坏了", "修一下"]),
            ("怎么退；货,吗？急", vec!["怎么退；货,吗？急"]),
            (r"a\|b|c\\d|e\f", vec!["a|b", r"c\d", r"e\f"]),
        ] {
            assert_eq!(split_strictly(cell), expected, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_split(cell in "[怎么退货？?，,、|；#\n1(). -]{0,40}") {
            for part in split(&cell, "怎么退货") {
                prop_assert!(!part.trim().is_empty());
            }
        }
    }
}
