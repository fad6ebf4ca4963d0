//! Documents of every format, read by the program itself in a process of its own; and those that are broken or hostile.

mod command_line;
mod formats;
mod hostile;
mod making;

use std::path::Path;

use yingda::{
    knowledge::import::{Document, Part},
    publishing::reading::{ReadError, Reader},
};

fn reader() -> Reader {
    Reader::new(Path::new(env!("CARGO_BIN_EXE_yingda")).to_owned())
}

async fn read(name: &str, content: &[u8]) -> Result<Document, ReadError> {
    reader().read(name, content).await
}

/// A document, one line a part.
fn shown(document: &Document) -> String {
    let mut lines = Vec::new();
    for part in &document.parts {
        match part {
            Part::Heading { level, text, place } => {
                lines.push(format!(
                    "{} {text} ({place})",
                    "#".repeat(usize::from(*level))
                ));
            }
            Part::Paragraph { text, place } => lines.push(format!("{text} ({place})")),
            Part::Table(table) => {
                for row in &table.rows {
                    lines.push(format!("| {} ({})", row.cells.join(" | "), row.place));
                }
            }
            Part::Unreadable { why, place } => lines.push(format!("! {why} ({place})")),
        }
    }
    lines.join("\n")
}
