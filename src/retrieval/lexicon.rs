//! Word lists of the language of hotlines: fillers, function words, synonyms.
//!
//! They hold no words of any one business. Changing them changes scores, so run `tests/retrieval.rs` afterwards.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use jieba_rs::Jieba;

/// What callers say around a question.
pub(super) struct Fillers {
    /// At the beginning, longest first.
    pub opening: Vec<String>,
    /// At the end, longest first.
    pub closing: Vec<String>,
    /// Anywhere, longest first.
    pub anywhere: Vec<String>,
}

pub(super) static FILLERS: LazyLock<Fillers> = LazyLock::new(|| {
    let mut fillers = Fillers {
        opening: Vec::new(),
        closing: Vec::new(),
        anywhere: Vec::new(),
    };
    let mut heading = &mut fillers.opening;
    for line in lines(include_str!("lexicon/fillers.txt")) {
        match line {
            "[opening]" => heading = &mut fillers.opening,
            "[closing]" => heading = &mut fillers.closing,
            "[anywhere]" => heading = &mut fillers.anywhere,
            words => heading.extend(words.split_whitespace().map(str::to_owned)),
        }
    }
    for list in [
        &mut fillers.opening,
        &mut fillers.closing,
        &mut fillers.anywhere,
    ] {
        list.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    }
    fillers
});

/// Words that say little about a question's meaning.
pub(super) static FUNCTION_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    lines(include_str!("lexicon/function_words.txt"))
        .flat_map(str::split_whitespace)
        .collect()
});

/// What callers say that asks nothing.
pub(super) static BACKCHANNELS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    lines(include_str!("lexicon/backchannels.txt"))
        .flat_map(str::split_whitespace)
        .collect()
});

/// Words that can be left out of a question without changing what it asks.
static PARTICLES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    lines(include_str!("lexicon/particles.txt"))
        .flat_map(str::split_whitespace)
        .collect()
});

/// Word to the name of its synonym class.
static SYNONYMS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut synonyms = HashMap::new();
    for line in lines(include_str!("lexicon/synonyms.txt")) {
        let mut words = line.split_whitespace();
        if let Some(name) = words.next() {
            synonyms.insert(name, name);
            synonyms.extend(words.map(|word| (word, name)));
        }
    }
    synonyms
});

/// That of a very common word in the dictionary, whose counts reach some 300,000.
const LISTED_WORD_FREQUENCY: usize = 50_000;

/// Cuts words. Its dictionary takes some 100 ms to load, so there is one.
static CUTTER: LazyLock<Jieba> = LazyLock::new(|| {
    let mut cutter = Jieba::new();
    // Words of the lists are kept whole: in newspapers, which the dictionary counts, 开发票 begins with 开发.
    for word in SYNONYMS.keys().chain(FUNCTION_WORDS.iter()) {
        if word.chars().nth(1).is_some() {
            cutter.add_word(word, Some(LISTED_WORD_FREQUENCY), None);
        }
    }
    cutter
});

/// The words of a text in normal form, each as the name of its synonym class.
pub(super) fn words(normal: &str) -> impl Iterator<Item = &str> {
    cut(normal).map(|word| SYNONYMS.get(word).copied().unwrap_or(word))
}

/// A text in normal form without particles, or all of it when it has nothing else.
pub(super) fn skeleton(normal: &str) -> String {
    let skeleton: String = cut(normal)
        .filter(|word| !PARTICLES.contains(word))
        .collect();
    if skeleton.is_empty() {
        normal.to_owned()
    } else {
        skeleton
    }
}

fn cut(normal: &str) -> impl Iterator<Item = &str> {
    // Without the hidden Markov model: guessed words differ with their neighbours.
    CUTTER
        .cut(normal, false)
        .into_iter()
        .map(|token| token.word)
        .filter(|word| !word.trim().is_empty())
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_belongs_to_one_synonym_class() {
        let mut seen = HashSet::new();
        for word in lines(include_str!("lexicon/synonyms.txt")).flat_map(str::split_whitespace) {
            assert!(seen.insert(word), "{word} stands twice");
        }
    }

    #[test]
    fn listed_words_are_kept_whole() {
        assert_eq!(
            words("怎么开发票").collect::<Vec<_>>(),
            ["怎么", "开", "发票"]
        );
    }

    #[test]
    fn particles_do_not_change_the_skeleton() {
        assert_eq!(skeleton("退款要多久才到账"), skeleton("退款多久到账"));
        assert_eq!(skeleton("我的空调现在坏了呢"), skeleton("空调坏了"));
        assert_ne!(skeleton("退款不到账"), skeleton("退款到账"));
        assert_eq!(skeleton("那个"), "那个");
    }

    #[test]
    fn a_common_adverb_is_no_loan() {
        assert!(!words("包裹怎么还没到").any(|word| word == "还款"));
        assert!(words("提前还钱").any(|word| word == "还款"));
    }

    #[test]
    fn synonyms_are_words_of_one_name() {
        assert_eq!(
            words("运费多少钱").collect::<Vec<_>>(),
            words("快递费多少钱").collect::<Vec<_>>()
        );
    }
}
