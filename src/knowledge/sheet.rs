//! The CSV sheet of questions and answers: `id,category,question,similar_questions,answer,action`.

use std::collections::HashMap;

use super::{Fault, KnowledgeBase, KnowledgeError, LONGEST_ANSWER};
use crate::{
    entry::{Action, Entry},
    ids::EntryId,
};

const COLUMNS: [&str; 6] = [
    "id",
    "category",
    "question",
    "similar_questions",
    "answer",
    "action",
];

/// Reads a sheet in UTF-8, with a byte order mark or without. `document` names it in errors.
///
/// Similar questions are separated by `|`; an empty action is `answer`; blank rows are passed over.
pub fn parse_csv(document: &str, content: &[u8]) -> Result<KnowledgeBase, KnowledgeError> {
    let mut reading = Reading::default();
    reading.read(content);
    if reading.faults.is_empty() && reading.entries.is_empty() {
        reading.fault(1, None, "holds no entry");
    }
    match reading.faults.is_empty() {
        true => Ok(KnowledgeBase::new(reading.entries)),
        false => Err(KnowledgeError {
            document: document.to_owned(),
            faults: reading.faults,
        }),
    }
}

#[derive(Default)]
struct Reading {
    entries: Vec<Entry>,
    faults: Vec<Fault>,
    /// Where an id or a phrasing was first seen: its line and entry.
    ids: HashMap<String, u64>,
    phrasings: HashMap<String, (u64, String)>,
}

impl Reading {
    fn fault(&mut self, line: u64, column: Option<&'static str>, problem: impl Into<String>) {
        self.faults.push(Fault {
            line,
            column,
            problem: problem.into(),
        });
    }

    fn read(&mut self, content: &[u8]) {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        if let Err(error) = std::str::from_utf8(content) {
            let line = Lines::new(content).line_at(error.valid_up_to());
            return self.fault(line, None, "is not UTF-8");
        }
        let mut lines = Lines::new(content);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(content);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return self.fault(1, None, error.to_string()),
        };
        let header_line = lines.line_of(header.position());
        let place = |column: &str| header.iter().position(|name| name == column);
        for column in header.iter().filter(|name| !COLUMNS.contains(name)) {
            self.fault(
                header_line,
                None,
                format!("`{column}` is not a column: {}", COLUMNS.join(", ")),
            );
        }
        let mut places = [0; 6];
        for (index, column) in COLUMNS.into_iter().enumerate() {
            match place(column) {
                Some(place) => places[index] = place,
                None => self.fault(header_line, Some(column), "the column is missing"),
            }
        }
        if !self.faults.is_empty() {
            return;
        }
        for row in reader.records() {
            match row {
                Ok(row) => {
                    let line = lines.line_of(row.position());
                    self.read_row(line, &row, header.len(), places);
                }
                Err(error) => {
                    let line = lines.line_of(error.position());
                    self.fault(line, None, error.to_string());
                }
            }
        }
    }

    fn read_row(&mut self, line: u64, row: &csv::StringRecord, width: usize, places: [usize; 6]) {
        if row.iter().all(str::is_empty) {
            return;
        }
        if row.len() != width {
            let problem = format!(
                "has {} columns, the header has {width}; is a comma unquoted?",
                row.len()
            );
            return self.fault(line, None, problem);
        }
        let faults_before = self.faults.len();
        let [id, category, question, similar, answer, action] =
            places.map(|place| row[place].to_owned());
        for (column, value) in [("id", &id), ("question", &question), ("answer", &answer)] {
            if value.is_empty() {
                self.fault(line, Some(column), "is empty");
            }
        }
        let length = answer.chars().count();
        if length > LONGEST_ANSWER {
            let problem =
                format!("has {length} characters; {LONGEST_ANSWER} can be spoken in 15 s");
            self.fault(line, Some("answer"), problem);
        }
        let action = match action.as_str() {
            "" => Action::Answer,
            text => text
                .parse()
                .unwrap_or_else(|error: crate::entry::InvalidAction| {
                    self.fault(line, Some("action"), error.to_string());
                    Action::Answer
                }),
        };
        match self.ids.get(&id) {
            Some(first) => {
                let problem = format!("`{id}` stands in line {first} already");
                self.fault(line, Some("id"), problem);
            }
            None => {
                self.ids.insert(id.clone(), line);
            }
        }
        let similar: Vec<String> = similar
            .split('|')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect();
        self.claim(line, "question", &id, &question);
        for phrasing in &similar {
            self.claim(line, "similar_questions", &id, phrasing);
        }
        if self.faults.len() == faults_before {
            self.entries.push(Entry {
                id: EntryId::new(id),
                category,
                question,
                similar_questions: similar,
                answer,
                action,
                name: String::default(),
                validity: Default::default(),
            });
        }
    }

    /// Two entries must not be asked for in the same words.
    fn claim(&mut self, line: u64, column: &'static str, id: &str, phrasing: &str) {
        if phrasing.is_empty() {
            return;
        }
        match self.phrasings.get(phrasing) {
            Some((first, owner)) => {
                let problem =
                    format!("`{phrasing}` is a question of `{owner}` in line {first} already");
                self.fault(line, Some(column), problem);
            }
            None => {
                self.phrasings
                    .insert(phrasing.to_owned(), (line, id.to_owned()));
            }
        }
    }
}

