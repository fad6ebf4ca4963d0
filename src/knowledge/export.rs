//! Entries back into a sheet that spreadsheets open and that imports as the same entries.

use super::{Field, import::FORMULA_STARTS};
use crate::entry::Entry;

/// UTF-8 by its byte order mark: without it Excel takes a CSV file for the system's code page.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The columns that every sheet has, in the order of the strict format.
const STRICT: [Field; 6] = [
    Field::Id,
    Field::Category,
    Field::Question,
    Field::SimilarQuestions,
    Field::Answer,
    Field::Action,
];

/// The columns that a sheet has if an entry has something in them.
const FURTHER: [Field; 3] = [Field::Name, Field::TakesEffect, Field::Expires];

/// A CSV file (RFC 4180, UTF-8 with a byte order mark) of entries: the strict columns, and `name`, `takes_effect` and `expires`
/// where they are used.
///
/// Cells that a spreadsheet would take for formulas begin with an apostrophe (OWASP, CSV injection), and a `|` within a
/// phrasing is written `\|`. `import::entries_of` takes both back; `parse_csv` does not.
pub fn to_csv(entries: &[Entry]) -> Vec<u8> {
    let is_used = |field: &Field| entries.iter().any(|entry| !field.of(entry).is_empty());
    let columns: Vec<Field> = STRICT
        .into_iter()
        .chain(FURTHER.into_iter().filter(is_used))
        .collect();
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(BYTE_ORDER_MARK.to_vec());
    let header = columns.iter().map(|field| field.column().to_owned());
    let rows = entries.iter().map(|entry| {
        let cells = columns.iter().map(|field| guarded(cell(*field, entry)));
        cells.collect::<Vec<String>>()
    });
    for row in std::iter::once(header.collect()).chain(rows) {
        // Rows are of one length, and a vector takes all that is written to it.
        writer.write_record(&row).expect("memory takes every row");
    }
    writer.into_inner().expect("memory takes every row")
}

fn cell(field: Field, entry: &Entry) -> String {
    match field {
        Field::SimilarQuestions => {
            let escaped = |phrasing: &String| phrasing.replace('\\', r"\\").replace('|', r"\|");
            let phrasings: Vec<String> = entry.similar_questions.iter().map(escaped).collect();
            phrasings.join("|")
        }
        field => field.of(entry),
    }
}

/// A cell that no spreadsheet takes for a formula.
fn guarded(cell: String) -> String {
    match cell.starts_with(FORMULA_STARTS) {
        true => format!("'{cell}"),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        entry::{Action, Validity},
        ids::EntryId,
        knowledge::{
            import::{Document, Part, Place, Row, Table, entries_of},
            parse_csv,
        },
    };

    fn entry(id: &str, question: &str, similar: &[&str], answer: &str) -> Entry {
        Entry {
            id: EntryId::new(id),
            category: "售后".to_owned(),
            question: question.to_owned(),
            similar_questions: similar.iter().map(|text| (*text).to_owned()).collect(),
            answer: answer.to_owned(),
            action: Action::Answer,
            name: String::new(),
            validity: Validity::default(),
        }
    }

    /// What a reader of CSV makes of a file.
    fn read(csv: &[u8]) -> Document {
        let csv = csv.strip_prefix(BYTE_ORDER_MARK).expect("a mark");
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(csv);
        let rows = reader.records().zip(1u64..).map(|(row, number)| Row {
            place: Place {
                row: Some(number),
                ..Place::default()
            },
            cells: row.expect("sound").iter().map(str::to_owned).collect(),
        });
        Document {
            parts: vec![Part::Table(Table {
                rows: rows.collect(),
            })],
        }
    }

    #[test]
    fn a_sheet_has_the_columns_that_are_used() {
        let plain = entry("A1", "怎么退", &["能退吗", "我要退"], "七天内，\"可以\"。");
        let text = String::from_utf8(to_csv(std::slice::from_ref(&plain))).expect("UTF-8");
        assert_eq!(
            text,
            "\u{feff}id,category,question,similar_questions,answer,action\r\n\
             A1,售后,怎么退,能退吗|我要退,\"七天内，\"\"可以\"\"。\",answer\r\n"
        );
        let base = parse_csv("a.csv", text.as_bytes()).expect("strict");
        assert_eq!(base.entries, std::slice::from_ref(&plain));
        let mut dated = entry("A2", "=1+1", &["a|b", r"c\d", "+1"], "-3度。");
        dated.name = "@名".to_owned();
        dated.validity.expires = Some(jiff::civil::date(2026, 10, 8).at(0, 0, 0, 0));
        let entries = [plain, dated];
        let csv = to_csv(&entries);
        let text = String::from_utf8(csv.clone()).expect("UTF-8");
        assert!(
            text.ends_with(
                "A2,售后,'=1+1,a\\|b|c\\\\d|+1,'-3度。,answer,'@名,2026-10-08T00:00:00\r\n"
            ),
            "{text}"
        );
        assert_eq!(entries_of("a", &read(&csv)).entries, entries);
    }

    #[test]
    fn nothing_is_a_header() {
        let text = String::from_utf8(to_csv(&[])).expect("UTF-8");
        assert_eq!(
            text,
            "\u{feff}id,category,question,similar_questions,answer,action\r\n"
        );
    }

    fn phrases() -> impl Strategy<Value = String> {
        "[退货=+@'\",|\\\\；？？a1-]{1,8}[退换]"
    }

    proptest! {
        #[test]
        fn what_is_exported_is_imported(
            rows in prop::collection::vec(
                (phrases(), prop::collection::vec(phrases(), 0..3), phrases(), phrases(), prop::option::of(0i32..80_000)),
                1..6,
            )
        ) {
            let zero = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
            let entries: Vec<Entry> = rows
                .into_iter()
                .enumerate()
                .map(|(number, (question, similar, answer, name, days))| {
                    // Phrasings that differ from each other and from those of other entries.
                    let question = format!("{question}{number}");
                    let similar: Vec<String> = similar
                        .into_iter()
                        .enumerate()
                        .map(|(place, text)| format!("{text}{number}甲{place}"))
                        .collect();
                    Entry {
                        id: EntryId::new(format!("A{number}")),
                        similar_questions: similar,
                        answer: answer + "。",
                        name,
                        validity: Validity {
                            takes_effect: days.map(|days| zero + jiff::Span::new().days(days).seconds(days)),
                            expires: None,
                        },
                        ..entry("", &question, &[], "")
                    }
                })
                .collect();
            prop_assert_eq!(entries_of("a", &read(&to_csv(&entries))).entries, entries);
        }
    }
}
