//! The three views of a text in which overlap is measured: words, characters, syllables.
//!
//! Words see through synonyms, characters through words that were cut differently, syllables through homophones that
//! recognition mistook. This module does not weigh terms against a collection (see `overlap`).

use std::borrow::Cow;

use pinyin::ToPinyin;

use super::lexicon::{FUNCTION_WORDS, words};

/// How much a function word counts beside a word with a meaning of its own.
const FUNCTION_WORD_PRIOR: f32 = 0.15;
/// How much a lone syllable counts beside a pair: 1,300 syllables stand for all characters.
const LONE_SYLLABLE_PRIOR: f32 = 0.4;

/// A way to look at a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Words by synonym class.
    Words,
    /// Characters and pairs of them.
    Characters,
    /// Toneless syllables in fuzzy classes, and pairs of them.
    Syllables,
}

/// A term of a text, with what it counts before the collection is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term<'a> {
    pub text: Cow<'a, str>,
    pub prior: f32,
}

/// A syllable as it is heard, for comparison: hashes of its initial and of the rest, which is 0 where nothing is sung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Syllable(u32, u32);

/// The terms of a text in normal form. Repeated terms are repeated.
pub(super) fn terms(view: View, normal: &str) -> Vec<Term<'_>> {
    match view {
        View::Words => words(normal)
            .map(|word| Term {
                text: word.into(),
                prior: word_prior(word),
            })
            .collect(),
        View::Characters => grams(&characters(normal), 1.0),
        View::Syllables => grams(&syllables(normal), LONE_SYLLABLE_PRIOR),
    }
}

/// How a text in normal form sounds to the index: its fuzzy syllables.
pub(super) fn sound(normal: &str) -> Vec<Syllable> {
    let syllables = syllables(normal).into_iter();
    syllables.map(|(text, _)| Syllable::of(&text)).collect()
}

impl Syllable {
    fn of(text: &str) -> Self {
        let is_vowel = |symbol: char| matches!(symbol, 'a' | 'e' | 'i' | 'o' | 'u' | 'v' | 'ü');
        match text.find(is_vowel) {
            Some(at) => Self(hash(&text[..at]), hash(&text[at..]).max(1)),
            None => Self(hash(text), 0),
        }
    }

    /// Itself, to be hashed with others.
    pub(super) fn bytes(self) -> impl Iterator<Item = u8> {
        let (initial, rest) = (self.0.to_le_bytes(), self.1.to_le_bytes());
        initial.into_iter().chain(rest)
    }

    /// 0 for the same syllable, 0.5 where the initial or the rest is the same, otherwise 1.
    fn difference(self, other: Self) -> f32 {
        if self == other {
            return 0.0;
        }
        let sung = self.1 != 0 && other.1 != 0;
        if sung && (self.0 == other.0 || self.1 == other.1) {
            0.5
        } else {
            1.0
        }
    }
}

/// FNV-1a, 32 bits: there are some four hundred syllables, and some ten thousand terms.
pub(super) fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// How alike two sounds are in order, 0 to 1: one less the edit distance by the longer one's length.
pub(super) fn likeness(a: &[Syllable], b: &[Syllable]) -> f32 {
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 0.0;
    }
    let mut row: Vec<f32> = (0..=b.len()).map(|at| at as f32).collect();
    for &heard in a {
        let mut diagonal = row[0];
        row[0] += 1.0;
        for (at, &meant) in b.iter().enumerate() {
            let replaced = diagonal + heard.difference(meant);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1.0).min(row[at + 1] + 1.0);
        }
    }
    1.0 - row[b.len()] / longer as f32
}

fn word_prior(word: &str) -> f32 {
    if FUNCTION_WORDS.contains(word) {
        FUNCTION_WORD_PRIOR
    } else {
        1.0
    }
}

