//! How Chinese characters sound.
//!
//! [`toned`] is for speaking: polyphones by word, neutral tones, sandhi of 一 and 不. [`toneless`] is for matching. Third-tone
//! sandhi is left to the synthesiser where it does it; [`spoken`] is for those that do not. Latin words pass through as they are.
//!
//! Sentences are cut into words first, since a row of the table that is found across two words says nothing: 可以为您 does not
//! hold 以为.

mod third_tone;

use std::{collections::HashMap, sync::LazyLock};

use ::pinyin::ToPinyin;
use jieba_rs::Jieba;

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

/// Cuts words. Its dictionary takes some 100 ms to load, so there is one.
static CUTTER: LazyLock<Jieba> = LazyLock::new(Jieba::new);

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
    pub(super) fn parse(text: &str) -> Option<Self> {
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
    /// A long break: 。！；：
    Stop,
    /// A long break after a question: ？
    Question,
    /// A character without a known sound.
    Unknown(char),
}

/// The sounds of `text`, as they are spoken in it.
pub fn toned(text: &str) -> Vec<Token> {
    toned_words(text).0
}

/// The sounds of `text` with third-tone sandhi as well, and before which of them a word begins.
pub fn spoken(text: &str) -> (Vec<Token>, Vec<bool>) {
    let (mut tokens, begins) = toned_words(text);
    third_tone::sandhi(&mut tokens, &begins, |word| CUTTER.has_word(word));
    (tokens, begins)
}

/// The sounds of `text`, and before which of them a word begins.
fn toned_words(text: &str) -> (Vec<Token>, Vec<bool>) {
    let symbols: Vec<char> = text.chars().collect();
    let edges = edges(text, symbols.len());
    let mut tokens = Vec::with_capacity(symbols.len());
    let mut begins = Vec::with_capacity(symbols.len());
    // Tokens whose tone the table has settled.
    let mut settled = Vec::new();
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
            begins.push(true);
            place = end;
            continue;
        }
        if let Some((length, sounds)) = phrase_at(&symbols[place..], &edges[place..]) {
            if length > 1 {
                settled.extend(tokens.len()..tokens.len() + length);
            }
            let characters = symbols[place..place + length].iter().zip(sounds);
            tokens.extend(characters.map(|(symbol, sound)| Token::Hanzi(*symbol, sound.clone())));
            begins.extend(&edges[place..place + length]);
            if length == 1
                && let Some(sound) = by_neighbours(&symbols, &edges, place)
                && let Some(last) = tokens.last_mut()
            {
                *last = Token::Hanzi(symbol, sound);
            }
            place += length;
            continue;
        }
        match symbol {
            '、' | '，' | ',' | '—' | '…' | '（' | '）' | '(' | ')' => {
                push_break(&mut tokens, Token::Comma)
            }
            '？' | '?' => push_break(&mut tokens, Token::Question),
            '。' | '！' | '；' | '：' | '!' | ';' | ':' | '.' | '\n' => {
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
        // A break may have taken the place of another.
        begins.resize(tokens.len(), edges[place]);
        place += 1;
    }
    sandhi(&mut tokens, &settled);
    (tokens, begins)
}

/// Before which of the `length` symbols of `text` a word begins; the end counts as well.
fn edges(text: &str, length: usize) -> Vec<bool> {
    let mut edges = vec![false; length + 1];
    edges[length] = true;
    let mut place = 0;
    for word in CUTTER.cut(text, false) {
        if let Some(edge) = edges.get_mut(place) {
            *edge = true;
        }
        place += word.word.chars().count();
    }
    edges
}

