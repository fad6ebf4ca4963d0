//! A reader for each format. Each brings a file into a [`Document`] and says where it is.

mod archive;
mod csv;
mod docx;
mod encoding;
mod headings;
mod html;
mod markdown;
mod pairs;
mod pdf;
mod plain;
mod workbook;

use std::cmp::Ordering;

use super::{Document, DocumentError, DocumentLimits, Format, Part, Place, Row, Table};

/// Reads a document. `at` is told each place before it is read, so that whoever watches knows it when the process dies.
pub fn read_document(
    document: &str,
    content: &[u8],
    limits: &DocumentLimits,
    at: &mut dyn FnMut(&Place),
) -> Result<Document, DocumentError> {
    let mut reading = Reading {
        name: document,
        limits,
        at,
        place: Place::default(),
        document: Document::default(),
        text: 0,
        rows: 0,
        cells: 0,
        unreadable: 0,
    };
    reading.at(Place::default());
    limits.check_file(document, content)?;
    match Format::of(document, content)? {
        Format::Csv => csv::read(&mut reading, content)?,
        Format::Xlsx => workbook::read_xlsx(&mut reading, content)?,
        Format::Xls => workbook::read_xls(&mut reading, content)?,
        Format::Docx => docx::read(&mut reading, content)?,
        Format::Pdf => pdf::read(&mut reading, content)?,
        Format::Markdown => markdown::read(&mut reading, content)?,
        Format::Html => html::read(&mut reading, content)?,
        Format::Text => plain::read(&mut reading, content)?,
    }
    if reading.document.parts.is_empty() {
        reading.place = Place::default();
        return Err(reading.fault("holds no text"));
    }
    Ok(reading.document)
}

/// A document that is being read.
struct Reading<'a> {
    name: &'a str,
    limits: &'a DocumentLimits,
    at: &'a mut dyn FnMut(&Place),
    /// Where the reader is.
    place: Place,
    document: Document,
    /// Bytes of text so far.
    text: usize,
    /// Rows of tables so far.
    rows: usize,
    /// Cells of tables so far.
    cells: usize,
    /// Pieces that could not be read so far.
    unreadable: usize,
}

impl Reading<'_> {
    /// The reader is at `place`.
    fn at(&mut self, place: Place) {
        (self.at)(&place);
        self.place = place;
    }

    /// It cannot go on where it is.
    fn fault(&self, problem: impl Into<String>) -> DocumentError {
        DocumentError::new(self.name, &self.place, problem)
    }

    /// It cannot go on at `place`.
    fn fault_at(&self, place: &Place, problem: impl Into<String>) -> DocumentError {
        DocumentError::new(self.name, place, problem)
    }

    /// Counts text against the limits.
    fn take(&mut self, place: &Place, text: &str) -> Result<(), DocumentError> {
        let characters = text.chars().count();
        if characters > self.limits.piece {
            let problem = format!(
                "has {characters} characters in one piece; {} can be read",
                self.limits.piece
            );
            return Err(self.fault_at(place, problem));
        }
        self.text += text.len();
        match self.text > self.limits.text {
            true => {
                let most = self.limits.text >> 20;
                Err(self.fault_at(
                    place,
                    format!("the document has more than {most} MiB of text"),
                ))
            }
            false => Ok(()),
        }
    }

    fn heading(&mut self, level: u8, text: &str, place: Place) -> Result<(), DocumentError> {
        self.take(&place, text)?;
        let text = text.trim().to_owned();
        if !text.is_empty() {
            self.document
                .parts
                .push(Part::Heading { level, text, place });
        }
        Ok(())
    }

    fn paragraph(&mut self, text: &str, place: Place) -> Result<(), DocumentError> {
        self.take(&place, text)?;
        let text = text.trim().to_owned();
        if !text.is_empty() {
            self.document.parts.push(Part::Paragraph { text, place });
        }
        Ok(())
    }

    /// Names a piece that cannot be read, unless there are too many.
    fn unreadable(&mut self, why: impl Into<String>, place: Place) {
        let most = self.limits.unreadable;
        self.unreadable += 1;
        let (why, place) = match self.unreadable.cmp(&most) {
            Ordering::Less => (why.into(), place),
            Ordering::Equal => (
                format!("more than {most} pieces cannot be read; no more of them are named"),
                Place::default(),
            ),
            Ordering::Greater => return,
        };
        self.document.parts.push(Part::Unreadable { why, place });
    }

    /// Counts a row against the limits and cleans it. `None` if it is empty.
    fn row(&mut self, place: Place, cells: Vec<String>) -> Result<Option<Row>, DocumentError> {
        if cells.len() > self.limits.columns {
            let problem = format!(
                "has {} columns; {} can be read",
                cells.len(),
                self.limits.columns
            );
            return Err(self.fault_at(&place, problem));
        }
        self.cells += cells.len();
        if self.cells > self.limits.cells {
            let most = self.limits.cells;
            return Err(self.fault_at(&place, format!("the document has more than {most} cells")));
        }
        for (number, cell) in cells.iter().enumerate() {
            self.take(&place.in_column(letters(number)), cell)?;
        }
        let mut cells: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
        let filled = cells.iter().rposition(|cell| !cell.is_empty());
        let Some(last) = filled else {
            return Ok(None);
        };
        cells.truncate(last + 1);
        self.rows += 1;
        match self.rows > self.limits.rows {
            true => {
                let most = self.limits.rows;
                Err(self.fault_at(&place, format!("the document has more than {most} rows")))
            }
            false => Ok(Some(Row { place, cells })),
        }
    }

    fn table(&mut self, rows: Vec<Row>) {
        if !rows.is_empty() {
            self.document.parts.push(Part::Table(Table { rows }));
        }
    }
}

/// Of so many rows or lines of text, the place of one is told.
const ROWS_A_PLACE: u64 = 1_000;

/// Longer names are cut in places: they are repeated for every row.
const LONGEST_NAME: usize = 100;

/// A name that the document chose, short enough to be repeated.
fn clipped(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// The name of a column as spreadsheets have it: A, B, …, Z, AA.
fn letters(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        // The remainder is below 26.
        letters.push(char::from(b'A' + (column % 26) as u8));
        match column / 26 {
            0 => break,
            rest => column = rest - 1,
        }
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests;
