//! Written text as it is said: numbers, money, dates, times, telephone numbers, units, codes.
//!
//! What is not written in figures or signs passes through. English stays English; reading it is the synthesiser's work.

mod amounts;
mod identifiers;
mod letters;
mod numbers;
mod patterns;

pub use numbers::{cardinal, decimal, digit_by_digit};

/// What is said for `text`: Chinese characters, Latin words and marks for pauses.
pub fn to_spoken(text: &str) -> String {
    let symbols: Vec<char> = text.chars().map(half_width).collect();
    let mut spoken = String::with_capacity(text.len() * 2);
    let mut place = 0;
    while place < symbols.len() {
        let rest = &symbols[place..];
        match patterns::read(&symbols[..place], rest) {
            Some((words, length)) => {
                spoken.push_str(&words);
                place += length;
            }
            None => {
                spoken.push(rest[0]);
                place += 1;
            }
        }
    }
    spoken
}

/// Full-width letters, digits and signs in ASCII; Chinese marks stay.
fn half_width(symbol: char) -> char {
    match symbol {
        '０'..='９'
        | 'Ａ'..='Ｚ'
        | 'ａ'..='ｚ'
        | '％'
        | '＋'
        | '－'
        | '／'
        | '＝'
        | '．'
        | '＃'
        | '＊'
        | '＠' => char::from_u32(symbol as u32 - 0xfee0).unwrap_or(symbol),
        '￥' => '¥',
        '～' | '〜' => '~',
        _ => symbol,
    }
}

#[cfg(test)]
mod tests;
