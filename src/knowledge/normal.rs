//! One form for words that are the same to a reader: widths, case, spaces and punctuation do not count.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::ids::EntryId;

/// The letters, digits and characters of `text` in one form. What holds none of them is left as it is, so that nothing but
/// blank text becomes empty.
pub(super) fn normalised(text: &str) -> String {
    let normal: String = text
        .nfkc()
        .flat_map(char::to_lowercase)
        .filter(|symbol| symbol.is_alphanumeric())
        .collect();
    match normal.is_empty() {
        true => text.trim().to_owned(),
        false => normal,
    }
}

/// An id that a question always gets: the first 32 bits of the SHA-256 of its normal form.
pub(super) fn id_of_question(question: &str) -> EntryId {
    let digest = Sha256::digest(normalised(question));
    let name: String = digest
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    EntryId::new(format!("q-{name}"))
}

/// Whether a symbol is a Chinese character (Unicode 16, blocks CJK Unified Ideographs and extension A; compatibility ones).
pub(super) const fn is_hanzi(symbol: char) -> bool {
    matches!(symbol, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '〇')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_case_and_punctuation_do_not_count() {
        for (text, expected) in [
            ("怎么 退货？", "怎么退货"),
            ("ＡＰＰ　怎么下载?", "app怎么下载"),
            ("５Ｇ（套餐）", "5g套餐"),
            ("  ", ""),
            ("？", "？"),
        ] {
            assert_eq!(normalised(text), expected, "{text}");
        }
    }

    #[test]
    fn a_question_always_gets_the_same_id() {
        let id = id_of_question("怎么退货");
        assert_eq!(id, id_of_question(" 怎么退货？"));
        assert_ne!(id, id_of_question("怎么换货"));
        assert_eq!((id.as_str().len(), &id.as_str()[..2]), (10, "q-"));
    }
}
