//! What callers said as phrasings of entries.

use crate::{entry::Entry, retrieval::clusters::without_doubles, storage::knowledge::Draft};

/// What a masked number is made of: digits as they are written and said, and what hides them.
const OF_NUMBERS: &str = "0123456789*零〇一二三四五六七八九幺两";

/// A masked question as a phrasing: without the numbers, which are one caller's. `None` when something personal may be left.
pub(super) fn without_numbers(question: &str) -> Option<String> {
    let mut phrasing = String::with_capacity(question.len());
    let mut rest = question;
    while let Some(first) = rest.chars().next() {
        let is_number = |symbol: char| OF_NUMBERS.contains(symbol);
        let length = match is_number(first) {
            true => rest.find(|symbol| !is_number(symbol)),
            false => rest.find(is_number),
        };
        let (part, after) = rest.split_at(length.unwrap_or(rest.len()));
        if !part.contains('*') {
            phrasing.push_str(part);
        }
        rest = after;
    }
    let phrasing = phrasing.trim();
    // What is left of a mail address is still somebody's.
    (!phrasing.is_empty() && !phrasing.contains('@')).then(|| phrasing.to_owned())
}

/// The entry of a draft that has a phrasing that reads the same.
pub(super) fn holder<'a>(draft: &'a Draft, question: &str) -> Option<&'a Entry> {
    let has = |entry: &&Entry| without_doubles(entry.phrasings(), [question]).is_empty();
    draft.entries.iter().find(has)
}

/// Of `texts` those that nothing in the draft reads like, each once, in their order.
pub(super) fn new_ones<'a>(
    draft: &'a Draft,
    texts: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let known = draft.entries.iter().flat_map(Entry::phrasings);
    let new = without_doubles(known, texts);
    new.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_a_person_is_no_part_of_a_phrasing() {
        #[track_caller]
        fn check(question: &str, expected: Option<&str>) {
            assert_eq!(without_numbers(question).as_deref(), expected, "{question}");
        }
        check("空调怎么报修", Some("空调怎么报修"));
        check("二十楼能装空调吗", Some("二十楼能装空调吗"));
        check(
            "我的手机138****8000收不到验证码",
            Some("我的手机收不到验证码"),
        );
        check("号码幺三八****八零零零没有短信", Some("号码没有短信"));
        check("发到w***@mail.cn可以吗", None);
        check("138****8000", None);
        check("", None);
    }
}
