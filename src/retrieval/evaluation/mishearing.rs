//! Recognition errors made on purpose: homophones and lost characters, seeded.

use std::collections::BTreeMap;

use pinyin::ToPinyin;
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Makes the errors that recognition makes.
pub struct Mishearing {
    random: StdRng,
    homophones: BTreeMap<&'static str, Vec<char>>,
    /// The chance of a character to become one that sounds the same, 0 to 1.
    pub replaced: f64,
    /// The chance of a character to be lost, 0 to 1.
    pub lost: f64,
}

impl Mishearing {
    /// Errors that depend on nothing but `seed` and the characters of `language`, from which homophones are taken.
    pub fn new(seed: u64, language: &str, replaced: f64, lost: f64) -> Self {
        let mut homophones: BTreeMap<&'static str, Vec<char>> = BTreeMap::new();
        for symbol in language.chars() {
            if let Some(reading) = symbol.to_pinyin() {
                let group = homophones.entry(reading.plain()).or_default();
                if !group.contains(&symbol) {
                    group.push(symbol);
                }
            }
        }
        Self {
            random: StdRng::seed_from_u64(seed),
            homophones,
            replaced,
            lost,
        }
    }

    /// What recognition could have made of `text`.
    pub fn of(&mut self, text: &str) -> String {
        let mut heard = String::with_capacity(text.len());
        for symbol in text.chars() {
            if self.random.random_bool(self.lost) {
                continue;
            }
            let replaced = self.random.random_bool(self.replaced);
            heard.push(if replaced {
                self.homophone(symbol)
            } else {
                symbol
            });
        }
        heard
    }

    fn homophone(&mut self, symbol: char) -> char {
        let group = symbol
            .to_pinyin()
            .and_then(|reading| self.homophones.get(reading.plain()));
        let others: Vec<char> = group
            .into_iter()
            .flatten()
            .copied()
            .filter(|other| *other != symbol)
            .collect();
        match others.len() {
            0 => symbol,
            count => others[self.random.random_range(0..count)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_follow_the_seed_and_keep_the_sound() {
        let language = "退推腿货或火流刘程成";
        let heard = |seed| Mishearing::new(seed, language, 1.0, 0.0).of("退货流程");
        assert_eq!(heard(7), heard(7));
        assert_ne!(heard(7), "退货流程");
        let sound = |text: &str| -> Vec<_> {
            text.to_pinyin()
                .flatten()
                .map(|reading| reading.plain())
                .collect()
        };
        assert_eq!(sound(&heard(7)), sound("退货流程"));
        assert_eq!(
            Mishearing::new(7, language, 0.0, 0.0).of("退货流程"),
            "退货流程"
        );
        assert_eq!(Mishearing::new(7, language, 0.0, 1.0).of("退货流程"), "");
    }
}
