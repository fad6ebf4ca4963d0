//! What a model may make of a follow-up question, and of an entry's question.
//!
//! A completed question is only looked up, never said; still it may hold nothing that the caller and the bot have not said, so
//! that nobody is answered a question that they did not ask.

use super::grounding::{adds_no_fact, is_drawn_from};

/// The longest question, in characters.
const LONGEST: usize = 60;

/// The longest proposed phrasing, in characters.
const LONGEST_PHRASING: usize = 40;

/// The completed question in `reply`, if it is one: one sentence, drawn from what was said last and now, that keeps what the
/// caller names now and says more than they did.
pub(super) fn completed(reply: &str, asked: &str, before: &str, answer: &str) -> Option<String> {
    let question = one_sentence(reply)?;
    if question.chars().count() > LONGEST || letters(&question) == letters(asked) {
        return None;
    }
    is_drawn_from(&question, &[asked, before, answer], asked).then_some(question)
}

/// The phrasings in `lines` that may be proposed for an entry: short questions, one each, no numbers of their own, at most
/// `most`.
pub(super) fn phrasings(
    lines: impl IntoIterator<Item = String>,
    known: &[&str],
    most: usize,
) -> Vec<String> {
    let mut taken: Vec<String> = known.iter().map(|known| letters(known)).collect();
    let mut proposed = Vec::new();
    for line in lines {
        if proposed.len() == most {
            break;
        }
        let Some(phrasing) = one_sentence(without_number(&line)) else {
            continue;
        };
        let form = letters(&phrasing);
        let fits = phrasing.chars().count() <= LONGEST_PHRASING
            && form.chars().count() >= 2
            && !taken.contains(&form)
            && adds_no_fact(&phrasing, known);
        if fits {
            taken.push(form);
            proposed.push(phrasing);
        }
    }
    proposed
}

/// `text` without quotes around it, if it is one sentence.
fn one_sentence(text: &str) -> Option<String> {
    let text = text
        .trim()
        .trim_matches(['"', '“', '”', '「', '」', '\'', '‘', '’'])
        .trim();
    let inner = text.trim_end_matches(['。', '？', '?', '！', '!', '.']);
    let is_one = !inner.is_empty()
        && !inner.contains(['。', '？', '?', '！', '!', '；', ';', '\n', '：', ':']);
    is_one.then(|| text.to_owned())
}

/// A line without the number or stroke before it: `1. `, `2、`, `- `.
fn without_number(line: &str) -> &str {
    let line = line.trim();
    let rest = line.trim_start_matches(|symbol: char| symbol.is_ascii_digit());
    let marked = rest.trim_start_matches(['.', '、', ')', '）']);
    match (rest.len() < line.len(), marked.len() < rest.len()) {
        (true, true) => marked.trim(),
        _ => line.trim_start_matches(['-', '·', '•', '*']).trim(),
    }
}

fn letters(text: &str) -> String {
    text.chars()
        .filter(|symbol| symbol.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follow_up_is_completed_from_what_was_said() {
        let check = |reply: &str, expected: Option<&str>| {
            let found = completed(reply, "那冰箱呢", "洗衣机保修多久", "洗衣机保修三年。");
            assert_eq!(found.as_deref(), expected, "{reply}");
        };
        check("冰箱保修多久？", Some("冰箱保修多久？"));
        check("“冰箱保修多久”", Some("冰箱保修多久"));
        // What the caller names now is kept, and nothing comes from elsewhere.
        check("洗衣机保修多久？", None);
        check("冰箱和空调保修多久？", None);
        check("冰箱保修五年吗？", None);
        check("冰箱保修几年？", Some("冰箱保修几年？"));
        check("冰箱多少钱？", None);
        check("冰箱怎么退货？", None);
        // Not one question.
        check("那冰箱呢？", None);
        check("冰箱保修多久？洗衣机保修多久？", None);
        check("完整的问题：冰箱保修多久", None);
        check("冰箱保修三年[1]", None);
        check("", None);
        check(&"冰箱保修".repeat(30), None);
    }

    #[test]
    fn phrasings_are_short_new_and_add_no_number() {
        let lines = [
            "1. 洗衣机能保几年",
            "2、洗衣机保修期多长？",
            "- 洗衣机保修多久",
            "洗衣机坏了五年内管不管",
            "洗衣机保修期多长",
            "这是第一句。这是第二句。",
            "",
            "看https://a.example",
            "机子保几年",
            "多的",
        ];
        let lines = lines.into_iter().map(str::to_owned);
        let found = phrasings(lines, &["洗衣机保修多久", "洗衣机保修三年。"], 3);
        assert_eq!(
            found,
            ["洗衣机能保几年", "洗衣机保修期多长？", "机子保几年"]
        );
    }
}
