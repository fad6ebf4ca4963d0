//! The word lists of grounding, read once from `lexicon.txt`.
//!
//! They say which words claim nothing and which change a claim. They hold no words of any one business.

use std::{collections::HashMap, sync::LazyLock};

use jieba_rs::Jieba;

/// The lists.
pub(super) struct Lexicon {
    /// Words that claim nothing by themselves.
    pub empty: Words,
    /// Words whose numerals count nothing.
    pub uncounted: Words,
    /// Words with a sign of negation that deny nothing.
    pub not_denying: Words,
    /// What denies what follows it.
    pub denying: Words,
    /// What limits a claim, one list a class.
    pub limits: Vec<Words>,
    /// Those that govern the whole sentence.
    pub openers: Words,
    /// Promises and absolute claims.
    pub promises: Words,
}

/// Words, longest first.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<Vec<char>>);

impl Words {
    fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words: Vec<Vec<char>> = words
            .into_iter()
            .map(|word| word.chars().collect())
            .collect();
        words.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        words.dedup();
        Self(words)
    }

    /// The length of the longest of these words that begins at `at`. Latin words begin and end between letters.
    pub(super) fn at(&self, text: &[char], at: usize) -> Option<usize> {
        let rest = &text[at..];
        self.0
            .iter()
            .find(|word| rest.starts_with(word) && stands_alone(text, at, word.len()))
            .map(Vec::len)
    }

    /// Whether any of them is in `text`.
    pub(super) fn are_in(&self, text: &[char]) -> bool {
        (0..text.len()).any(|at| self.at(text, at).is_some())
    }

    /// Whether one of them is among `others`.
    pub(super) fn share(&self, others: &Self) -> bool {
        self.0.iter().any(|word| others.0.contains(word))
    }

    /// Every place where one begins, with its length; they do not overlap.
    pub(super) fn places(&self, text: &[char]) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        let mut at = 0;
        while at < text.len() {
            match self.at(text, at) {
                Some(length) => {
                    places.push((at, length));
                    at += length;
                }
                None => at += 1,
            }
        }
        places
    }
}

/// Whether what stands at `at` is no part of a longer Latin word.
fn stands_alone(text: &[char], at: usize, length: usize) -> bool {
    let is_letter = |symbol: Option<&char>| symbol.is_some_and(char::is_ascii_alphanumeric);
    let joins_before = is_letter(text.get(at)) && at > 0 && is_letter(text.get(at - 1));
    let joins_after = is_letter(text.get(at + length - 1)) && is_letter(text.get(at + length));
    !joins_before && !joins_after
}

pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut sections: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut heading = "";
    for line in include_str!("lexicon.txt").lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            Some(name) => heading = name,
            None => sections.entry(heading).or_default().push(line),
        }
    }
    let lines = |name: &str| sections.get(name).cloned().unwrap_or_default();
    let words = |name: &str| Words::new(lines(name).into_iter().flat_map(str::split_whitespace));
    let limits = lines("limits").into_iter();
    Lexicon {
        empty: words("empty"),
        uncounted: words("uncounted"),
        not_denying: words("not_denying"),
        denying: words("denying"),
        limits: limits
            .map(|line| Words::new(line.split_whitespace()))
            .collect(),
        openers: words("openers"),
        promises: words("promises"),
    }
});

/// Cuts words. Its dictionary takes some 100 ms to load and some tens of megabytes to hold, so it is loaded only where a
/// language model is used.
pub(super) static CUTTER: LazyLock<Jieba> = LazyLock::new(Jieba::new);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_words() {
        let lexicon = LazyLock::force(&LEXICON);
        for (name, words) in [
            ("empty", &lexicon.empty),
            ("uncounted", &lexicon.uncounted),
            ("not_denying", &lexicon.not_denying),
            ("denying", &lexicon.denying),
            ("openers", &lexicon.openers),
            ("promises", &lexicon.promises),
        ] {
            assert!(words.0.len() > 5, "{name}");
        }
        assert!(lexicon.limits.len() > 5);
    }

    #[test]
    fn a_latin_word_is_no_part_of_another() {
        let words = Words::new(["no", "退货"]);
        let check = |text: &str, expected: bool| {
            let text: Vec<char> = text.chars().collect();
            assert_eq!(words.are_in(&text), expected);
        };
        check("say no", true);
        check("know nothing", false);
        check("可以退货吗", true);
        check("退no货", true);
    }
}