/// Counts lines from one place of a document to the next.
pub(super) struct Lines<'a> {
    content: &'a [u8],
    /// How far lines are counted, and the line there.
    counted: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self {
            content,
            counted: 0,
            line: 1,
        }
    }

    /// The line of a byte that is not before the one asked for last. A line ends with LF, CR LF or CR.
    fn line_at(&mut self, byte: usize) -> u64 {
        let byte = byte.min(self.content.len());
        for place in self.counted..byte {
            let ends = match self.content[place] {
                b'\n' => true,
                b'\r' => self.content.get(place + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends);
        }
        self.counted = self.counted.max(byte);
        self.line
    }

    /// The line in which a record begins. The reader's own count is not it: a position is taken where the record before
    /// ended, which is before the LF of a CR LF and before lines that are empty.
    pub(super) fn line_of(&mut self, position: Option<&csv::Position>) -> u64 {
        let taken = position.map_or(0, |position| position.byte() as usize);
        let rest = self.content.get(taken..).unwrap_or_default();
        let skipped = rest.iter().take_while(|byte| b"\r\n".contains(byte));
        self.line_at(taken + skipped.count())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: &str = "id,category,question,similar_questions,answer,action\n";

    #[track_caller]
    fn check(rows: &str, expected: &str) {
        let error = parse_csv("faq.csv", format!("{HEADER}{rows}").as_bytes()).expect_err("faulty");
        assert_eq!(
            error.to_string(),
            format!("faq.csv cannot be used:\n{expected}")
        );
    }

    #[test]
    fn a_sheet_becomes_entries() {
        let text = format!(
            "\u{feff}{HEADER}A1,报修,坏了怎么修,坏了 | 修一下|,请说型号。,ticket:repair\n,,,,,\nA2,,几点上班,,九点。,\n"
        );
        let base = parse_csv("faq.csv", text.as_bytes()).expect("well formed");
        assert_eq!(base.entries.len(), 2);
        assert_eq!(base.entries[0].similar_questions, ["坏了", "修一下"]);
        assert_eq!(base.entries[0].action, Action::Ticket("repair".to_owned()));
        assert_eq!(base.entries[1].action, Action::Answer);
        let same = KnowledgeBase::new(base.entries.clone());
        assert_eq!(same.version, base.version);
        assert_ne!(
            KnowledgeBase::new(base.entries[..1].to_vec()).version,
            base.version
        );
    }

    #[test]
    fn columns_are_found_by_name() {
        let text =
            "answer,id,question,action,category,similar_questions\n九点。,A1,几点上班,answer,,\n";
        let base = parse_csv("faq.csv", text.as_bytes()).expect("well formed");
        assert_eq!(base.entries[0].answer, "九点。");
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        check("A1,x,问,,,answer\n", "  line 2, column `answer`: is empty");
        check(
            "A1,x,,,答,answer\n",
            "  line 2, column `question`: is empty",
        );
        check(
            "A1,x,问,,答,say\nA1,x,问二,,答,answer\n",
            "  line 2, column `action`: action `say` is none of answer, lookup:x, ticket:x, transfer:x, route:x, sms:x, verify:x, escalate:x\n  line 3, column `id`: `A1` stands in line 2 already",
        );
        check(
            "A1,x,问,,答,\nA2,x,问二,别的|问,答,\n",
            "  line 3, column `similar_questions`: `问` is a question of `A1` in line 2 already",
        );
        check(
            "A1,x,问,答,\n",
            "  line 2: has 5 columns, the header has 6; is a comma unquoted?",
        );
        check(
            &format!("A1,x,问,,{},\n", "长".repeat(68)),
            "  line 2, column `answer`: has 68 characters; 67 can be spoken in 15 s",
        );
        check("", "  line 1: holds no entry");
    }

    #[test]
    fn a_fault_is_in_the_line_that_an_editor_shows() {
        #[track_caller]
        fn check(sheet: &str, line: u64) {
            for ending in ["\n", "\r\n", "\r"] {
                for mark in ["", "\u{feff}"] {
                    let text = format!("{mark}{}", sheet.replace('\n', ending));
                    let error = parse_csv("f", text.as_bytes()).expect_err("faulty");
                    let lines: Vec<u64> = error.faults.iter().map(|fault| fault.line).collect();
                    assert_eq!(lines, [line], "{text:?}");
                }
            }
        }
        let good = "A1,x,问,,答,\n";
        let bad = "A2,x,问二,,,\n";
        check(&format!("{HEADER}{bad}"), 2);
        check(&format!("{HEADER}{good}{bad}"), 3);
        check(&format!("{HEADER}{good}{bad}A3,x,问三,,答,\n"), 3);
        check(&format!("{HEADER}\n{bad}"), 3);
        check(&format!("\n\n{HEADER}\n\n{good}\n{bad}"), 8);
        check(&format!("{HEADER},,,,,\n   \n{bad}"), 4);
        check(&format!("{HEADER}A1,x,问,,\"答\n\n案\",\n{bad}"), 5);
        check(&format!("{HEADER}\nA2,x,\"问\n二\",,,\n{good}"), 3);
        check(&format!("{HEADER}{good}A2,x,问二,\n"), 3);
        check(&format!("\n{}", HEADER.replace(",action", "")), 2);
    }

    #[test]
    fn a_wrong_header_or_encoding_is_named() {
        let message = |content: &[u8]| parse_csv("f", content).expect_err("faulty").to_string();
        assert_eq!(
            message(b"id,question,answer,price\n"),
            "f cannot be used:\n  line 1: `price` is not a column: id, category, question, similar_questions, answer, action\n  line 1, column `category`: the column is missing\n  line 1, column `similar_questions`: the column is missing\n  line 1, column `action`: the column is missing"
        );
        assert_eq!(
            message(b"id\n\xce\xca"),
            "f cannot be used:\n  line 2: is not UTF-8"
        );
    }

    #[test]
    fn the_samples_are_well_formed() {
        for (name, content) in [
            (
                "appliance.csv",
                &include_bytes!("../../knowledge/appliance.csv")[..],
            ),
            (
                "ecommerce.csv",
                &include_bytes!("../../knowledge/ecommerce.csv")[..],
            ),
            (
                "service.csv",
                &include_bytes!("../../knowledge/service.csv")[..],
            ),
        ] {
            let base = parse_csv(name, content).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(base.entries.len(), 30, "{name}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(content in "[a,|\"\n \u{feff}问]{0,120}") {
            let _ = parse_csv("x", content.as_bytes());
            let _ = parse_csv("x", format!("{HEADER}{content}").as_bytes());
        }
    }
}
