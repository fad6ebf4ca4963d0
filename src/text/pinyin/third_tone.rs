//! Third tones in a row: all but the last become second tones, foot by foot.
//!
//! Within a word first (老板: lao2 ban3), then from word to word, the last first, where the next word still begins with a third
//! tone (老板好: lao2 ban2 hao3; but 小老板: xiao3 lao2 ban3). A break ends it. (Duanmu, The Phonology of Standard Chinese,
//! ch. 11.)

use super::Token;

/// Changes third tones; `begins` says before which token a word begins, `is_word` whether the dictionary has it.
pub(super) fn sandhi(tokens: &mut [Token], begins: &[bool], is_word: impl Fn(&str) -> bool) {
    let mut words = words(tokens, begins);
    for word in &words {
        within(&mut tokens[word.clone()], &is_word);
    }
    while let Some(next) = words.pop() {
        let Some(word) = words.last() else { break };
        let meets = word.end == next.start && tone(&tokens[next.start]) == Some(3);
        if meets && tone(&tokens[word.end - 1]) == Some(3) {
            set_second(&mut tokens[word.end - 1]);
        }
    }
}

/// Where the words are that are written in characters.
fn words(tokens: &[Token], begins: &[bool]) -> Vec<std::ops::Range<usize>> {
    let mut words: Vec<std::ops::Range<usize>> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        if tone(token).is_none() {
            continue;
        }
        match words.last_mut() {
            Some(word) if word.end == place && !begins[place] => word.end += 1,
            _ => words.push(place..place + 1),
        }
    }
    words
}

/// Changes the third tones of one word.
fn within(word: &mut [Token], is_word: &impl Fn(&str) -> bool) {
    let mut place = 0;
    while place < word.len() {
        let rest = word[place..].iter();
        let length = rest.take_while(|token| tone(token) == Some(3)).count();
        let row = &mut word[place..place + length];
        // 纸老虎 is 纸 and 老虎; 展览馆 is 展览 and 馆, and so is what nobody knows.
        let is_one_and_two =
            length == 3 && is_word(&written(&row[1..])) && !is_word(&written(&row[..2]));
        for (from_end, token) in row.iter_mut().rev().enumerate() {
            let changes = match length {
                3 if is_one_and_two => from_end == 1,
                3 => from_end > 0,
                // Feet of two.
                _ => from_end % 2 == 1,
            };
            if changes {
                set_second(token);
            }
        }
        place += length.max(1);
    }
}

fn written(tokens: &[Token]) -> String {
    let symbols = tokens.iter().filter_map(|token| match token {
        Token::Hanzi(symbol, _) => Some(*symbol),
        _ => None,
    });
    symbols.collect()
}

fn tone(token: &Token) -> Option<u8> {
    match token {
        Token::Hanzi(_, sound) => Some(sound.tone),
        _ => None,
    }
}

fn set_second(token: &mut Token) {
    if let Token::Hanzi(_, sound) = token {
        sound.tone = 2;
    }
}

#[cfg(test)]
mod tests {
    use super::super::spoken;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let tones: String = spoken(text)
            .0
            .iter()
            .map(|token| tone(token).map_or(' ', |tone| char::from(b'0' + tone)))
            .collect();
        assert_eq!(tones, expected, "{text}");
    }

    #[test]
    fn third_tones_in_a_row_change_foot_by_foot() {
        check("你好", "23");
        check("您好", "23");
        check("老板", "23");
        check("老板好", "223");
        check("小老板", "323");
        check("纸老虎", "323");
        check("展览馆", "223");
        check("我很好", "323");
        check("保险产品", "2323");
        check("可以", "23");
        check("手机", "31");
        check("好的", "35");
    }

    #[test]
    fn a_break_or_another_tone_ends_the_row() {
        check("好，我走", "3 23");
        check("请WiFi好", "3 3");
        check("请稍等", "313");
    }

    #[test]
    fn it_comes_after_the_changes_of_yi_and_bu() {
        check("一起", "43");
        check("不好", "43");
        check("不对", "24");
        check("不可以", "423");
        check("一百五十", "4232");
    }
}
