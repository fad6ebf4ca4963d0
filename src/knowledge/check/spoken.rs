//! What is written in an answer and cannot be said: addresses, marks of layout, pictures, what was to be filled in.

use super::super::{import, normal::is_hanzi};

/// Something found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// In words.
    pub(super) words: String,
    /// Whether it can be published in spite of it.
    pub(super) is_tolerable: bool,
    /// The text without it, where that is easily made.
    pub(super) without: Option<String>,
}

impl Found {
    fn tolerable(words: String) -> Self {
        Self {
            words,
            is_tolerable: true,
            without: None,
        }
    }

    fn fatal(words: String) -> Self {
        Self {
            words,
            is_tolerable: false,
            without: None,
        }
    }
}

/// What of `text` cannot be said.
pub(super) fn unspeakable(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for address in addresses(text) {
        found.push(Found::tolerable(format!(
            "`{address}` cannot be spoken; callers can be sent it as a text message"
        )));
    }
    if import::is_html(text) {
        let words = "has HTML, which would be read out".to_owned();
        found.push(Found {
            without: Some(import::plain_answer(text)),
            ..Found::fatal(words)
        });
    }
    if text.contains(['|', '\t', '│', '┃']) {
        found.push(Found::fatal("has the remains of a table".to_owned()));
    }
    if let Some(mark) = markdown(text) {
        let words = format!("has the mark `{mark}` of Markdown");
        found.push(Found {
            without: Some(without_markdown(text)),
            ..Found::fatal(words)
        });
    }
    let symbols: String = text
        .chars()
        .filter(|symbol| is_pictorial(*symbol))
        .collect();
    if !symbols.is_empty() {
        let rest: String = text
            .chars()
            .filter(|symbol| !is_pictorial(*symbol))
            .collect();
        let shown: String = symbols.chars().take(8).collect();
        found.push(Found {
            without: Some(rest),
            ..Found::tolerable(format!("`{shown}` cannot be spoken"))
        });
    }
    found
}

/// Web and mail addresses.
fn addresses(text: &str) -> Vec<&str> {
    const TOP_LEVEL: &[&str] = &[
        "com", "cn", "net", "org", "gov", "edu", "io", "top", "cc", "vip", "shop", "xyz", "info",
        "app", "me", "co", "tv", "hk",
    ];
    let is_host = |host: &str| {
        let labels: Vec<&str> = host.split('.').collect();
        let is_label = |label: &&str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        labels.len() > 1
            && labels.iter().all(is_label)
            && labels
                .last()
                .is_some_and(|last| TOP_LEVEL.contains(&last.to_lowercase().as_str()))
    };
    text.split(|symbol: char| {
        !symbol.is_ascii_graphic() || matches!(symbol, '(' | ')' | '"' | '<' | '>' | '[' | ']')
    })
    .map(|word| word.trim_matches(['.', ',', ';', '!', '?', ':', '\'']))
    .filter(|word| {
        let lower = word.to_lowercase();
        let host = lower.split(['/', '?', ':']).next().unwrap_or_default();
        let mail = lower
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && host.len() > 3);
        lower.contains("://") || lower.starts_with("www.") || mail || is_host(host)
    })
    .collect()
}

/// A mark of Markdown (CommonMark 0.31) that is no punctuation.
fn markdown(text: &str) -> Option<&'static str> {
    let starts_line = |mark: &str| text.lines().any(|line| line.trim_start().starts_with(mark));
    ["**", "```", "`", "](", "~~", "---"]
        .into_iter()
        .find(|mark| text.contains(mark))
        .or_else(|| {
            ["# ", "## ", "### ", "- ", "* ", "> "]
                .into_iter()
                .find(|mark| starts_line(mark))
        })
}

fn without_markdown(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| {
            line.trim_start()
                .trim_start_matches(['#', '-', '*', '>', ' '])
        })
        .filter(|line| !line.is_empty())
        .collect();
    let mut text = lines.join("\n");
    // [words](address) are the words.
    while let Some(middle) = text.find("](") {
        let Some(end) = text[middle..].find(')') else {
            text.replace_range(middle..middle + 2, "");
            break;
        };
        text.replace_range(middle..=middle + end, "");
        if let Some(start) = text[..middle].rfind('[') {
            text.remove(start);
        }
    }
    let text = ["**", "```", "`", "~~", "---"]
        .iter()
        .fold(text, |text, mark| text.replace(mark, ""));
    import::plain_answer(&text)
}

/// Emoji, arrows, boxes, stars, numbers in circles: what is seen and not said (blocks of Unicode 16).
const fn is_pictorial(symbol: char) -> bool {
    matches!(
        symbol,
        '\u{2190}'..='\u{21ff}'
            | '\u{2460}'..='\u{24ff}'
            | '\u{2500}'..='\u{27bf}'
            | '\u{2900}'..='\u{297f}'
            | '\u{2b00}'..='\u{2bff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{1f000}'..='\u{1faff}'
            | '\u{e0020}'..='\u{e007f}'
            | '※' | '‖' | '〓' | '§' | '¤'
    )
}

/// What was to be filled in and was not.
pub(super) fn placeholders(text: &str) -> Vec<Found> {
    /// Written by people who mean to come back. The marks of programmers are in two halves: this program has none.
    const NOTES: &[&str] = &[
        "待补充",
        "待完善",
        "待填写",
        "待更新",
        "待编辑",
        "此处填写",
        "请填写内容",
        "请输入内容",
        "在此输入",
        concat!("TO", "DO"),
        "TBD",
        concat!("FIX", "ME"),
        "lorem ipsum",
    ];
    /// May be said on purpose.
    const DOUBTFUL: &[&str] = &["待定", "待确认"];
    let mut found = Vec::new();
    for note in NOTES.iter().filter(|note| has_word(text, note)) {
        found.push(Found::fatal(format!("`{note}` was to be filled in")));
    }
    for note in DOUBTFUL.iter().filter(|note| text.contains(**note)) {
        found.push(Found::tolerable(format!(
            "`{note}`: is there nothing to say yet?"
        )));
    }
    for blank in blanks(text) {
        found.push(Found::fatal(format!("`{blank}` was to be filled in")));
    }
    found
}