/// Units and pairs of neighbours; a pair counts as the mean of its parts.
fn grams<'a>(units: &[(Cow<'a, str>, f32)], lone: f32) -> Vec<Term<'a>> {
    let mut terms: Vec<Term<'a>> = Vec::with_capacity(2 * units.len());
    terms.extend(units.iter().map(|(text, prior)| Term {
        text: text.clone(),
        prior: prior * lone,
    }));
    terms.extend(units.windows(2).map(|pair| Term {
        text: format!("{} {}", pair[0].0, pair[1].0).into(),
        prior: f32::midpoint(pair[0].1, pair[1].1),
    }));
    terms
}

/// Characters with the prior of the word they stand in; runs of letters are one unit.
fn characters(normal: &str) -> Vec<(Cow<'_, str>, f32)> {
    let mut units = Vec::with_capacity(normal.len() / 3);
    let mut rest = normal;
    while let Some(symbol) = rest.chars().next() {
        let letters = rest.find(|symbol: char| !symbol.is_ascii_alphanumeric());
        let length = match letters.unwrap_or(rest.len()) {
            0 => symbol.len_utf8(),
            letters => letters,
        };
        let (unit, after) = rest.split_at(length);
        rest = after;
        match unit {
            " " => {}
            _ if symbol.is_ascii_alphanumeric() => units.push((unit.into(), 1.0)),
            _ => units.push((unit.into(), word_prior(unit))),
        }
    }
    units
}

fn syllables(normal: &str) -> Vec<(Cow<'_, str>, f32)> {
    characters(normal)
        .into_iter()
        .map(|(text, prior)| {
            let syllable = text
                .chars()
                .next()
                .and_then(|symbol| symbol.to_pinyin())
                .map(|reading| fuzzy(reading.plain()));
            (syllable.unwrap_or(text), prior)
        })
        .collect()
}

/// A toneless syllable in the class of those that accents and telephone lines confuse.
fn fuzzy(syllable: &str) -> Cow<'_, str> {
    let (initial, rest) = match syllable.as_bytes() {
        [b'z' | b'c' | b's', b'h', ..] => (&syllable[..1], &syllable[2..]),
        [b'n', ..] => ("l", &syllable[1..]),
        _ => ("", syllable),
    };
    let rest = match rest.strip_suffix('g') {
        Some(open) if open.ends_with("an") || open.ends_with("en") || open.ends_with("in") => open,
        _ => rest,
    };
    match initial {
        "" => rest.into(),
        initial => format!("{initial}{rest}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusable_syllables_share_a_class() {
        for (a, b) in [
            ("zhi", "zi"),
            ("shang", "san"),
            ("niu", "liu"),
            ("xing", "xin"),
            ("peng", "pen"),
        ] {
            assert_eq!(fuzzy(a), fuzzy(b), "{a} {b}");
        }
        for (a, b) in [("ba", "pa"), ("shi", "she"), ("gong", "gon")] {
            assert_ne!(fuzzy(a), fuzzy(b), "{a} {b}");
        }
    }

    #[test]
    fn homophones_sound_the_same() {
        assert_eq!(sound("退货运费"), sound("推货运费"));
        assert_ne!(sound("退货运费"), sound("退货流程"));
        let fuzzy = ["wifi", "lian", "bu", "san"].map(Syllable::of);
        assert_eq!(sound("wifi连不上"), fuzzy);
    }

    #[test]
    fn likeness_is_the_edit_distance() {
        #[track_caller]
        fn check(a: &str, b: &str, expected: f32) {
            let likeness = likeness(&sound(a), &sound(b));
            assert!((likeness - expected).abs() < 1e-6, "{a} {b}: {likeness}");
        }
        check("退货运费", "推货运费", 1.0);
        check("退货运费", "退货费", 0.75);
        check("退货运费", "退会运费", 0.875);
        check("退货", "余额", 0.0);
        check("", "", 0.0);
    }

    #[test]
    fn function_words_count_little() {
        let terms = terms(View::Words, "怎么开发票");
        let prior = |text: &str| {
            terms
                .iter()
                .find(|term| term.text == text)
                .map(|term| term.prior)
        };
        assert_eq!(prior("怎么"), Some(FUNCTION_WORD_PRIOR));
        assert_eq!(prior("发票"), Some(1.0));
    }
}
