//! `yingda faq import`: documents into the draft, with a report.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::Context;

use super::{at_desk, find_base, signature};
use crate::{
    cli::records::print,
    config::Config,
    knowledge::import::{Mode, Outcome, Report},
    publishing::{DeskError, ImportDone, ImportOrder},
};

/// Reads documents into the draft. Nothing is published.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// `business/base`.
    base: String,
    /// csv, xlsx, xls, docx, pdf, md, html or txt.
    #[arg(required = true)]
    documents: Vec<PathBuf>,
    /// The first document takes the place of everything in the draft.
    #[arg(long)]
    replace: bool,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Also say what was taken as it stands.
    #[arg(long)]
    all: bool,
    /// As JSON, one object a document.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    at_desk(config, async |desk| {
        let base = find_base(&desk, &args.base).await?.id;
        let mut mode = match args.replace {
            true => Mode::Replace,
            false => Mode::Merge,
        };
        for path in &args.documents {
            let content = std::fs::read(path)
                .with_context(|| format!("document {} cannot be read", path.display()))?;
            let name = path.file_name().unwrap_or(path.as_os_str());
            let name = name.to_string_lossy();
            let order = ImportOrder {
                mode,
                dry_run: args.dry_run,
            };
            let signature = signature(String::new());
            let done = desk.import(&base, &name, &content, order, &signature);
            let done = match done.await {
                Ok(done) => done,
                Err(DeskError::NothingTaken {
                    report, document, ..
                }) => {
                    print(&lines(&report, args.all))?;
                    anyhow::bail!("{document} holds nothing that can be taken");
                }
                Err(error) => return Err(error.into()),
            };
            match args.json {
                true => print(&format!("{}\n", serde_json::to_string_pretty(&done)?))?,
                false => print(&shown(&done, &base.to_string(), args.all))?,
            }
            mode = Mode::Merge;
        }
        Ok(())
    })
}

fn shown(done: &ImportDone, base: &str, all: bool) -> String {
    let report = &done.imported.report;
    let (taken, changed, refused) = report.counts();
    let entries = done.imported.entries.len();
    let mut text = lines(report, all);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{}: {entries} entries; {taken} rows or passages as they stand, {changed} changed, {refused} refused",
        report.document
    );
    if let Some(proposed) = done.proposed.filter(|proposed| proposed.new > 0) {
        let _ = writeln!(
            text,
            "{} further phrasings are proposed: yingda faq propose {base}",
            proposed.new
        );
    }
    let _ = match done.id {
        Some(_) => writeln!(
            text,
            "the draft of {base} is at revision {} now; nothing is published yet",
            done.revision
        ),
        None => writeln!(text, "nothing was changed"),
    };
    text
}

/// A line for each row or passage that was changed or refused, or for all.
fn lines(report: &Report, all: bool) -> String {
    let mut text = String::new();
    for line in &report.lines {
        let entry = line
            .entry
            .as_ref()
            .map_or(String::new(), |entry| format!(" -> {entry}"));
        let outcome = match &line.outcome {
            Outcome::Taken if !all => continue,
            Outcome::Taken => "taken".to_owned(),
            Outcome::Changed { how } => format!("changed: {}", how.join("; ")),
            Outcome::Refused { why } => format!("REFUSED: {why}"),
        };
        let _ = writeln!(text, "{}{entry}: {outcome}", line.place);
    }
    text
}
