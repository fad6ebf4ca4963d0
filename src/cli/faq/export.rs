//! `yingda faq export`: the draft or a version as a sheet.

use std::{io::Write, path::PathBuf};

use anyhow::Context;

use super::{WhichArg, at_desk, find_base};
use crate::config::Config;

/// Writes the draft or a version as a sheet (CSV).
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// `business/base`.
    base: String,
    /// `draft`, `published` or the number of a version.
    #[arg(long, default_value = "draft")]
    of: WhichArg,
    /// The file; standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    let WhichArg(which) = args.of;
    let sheet = at_desk(config, async |desk| {
        let base = find_base(&desk, &args.base).await?.id;
        Ok(desk.export(&base, which).await?)
    })?;
    match &args.out {
        Some(file) => std::fs::write(file, sheet)
            .with_context(|| format!("{} cannot be written", file.display())),
        None => Ok(std::io::stdout().lock().write_all(&sheet)?),
    }
}
