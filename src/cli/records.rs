//! What the subcommands on records share: finding the database, times, columns, printing.

use std::{
    future::Future,
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;
use jiff::{Timestamp, tz::TimeZone};

use crate::storage::{StorageError, Store};

/// Which database.
#[derive(Debug, clap::Args)]
pub(super) struct Database {
    /// The database of the server.
    #[arg(long, value_name = "PATH", default_value = "data/yingda.db")]
    database: PathBuf,
}

impl Database {
    /// Opens it and lets `work` read.
    pub(super) fn read<T, F>(&self, work: impl FnOnce(Store) -> F) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        runtime.block_on(async {
            let store = Store::open_existing(&self.database)
                .await
                .map_err(|error| {
                    let hint = matches!(error, StorageError::Missing(_));
                    let error = anyhow::Error::new(error);
                    match hint {
                        true => error.context("no calls yet? name the database with --database"),
                        false => error,
                    }
                })?;
            let result = work(store.clone()).await;
            store.close().await;
            result
        })
    }
}

/// Prints; a reader that went away (`| head`) is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// A wall-clock time in the zone of this machine: `2026-03-01 09:30:00`.
pub(super) fn local_time(wall_ms: i64) -> String {
    Timestamp::from_millisecond(wall_ms).map_or_else(
        |_| "-".to_owned(),
        |time| {
            let local = time.to_zoned_datetime(TimeZone::system());
            local.strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}

/// An offset into a call: `01:02.3`.
pub(super) fn offset(ms: u64) -> String {
    format!(
        "{:02}:{:02}.{}",
        ms / 60_000,
        ms / 1_000 % 60,
        ms / 100 % 10
    )
}

/// The name of a variant without fields, as serialised.
pub(super) fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// Columns a terminal needs for `text`: two for wide symbols (UAX #11, the blocks that occur here).
pub(super) fn width(text: &str) -> usize {
    text.chars()
        .map(|symbol| match symbol {
            '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{a4cf}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}'
            | '\u{ff00}'..='\u{ff60}'
            | '\u{ffe0}'..='\u{ffe6}'
            | '\u{1f300}'..='\u{1faff}'
            | '\u{20000}'..='\u{3fffd}' => 2,
            _ => 1,
        })
        .sum()
}

/// `text` with blanks up to `columns`.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// Rows under a head, each column as wide as its widest cell.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = rows.iter().map(|row| width(&row[column]));
            cells.max().unwrap_or(0).max(width(title))
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, columns)| pad(cell, *columns))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&mut head.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_wide_symbols() {
        let rows = vec![
            vec!["应答".to_owned(), "a".to_owned()],
            vec!["xyz".to_owned(), "b".to_owned()],
        ];
        assert_eq!(table(&["n", "v"], &rows), "n     v\n应答  a\nxyz   b\n");
    }

    #[test]
    fn offsets() {
        for (ms, expected) in [(0, "00:00.0"), (61_250, "01:01.2"), (3_600_000, "60:00.0")] {
            assert_eq!(offset(ms), expected);
        }
    }
}
