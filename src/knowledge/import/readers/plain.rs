//! Plain text: paragraphs, headings by their numbers, questions and answers by their marks.

use super::{Place, Reading, Row, encoding};
use crate::knowledge::import::DocumentError;

/// Longer lines are no headings.
const LONGEST_HEADING: usize = 30;

pub(super) fn read(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    let at_line = |line| Place {
        line: Some(line),
        ..Place::default()
    };
    let text = encoding::decode(content)
        .map_err(|(line, problem)| reading.fault_at(&at_line(line), problem))?;
    let mut paragraph: Option<(String, Place)> = None;
    let mut pairs = Pairs::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        let place = at_line(number);
        if pairs.take(reading, line, &place)? {
            if let Some((text, place)) = paragraph.take() {
                reading.paragraph(&text, place)?;
            }
            continue;
        }
        let level = heading_level(line);
        if (line.is_empty() || level.is_some())
            && let Some((text, place)) = paragraph.take()
        {
            reading.paragraph(&text, place)?;
        }
        match level {
            _ if line.is_empty() => {}
            Some(level) => reading.heading(level, line, place)?,
            None => match &mut paragraph {
                Some((text, _)) => join(text, line),
                None => paragraph = Some((line.to_owned(), place)),
            },
        }
    }
    if let Some((text, place)) = paragraph {
        reading.paragraph(&text, place)?;
    }
    pairs.end(reading)
}

/// Adds a line to what came before: hanzi join, words are a blank apart.
pub(super) fn join(text: &mut String, line: &str) {
    let latin = |symbol: Option<char>| symbol.is_some_and(|symbol| symbol.is_ascii_alphanumeric());
    let line = line.trim();
    if latin(text.chars().next_back()) && latin(line.chars().next()) {
        text.push(' ');
    }
    text.push_str(line);
}

/// The level of a line that is a heading by its number: 第一章, 第二节, 一、, （一）, 1., 1.2.
pub(super) fn heading_level(line: &str) -> Option<u8> {
    if line.is_empty()
        || line.chars().count() > LONGEST_HEADING
        || line.ends_with(['。', '；', '，', '！', ';', ',', '.', ':', '：'])
    {
        return None;
    }
    let hanzi_number = |symbol: char| "零一二三四五六七八九十百".contains(symbol);
    if let Some(rest) = line.strip_prefix('第') {
        let rest =
            rest.trim_start_matches(|symbol: char| hanzi_number(symbol) || symbol.is_ascii_digit());
        return match rest.chars().next()? {
            '章' | '篇' | '部' => Some(1),
            '节' => Some(2),
            '条' => Some(3),
            _ => None,
        };
    }
    let after_hanzi = line.trim_start_matches(hanzi_number);
    if after_hanzi.len() < line.len() && after_hanzi.starts_with('、') {
        return Some(2);
    }
    if let Some(rest) = line.strip_prefix(['（', '(']) {
        let inner = rest.trim_start_matches(hanzi_number);
        return (inner.len() < rest.len() && inner.starts_with(['）', ')'])).then_some(3);
    }
    let number: &str = &line[..line.len()
        - line
            .trim_start_matches(|symbol: char| symbol.is_ascii_digit() || symbol == '.')
            .len()];
    let rest = &line[number.len()..];
    let levels = number.split('.').filter(|part| !part.is_empty()).count();
    let marked =
        number.ends_with('.') || levels > 1 || rest.starts_with('、') || rest.starts_with('．');
    // 3.5 元 is no heading, 3.5 退货 is: a blank follows the number of a heading.
    let separate = rest.starts_with([' ', '、', '．', '\t']) || number.ends_with('.');
    let plain = number.split('.').all(|part| part.len() <= 2);
    match levels {
        1..=4 if marked && separate && plain && !rest.trim().is_empty() => {
            // At most 4.
            Some(levels as u8 + 1)
        }
        _ => None,
    }
}

/// Questions and answers that are marked as such: 问：… 答：…, Q: … A: ….
#[derive(Default)]
pub(super) struct Pairs {
    rows: Vec<Row>,
    /// The question that waits for its answer, or the answer that may go on.
    open: Option<(Place, String, Option<String>)>,
}

const QUESTION_MARKS: [&str; 8] = [
    "问：",
    "问:",
    "问题：",
    "问题:",
    "Q：",
    "Q:",
    "q:",
    "【问】",
];
const ANSWER_MARKS: [&str; 8] = [
    "答：",
    "答:",
    "回答：",
    "答案：",
    "A：",
    "A:",
    "a:",
    "【答】",
];

fn marked<'a>(line: &'a str, marks: &[&str]) -> Option<&'a str> {
    // 问1：, Q12: as well.
    let bare: String = line
        .chars()
        .take(6)
        .filter(|symbol| !symbol.is_ascii_digit() && *symbol != '.')
        .collect();
    let mark = marks.iter().find(|mark| bare.starts_with(**mark))?;
    // The mark ends with the last of its characters.
    let end = mark.chars().next_back()?;
    let place = line.find(end)?;
    Some(line[place + end.len_utf8()..].trim())
}

impl Pairs {
    /// Takes a line that belongs to a marked question or answer. `false` if it does not.
    pub(super) fn take(
        &mut self,
        reading: &mut Reading<'_>,
        line: &str,
        place: &Place,
    ) -> Result<bool, DocumentError> {
        if let Some(question) = marked(line, &QUESTION_MARKS) {
            self.close(reading)?;
            self.open = Some((place.clone(), question.to_owned(), None));
            return Ok(true);
        }
        let Some((_, question, answer)) = &mut self.open else {
            return Ok(false);
        };
        match (marked(line, &ANSWER_MARKS), answer) {
            (Some(text), answer @ None) => *answer = Some(text.to_owned()),
            (Some(text), Some(answer)) => join(answer, text),
            (None, _) if line.is_empty() || heading_level(line).is_some() => {
                // An answer may end here; a question without an answer waits over blank lines.
                if self.has_answer() || !line.is_empty() {
                    self.close(reading)?;
                    return Ok(line.is_empty());
                }
            }
            (None, None) => join(question, line),
            (None, Some(answer)) => join(answer, line),
        }
        Ok(true)
    }

    fn has_answer(&self) -> bool {
        matches!(self.open, Some((_, _, Some(_))))
    }

    fn close(&mut self, reading: &mut Reading<'_>) -> Result<(), DocumentError> {
        if let Some((place, question, answer)) = self.open.take() {
            let row = reading.row(place, vec![question, answer.unwrap_or_default()])?;
            self.rows.extend(row);
        }
        Ok(())
    }

    /// Puts what was marked into the document, as a table.
    pub(super) fn end(mut self, reading: &mut Reading<'_>) -> Result<(), DocumentError> {
        self.close(reading)?;
        let Some(first) = self.rows.first() else {
            return Ok(());
        };
        let header = Row {
            place: first.place.clone(),
            cells: vec!["问题".to_owned(), "答案".to_owned()],
        };
        self.rows.insert(0, header);
        reading.table(self.rows);
        Ok(())
    }
}
