//! How large a document may be.

use super::{DocumentError, Place};

/// Limits that no real FAQ or manual comes near. They keep a hostile file from costing more than an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentLimits {
    /// The file, in bytes.
    pub file: usize,
    /// All parts of an archive (xlsx, docx), unpacked, in bytes.
    pub unpacked: u64,
    /// One part of an archive, unpacked, in bytes.
    pub part: u64,
    /// Parts of an archive.
    pub parts: usize,
    /// How many times larger a part may be unpacked; more is a bomb. Office's own XML reaches about 50.
    pub ratio: u64,
    /// Pages.
    pub pages: usize,
    /// Sheets of a workbook.
    pub sheets: usize,
    /// Rows of all tables together.
    pub rows: usize,
    /// Columns of a table.
    pub columns: usize,
    /// Cells of all tables together, empty ones between others too.
    pub cells: usize,
    /// Pieces that could not be read and are named one by one.
    pub unreadable: usize,
    /// Characters of a cell or paragraph. What Excel allows in a cell.
    pub piece: usize,
    /// Text of the whole document, in bytes.
    pub text: usize,
    /// How deep lists, quotations and tables may lie within each other. Elements of HTML and XML, of which several make one of
    /// these, may lie ten times as deep.
    pub depth: usize,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            file: 20 << 20,
            unpacked: 200 << 20,
            part: 100 << 20,
            parts: 10_000,
            ratio: 200,
            pages: 5_000,
            sheets: 200,
            rows: 200_000,
            columns: 500,
            cells: 2_000_000,
            unreadable: 1_000,
            piece: 32_767,
            text: 20 << 20,
            depth: 100,
        }
    }
}

impl DocumentLimits {
    /// Whether the file is small enough to be looked at.
    pub fn check_file(&self, document: &str, content: &[u8]) -> Result<(), DocumentError> {
        // Rounded up, so that it never says "has 20 MiB; 20 can be read".
        let size = content.len().div_ceil(1 << 20);
        match content.len() > self.file {
            true => {
                let problem = format!("has {size} MiB; {} can be read", self.file >> 20);
                Err(DocumentError::new(document, &Place::default(), problem))
            }
            false => Ok(()),
        }
    }
}