/// Characters whose sound hangs on what stands beside them and not on a word.
fn by_neighbours(symbols: &[char], edges: &[bool], place: usize) -> Option<Syllable> {
    let previous = place.checked_sub(1).map(|place| symbols[place]);
    let next = symbols.get(place + 1).copied();
    let is = |symbol: Option<char>, list: &str| symbol.is_some_and(|symbol| list.contains(symbol));
    match symbols[place] {
        // 保修期为三年: after what is measured, or before a figure, it is "is"; 为您 and 为客户 are "for".
        '为' if edges[place] && edges[place + 1] && !is(next, FOR_WHOM) => {
            (is(previous, MEASURED) || is(next, "零二三四五六七八九十百")).then(|| sound("wei", 2))
        }
        // 三只; but 三只是 is an adverb.
        '只' if is(previous, "一二两三四五六七八九十百千半几每")
            && !is(next, "是能有要会好需想") =>
        {
            Some(sound("zhi", 1))
        }
        // 打不着火
        '着' if is(previous, "不") => Some(sound("zhao", 2)),
        // 用不了, 付不了款; 不了 alone declines.
        '了' if is(previous, "不") && place > 1 => {
            let verb = symbols[place - 2];
            (verb.to_pinyin().is_some() && !"我先就也都那还".contains(verb))
                .then(|| sound("liao", 3))
        }
        _ => None,
    }
}

/// What 为 is said of (期 of 保修期, 费 of 运费), or that makes it "is".
const MEASURED: &str =
    "期间额费价率数量度限号码名址式态型格色重均皆即约视设定用高低长短晚早息例点分果目级围准质";

/// What follows 为 where it means "for".
const FOR_WHOM: &str = "您你我他她它客用大各广了什何此其孩家老谁顾会乘旅业亲";

fn sound(base: &str, tone: u8) -> Syllable {
    Syllable {
        base: base.to_owned(),
        tone,
    }
}

fn push_break(tokens: &mut Vec<Token>, token: Token) {
    match tokens.last_mut() {
        None => {}
        Some(last @ (Token::Comma | Token::Stop | Token::Question)) if token != Token::Comma => {
            *last = token;
        }
        Some(Token::Comma | Token::Stop | Token::Question) => {}
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

/// The longest word of the table that `symbols` begin with and that does not cut a word of theirs in two.
fn phrase_at(symbols: &[char], edges: &[bool]) -> Option<(usize, &'static [Syllable])> {
    (1..=symbols.len().min(*LONGEST)).rev().find_map(|length| {
        let within_one_word = !edges[1..length].contains(&true);
        if !(within_one_word || edges[0] && edges[length]) {
            return None;
        }
        let word: String = symbols[..length].iter().collect();
        TABLE
            .get(word.as_str())
            .map(|sounds| (length, sounds.as_slice()))
    })
}

/// Tone changes of 一 and 不 before other syllables. What is `settled` stays: 统一 before any word is tong3 yi1.
fn sandhi(tokens: &mut [Token], settled: &[usize]) {
    let symbol_at = |token: Option<&Token>| match token {
        Some(Token::Hanzi(symbol, _)) => Some(*symbol),
        _ => None,
    };
    for place in 0..tokens.len() {
        let (before, rest) = tokens.split_at_mut(place);
        let Some((Token::Hanzi(symbol, sound), after)) = rest.split_first_mut() else {
            continue;
        };
        let previous = symbol_at(before.last());
        let first = place
            .checked_sub(2)
            .and_then(|place| symbol_at(before.get(place)));
        let (next, next_tone) = match after.first() {
            Some(Token::Hanzi(symbol, sound)) => (Some(*symbol), Some(sound.tone)),
            _ => (None, None),
        };
        let then = symbol_at(after.get(1));
        match symbol {
            '不' if next_tone == Some(4) => sound.tone = 2,
            '一' if settled.contains(&place) => {}
            '一' if is_number_one([first, previous, next, then]) => sound.tone = 1,
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

/// 一 keeps its tone as a digit (二零一一, 一点五), as an ordinal (第一), in dates (一月一号) and ranges (一到三天), but not in
/// 慢一点 or 三点一刻.
fn is_number_one([first, previous, next, then]: [Option<char>; 4]) -> bool {
    let is = |symbol: Option<char>, list: &str| symbol.is_some_and(|symbol| list.contains(symbol));
    let is_digit = |symbol: Option<char>| is(symbol, "零一二三四五六七八九十幺");
    is(previous, "第")
        || is_digit(previous)
        || is_digit(next)
        || is(next, "月号日楼")
        || next == Some('点') && is_digit(then)
        || previous == Some('点') && is_digit(first) && next != Some('刻')
        || is(next, "到至比杠乘") && (is_digit(then) || then == Some('两'))
        || is(previous, "比杠乘") && is_digit(first)
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
mod tests;
