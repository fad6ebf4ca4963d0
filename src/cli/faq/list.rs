//! `yingda faq list`: the bases, or the versions of one.

use super::{at_desk, find_base};
use crate::{
    cli::records::{local_time, print, table},
    config::Config,
    storage::knowledge::{BaseSummary, VersionSummary},
};

/// Lists the knowledge bases, or the versions of one.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The versions of this base.
    base: Option<String>,
}

pub(super) fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    let text = at_desk(config, async |desk| {
        Ok(match args.base {
            None => bases(&desk.store().bases().await?),
            Some(name) => {
                let base = find_base(&desk, &name).await?;
                let published = base.published.map(|version| version.number);
                versions(&desk.store().versions(&base.id).await?, published)
            }
        })
    })?;
    print(&text)
}

fn bases(bases: &[BaseSummary]) -> String {
    let rows: Vec<Vec<String>> = bases
        .iter()
        .map(|base| {
            let published = base.published.as_ref();
            let number = published.map_or("-".to_owned(), |version| version.number.to_string());
            let entries = published.map_or("-".to_owned(), |version| version.entries.to_string());
            let when = published.map_or("-".to_owned(), |it| local_time(it.signature.at_ms));
            vec![
                base.id.to_string(),
                number,
                entries,
                when,
                base.entries.to_string(),
                base.revision.to_string(),
            ]
        })
        .collect();
    let head = [
        "base",
        "version",
        "entries",
        "published",
        "draft",
        "revision",
    ];
    table(&head, &rows)
}

fn versions(versions: &[VersionSummary], published: Option<u64>) -> String {
    let rows: Vec<Vec<String>> = versions
        .iter()
        .map(|version| {
            let mark = if published == Some(version.number) {
                "*"
            } else {
                ""
            };
            let origin = match version.restores {
                Some(old) => format!("{} to {old}", version.origin),
                None => version.origin.to_string(),
            };
            vec![
                format!("{}{mark}", version.number),
                version.entries.to_string(),
                local_time(version.signature.at_ms),
                origin,
                version.signature.author.clone(),
                version.signature.note.clone(),
                version.hash.as_str().chars().take(12).collect(),
            ]
        })
        .collect();
    let head = [
        "version",
        "entries",
        "published",
        "from",
        "by",
        "note",
        "hash",
    ];
    table(&head, &rows)
}
