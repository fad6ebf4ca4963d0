//! A business's own words for one thing (小蓝 for 扫地机器人), brought to one before anything is compared.
//!
//! The words that all hotlines use for one another are in `lexicon`; those are compared as words. A business's are replaced in
//! the text itself, in phrasings and questions alike, so that every way of comparing sees them, vectors too.

use std::{borrow::Cow, collections::HashMap};

/// The most words of all classes: a list is looked up at every character of a question.
const MOST: usize = 10_000;
/// The longest word, in characters.
const LONGEST: usize = 32;

/// Words of one business, each with the first of its class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synonyms {
    classes: Vec<Vec<String>>,
    /// By the word in lower case.
    names: HashMap<String, String>,
    /// Of any word, in characters.
    longest: usize,
}

/// What is wrong with a list of synonyms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("synonyms, line {line}: {problem}")]
pub struct SynonymError {
    /// 1 for the first.
    pub line: usize,
    /// In words.
    pub problem: String,
}

impl Synonyms {
    /// Reads a list: one class a line, words parted by spaces, the usual word first. `#` begins a comment.
    pub fn parse(text: &str) -> Result<Self, SynonymError> {
        let mut synonyms = Self::default();
        for (at, line) in text.lines().enumerate() {
            let class: Vec<String> = line
                .split('#')
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect();
            if class.is_empty() {
                continue;
            }
            let added = synonyms.add(class);
            added.map_err(|problem| SynonymError {
                line: at + 1,
                problem,
            })?;
        }
        Ok(synonyms)
    }

    fn add(&mut self, class: Vec<String>) -> Result<(), String> {
        let [name, _, ..] = &class[..] else {
            return Err(format!("`{}` stands alone", class[0]));
        };
        for word in &class {
            let length = word.chars().count();
            if !(2..=LONGEST).contains(&length) {
                return Err(format!(
                    "`{word}` has {length} characters, not 2 to {LONGEST}"
                ));
            }
            let known = self.names.insert(word.to_lowercase(), name.clone());
            if known.is_some() {
                return Err(format!("`{word}` stands twice"));
            }
            self.longest = self.longest.max(length);
        }
        if self.names.len() > MOST {
            return Err(format!("more than {MOST} words"));
        }
        self.classes.push(class);
        Ok(())
    }

    /// The classes, as they were given.
    pub fn classes(&self) -> &[Vec<String>] {
        &self.classes
    }

    /// `text` with every word of the list by the first of its class. Of words that overlap, the first and longest counts.
    pub fn canonical<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.names.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut changed = String::new();
        // Up to where `text` is in `changed`.
        let mut copied = 0;
        let mut at = 0;
        while let Some(symbol) = text[at..].chars().next() {
            match self.word_at(&text[at..]) {
                Some((length, name)) => {
                    changed.push_str(&text[copied..at]);
                    changed.push_str(name);
                    at += length;
                    copied = at;
                }
                None => at += symbol.len_utf8(),
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        changed.push_str(&text[copied..]);
        Cow::Owned(changed)
    }

    /// The longest word that `text` begins with: its length in bytes, and the name of its class.
    fn word_at(&self, text: &str) -> Option<(usize, &str)> {
        let ends: Vec<usize> = text
            .char_indices()
            .map(|(at, symbol)| at + symbol.len_utf8())
            .take(self.longest)
            .collect();
        ends.into_iter().rev().find_map(|end| {
            let name = self.names.get(text[..end].to_lowercase().as_str())?;
            Some((end, name.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_class_become_its_first() {
        let list = "# 产品\n扫地机器人 小蓝 X1 扫地机\n旗舰店 老店 # 说法\n\n";
        let synonyms = Synonyms::parse(list).expect("sound");
        #[track_caller]
        fn check(synonyms: &Synonyms, text: &str, expected: &str) {
            assert_eq!(synonyms.canonical(text), expected, "{text}");
        }
        check(&synonyms, "小蓝坏了", "扫地机器人坏了");
        check(&synonyms, "我的x1坏了", "我的扫地机器人坏了");
        check(&synonyms, "扫地机器人和扫地机", "扫地机器人和扫地机器人");
        check(&synonyms, "老店在哪", "旗舰店在哪");
        check(&synonyms, "空调坏了", "空调坏了");
        check(&synonyms, "", "");
        check(&Synonyms::default(), "小蓝坏了", "小蓝坏了");
        assert_eq!(synonyms.classes().len(), 2);
    }

    #[test]
    fn a_wrong_list_is_refused_by_line() {
        #[track_caller]
        fn check(list: &str, expected: &str) {
            let error = Synonyms::parse(list).expect_err("refused");
            assert_eq!(error.to_string(), expected, "{list}");
        }
        check("小蓝", "synonyms, line 1: `小蓝` stands alone");
        check(
            "扫地机 蓝",
            "synonyms, line 1: `蓝` has 1 characters, not 2 to 32",
        );
        check(
            "扫地机 小蓝\n\n拖把 小蓝",
            "synonyms, line 3: `小蓝` stands twice",
        );
    }
}
