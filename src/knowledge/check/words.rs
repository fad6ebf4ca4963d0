//! Lists of words that are looked for, with the phrases in which they do no harm.

use std::sync::LazyLock;

/// Absolute claims of advertising.
pub(super) static CLAIMS: LazyLock<WordList> =
    LazyLock::new(|| WordList::of(include_str!("words/absolute_claims.txt")));

/// References to what a caller cannot see.
pub(super) static UNSPEAKABLE: LazyLock<WordList> =
    LazyLock::new(|| WordList::of(include_str!("words/unspeakable.txt")));

/// A list of words.
pub(super) struct WordList {
    words: Vec<Word>,
}

struct Word {
    word: String,
    /// Phrases that hold the word, and the word's place in each, in bytes.
    harmless: Vec<(String, usize)>,
}

impl WordList {
    /// Reads a list: `word: phrase phrase` a line; `#` begins a comment.
    fn of(text: &str) -> Self {
        let words = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (word, phrases) = line.split_once(':').unwrap_or((line, ""));
                let harmless = phrases
                    .split_whitespace()
                    .filter_map(|phrase| Some((phrase.to_owned(), phrase.find(word)?)));
                Word {
                    word: word.to_owned(),
                    harmless: harmless.collect(),
                }
            });
        Self {
            words: words.collect(),
        }
    }

    /// The words that `text` has, in its order, each once, longer ones instead of those within them.
    pub(super) fn found_in(&self, text: &str) -> Vec<&str> {
        let is_harmful = |word: &Word, place: usize| {
            !word.harmless.iter().any(|(phrase, before)| {
                place
                    .checked_sub(*before)
                    .and_then(|start| text.get(start..))
                    .is_some_and(|rest| rest.starts_with(phrase.as_str()))
            })
        };
        let mut found: Vec<(usize, &str)> = self
            .words
            .iter()
            .filter_map(|word| {
                let mut places = text.match_indices(&word.word).map(|(place, _)| place);
                let place = places.find(|place| is_harmful(word, *place))?;
                Some((place, word.word.as_str()))
            })
            .collect();
        found.sort_unstable();
        let mut found: Vec<&str> = found.into_iter().map(|(_, word)| word).collect();
        let all = found.clone();
        found.retain(|word| {
            !all.iter()
                .any(|other| other.len() > word.len() && other.contains(word))
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_holds_its_word() {
        for text in [
            include_str!("words/absolute_claims.txt"),
            include_str!("words/unspeakable.txt"),
        ] {
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let (word, phrases) = line.split_once(':').unwrap_or((line, ""));
                for phrase in phrases.split_whitespace() {
                    assert!(phrase.contains(word), "{line}: {phrase}");
                }
            }
        }
    }

    #[test]
    fn claims_are_found_and_harmless_phrases_are_not() {
        for (text, expected) in [
            ("我们的质量全国第一。", vec!["第一"]),
            ("本店最佳选择，独家发售。", vec!["最佳", "独家"]),
            ("国家级实验室，顶级工艺。", vec!["国家级", "顶级"]),
            (
                "第一次使用请先充电，第一步打开盖子，我们第一时间回复。",
                vec![],
            ),
            ("第一次卖就是第一。", vec!["第一"]),
            ("您最好提前预约，最晚六点，最近很忙，最多三天。", vec![]),
            ("效果最好。", vec!["最好"]),
            ("全网最低价。", vec!["全网最低", "最低价"]),
        ] {
            assert_eq!(CLAIMS.found_in(text), expected, "{text}");
        }
    }

    #[test]
    fn references_to_the_unseen_are_found() {
        for (text, expected) in [
            ("详见附件。", vec!["见附件"]),
            ("操作如图，请点击确定。", vec!["如图", "点击"]),
            ("例如图书馆。", vec![]),
            ("请扫码或者点链接。", vec!["扫码", "链接"]),
            ("要我发个链接让您查看吗？", vec![]),
            ("价格见下表。", vec!["下表"]),
        ] {
            assert_eq!(UNSPEAKABLE.found_in(text), expected, "{text}");
        }
    }
}
