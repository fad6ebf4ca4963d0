//! How Chinese characters sound.

use ::pinyin::ToPinyin;

/// The syllables of `text` without tones, `v` for ü; Latin words and digits in lower case, everything else left out.
///
/// One reading a character, without context: for matching what recognition may have confused, not for speaking.
pub fn toneless(text: &str) -> Vec<String> {
    let mut syllables = Vec::new();
    let mut word = String::new();
    for symbol in text.chars() {
        if symbol.is_ascii_alphanumeric() {
            word.push(symbol.to_ascii_lowercase());
            continue;
        }
        if !word.is_empty() {
            syllables.push(std::mem::take(&mut word));
        }
        if let Some(reading) = symbol.to_pinyin() {
            syllables.push(reading.plain().replace('ü', "v"));
        }
    }
    if !word.is_empty() {
        syllables.push(word);
    }
    syllables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_words_and_marks() {
        let check = |text: &str, expected: &str| assert_eq!(toneless(text).join(" "), expected);
        check("保修，报修", "bao xiu bao xiu");
        check("绿色WiFi 5G", "lv se wifi 5g");
        check("？！", "");
    }
}
