//! What a document holds, whatever its format.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where in a document something stands, in the words of the program that its author opens it with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// The sheet of a workbook, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The page, 1 for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The paragraph, 1 for the first, where there are no lines and pages to name (docx).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paragraph: Option<u32>,
    /// The line of a text file, 1 for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The row of a sheet or table, 1 for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// The column, by its header; by its letter where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// A file within the file (`xl/worksheets/sheet1.xml`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

impl Place {
    /// This place, in a column.
    pub fn in_column(&self, column: impl Into<String>) -> Self {
        Self {
            column: Some(column.into()),
            ..self.clone()
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{name} `{value}`"))
        };
        let numbered =
            |name: &str, value: Option<u64>| value.map(|value| format!("{name} {value}"));
        let steps = [
            quoted("sheet", &self.sheet),
            quoted("part", &self.part),
            numbered("page", self.page.map(u64::from)),
            numbered("paragraph", self.paragraph.map(u64::from)),
            numbered("line", self.line),
            numbered("row", self.row),
            quoted("column", &self.column),
        ];
        let steps: Vec<String> = steps.into_iter().flatten().collect();
        match steps.is_empty() {
            true => f.write_str("the file as a whole"),
            false => f.write_str(&steps.join(", ")),
        }
    }
}

/// A file, read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// In reading order.
    pub parts: Vec<Part>,
}

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Part {
    /// A heading.
    Heading {
        /// 1 for a chapter.
        level: u8,
        /// Its words.
        text: String,
        /// Where it stands.
        place: Place,
    },
    /// Running text or one item of a list.
    Paragraph {
        /// Its words.
        text: String,
        /// Where it stands.
        place: Place,
    },
    /// A table or a whole sheet.
    Table(Table),
    /// What could not be read, and why; the rest of the document is there.
    Unreadable {
        /// In words.
        why: String,
        /// Where it stands.
        place: Place,
    },
}

/// Rows of cells, as they are shown: merged cells are repeated where they spread, formulas are their last values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Without those that are empty.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Sheet and row.
    pub place: Place,
    /// Its cells from the first column on. An empty cell at the end may be missing.
    pub cells: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_from_the_outside_in() {
        let row = Place {
            sheet: Some("常见问题".to_owned()),
            row: Some(12),
            ..Place::default()
        };
        for (place, expected) in [
            (Place::default(), "the file as a whole"),
            (
                row.in_column("答案"),
                "sheet `常见问题`, row 12, column `答案`",
            ),
            (
                Place {
                    page: Some(3),
                    ..Place::default()
                },
                "page 3",
            ),
        ] {
            assert_eq!(place.to_string(), expected);
        }
    }
}
