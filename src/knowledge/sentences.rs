//! Text into sentences and into parts that are short enough to be spoken. Nothing is lost or changed: the pieces make the text.

use super::LONGEST_ANSWER;

/// What ends a sentence.
const ENDS: &[char] = &['。', '！', '？', '!', '?', '…'];

/// What may follow the end of a sentence and still belongs to it.
const CLOSING: &[char] = &['”', '’', '」', '』', '）', ')', '》', '】', '"'];

/// What ends a clause.
const CLAUSE_ENDS: &[char] = &['，', ',', '：', ':', '、', '；', ';'];

/// How many characters, as [`LONGEST_ANSWER`] counts them.
pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

/// The sentences of `text`, each with its end and the spaces after it.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let symbols: Vec<(usize, char)> = text.char_indices().collect();
    let symbol = |place: usize| symbols.get(place).map(|(_, symbol)| *symbol);
    let mut found = Vec::new();
    let (mut from, mut start, mut place) = (0, 0, 0);
    while place < symbols.len() {
        let ends = ENDS.contains(&symbols[place].1)
            || symbols[place].1 == '\n'
            || is_full_stop(&symbols, start, place);
        place += 1;
        if !ends {
            continue;
        }
        while symbol(place).is_some_and(|next| ENDS.contains(&next) || CLOSING.contains(&next)) {
            place += 1;
        }
        while symbol(place).is_some_and(char::is_whitespace) {
            place += 1;
        }
        let to = symbols.get(place).map_or(text.len(), |(at, _)| *at);
        found.push(&text[from..to]);
        (from, start) = (to, place);
    }
    if from < text.len() {
        found.push(&text[from..]);
    }
    found
}

/// A `.` that is neither in a number (3.5) nor in a name (www.example.com) nor in an abbreviation of one letter (e.g.).
///
/// The sentence begins at `start`.
fn is_full_stop(symbols: &[(usize, char)], start: usize, place: usize) -> bool {
    let at = |place: usize| symbols.get(place).map(|(_, symbol)| *symbol);
    let before = |back: usize| place.checked_sub(back).and_then(at);
    at(place) == Some('.')
        && at(place + 1).is_none_or(char::is_whitespace)
        && before(1).is_some_and(|last| !last.is_whitespace())
        && !(before(1).is_some_and(char::is_alphabetic)
            && before(2).is_some_and(|symbol| symbol == '.' || symbol.is_whitespace()))
        // `1. Open the lid`: the number of a step.
        && !symbols[start..place]
            .iter()
            .all(|(_, symbol)| symbol.is_ascii_digit())
}

/// `text` in parts of at most `longest` characters, cut at the ends of clauses; a clause that is longer stays whole.
pub(super) fn clauses(text: &str, longest: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut symbols = text.char_indices().peekable();
    while let Some((at, symbol)) = symbols.next() {
        let in_number = |next: Option<&(usize, char)>| {
            symbol.is_ascii() && next.is_some_and(|(_, next)| next.is_ascii_digit())
        };
        if CLAUSE_ENDS.contains(&symbol) && !in_number(symbols.peek()) {
            let to = at + symbol.len_utf8();
            pieces.push(&text[from..to]);
            from = to;
        }
    }
    if from < text.len() {
        pieces.push(&text[from..]);
    }
    joined(text, &pieces, longest)
}

/// Neighbouring pieces of `text` put together as long as they stay within `longest`.
fn joined<'a>(text: &'a str, pieces: &[&'a str], longest: usize) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut from, mut to, mut held) = (0, 0, 0);
    for piece in pieces {
        let more = length(piece.trim_end());
        if held > 0 && length(&text[from..to]) + more > longest {
            parts.push(&text[from..to]);
            (from, held) = (to, 0);
        }
        to += piece.len();
        held += more;
    }
    if from < to {
        parts.push(&text[from..to]);
    }
    parts
}

/// `answer` in parts that can each be spoken in 15 s, cut at the ends of sentences; where a sentence alone is too long, at the
/// ends of clauses; where a clause is, between words.
pub fn speakable_parts(answer: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for sentence in sentences(answer) {
        for clause in clauses(sentence, LONGEST_ANSWER) {
            pieces.extend(cut(clause));
        }
    }
    joined(answer, &pieces, LONGEST_ANSWER)
        .into_iter()
        // Spaces after a piece did not count while pieces were joined.
        .flat_map(cut)
        .map(str::to_owned)
        .collect()
}

/// Pieces of at most [`LONGEST_ANSWER`] characters, with no number or Latin word cut unless it is too long itself.
fn cut(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while length(rest) > LONGEST_ANSWER {
        let symbols: Vec<(usize, char)> = rest.char_indices().take(LONGEST_ANSWER + 1).collect();
        let place = (1..=LONGEST_ANSWER)
            .rev()
            .find(|&place| {
                let in_word = |symbol: char| symbol.is_ascii() && !symbol.is_whitespace();
                !(in_word(symbols[place - 1].1) && in_word(symbols[place].1))
            })
            .unwrap_or(LONGEST_ANSWER);
        let (part, after) = rest.split_at(symbols[place].0);
        parts.push(part);
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sentences_end_where_a_reader_stops() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            assert_eq!(sentences(text), expected);
        }
        check("", &[]);
        check("可以退。七天内都行", &["可以退。", "七天内都行"]);
        check(
            "他说“不行。”我不信！？真的",
            &["他说“不行。”", "我不信！？", "真的"],
        );
        check(
            "收费3.5元. Pay 2.50 now. Done",
            &["收费3.5元. ", "Pay 2.50 now. ", "Done"],
        );
        check("打开www.a.com看；再试。", &["打开www.a.com看；再试。"]);
        check("1. 断电。2. 重启。", &["1. 断电。", "2. 重启。"]);
    }

    #[test]
    fn a_long_answer_is_cut_at_sentences_then_clauses_then_words() {
        let sentence = |symbol: &str| format!("{}。", symbol.repeat(39));
        let text = sentence("甲") + &sentence("乙") + "丙。";
        assert_eq!(
            speakable_parts(&text),
            [sentence("甲"), sentence("乙") + "丙。"]
        );
        let text = format!("{}，{}。", "甲".repeat(50), "乙".repeat(50));
        let parts = [
            format!("{}，", "甲".repeat(50)),
            format!("{}。", "乙".repeat(50)),
        ];
        assert_eq!(speakable_parts(&text), parts);
        let text = format!("{}12345", "甲".repeat(65));
        assert_eq!(
            speakable_parts(&text),
            ["甲".repeat(65), "12345".to_owned()]
        );
        assert_eq!(speakable_parts("短。"), ["短。"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_part_can_be_spoken(text in "[甲乙丙a1 。，；？”、,.\n]{0,400}") {
            let parts = speakable_parts(&text);
            prop_assert_eq!(parts.concat(), text.clone());
            prop_assert!(parts.iter().all(|part| !part.is_empty() && length(part) <= LONGEST_ANSWER));
            prop_assert_eq!(sentences(&text).concat(), text.clone());
            prop_assert_eq!(clauses(&text, 10).concat(), text);
        }
    }
}
