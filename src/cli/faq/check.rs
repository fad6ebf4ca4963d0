//! `yingda faq check`: what is wrong with a draft or version.

use std::fmt::Write as _;

use super::{WhichArg, at_desk, find_base, now};
use crate::{
    cli::records::print,
    config::Config,
    knowledge::check::{Concern, Fix, Severity},
};

/// Says what is wrong with the draft or a version.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// `business/base`.
    base: String,
    /// `draft`, `published` or the number of a version.
    #[arg(long, default_value = "draft")]
    of: WhichArg,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Fails when there are errors: a script that publishes can rely on it.
pub(super) fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    let WhichArg(which) = args.of;
    let (base, concerns) = at_desk(config, async |desk| {
        let base = find_base(&desk, &args.base).await?.id;
        let concerns = desk.check(&base, which, now()).await?;
        Ok((base, concerns))
    })?;
    match args.json {
        true => print(&format!("{}\n", serde_json::to_string_pretty(&concerns)?))?,
        false => print(&concerns.iter().map(shown).collect::<String>())?,
    }
    let errors = concerns
        .iter()
        .filter(|concern| concern.severity == Severity::Error)
        .count();
    anyhow::ensure!(
        errors == 0,
        "{base} has {errors} errors and cannot be published"
    );
    if !args.json {
        print(&format!(
            "{base} can be published; {} warnings\n",
            concerns.len()
        ))?;
    }
    Ok(())
}

fn shown(concern: &Concern) -> String {
    let mut text = format!("{concern}\n");
    // Writing to a string cannot fail.
    let _ = match &concern.fix {
        None => Ok(()),
        Some(Fix::Split { parts }) => writeln!(text, "    could be said as: {}", parts.join(" / ")),
        Some(Fix::Replace { text: better }) => writeln!(text, "    could be: {better}"),
        Some(Fix::RemovePhrasing { phrasing }) => {
            writeln!(text, "    could do without: {phrasing}")
        }
        Some(Fix::MergeInto { entry }) => writeln!(text, "    could be merged into {entry}"),
    };
    text
}
