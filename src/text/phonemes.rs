//! Mandarin in the phonemes of Kokoro v1.1-zh, clause by clause.
//!
//! The model reads an initial and a final as one symbol each and the tone as a digit; `/` stands between words. Most symbols
//! are those of 注音; finals that 注音 writes with two have a character that sounds like them. The table is the model's
//! alphabet (hexgrad/misaki, `zh_frontend.py`, and the `vocab` of the model's `config.json`).
//!
//! English is spelt through, letter by letter, as callers of a hotline expect of names and codes. This module does not read
//! numbers (see `spoken`) and does not synthesise.

use super::pinyin::{Syllable, Token, spoken};

/// A stretch of a sentence up to a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// What the model reads, the mark that ends it included.
    pub phonemes: String,
    /// The silence that follows.
    pub pause: Pause,
}

/// The silence after a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It is the last, and no mark ends it.
    None,
    /// After a comma.
    Short,
    /// After a full stop, or a question.
    Long,
}

/// Initials, `zh` before `z`.
const INITIALS: &[(&str, &str)] = &[
    ("zh", "ㄓ"),
    ("ch", "ㄔ"),
    ("sh", "ㄕ"),
    ("b", "ㄅ"),
    ("p", "ㄆ"),
    ("m", "ㄇ"),
    ("f", "ㄈ"),
    ("d", "ㄉ"),
    ("t", "ㄊ"),
    ("n", "ㄋ"),
    ("l", "ㄌ"),
    ("g", "ㄍ"),
    ("k", "ㄎ"),
    ("h", "ㄏ"),
    ("j", "ㄐ"),
    ("q", "ㄑ"),
    ("x", "ㄒ"),
    ("r", "ㄖ"),
    ("z", "ㄗ"),
    ("c", "ㄘ"),
    ("s", "ㄙ"),
];

/// Finals as 汉语拼音方案 has them without an initial's help: `iou`, not `iu`; `v` is ü.
const FINALS: &[(&str, &str)] = &[
    ("a", "ㄚ"),
    ("o", "ㄛ"),
    ("e", "ㄜ"),
    ("ai", "ㄞ"),
    ("ei", "ㄟ"),
    ("ao", "ㄠ"),
    ("ou", "ㄡ"),
    ("an", "ㄢ"),
    ("en", "ㄣ"),
    ("ang", "ㄤ"),
    ("eng", "ㄥ"),
    ("er", "ㄦ"),
    ("i", "ㄧ"),
    ("u", "ㄨ"),
    ("v", "ㄩ"),
    ("ia", "压"),
    ("ie", "ㄝ"),
    ("io", "ㄧㄛ"),
    ("iao", "要"),
    ("iou", "又"),
    ("ian", "言"),
    ("in", "阴"),
    ("iang", "阳"),
    ("ing", "应"),
    ("iong", "用"),
    ("ong", "中"),
    ("ua", "穵"),
    ("uo", "我"),
    ("uai", "外"),
    ("uei", "为"),
    ("uan", "万"),
    ("uen", "文"),
    ("uang", "王"),
    ("ueng", "瓮"),
    ("ve", "月"),
    ("van", "元"),
    ("vn", "云"),
    // 嗯
    ("n", "ㄣ"),
    ("ng", "ㄥ"),
    ("m", "ㄇ"),
];

/// The final of zi, ci, si, and that of zhi, chi, shi, ri.
const BUZZES: [&str; 2] = ["ㄭ", "十"];

/// Names of the letters from A on. `A`, `I` and `O` are the vowels of "day", "my" and "go".
const LETTERS: [&str; 26] = [
    "ˈA",
    "bˈi",
    "sˈi",
    "dˈi",
    "ˈi",
    "ˈɛf",
    "ʤˈi",
    "ˈAʧ",
    "ˈI",
    "ʤˈA",
    "kˈA",
    "ˈɛl",
    "ˈɛm",
    "ˈɛn",
    "ˈO",
    "pˈi",
    "kjˈu",
    "ˈɑɹ",
    "ˈɛs",
    "tˈi",
    "jˈu",
    "vˈi",
    "dˈʌbᵊlju",
    "ˈɛks",
    "wˈI",
    "zˈi",
];

/// Digits inside of names are read one by one.
const DIGITS: [&str; 10] = [
    "ling2", "yi1", "er4", "san1", "si4", "wu3", "liu4", "qi1", "ba1", "jiu3",
];

