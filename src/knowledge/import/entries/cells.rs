//! A cell's text as it is kept: widths, invisible characters, HTML, spaces, ends of lines. Every change is told.
//!
//! Tidying what is tidy changes nothing.

use super::html;
use crate::knowledge::normal::is_hanzi;

/// What a cell is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A title, a date, an id.
    Label,
    /// A question or several.
    Question,
    /// What is spoken: lines become sentences, and the last one gets its end.
    Answer,
}

/// A tidied text and what was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tidy {
    pub(super) text: String,
    pub(super) changes: Vec<&'static str>,
}

/// The longest cell whose HTML is read, in bytes: the time that deep nesting takes grows with its square. A longer cell is
/// refused for its length.
const LONGEST_HTML: usize = 50_000;

/// `text` as it is kept.
pub(super) fn tidy(text: &str, is_for: Use) -> Tidy {
    let mut tidy = Tidy {
        text: text.trim().replace("\r\n", "\n").replace(LINE_ENDS, "\n"),
        changes: Vec::new(),
    };
    tidy.change(visible, "invisible characters were removed");
    if tidy.text.len() <= LONGEST_HTML && html::is_html(&tidy.text) {
        let (text, has_picture) = html::plain(&tidy.text);
        tidy.text = lines_closed_up(&text);
        tidy.changes.push("HTML was made plain text");
        if has_picture {
            tidy.changes.push("a picture was left out");
        }
        tidy.change(visible, "invisible characters were removed");
    }
    tidy.change(
        half_width,
        "full-width letters and digits were made half-width",
    );
    match is_for {
        // The lines of a cell with similar questions are separate questions.
        Use::Question => tidy.text = tidy.text.trim().to_owned(),
        Use::Label => tidy.change(closed_up, "spaces were closed up"),
        Use::Answer => {
            tidy.change(lines_closed_up, "spaces were closed up");
            tidy.change(lines_joined, "line breaks were made ends of sentences");
            tidy.change(ended, "a full stop was added at the end");
        }
    }
    tidy
}

impl Tidy {
    fn change(&mut self, by: impl Fn(&str) -> String, how: &'static str) {
        let changed = by(&self.text);
        if changed != self.text {
            self.text = changed;
            if !self.changes.contains(&how) {
                self.changes.push(how);
            }
        }
    }
}

/// What spreadsheets take for a formula at the start of a cell (OWASP, CSV injection). An apostrophe before it says that the
/// cell is text, and `knowledge::export` writes one.
pub(in crate::knowledge) const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\'', '\t', '\r'];

/// A cell without the apostrophe that says that it is text.
pub(super) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| rest.starts_with(FORMULA_STARTS))
        .unwrap_or(cell)
}

/// What ends a line beside `\n` (Unicode 16 §5.8).
const LINE_ENDS: &[char] = &['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// Without characters that show nothing: zero-width and directional marks, soft hyphens, controls, what was not decoded.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|symbol| {
            let is_hidden = matches!(
                symbol,
                '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
                    | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fffd}'
            );
            !is_hidden && (!symbol.is_control() || matches!(symbol, '\n' | '\t'))
        })
        .collect()
}

/// Full-width letters, digits and signs (１２３ＡＢ％) at half their width. Punctuation that Chinese is written with stays.
fn half_width(text: &str) -> String {
    let symbols: Vec<char> = text.chars().collect();
    let is_digit = |place: Option<usize>| {
        place
            .and_then(|place| symbols.get(place))
            .is_some_and(|symbol| matches!(symbol, '0'..='9' | '０'..='９'))
    };
    symbols
        .iter()
        .enumerate()
        .map(|(place, &symbol)| match symbol {
            '０'..='９'
            | 'Ａ'..='Ｚ'
            | 'ａ'..='ｚ'
            | '％'
            | '＋'
            | '－'
            | '／'
            | '＝'
            | '＆'
            | '＃'
            | '＠'
            | '＿'
            | '＊' => {
                // U+FF01 to U+FF5E repeat U+0021 to U+007E.
                char::from_u32(symbol as u32 - 0xfee0).unwrap_or(symbol)
            }
            '．' | '：' if is_digit(place.checked_sub(1)) && is_digit(Some(place + 1)) => {
                if symbol == '．' {
                    '.'
                } else {
                    ':'
                }
            }
            '\u{3000}' | '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => ' ',
            symbol => symbol,
        })
        .collect()
}

/// Whether a symbol stands close to its neighbours, as Chinese and its punctuation do.
const fn is_close(symbol: char) -> bool {
    is_hanzi(symbol)
        || matches!(symbol, '\u{3001}'..='\u{303f}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}')
        || matches!(symbol, '“' | '”' | '‘' | '’' | '…' | '—')
}

/// One space for many, none between Chinese characters.
pub(super) fn closed_up(text: &str) -> String {
    let mut closed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let is_between_hanzi = closed.chars().next_back().is_none_or(is_close)
            && word.chars().next().is_some_and(is_close);
        if !closed.is_empty() && !is_between_hanzi {
            closed.push(' ');
        }
        closed.push_str(word);
    }
    closed
}

