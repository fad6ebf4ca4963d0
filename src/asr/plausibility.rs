//! Whether what a model wrote can have been said.
//!
//! Whisper fills noise and silence with words it has seen often; none of them may reach a conversation.

use std::time::Duration;

use crate::audio::{SILENCE_DBFS, level_dbfs};

/// What Whisper models write where nobody speaks, from its training on subtitles. No caller says them.
const PHANTOMS: &[&str] = &[
    "字幕由",
    "字幕by",
    "字幕 by",
    "字幕志愿者",
    "字幕制作",
    "字幕製作",
    "字幕提供",
    "谢谢观看",
    "感谢观看",
    "谢谢收看",
    "请不吝点赞",
    "订阅转发",
    "点赞订阅",
    "明镜与点点",
    "优优独播剧场",
    "thanks for watching",
    "subtitles by",
    "please subscribe",
];

/// The fastest speech, in syllables a second; the quickest announcers reach nine.
const FASTEST: f32 = 11.0;

/// The least mean probability of a token that is believed. One word by itself (是, 有) is not much surer than 0.4; at this value none
/// of 300 recordings of noise, music and silence gives words with the bundled model.
const LEAST_CONFIDENCE: f32 = 0.40;

/// How much the level of speech varies at least, in dB: syllables and the pauses between them. Noise and tones vary by less than
/// 3 dB, speech in noise at 15 dB by more than 10.
const LEAST_SPREAD_DB: f32 = 6.0;

/// Frames of which the level is taken: 20 ms at 16 kHz.
const FRAME: usize = 320;

/// The most equal digits in a row: 13888888888 has nine.
const MOST_EQUAL: usize = 9;

/// What is known about a result beside its words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    /// How long the utterance is.
    pub(super) duration: Duration,
    /// Mean token probability.
    pub(super) confidence: f32,
}

/// `text` if it can have been said, in plain characters: marks and brackets are left out.
pub(super) fn plausible(text: &str, evidence: Evidence) -> Option<String> {
    let text = spoken_part(text);
    let syllables = syllables(&text);
    if syllables == 0 || evidence.confidence < LEAST_CONFIDENCE {
        return None;
    }
    let lower = text.to_lowercase();
    if PHANTOMS.iter().any(|phantom| lower.contains(phantom)) || is_title(&lower) {
        return None;
    }
    // Half a second of grace: short words are cut close.
    let longest = (evidence.duration.as_secs_f32() + 0.5) * FASTEST;
    if syllables as f32 > longest || is_stuck(&text) {
        return None;
    }
    Some(text)
}

