//! Chinese as it is spoken and as it is written: numbers both ways, dictated digits, check digits, pinyin, phonemes.
//!
//! Pure functions over text, used by machines and engines alike. This module does not synthesise or recognise speech.

pub mod check_digits;
pub mod digits;
pub mod phonemes;
pub mod pinyin;
pub mod spoken;
pub mod written;
