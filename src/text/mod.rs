//! Chinese as it is spoken and as it is written: numbers, pinyin, sentences.
