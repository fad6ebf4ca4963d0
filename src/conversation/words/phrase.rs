//! Phrases that are compared by their characters and by their sound.

use std::collections::BTreeSet;

use toml::Spanned;

use super::lists::Words;
use crate::text::pinyin::toneless;

/// Words, ready to be compared.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    pub(super) whole: BTreeSet<String>,
    pub(super) whole_sounds: BTreeSet<Vec<String>>,
    pub(super) part: Vec<Phrase>,
    unless: Vec<Phrase>,
}

/// A part of an utterance.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    pub(super) text: String,
    /// Empty where the sound is too short to mean anything.
    sound: Vec<String>,
}

impl Phrase {
    /// The fewest syllables that mean the same in any characters.
    const SYLLABLES: usize = 3;

    pub(super) fn new(text: &str) -> Self {
        let text = plain(text);
        let sound = toneless(&text);
        let long = sound.len() >= Self::SYLLABLES;
        Self {
            sound: if long { sound } else { Vec::new() },
            text,
        }
    }

    pub(super) fn is_in(&self, text: &str, sounds: &[String]) -> bool {
        text.contains(self.text.as_str()) || self.sounds_in(sounds)
    }

    pub(super) fn sounds_in(&self, sounds: &[String]) -> bool {
        !self.sound.is_empty()
            && sounds
                .windows(self.sound.len())
                .any(|window| window == self.sound)
    }
}

impl Matcher {
    pub(super) fn new(words: Words) -> Self {
        let phrases = |list: &[Spanned<String>]| {
            let list = list.iter();
            list.map(|part| Phrase::new(part.get_ref())).collect()
        };
        let whole = plain_all(&words.whole);
        // A single syllable sounds like too many words.
        let sounds = whole
            .iter()
            .map(|word| toneless(word))
            .filter(|sound| sound.len() > 1);
        Self {
            whole_sounds: sounds.collect(),
            whole: whole.into_iter().collect(),
            part: phrases(&words.part),
            unless: phrases(&words.unless),
        }
    }

    pub(super) fn is_trapped(&self, text: &str, sounds: &[String]) -> bool {
        self.unless.iter().any(|trap| trap.is_in(text, sounds))
    }
}

fn is_digit(symbol: char) -> bool {
    symbol.is_ascii_digit() || "零一二三四五六七八九幺".contains(symbol)
}

pub(super) fn is_numeric(phrase: &str) -> bool {
    phrase.chars().all(is_digit)
}

/// What makes the digits after it an order number and no hotline.
const NUMBER_LEADS: [&str; 5] = ["号", "号是", "号码是", "码是", "尾数是"];

/// A hotline number inside a longer string of digits is none, nor is a Latin word inside a longer one.
pub(super) fn contains_phrase(text: &str, phrase: &str) -> bool {
    let numeric = is_numeric(phrase);
    text.match_indices(phrase).any(|(place, _)| {
        let named = NUMBER_LEADS
            .iter()
            .any(|lead| text[..place].ends_with(lead));
        let before = text[..place].chars().next_back();
        let after = text[place + phrase.len()..].chars().next();
        match numeric {
            true => !(named || before.is_some_and(is_digit) || after.is_some_and(is_digit)),
            false => {
                !phrase.is_ascii()
                    || [before, after]
                        .into_iter()
                        .flatten()
                        .all(|edge| edge == ' ')
            }
        }
    })
}

/// What follows `word` in `text`: less than `text`, so that a loop over words comes to an end.
pub(super) fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    (!word.is_empty()).then_some(rest)
}

/// What stands before `word` at the end of `text`: less than `text`, too.
pub(super) fn before<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_suffix(word)?;
    (!word.is_empty()).then_some(rest)
}

pub(super) fn plain_all(words: &[Spanned<String>]) -> Vec<String> {
    words.iter().map(|word| plain(word.get_ref())).collect()
}

/// Lower case, without marks; single spaces between Latin words.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for symbol in text.trim().chars() {
        match symbol {
            '\'' | '’' => plain.push('\''),
            _ if symbol.is_alphanumeric() => plain.extend(symbol.to_lowercase()),
            _ if symbol.is_whitespace()
                && plain.ends_with(|last: char| last.is_ascii_alphanumeric()) =>
            {
                plain.push(' ');
            }
            _ => {}
        }
    }
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_word_stands_nowhere() {
        assert_eq!(
            (after("嗯好", "嗯"), before("好吧", "吧")),
            (Some("好"), Some("好"))
        );
        assert_eq!((after("好", ""), before("好", "")), (None, None));
        assert_eq!((after("好", "嗯"), before("好", "吧")), (None, None));
    }
}
