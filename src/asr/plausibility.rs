//! Whether what a model wrote can have been said.
//!
//! Whisper fills noise and silence with words it has seen often; none of them may reach a conversation.

use std::time::Duration;

/// What Whisper models write where nobody speaks, from its training on subtitles.
const PHANTOMS: &[&str] = &[
    "字幕",
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

/// The least mean probability of a token that is believed.
const LEAST_CONFIDENCE: f32 = 0.30;

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
    if PHANTOMS.iter().any(|phantom| lower.contains(phantom)) {
        return None;
    }
    // Half a second of grace: short words are cut close.
    let longest = (evidence.duration.as_secs_f32() + 0.5) * FASTEST;
    if syllables as f32 > longest || is_stuck(&text) {
        return None;
    }
    Some(text)
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
    if characters.len() < 10
        || characters
            .iter()
            .all(|symbol| "零一二三四五六七八九幺0123456789".contains(*symbol))
    {
        return false;
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
        check("你好", 1.0, 0.1, None);
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
}