/// Whether this is the heading of a subtitle's credits. In a question (电视没有字幕怎么办) it is what the caller asks about.
fn is_title(text: &str) -> bool {
    let credits = text.strip_prefix("中文字幕");
    text == "字幕" || credits.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Whether `audio` (16 kHz) goes on as evenly as noise and tones do. Digital silence around a sound is no part of it.
pub(super) fn is_steady(audio: &[i16]) -> bool {
    let mut levels: Vec<f32> = audio
        .chunks_exact(FRAME)
        .map(level_dbfs)
        .filter(|level| *level > SILENCE_DBFS)
        .collect();
    if levels.is_empty() {
        return true;
    }
    levels.sort_by(f32::total_cmp);
    let quantile = |tenths: usize| levels[(levels.len() - 1) * tenths / 10];
    quantile(9) - quantile(1) < LEAST_SPREAD_DB
}

/// Without what stands in brackets (`[音乐]`), without marks at the ends and doubled spaces.
fn spoken_part(text: &str) -> String {
    let mut depth = 0u32;
    let mut spoken = String::with_capacity(text.len());
    for symbol in text.chars() {
        match symbol {
            '(' | '[' | '（' | '【' | '♪' if depth == 0 => depth = 1,
            ')' | ']' | '）' | '】' | '♪' => depth = 0,
            '\u{fffd}' => {}
            _ if depth > 0 => {}
            _ if symbol.is_whitespace() && (spoken.is_empty() || spoken.ends_with(' ')) => {}
            _ => spoken.push(symbol),
        }
    }
    let is_mark = |symbol: char| !symbol.is_alphanumeric() && symbol != '%' && symbol != '℃';
    spoken.trim_matches(is_mark).to_owned()
}

fn syllables(text: &str) -> usize {
    let hanzi = text
        .chars()
        .filter(|symbol| symbol.is_alphanumeric() && !symbol.is_ascii())
        .count();
    let words = text
        .split(|symbol: char| !symbol.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    hanzi + words.map(|word| word.len().div_ceil(3)).sum::<usize>()
}

/// Whether a decoder fell into a loop: one stretch of up to six characters makes up most of a long text. Digits repeat in
/// earnest.
fn is_stuck(text: &str) -> bool {
    let characters: Vec<char> = text
        .chars()
        .filter(|symbol| symbol.is_alphanumeric())
        .collect();
    if characters.len() < 10 {
        return false;
    }
    if characters
        .iter()
        .all(|symbol| "零一二三四五六七八九幺0123456789".contains(*symbol))
    {
        let longest = characters
            .chunk_by(|one, next| one == next)
            .map(<[char]>::len)
            .max();
        return longest > Some(MOST_EQUAL);
    }
    (1..=6).any(|period| {
        let same = characters
            .windows(period + 1)
            .filter(|window| window[0] == window[period])
            .count();
        same * 5 >= (characters.len() - period) * 4
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, seconds: f32, confidence: f32, expected: Option<&str>) {
        let evidence = Evidence {
            duration: Duration::from_secs_f32(seconds),
            confidence,
        };
        assert_eq!(plausible(text, evidence).as_deref(), expected, "{text}");
    }

    #[test]
    fn speech_passes_and_phantoms_do_not() {
        check("洗衣机不脱水怎么办？", 2.0, 0.9, Some("洗衣机不脱水怎么办"));
        check(" 是的。", 0.4, 0.8, Some("是的"));
        check("[音乐] 转人工", 1.0, 0.8, Some("转人工"));
        check("(背景噪音)", 1.0, 0.8, None);
        check("。。。", 1.0, 0.9, None);
        check("", 1.0, 0.9, None);
        check("谢谢观看", 1.0, 0.9, None);
        check("请不吝点赞 订阅 转发", 3.0, 0.9, None);
        for credit in [
            "字幕",
            "中文字幕",
            "中文字幕 李宗盛",
            "字幕由Amara.org社群提供",
            "字幕by索兰娅",
            "字幕 By 索兰娅",
            "中文字幕志愿者 杨茜茜",
            "优优独播剧场 字幕制作人",
        ] {
            check(credit, 3.0, 0.9, None);
        }
        for question in [
            "电视没有字幕怎么办",
            "字幕，怎么打开",
            "中文字幕怎么没有了",
            "电影有中文字幕吗",
        ] {
            check(question, 3.0, 0.9, Some(question));
        }
        check("你好", 1.0, 0.35, None);
        check("二二二二二二二二二二", 4.0, 0.9, None);
        check("空调坏了怎么报修我想问一下师傅什么时候上门", 0.3, 0.9, None);
        check("好的好的好的好的好的好的好的好的", 4.0, 0.9, None);
        check(
            "幺三八八八八八八八八八",
            4.0,
            0.9,
            Some("幺三八八八八八八八八八"),
        );
        check(
            "hello, where is my order",
            2.0,
            0.9,
            Some("hello, where is my order"),
        );
    }

    #[test]
    fn noise_and_tones_are_steady_and_syllables_are_not() {
        let tone = |place: usize| (place as f32 * 0.17).sin() * 5_000.0;
        let check = |name: &str, sample: &dyn Fn(usize) -> f32, expected: bool| {
            let audio: Vec<i16> = (0..32_000).map(|place| sample(place) as i16).collect();
            assert_eq!(is_steady(&audio), expected, "{name}");
        };
        check("silence", &|_| 0.0, true);
        check("tone", &tone, true);
        check(
            "a tone in digital silence",
            &|place| if place < 8_000 { 0.0 } else { tone(place) },
            true,
        );
        let noise = |place: usize| ((place * 7_919) % 2_003) as f32 - 1_001.0;
        check("noise", &noise, true);
        // Four syllables a second, 15 dB above the noise.
        let syllables = |place: usize| {
            noise(place)
                + if place % 4_000 < 2_000 {
                    tone(place)
                } else {
                    0.0
                }
        };
        check("syllables in noise", &syllables, false);
    }
}
