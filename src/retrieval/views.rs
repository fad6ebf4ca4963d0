//! The three views of a text in which overlap is measured: words, characters, syllables.
//!
//! Words see through synonyms, characters through words that were cut differently, syllables through homophones that
//! recognition mistook. This module does not weigh terms against a collection (see `overlap`).

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
pub(super) struct Term {
    pub text: String,
    pub prior: f32,
}

/// The terms of a text in normal form. Repeated terms are repeated.
pub(super) fn terms(view: View, normal: &str) -> Vec<Term> {
    match view {
        View::Words => words(normal)
            .map(|word| Term {
                text: word.to_owned(),
                prior: word_prior(word),
            })
            .collect(),
        View::Characters => grams(&characters(normal), 1.0),
        View::Syllables => grams(&syllables(normal), LONE_SYLLABLE_PRIOR),
    }
}

/// How a text in normal form sounds to the index: its fuzzy syllables.
pub(super) fn sound(normal: &str) -> Vec<String> {
    syllables(normal)
        .into_iter()
        .map(|(syllable, _)| syllable)
        .collect()
}

/// How alike two sounds are in order, 0 to 1: one less the edit distance by the longer one's length.
pub(super) fn likeness(a: &[String], b: &[String]) -> f32 {
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 0.0;
    }
    let mut row: Vec<f32> = (0..=b.len()).map(|at| at as f32).collect();
    for heard in a {
        let mut diagonal = row[0];
        row[0] += 1.0;
        for (at, meant) in b.iter().enumerate() {
            let replaced = diagonal + difference(heard, meant);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1.0).min(row[at + 1] + 1.0);
        }
    }
    1.0 - row[b.len()] / longer as f32
}

/// 0 for the same syllable, 0.5 where the initial or the final is the same, otherwise 1.
fn difference(a: &str, b: &str) -> f32 {
    if a == b {
        return 0.0;
    }
    let is_vowel = |symbol: char| matches!(symbol, 'a' | 'e' | 'i' | 'o' | 'u' | 'v' | 'ü');
    let parts = |syllable: &'_ str| syllable.find(is_vowel);
    match (parts(a), parts(b)) {
        (Some(i), Some(j)) if a[..i] == b[..j] || a[i..] == b[j..] => 0.5,
        _ => 1.0,
    }
}

fn word_prior(word: &str) -> f32 {
    if FUNCTION_WORDS.contains(word) {
        FUNCTION_WORD_PRIOR
    } else {
        1.0
    }
}

/// Units and pairs of neighbours; a pair counts as the mean of its parts.
fn grams(units: &[(String, f32)], lone: f32) -> Vec<Term> {
    let mut terms: Vec<Term> = units
        .iter()
        .map(|(text, prior)| Term {
            text: text.clone(),
            prior: prior * lone,
        })
        .collect();
    terms.extend(units.windows(2).map(|pair| Term {
        text: format!("{} {}", pair[0].0, pair[1].0),
        prior: f32::midpoint(pair[0].1, pair[1].1),
    }));
    terms
}

/// Characters with the prior of the word they stand in; runs of letters are one unit.
fn characters(normal: &str) -> Vec<(String, f32)> {
    let mut units: Vec<(String, f32)> = Vec::new();
    let mut letters = String::new();
    for symbol in normal.chars() {
        if symbol.is_ascii_alphanumeric() {
            letters.push(symbol);
            continue;
        }
        if !letters.is_empty() {
            units.push((std::mem::take(&mut letters), 1.0));
        }
        if symbol != ' ' {
            let text = symbol.to_string();
            let prior = word_prior(&text);
            units.push((text, prior));
        }
    }
    if !letters.is_empty() {
        units.push((letters, 1.0));
    }
    units
}

fn syllables(normal: &str) -> Vec<(String, f32)> {
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
fn fuzzy(syllable: &str) -> String {
    let (initial, rest) = match syllable.as_bytes() {
        [b'z' | b'c' | b's', b'h', ..] => (&syllable[..1], &syllable[2..]),
        [b'n', ..] => ("l", &syllable[1..]),
        _ => ("", syllable),
    };
    let rest = match rest.strip_suffix('g') {
        Some(open) if open.ends_with("an") || open.ends_with("en") || open.ends_with("in") => open,
        _ => rest,
    };
    format!("{initial}{rest}")
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
        assert_eq!(sound("wifi连不上"), ["wifi", "lian", "bu", "san"]);
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
