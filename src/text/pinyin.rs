//! How Chinese characters sound.
//!
//! [`toned`] is for speaking: polyphones by phrase, neutral tones, sandhi of 一 and 不. [`toneless`] is for matching. Third-tone
//! sandhi is left to the synthesiser, which does it. Latin words pass through as they are.

use std::{collections::HashMap, sync::LazyLock};

use ::pinyin::ToPinyin;

/// Words whose characters do not sound as usual.
const PHRASES: &str = include_str!("phrases.txt");

/// The longest word in the table, in characters.
static LONGEST: LazyLock<usize> = LazyLock::new(|| {
    TABLE
        .keys()
        .map(|word| word.chars().count())
        .max()
        .unwrap_or(1)
});

static TABLE: LazyLock<HashMap<&'static str, Vec<Syllable>>> = LazyLock::new(|| {
    PHRASES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (word, sounds) = line.split_once(' ')?;
            Some((
                word,
                sounds.split(' ').filter_map(Syllable::parse).collect(),
            ))
        })
        .collect()
});

/// A syllable with its tone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Syllable {
    /// Without tone, `v` for ü (`lv`).
    pub base: String,
    /// 1 to 4, 5 for neutral.
    pub tone: u8,
}

impl Syllable {
    /// Reads `yin2`.
    fn parse(text: &str) -> Option<Self> {
        let tone = text.chars().next_back()?.to_digit(10)? as u8;
        let base = text
            .strip_suffix(|symbol: char| symbol.is_ascii_digit())?
            .to_owned();
        (1..=5).contains(&tone).then_some(Self { base, tone })
    }
}

impl std::fmt::Display for Syllable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.base, self.tone)
    }
}

/// A piece of a sentence, as a synthesiser takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// One character and its sound.
    Hanzi(char, Syllable),
    /// Letters and digits that stay as they are (`WiFi`).
    Latin(String),
    /// A short break: 、，
    Comma,
    /// A long break: 。！？；：
    Stop,
    /// A character without a known sound.
    Unknown(char),
}

/// The sounds of `text`, as they are spoken in it.
pub fn toned(text: &str) -> Vec<Token> {
    let symbols: Vec<char> = text.chars().collect();
    let mut tokens = Vec::with_capacity(symbols.len());
    let mut place = 0;
    while place < symbols.len() {
        let symbol = symbols[place];
        if symbol.is_ascii_alphanumeric() {
            let end = symbols[place..]
                .iter()
                .position(|symbol| {
                    !(symbol.is_ascii_alphanumeric() || matches!(symbol, '\'' | '-'))
                })
                .map_or(symbols.len(), |length| place + length);
            tokens.push(Token::Latin(symbols[place..end].iter().collect()));
            place = end;
            continue;
        }
        if let Some((length, sounds)) = phrase_at(&symbols[place..]) {
            let characters = symbols[place..place + length].iter().zip(sounds);
            tokens.extend(characters.map(|(symbol, sound)| Token::Hanzi(*symbol, sound.clone())));
            place += length;
            continue;
        }
        match symbol {
            '、' | '，' | ',' | '—' | '…' | '（' | '）' | '(' | ')' => {
                push_break(&mut tokens, Token::Comma)
            }
            '。' | '！' | '？' | '；' | '：' | '!' | '?' | ';' | ':' | '.' | '\n' => {
                push_break(&mut tokens, Token::Stop);
            }
            _ => match symbol
                .to_pinyin()
                .and_then(|sound| Syllable::parse(&with_tone(sound)))
            {
                Some(sound) => tokens.push(Token::Hanzi(symbol, sound)),
                None if symbol.is_alphanumeric() => tokens.push(Token::Unknown(symbol)),
                None => {}
            },
        }
        place += 1;
    }
    sandhi(&mut tokens);
    tokens
}

fn push_break(tokens: &mut Vec<Token>, token: Token) {
    match tokens.last_mut() {
        None => {}
        Some(last @ (Token::Comma | Token::Stop)) if token == Token::Stop => *last = token,
        Some(Token::Comma | Token::Stop) => {}
        Some(_) => tokens.push(token),
    }
}

fn with_tone(sound: ::pinyin::Pinyin) -> String {
    let text = sound.with_tone_num_end().replace('ü', "v");
    match text.ends_with(|symbol: char| symbol.is_ascii_digit()) {
        true => text,
        false => text + "5",
    }
}

/// The longest word of the table that `symbols` begin with.
fn phrase_at(symbols: &[char]) -> Option<(usize, &'static [Syllable])> {
    (1..=symbols.len().min(*LONGEST)).rev().find_map(|length| {
        let word: String = symbols[..length].iter().collect();
        TABLE
            .get(word.as_str())
            .map(|sounds| (length, sounds.as_slice()))
    })
}

