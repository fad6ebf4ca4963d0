//! A clause taken apart: its facts, quotations, denials, words and limits.

use std::collections::BTreeSet;

use super::{
    super::lexicon::{CUTTER, LEXICON},
    canonical::{is_hanzi, is_numeral},
    facts::{facts, is_measure},
    polarity::{denials, denied},
};

/// A clause or more, made ready.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) text: Vec<char>,
    /// In order, each with its place.
    pub(super) facts: Vec<(usize, String)>,
    pub(super) quoted: Vec<Vec<char>>,
    pub(super) denials: Vec<Vec<char>>,
    /// Terms, and whether they are denied.
    pub(super) terms: Vec<(String, bool)>,
    pub(super) words: Vec<Word>,
    pub(super) limits: BTreeSet<usize>,
}

impl Part {
    pub(super) fn new(text: &[char]) -> Self {
        let denied = denied(text);
        Self {
            text: text.to_vec(),
            facts: facts(text),
            quoted: quoted(text),
            denials: denials(text),
            terms: terms(text)
                .into_iter()
                .map(|(at, term)| (term, denied[at]))
                .collect(),
            words: words(text),
            limits: limits(text),
        }
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = &str> {
        self.facts.iter().map(|(_, fact)| fact.as_str())
    }

    /// Words and facts as they follow each other.
    pub(super) fn items(&self) -> Vec<Item<'_>> {
        let words = self.words.iter().filter(|word| !word.counts);
        let words = words.map(|word| (word.at, Item::Word(&word.text)));
        let facts = self.facts.iter().map(|(at, fact)| (*at, Item::Fact(fact)));
        let mut items: Vec<(usize, Item<'_>)> = words.chain(facts).collect();
        items.sort_by_key(|(at, _)| *at);
        items.into_iter().map(|(_, item)| item).collect()
    }
}

/// What a clause says, piece by piece.
pub(super) enum Item<'a> {
    Word(&'a [char]),
    Fact(&'a str),
}

/// A word that claims something.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) at: usize,
    pub(super) text: Vec<char>,
    /// It names a thing, a person, a place, a time.
    pub(super) names: bool,
    /// It may be left out: an adverb, a particle, a word that joins others.
    pub(super) may_go: bool,
    /// It is a number or what is counted.
    pub(super) counts: bool,
}

/// The words of a text that claim something.
pub(super) fn words(text: &[char]) -> Vec<Word> {
    let whole: String = text.iter().collect();
    // Without the hidden Markov model: guessed words differ with their neighbours.
    let tags = CUTTER.tag(&whole, false).into_iter();
    tags.filter_map(|tag| {
        let word: Vec<char> = tag
            .word
            .chars()
            .filter(|symbol| symbol.is_alphanumeric())
            .collect();
        let is_empty = word.is_empty() || LEXICON.empty.at(&word, 0) == Some(word.len());
        // Signs of negation are compared by what they turn.
        let is_sign = LEXICON.denying.at(&word, 0) == Some(word.len());
        if is_empty || is_sign {
            return None;
        }
        let names = tag.tag.starts_with(['n', 't', 'i', 's'])
            || matches!(tag.tag, "vn" | "eng" | "j" | "l");
        Some(Word {
            at: tag.start,
            counts: (word
                .iter()
                .any(|symbol| is_numeral(*symbol) || *symbol == '几')
                && LEXICON.uncounted.at(&word, 0) != Some(word.len()))
                || is_measure(&word)
                || week_word(&word),
            names,
            may_go: tag
                .tag
                .starts_with(['c', 'd', 'e', 'o', 'p', 'r', 'u', 'y', 'z']),
            text: word,
        })
    })
    .collect()
}

/// 周末 and 星期天, which are facts.
fn week_word(word: &[char]) -> bool {
    matches!(word, ['周', _] | ['星', '期', ..] | ['礼', '拜', ..])
}

/// What is compared of a text: pairs of characters that stand side by side, and Latin words; each with its place.
fn terms(text: &[char]) -> Vec<(usize, String)> {
    let mut terms = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at].is_ascii_alphabetic() {
            let word: String = text[at..]
                .iter()
                .take_while(|symbol| symbol.is_ascii_alphanumeric())
                .collect();
            let length = word.len();
            let symbols: Vec<char> = word.chars().collect();
            let is_empty = LEXICON.empty.at(&symbols, 0) == Some(length)
                || LEXICON.denying.at(&symbols, 0) == Some(length);
            if !is_empty {
                terms.push((at, word));
            }
            at += length;
            continue;
        }
        if let [first, second] = text[at..text.len().min(at + 2)]
            && is_hanzi(first)
            && is_hanzi(second)
            && !(is_numeral(first) && is_numeral(second))
        {
            terms.push((at, String::from_iter([first, second])));
        }
        at += 1;
    }
    terms
}

/// The classes of limits in a text.
pub(super) fn limits(text: &[char]) -> BTreeSet<usize> {
    /// 七天内, 下单后, 三天前.
    const AFTER_TIME: [char; 3] = ['内', '后', '前'];
    let mut classes: BTreeSet<usize> = (0..LEXICON.limits.len())
        .filter(|class| LEXICON.limits[*class].are_in(text))
        .collect();
    for (place, symbol) in AFTER_TIME.into_iter().enumerate() {
        let after_time = text.windows(2).any(|pair| {
            pair[1] == symbol
                && (is_numeral(pair[0]) || "天日月年时周期钟号点半分单收以之".contains(pair[0]))
        });
        if after_time {
            classes.insert(LEXICON.limits.len() + place);
        }
    }
    classes
}

/// Whether the class of limits governs a whole sentence.
pub(super) fn opens(class: usize) -> bool {
    LEXICON
        .limits
        .get(class)
        .is_some_and(|words| LEXICON.openers.share(words))
}

/// What stands in quotation marks.
fn quoted(text: &[char]) -> Vec<Vec<char>> {
    let mut quoted = Vec::new();
    let mut open: Option<usize> = None;
    for (at, symbol) in text.iter().enumerate() {
        match (symbol, open) {
            ('"', Some(start)) | ('」' | '』' | '”' | '》' | '’', Some(start)) => {
                quoted.push(text[start..at].to_vec());
                open = None;
            }
            ('"' | '「' | '『' | '“' | '《' | '‘', None) => open = Some(at + 1),
            _ => {}
        }
    }
    quoted
}

pub(super) fn contains(text: &[char], word: &[char]) -> bool {
    place_of(text, word).is_some()
}

/// Where `word` first stands in `text`. A Latin word is no part of another.
pub(super) fn place_of(text: &[char], word: &[char]) -> Option<usize> {
    let is_letter = |symbol: Option<&char>| symbol.is_some_and(char::is_ascii_alphanumeric);
    let joins =
        |inside: Option<&char>, outside: Option<&char>| is_letter(inside) && is_letter(outside);
    (0..(text.len() + 1).saturating_sub(word.len())).find(|at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let end = at + word.len();
        text[*at..end] == *word
            && !joins(word.first(), before)
            && !joins(word.last(), text.get(end))
    })
}
