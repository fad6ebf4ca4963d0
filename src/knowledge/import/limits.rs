//! How large a document may be.

/// Limits that no real FAQ or manual comes near. They keep a hostile file from costing more than an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentLimits {
    /// The file, in bytes.
    pub file: usize,
    /// All parts of an archive (xlsx, docx), unpacked, in bytes.
    pub unpacked: u64,
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
    /// Characters of a cell or paragraph. What Excel allows in a cell.
    pub piece: usize,
    /// Text of the whole document, in bytes.
    pub text: usize,
    /// How deep things may lie within each other.
    pub depth: usize,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            file: 20 << 20,
            unpacked: 200 << 20,
            parts: 10_000,
            ratio: 200,
            pages: 2_000,
            sheets: 200,
            rows: 200_000,
            columns: 500,
            piece: 32_767,
            text: 20 << 20,
            depth: 100,
        }
    }
}
