//! Questions and answers that are marked as such: 问：… 答：…, Q: … A: ….

use super::{DocumentError, Place, Reading, Row, plain::join};

/// The pairs that are being read. They become a table where they end.
#[derive(Default)]
pub(super) struct Pairs {
    rows: Vec<Row>,
    open: Option<Open>,
}

/// A question that waits for its answer, or an answer that may go on.
struct Open {
    place: Place,
    question: String,
    answer: Option<String>,
    /// Whether what was read last is over: what follows without a mark may be something else.
    over: bool,
    /// What follows an answer. It belongs to it if another question comes, and not if the document goes on with something else.
    after: Vec<(String, Place)>,
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
            self.open = Some(Open {
                place: place.clone(),
                question: question.to_owned(),
                answer: None,
                over: false,
                after: Vec::new(),
            });
            return Ok(true);
        }
        let Some(open) = &mut self.open else {
            self.interrupt(reading)?;
            return Ok(false);
        };
        if let Some(text) = marked(line, &ANSWER_MARKS) {
            open.gather();
            join(open.answer.get_or_insert_default(), text);
            open.over = false;
            return Ok(true);
        }
        match (open.over, &mut open.answer) {
            (false, None) => join(&mut open.question, line),
            (false, Some(answer)) => join(answer, line),
            (true, Some(_)) => open.after.push((line.to_owned(), place.clone())),
            (true, None) => {
                self.interrupt(reading)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A paragraph ends.
    pub(super) fn gap(&mut self) {
        if let Some(open) = &mut self.open {
            open.over = true;
        }
    }

    /// Whether the next line belongs to a pair, whatever it looks like.
    pub(super) fn goes_on(&self) -> bool {
        self.open.as_ref().is_some_and(|open| !open.over)
    }

    /// Something else follows: what was read becomes a table.
    pub(super) fn interrupt(&mut self, reading: &mut Reading<'_>) -> Result<(), DocumentError> {
        let after = self
            .open
            .as_mut()
            .map(|open| std::mem::take(&mut open.after));
        self.close(reading)?;
        let mut rows = std::mem::take(&mut self.rows);
        if let Some(first) = rows.first() {
            let header = Row {
                place: first.place.clone(),
                cells: vec!["问题".to_owned(), "答案".to_owned()],
            };
            rows.insert(0, header);
            reading.table(rows);
        }
        for (text, place) in after.into_iter().flatten() {
            reading.paragraph(&text, place)?;
        }
        Ok(())
    }

    fn close(&mut self, reading: &mut Reading<'_>) -> Result<(), DocumentError> {
        if let Some(mut open) = self.open.take() {
            open.gather();
            let cells = vec![open.question, open.answer.unwrap_or_default()];
            self.rows.extend(reading.row(open.place, cells)?);
        }
        Ok(())
    }
}

impl Open {
    fn gather(&mut self) {
        let answer = self.answer.get_or_insert_default();
        for (text, _) in self.after.drain(..) {
            join(answer, &text);
        }
    }
}

/// Whether a line begins as a marked question does.
pub(super) fn is_marked(line: &str) -> bool {
    marked(line, &QUESTION_MARKS).is_some()
}

/// Whether a line begins as a marked answer does.
pub(super) fn is_answer(line: &str) -> bool {
    marked(line, &ANSWER_MARKS).is_some()
}

/// What follows one of `marks`, if the line begins with it. The mark may be numbered: 问1：, Q12:, 3. 问：.
fn marked<'a>(line: &'a str, marks: &[&str]) -> Option<&'a str> {
    /// A number and a mark are no longer.
    const LONGEST: usize = 9;
    let bare: String = line
        .chars()
        .take(LONGEST)
        .filter(|symbol| !symbol.is_ascii_digit() && !matches!(symbol, '.' | '、' | ' '))
        .collect();
    let mark = marks.iter().find(|mark| bare.starts_with(**mark))?;
    // The mark ends with the last of its characters.
    let end = mark.chars().next_back()?;
    let place = line.find(end)?;
    Some(line[place + end.len_utf8()..].trim())
}