/// Tone changes of 一 and 不 before other syllables.
fn sandhi(tokens: &mut [Token]) {
    for place in 0..tokens.len() {
        let (before, rest) = tokens.split_at_mut(place);
        let Some((Token::Hanzi(symbol, sound), after)) = rest.split_first_mut() else {
            continue;
        };
        let previous = match before.last() {
            Some(Token::Hanzi(symbol, _)) => Some(*symbol),
            _ => None,
        };
        let (next, next_tone) = match after.first() {
            Some(Token::Hanzi(symbol, sound)) => (Some(*symbol), Some(sound.tone)),
            _ => (None, None),
        };
        let then = match after.get(1) {
            Some(Token::Hanzi(symbol, _)) => Some(*symbol),
            _ => None,
        };
        match symbol {
            '不' if next_tone == Some(4) => sound.tone = 2,
            '一' if is_number_one(previous, next, then) => sound.tone = 1,
            '一' => {
                // Between a verb and itself it is neutral: 看一看.
                let doubled = previous.is_some() && previous == next;
                sound.tone = match next_tone {
                    _ if doubled => 5,
                    // A neutral syllable after 一 is a worn-down fourth tone (一个).
                    Some(4 | 5) => 2,
                    Some(_) => 4,
                    None => 1,
                };
            }
            _ => {}
        }
    }
}

/// 一 keeps its tone as a digit (二零一一, 一点五), as an ordinal (第一) and in dates (一月一号), but not in 慢一点.
fn is_number_one(previous: Option<char>, next: Option<char>, then: Option<char>) -> bool {
    let is_digit = |symbol: char| "零一二三四五六七八九十幺".contains(symbol);
    let is_decimal = next == Some('点') && then.is_some_and(is_digit);
    previous.is_some_and(|symbol| {
        symbol == '点'
            || symbol == '第'
            || symbol == '初'
            || symbol == '周'
            || symbol == '期'
            || is_digit(symbol)
    }) || is_decimal
        || next.is_some_and(|symbol| is_digit(symbol) || "月号日楼".contains(symbol))
}

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

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let spoken: Vec<String> = toned(text)
            .iter()
            .map(|token| match token {
                Token::Hanzi(_, sound) => sound.to_string(),
                Token::Latin(word) => word.clone(),
                Token::Comma => ",".to_owned(),
                Token::Stop => ".".to_owned(),
                Token::Unknown(symbol) => format!("?{symbol}"),
            })
            .collect();
        assert_eq!(spoken.join(" "), expected, "{text}");
    }

    #[test]
    fn polyphones_follow_their_words() {
        check("银行行长", "yin2 hang2 hang2 zhang3");
        check("重新还钱很重", "chong2 xin1 huan2 qian2 hen3 zhong4");
        check("重庆的会计便宜", "chong2 qing4 de5 kuai4 ji4 pian2 yi5");
        check("长大了睡觉", "zhang3 da4 le5 shui4 jiao4");
        check("都市里都了解", "du1 shi4 li3 dou1 liao3 jie3");
        check("空调处理好了", "kong1 tiao2 chu3 li3 hao3 le5");
        check("率先提高利率", "shuai4 xian1 ti2 gao1 li4 lv4");
        check("绿色旅行", "lv4 se4 lv3 xing2");
        check("优惠券", "you1 hui4 quan4");
    }

    #[test]
    fn one_and_not_change_their_tone() {
        check("不对", "bu2 dui4");
        check("不好", "bu4 hao3");
        check("一个", "yi2 ge4");
        check("一天", "yi4 tian1");
        check("一起", "yi4 qi3");
        check("看一看", "kan4 yi5 kan4");
        check("第一", "di4 yi1");
        check("一月一号", "yi1 yue4 yi1 hao4");
        check("二零一一", "er4 ling2 yi1 yi1");
        check("十一点", "shi2 yi1 dian3");
        check("统一", "tong3 yi1");
        check("慢一点", "man4 yi4 dian3");
        check("一点五", "yi1 dian3 wu3");
        check("五点一", "wu3 dian3 yi1");
    }

    #[test]
    fn marks_are_breaks_and_latin_stays() {
        check("您好，请说。", "nin2 hao3 , qing3 shuo1 .");
        check("，，。下载APP！？", "xia4 zai4 APP .");
        check("连WiFi吗", "lian2 WiFi ma5");
        check("龘", "da2");
    }

    #[test]
    fn the_table_is_sound() {
        for (word, sounds) in TABLE.iter() {
            assert_eq!(word.chars().count(), sounds.len(), "{word}");
        }
        assert!(TABLE.len() > 500);
    }

    #[test]
    fn every_sample_sentence_has_a_sound() {
        for sheet in [
            include_str!("../../knowledge/appliance.csv"),
            include_str!("../../knowledge/ecommerce.csv"),
            include_str!("../../knowledge/service.csv"),
            include_str!("../../prompts/zh-CN.toml"),
        ] {
            let unknown = toned(sheet)
                .into_iter()
                .find(|token| matches!(token, Token::Unknown(_)));
            assert_eq!(unknown, None);
        }
    }
}
