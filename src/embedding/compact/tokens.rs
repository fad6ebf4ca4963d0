//! Text into token ids, as the training does it (`scripts/train/encoder/data.py`); tables of cases hold both to the same.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

/// `[UNK]`: a hanzi or a letter that is not among the tokens.
const UNKNOWN: u32 = 1;
/// `[CLS]`: stands before every text.
const START: u32 = 2;

/// Cuts text into tokens.
#[derive(Debug)]
pub(super) struct Tokeniser {
    ids: HashMap<String, u32>,
    /// Of those that are one character, which most are.
    characters: HashMap<char, u32>,
    most: usize,
}

impl Tokeniser {
    /// `tokens` by id; a text has at most `most` of them.
    pub(super) fn new(tokens: &[String], most: usize) -> Self {
        let mut ids = HashMap::with_capacity(tokens.len());
        let mut characters = HashMap::with_capacity(tokens.len());
        for (id, token) in (0u32..).zip(tokens) {
            let mut symbols = token.chars();
            match (symbols.next(), symbols.next()) {
                (Some(symbol), None) => {
                    characters.insert(symbol, id);
                }
                _ => {
                    ids.insert(token.clone(), id);
                }
            }
        }
        Self {
            ids,
            characters,
            most,
        }
    }

    /// The ids of `text`: at least `[CLS]`.
    pub(super) fn ids(&self, text: &str) -> Vec<u32> {
        let mut found = vec![START];
        let mut symbols = text
            .nfkc()
            .flat_map(char::to_lowercase)
            .map(|symbol| if symbol == '\u{2019}' { '\'' } else { symbol })
            .peekable();
        let mut word = String::new();
        while found.len() < self.most {
            let Some(symbol) = symbols.next() else { break };
            if symbol.is_ascii_lowercase() {
                word.push(symbol);
                // An apostrophe belongs to the word when a letter follows; otherwise it is dropped, as it would be anyway.
                loop {
                    if let Some(letter) = symbols.next_if(char::is_ascii_lowercase) {
                        word.push(letter);
                    } else if symbols.next_if_eq(&'\'').is_some() {
                        let Some(letter) = symbols.next_if(char::is_ascii_lowercase) else {
                            break;
                        };
                        word.push('\'');
                        word.push(letter);
                    } else {
                        break;
                    }
                }
                self.word(&word, &mut found);
                word.clear();
            } else if let Some(&id) = self.characters.get(&symbol) {
                found.push(id);
            } else if is_hanzi(symbol) {
                found.push(UNKNOWN);
            }
        }
        found.truncate(self.most);
        found
    }

    fn word(&self, word: &str, found: &mut Vec<u32>) {
        let mut letters = word.chars();
        let whole = match (letters.next(), letters.next()) {
            (Some(letter), None) => self.characters.get(&letter),
            _ => self.ids.get(word),
        };
        if let Some(&id) = whole {
            found.push(id);
            return;
        }
        let letters = word.chars().filter(|&letter| letter != '\'');
        let ids = letters.map(|letter| self.characters.get(&letter).copied().unwrap_or(UNKNOWN));
        // A word can be longer than everything that is kept.
        found.extend(ids.take(self.most));
    }
}

/// CJK unified ideographs with extensions A to H, and the compatibility block.
const fn is_hanzi(symbol: char) -> bool {
    matches!(symbol,
        '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Table {
        tokens: Vec<String>,
        max_tokens: usize,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        text: String,
        ids: Vec<u32>,
    }

    #[test]
    fn texts_are_cut_as_the_training_cuts_them() {
        for table in [
            include_str!("../../../scripts/train/encoder/tokenising_cases.json"),
            include_str!("../../../tests/fixtures/encoder/tokenising.json"),
        ] {
            let table: Table = serde_json::from_str(table).expect("well formed");
            let tokeniser = Tokeniser::new(&table.tokens, table.max_tokens);
            assert!(table.cases.len() >= 20);
            for case in table.cases {
                assert_eq!(tokeniser.ids(&case.text), case.ids, "{:?}", case.text);
            }
        }
    }

    #[test]
    fn an_endless_text_is_cut() {
        let tokens = ["[PAD]", "[UNK]", "[CLS]", "[MASK]", "a"].map(str::to_owned);
        let tokeniser = Tokeniser::new(&tokens, 8);
        for text in ["a".repeat(1_000_000), "a ".repeat(1_000_000)] {
            assert_eq!(tokeniser.ids(&text), [2, 4, 4, 4, 4, 4, 4, 4]);
        }
        assert_eq!(tokeniser.ids(&" ".repeat(1_000_000)), [2]);
    }
}