/// Whether `text` has a word; one of Latin letters stands alone.
fn has_word(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.contains(word);
    }
    let text = text.to_lowercase();
    let word = word.to_lowercase();
    text.match_indices(&word).any(|(place, _)| {
        let is_letter =
            |symbol: Option<char>| symbol.is_some_and(|symbol| symbol.is_ascii_alphanumeric());
        !is_letter(text[..place].chars().next_back())
            && !is_letter(text[place + word.len()..].chars().next())
    })
}

/// `XX`, `××`, `{name}`, `___`, 【请填写】, `<姓名>`, empty brackets.
fn blanks(text: &str) -> Vec<String> {
    let symbols: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut place = 0;
    while place < symbols.len() {
        let symbol = symbols[place];
        let same = |symbol: char| symbol.to_ascii_lowercase();
        let run = symbols[place..]
            .iter()
            .take_while(|next| same(**next) == same(symbol))
            .count();
        let is_latin =
            |symbol: Option<&char>| symbol.is_some_and(|symbol| symbol.is_ascii_alphanumeric());
        let alone = !is_latin(place.checked_sub(1).and_then(|before| symbols.get(before)))
            && !is_latin(symbols.get(place + run));
        let is_run = match symbol {
            'x' | 'X' => run >= 2 && alone,
            '×' | '〇' | '○' | '＊' | '□' => run >= 2,
            '*' | '_' | '＿' => run >= 3,
            _ => false,
        };
        if is_run {
            found.push(symbols[place..place + run].iter().collect());
            place += run;
            continue;
        }
        let close = match symbol {
            '{' => Some('}'),
            '<' => Some('>'),
            '【' => Some('】'),
            '[' => Some(']'),
            '（' => Some('）'),
            '(' => Some(')'),
            _ => None,
        };
        let inside = close.and_then(|close| {
            let end = symbols[place + 1..]
                .iter()
                .take(24)
                .position(|next| *next == close)?;
            Some(&symbols[place + 1..place + 1 + end])
        });
        if let Some(inside) = inside {
            let words: String = inside.iter().collect();
            let is_blank = words.trim().is_empty();
            let is_hole = match symbol {
                '{' => true,
                '<' => is_blank || inside.iter().any(|symbol| is_hanzi(*symbol)),
                '【' | '[' => {
                    is_blank
                        || ["填", "输入", "占位", "变量"]
                            .iter()
                            .any(|word| words.contains(word))
                }
                _ => is_blank,
            };
            if is_hole {
                found.push(symbols[place..place + inside.len() + 2].iter().collect());
                place += inside.len() + 2;
                continue;
            }
        }
        place += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_said_is_found() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            let found = unspeakable(text);
            assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.words.contains(expected), "{text}: {}", found.words);
            }
        }
        check("九点到五点，全天24小时，3.5折。", &[]);
        check(
            "请打开https://www.a.com/x?y=1查看。",
            &["https://www.a.com/x?y=1"],
        );
        check(
            "官网是www.example.com，邮箱是 help@example.com。",
            &["www.example.com", "help@example.com"],
        );
        check("官网 example.com.cn。", &["example.com.cn"]);
        check("版本 v2.0.1，型号A.B。", &[]);
        check("<b>好</b>", &["HTML"]);
        check("型号|功率", &["table"]);
        check("**重要**：不要拆机。", &["**"]);
        check("- 一\n- 二", &["- "]);
        check("好的😊", &["😊"]);
        check("①断电→②重启", &["①→②"]);
    }

    #[test]
    fn marks_can_be_taken_away() {
        let without = |text: &str| unspeakable(text).pop().and_then(|found| found.without);
        for (text, expected) in [
            ("**重要**：不要拆机。", "重要：不要拆机。"),
            ("# 步骤\n- 断电\n- 重启", "步骤。断电。重启。"),
            ("看[这里](a)。", "看这里。"),
            ("坏]( 了", "坏了。"),
            ("<p>好</p>", "好。"),
            ("好的😊。", "好的。"),
        ] {
            assert_eq!(without(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_was_to_be_filled_in_is_found() {
        for (text, expected) in [
            ("价格为XX元。", vec!["XX"]),
            ("请拨xxx-xxxx。", vec!["xxx", "xxxx"]),
            ("我们有XL和XXL码。", vec![]),
            ("您好{name}，余额{{x}}。", vec!["{name}", "{{x}"]),
            ("<姓名>您好。", vec!["<姓名>"]),
            ("电话是____。", vec!["____"]),
            ("【请填写地址】", vec!["【请填写地址】"]),
            ("【重要】不要拆机（含配件）。", vec![]),
            ("答案待补充", vec!["待补充"]),
            ("地址（）", vec!["（）"]),
            (concat!("to", "do"), vec![concat!("TO", "DO")]),
            (concat!("mas", "to", "dont"), vec![]),
            ("时间待定", vec!["待定"]),
            ("温度<5℃，>3℃", vec![]),
        ] {
            let words: Vec<String> = placeholders(text)
                .iter()
                .filter_map(|found| found.words.split('`').nth(1).map(str::to_owned))
                .collect();
            assert_eq!(words, expected, "{text}");
        }
    }
}
