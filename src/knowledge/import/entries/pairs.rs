//! Pairs of question and answer in running text: 问：… 答：…, `Q1: …` and `A: …`.

use super::{
    cells::{Use, tidy},
    collecting::{Collecting, Draft},
    questions,
};
use crate::knowledge::import::{Part, Place};

/// What is written before a question.
const ASKED: &[&str] = &["问题", "提问", "问", "question", "q"];

/// What is written before an answer.
const ANSWERED: &[&str] = &["回答", "答案", "答复", "解答", "答", "answer", "a"];

/// The longest answer that a pair may have, in characters; what is longer is not an answer but the rest of a document.
const LONGEST_ANSWER_OF_PAIR: usize = 2_000;

/// A question and what has been said to it so far.
struct Pair {
    place: Place,
    category: String,
    question: String,
    answer: Vec<String>,
}

/// Takes the pairs out of `parts`; what is left is returned. Text is read for pairs only where something is marked as an
/// answer, or two things as questions.
pub(super) fn take<'a>(collecting: &mut Collecting, parts: &[&'a Part]) -> Vec<&'a Part> {
    let count = |marks: &[&str]| {
        parts
            .iter()
            .filter(|part| after_mark(text_of(part), marks).is_some())
            .count()
    };
    if count(ANSWERED) == 0 && count(ASKED) < 2 {
        return parts.to_vec();
    }
    let mut left: Vec<&Part> = Vec::new();
    let mut open: Option<Pair> = None;
    let mut category = String::new();
    for part in parts {
        let (text, place) = (text_of(part), place_of(part));
        if let Part::Table(_) = part {
            close(collecting, open.take());
            left.push(part);
        } else if let Some(question) = after_mark(text, ASKED) {
            close(collecting, open.take());
            let (question, answer) = match inline_answer(question) {
                Some((question, answer)) => (question, vec![answer.to_owned()]),
                None => (question, Vec::new()),
            };
            open = Some(Pair {
                place: place.clone(),
                category: category.clone(),
                question: question.to_owned(),
                answer,
            });
        } else if let Some(answer) = after_mark(text, ANSWERED) {
            // A question of its own line, without a mark.
            if open.is_none()
                || open
                    .as_ref()
                    .is_some_and(|pair| !pair.answer.is_empty() && asks_last(pair))
            {
                open = unmarked(collecting, open.take(), &mut left, &category);
            }
            match &mut open {
                Some(pair) => pair.answer.push(answer.to_owned()),
                None => collecting.refuse(place.clone(), "an answer without a question"),
            }
        } else if let Part::Heading { text, .. } = part {
            close(collecting, open.take());
            category = super::passages::bare_heading(text);
            left.push(part);
        } else if let Some(pair) = &mut open {
            pair.answer.push(text.to_owned());
        } else {
            left.push(part);
        }
    }
    close(collecting, open);
    left
}

/// Whether the last line of an answer is the next question.
fn asks_last(pair: &Pair) -> bool {
    pair.answer.len() > 1
        && pair
            .answer
            .last()
            .is_some_and(|line| line.trim_end().ends_with(['？', '?']))
}

/// The pair whose question stands right before an answer: the last line of the pair before, or the last of what was left.
fn unmarked(
    collecting: &mut Collecting,
    before: Option<Pair>,
    left: &mut Vec<&Part>,
    category: &str,
) -> Option<Pair> {
    let pair = |question: String, place: Place| Pair {
        place,
        category: category.to_owned(),
        question,
        answer: Vec::new(),
    };
    if let Some(mut before) = before {
        let question = before.answer.pop()?;
        let place = before.place.clone();
        close(collecting, Some(before));
        return Some(pair(question, place));
    }
    let part = left.pop_if(|part| questions::is_question(text_of(part)))?;
    Some(pair(text_of(part).to_owned(), place_of(part).clone()))
}

fn close(collecting: &mut Collecting, pair: Option<Pair>) {
    let Some(pair) = pair else {
        return;
    };
    let question = tidy(&pair.question, Use::Label);
    let answer = tidy(&pair.answer.join("\n"), Use::Answer);
    let refused = if question.text.is_empty() {
        Some("no question".to_owned())
    } else if answer.text.is_empty() {
        Some(format!("no answer to `{}`", question.text))
    } else {
        let length = answer.text.chars().count();
        (length > LONGEST_ANSWER_OF_PAIR).then(|| {
            format!(
                "the answer to `{}` has {length} characters; at most {LONGEST_ANSWER_OF_PAIR} are taken",
                question.text
            )
        })
    };
    if let Some(why) = refused {
        return collecting.refuse(pair.place, why);
    }
    let told = |what: &'static str| move |how: &&'static str| format!("{what}: {how}");
    let changes = question.changes.iter().map(told("question"));
    let changes: Vec<String> = changes
        .chain(answer.changes.iter().map(told("answer")))
        .collect();
    let draft = Draft {
        category: pair.category,
        question: question.text,
        answer: answer.text,
        changes,
        ..Draft::default()
    };
    collecting.add(pair.place, draft, "");
}

/// What follows a mark like `问：`, `Q1.` or `答:`.
fn after_mark<'a>(text: &'a str, marks: &[&str]) -> Option<&'a str> {
    let text = text.trim_start_matches(['【', '[', '*', ' ', '\u{3000}', '\u{feff}']);
    marks.iter().find_map(|mark| {
        let head = text.get(..mark.len())?;
        if !head.eq_ignore_ascii_case(mark) {
            return None;
        }
        let rest = text[mark.len()..].trim_start();
        let unnumbered = rest.trim_start_matches(|symbol: char| symbol.is_ascii_digit());
        let is_numbered = unnumbered.len() != rest.len();
        let rest = unnumbered.trim_start_matches([' ', '】', ']', '*']);
        let after = rest.strip_prefix([':', '：']).or_else(|| {
            // `Q1. …`; but `A.` is the first of four choices, and 问、 the start of a list.
            is_numbered
                .then(|| rest.strip_prefix(['.', '、', '．']))
                .flatten()
        })?;
        Some(after.trim_start_matches(['*', ' ']).trim())
    })
}

/// `怎么退？ 答：…` in one paragraph.
fn inline_answer(text: &str) -> Option<(&str, &str)> {
    [
        "答：",
        "答:",
        "回答：",
        "答案：",
        "\nA:",
        "\nA：",
        " A:",
        " A：",
    ]
    .iter()
    .filter_map(|mark| {
        let (question, answer) = text.split_once(mark)?;
        let question = question.trim_end_matches(['回', ' ', '\n']);
        Some((question, answer.trim()))
    })
    .min_by_key(|(question, _)| question.len())
}

pub(super) fn text_of(part: &Part) -> &str {
    match part {
        Part::Heading { text, .. } | Part::Paragraph { text, .. } => text,
        Part::Table(_) | Part::Unreadable { .. } => "",
    }
}

pub(super) fn place_of(part: &Part) -> &Place {
    const NOWHERE: &Place = &Place {
        sheet: None,
        page: None,
        paragraph: None,
        line: None,
        row: None,
        column: None,
        part: None,
    };
    match part {
        Part::Heading { place, .. }
        | Part::Paragraph { place, .. }
        | Part::Unreadable { place, .. } => place,
        Part::Table(table) => table.rows.first().map_or(NOWHERE, |row| &row.place),
    }
}