/// The clauses of `text`, in which numbers are words already.
pub fn clauses(text: &str) -> Vec<Clause> {
    let (tokens, begins) = spoken(text);
    let mut clauses = Vec::new();
    let mut phonemes = Line::default();
    for (token, begins) in tokens.iter().zip(begins) {
        match token {
            Token::Hanzi(_, sound) => phonemes.mandarin(sound, begins),
            Token::Latin(word) => phonemes.spelt(word),
            Token::Comma => phonemes.end(',', Pause::Short, &mut clauses),
            Token::Stop => phonemes.end('.', Pause::Long, &mut clauses),
            Token::Question => phonemes.end('?', Pause::Long, &mut clauses),
            Token::Unknown(_) => {}
        }
    }
    if !phonemes.text.is_empty() {
        clauses.push(Clause {
            phonemes: phonemes.text,
            pause: Pause::None,
        });
    }
    clauses
}

/// What a phoneme stands after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum After {
    #[default]
    Nothing,
    Mandarin,
    English,
}

/// A clause that is being written.
#[derive(Debug, Default)]
struct Line {
    text: String,
    after: After,
}

impl Line {
    fn mandarin(&mut self, sound: &Syllable, begins: bool) {
        let Some(symbols) = symbols(&sound.base) else {
            return;
        };
        match self.after {
            After::Mandarin if begins => self.text.push('/'),
            After::English => self.text.push(' '),
            After::Mandarin | After::Nothing => {}
        }
        self.text.push_str(&symbols);
        self.text.push(char::from(b'0' + sound.tone));
        self.after = After::Mandarin;
    }

    fn spelt(&mut self, word: &str) {
        for symbol in word.chars() {
            if let Some(digit) = symbol.to_digit(10) {
                if let Some(sound) = Syllable::parse(DIGITS[digit as usize]) {
                    self.mandarin(&sound, true);
                }
            } else if symbol.is_ascii_alphabetic() {
                if self.after != After::Nothing {
                    self.text.push(' ');
                }
                let place = symbol.to_ascii_lowercase() as usize - 'a' as usize;
                self.text.push_str(LETTERS[place]);
                self.after = After::English;
            }
        }
    }

    fn end(&mut self, mark: char, pause: Pause, clauses: &mut Vec<Clause>) {
        let line = std::mem::take(self);
        if !line.text.is_empty() {
            clauses.push(Clause {
                phonemes: line.text + &mark.to_string(),
                pause,
            });
        }
    }
}

/// A syllable without its tone; `None` if the model has no symbols for it.
fn symbols(base: &str) -> Option<String> {
    let find = |table: &[(&'static str, &'static str)], key: &str| {
        let mut rows = table.iter();
        rows.find(|(name, _)| *name == key)
            .map(|(_, symbol)| *symbol)
    };
    let initial = INITIALS
        .iter()
        .find(|(name, _)| base.len() > name.len() && base.starts_with(name))
        // 嗯 is no n with a final.
        .filter(|_| base != "ng");
    let Some((name, symbol)) = initial else {
        return find(FINALS, &alone(base)).map(str::to_owned);
    };
    let last = &base[name.len()..];
    let last = match (*name, last) {
        ("z" | "c" | "s", "i") => BUZZES[0],
        ("zh" | "ch" | "sh" | "r", "i") => BUZZES[1],
        ("j" | "q" | "x", last) if last.starts_with('u') => {
            find(FINALS, &format!("v{}", &last[1..]))?
        }
        ("n" | "l", "ue") => find(FINALS, "ve")?,
        (_, "iu") => find(FINALS, "iou")?,
        (_, "ui") => find(FINALS, "uei")?,
        (_, "un") => find(FINALS, "uen")?,
        (_, last) => find(FINALS, last)?,
    };
    Some(format!("{symbol}{last}"))
}

/// The final of a syllable without an initial: `you` is iou, `yue` is üe, `wu` is u.
fn alone(base: &str) -> String {
    if let Some(rest) = base.strip_prefix('y') {
        return match rest.strip_prefix('u') {
            Some(rest) => format!("v{rest}"),
            None if rest.starts_with('i') => rest.to_owned(),
            None => format!("i{rest}"),
        };
    }
    match base.strip_prefix('w') {
        Some("u") => "u".to_owned(),
        Some(rest) => format!("u{rest}"),
        None => base.to_owned(),
    }
}

#[cfg(test)]
mod tests;