/// Every line closed up, without blank ones.
fn lines_closed_up(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(closed_up)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

/// What ends a sentence or waits for what follows.
const PAUSES: &[char] = &[
    '。', '！', '？', '!', '?', '.', '…', '；', ';', '：', ':', '，', ',', '、', '~', '～', '—',
];

/// The mark that ends a sentence of this kind of text.
pub(super) fn full_stop(text: &str) -> &'static str {
    match text.chars().any(is_hanzi) {
        true => "。",
        false => ".",
    }
}

/// Lines as sentences. A line that ends with a mark goes on as it is.
pub(super) fn lines_joined(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    if lines.len() < 2 {
        return text.to_owned();
    }
    let stop = full_stop(text);
    let mut joined = String::with_capacity(text.len());
    for (place, line) in lines.iter().enumerate() {
        joined.push_str(line);
        if place + 1 == lines.len() {
            break;
        }
        let is_open = |text: &str| text.ends_with(PAUSES);
        let inside = line.trim_end_matches(CLOSING);
        if !is_open(line) && !is_open(inside) && !lines[place + 1].starts_with(PAUSES) {
            joined.push_str(stop);
        }
        joined.push(' ');
    }
    closed_up(&joined)
}

/// Quotes and brackets that may follow the end of a sentence.
const CLOSING: &[char] = &['”', '’', '」', '』', '）', ')', '》', '】', '"', '\''];

/// With an end of its last sentence.
pub(super) fn ended(text: &str) -> String {
    let inside = text.trim_end_matches(CLOSING);
    match inside.chars().next_back() {
        None => text.to_owned(),
        Some('。' | '！' | '？' | '!' | '?' | '.' | '…' | '~' | '～' | '：' | ':') => {
            text.to_owned()
        }
        Some('；' | ';' | '，' | ',' | '、') if inside.len() == text.len() => {
            let rest = text.trim_end_matches(['；', ';', '，', ',', '、', ' ']);
            match rest.is_empty() {
                true => text.to_owned(),
                false => ended(rest),
            }
        }
        Some(_) => format!("{text}{}", full_stop(text)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_become_plain_sentences() {
        #[track_caller]
        fn check(text: &str, expected: &str, changes: usize) {
            let tidy = tidy(text, Use::Answer);
            assert_eq!(
                (tidy.text.as_str(), tidy.changes.len()),
                (expected, changes),
                "{:?}",
                tidy.changes
            );
        }
        check("九点。", "九点。", 0);
        check(" 九点 ", "九点。", 1);
        check("九 点。", "九点。", 1);
        check("拨打４００－８００，按１。", "拨打400-800，按1。", 1);
        check(
            "营业时间：９：００到２１．５点，",
            "营业时间：9:00到21.5点。",
            2,
        );
        check("\u{feff}您\u{200b}好。", "您好。", 1);
        check("第一步 断电\n第二步，重启", "第一步断电。第二步，重启。", 3);
        check(
            "请准备：\r\n身份证；\r\n银行卡。",
            "请准备：身份证；银行卡。",
            1,
        );
        check("Press 1\nthen  2", "Press 1. then 2.", 3);
        check(
            "<p>您好&nbsp;！</p><p>点<a href=\"http://a.cn\">这里</a>看</p><img src=x>",
            "您好！点这里看。",
            4,
        );
        check("温度<5℃，湿度>30%。", "温度<5℃，湿度>30%。", 0);
        check("“好的”", "“好的”。", 1);
        check("可以退（七天内）。", "可以退（七天内）。", 0);
        check("", "", 0);
        check("，", "，", 0);
    }

    #[test]
    fn an_apostrophe_says_that_a_cell_is_text() {
        for (cell, expected) in [("'=1+1", "=1+1"), ("''a", "'a"), ("'a", "'a"), ("-1", "-1")] {
            assert_eq!(unguarded(cell), expected, "{cell}");
        }
    }

    #[test]
    fn lines_of_questions_stay_lines() {
        let tidy = tidy("怎么退货\n 如何退货？", Use::Question);
        assert_eq!(tidy.text, "怎么退货\n 如何退货？");
        assert!(tidy.changes.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_tidy_stays(text in "[甲乙a1１Ａ。，；： \u{3000}\n\u{feff}\"”）.]{0,40}|(<p>|</p>|<br>|&lt;|&amp;|b|好|<b>){0,9}") {
            for is_for in [Use::Label, Use::Answer, Use::Question] {
                let once = tidy(&text, is_for);
                // Escaped tags are text in HTML, and tags when they are read again.
                if html::is_html(&once.text) {
                    continue;
                }
                let twice = tidy(&once.text, is_for);
                prop_assert_eq!((&twice.text, twice.changes), (&once.text, vec![]));
            }
        }
    }
}
