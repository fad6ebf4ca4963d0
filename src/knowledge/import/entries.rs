//! From a document to entries: tables and pairs of question and answer as they stand, other text in passages.
//!
//! Every row, pair and passage is told of, and so is what was left out. This module reads no files, and does not judge what it
//! takes (see `knowledge::check`).

mod cells;
mod collecting;
mod dates;
mod headers;
mod html;
mod pairs;
mod passages;
mod questions;
mod rows;

pub(in crate::knowledge) use cells::FORMULA_STARTS;
use collecting::Collecting;
pub(in crate::knowledge) use html::is_html;

use super::{Document, Imported, Part};

/// The entries of a document, and what became of each of its pieces. `name` names it in the report.
///
/// The same document always gives the same entries with the same ids.
pub fn entries_of(name: &str, document: &Document) -> Imported {
    let mut collecting = Collecting::new(name);
    let mut text = Vec::new();
    let mut tables = rows::Tables::default();
    for part in &document.parts {
        match part {
            Part::Table(table) => {
                tables.read(&mut collecting, table);
                text.push(part);
            }
            Part::Heading { text: heading, .. } => {
                tables.begin(passages::bare_heading(heading));
                text.push(part);
            }
            Part::Paragraph { .. } => {
                tables.interrupt();
                text.push(part);
            }
            Part::Unreadable { why, place } => collecting.refuse(place.clone(), why),
        }
    }
    let text = pairs::take(&mut collecting, &text);
    passages::take(&mut collecting, &text);
    collecting.finish(document)
}

/// An answer as an import would take it: plain sentences.
pub(in crate::knowledge) fn plain_answer(answer: &str) -> String {
    cells::tidy(answer, cells::Use::Answer).text
}

#[cfg(test)]
mod tests;
