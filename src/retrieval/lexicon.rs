//! Word lists of the language of hotlines: fillers, function words, synonyms.
//!
//! They hold no words of any one business. Changing them changes scores, so run `tests/retrieval.rs` afterwards.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use jieba_rs::Jieba;
use sha2::{Digest, Sha256};

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

/// SHA-256 of all lists: an index that was made with others does not fit.
pub(super) fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for list in [
        include_str!("lexicon/fillers.txt"),
        include_str!("lexicon/function_words.txt"),
        include_str!("lexicon/particles.txt"),
        include_str!("lexicon/synonyms.txt"),
    ] {
        hash.update((list.len() as u64).to_le_bytes());
        hash.update(list);
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

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

/// Ways to put a question that ask the same, class by class, `{}` for what is asked about.
pub(super) static PARAPHRASES: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| {
    lines(include_str!("lexicon/paraphrases.txt"))
        .map(|line| line.split_whitespace().collect())
        .collect()
});

/// The other words of a word's synonym class, in the order of the list.
pub(super) fn others_of(word: &str) -> impl Iterator<Item = &'static str> {
    static CLASSES: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
        lines(include_str!("lexicon/synonyms.txt"))
            .filter_map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                Some((*words.first()?, words))
            })
            .collect()
    });
    let class = CLASSES.get(name_of(word)).map(Vec::as_slice);
    let others = class.unwrap_or_default().iter().copied();
    others.filter(move |other| *other != word)
}

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

/// What a word is in a sentence, as far as a follow-up needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A thing.
    Thing,
    /// A place.
    Place,
    /// A time, or a length of time.
    Time,
    /// What is done.
    Deed,
    /// Anything else that means something by itself.
    Other,
    /// Nothing by itself.
    Function,
}

/// The words of a text, as they stand, with what they are.
pub(super) fn tagged(text: &str) -> Vec<(&str, Kind)> {
    CUTTER
        .tag(text, false)
        .into_iter()
        .filter(|tag| tag.word.chars().any(char::is_alphanumeric))
        .map(|tag| (tag.word, kind(tag.word, tag.tag)))
        .collect()
}

/// Tags are those of ICTCLAS (北大词性标注集).
fn kind(word: &str, tag: &str) -> Kind {
    if FUNCTION_WORDS.contains(word) {
        return Kind::Function;
    }
    if word.ends_with(['年', '月', '天', '周']) && tag.starts_with('m') {
        return Kind::Time;
    }
    match tag.as_bytes() {
        [b'n', b's', ..] => Kind::Place,
        [b'n' | b'j', ..] | [b'v', b'n', ..] | b"eng" => Kind::Thing,
        [b't', ..] => Kind::Time,
        [b'v', ..] => Kind::Deed,
        _ => Kind::Other,
    }
}

/// The name of a word's synonym class.
pub(super) fn name_of(word: &str) -> &str {
    SYNONYMS.get(word).copied().unwrap_or(word)
}

/// Whether a word says little about a question's meaning.
pub(super) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.contains(word)
}

/// The words of a text in normal form, each as the name of its synonym class.
pub(super) fn words(normal: &str) -> impl Iterator<Item = &str> {
    cut(normal).map(name_of)
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
