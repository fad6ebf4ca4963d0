//! `yingda faq diff`: what publishing the draft would change, or what differs between versions.

use super::{WhichArg, at_desk, find_base};
use crate::{cli::records::print, config::Config};

/// Says what publishing the draft would change, or what differs between versions.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// `business/base`.
    base: String,
    /// `draft`, `published` or the number of a version.
    #[arg(long, default_value = "published")]
    from: WhichArg,
    /// `draft`, `published` or the number of a version.
    #[arg(long, default_value = "draft")]
    to: WhichArg,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    let (WhichArg(before), WhichArg(after)) = (args.from, args.to);
    let difference = at_desk(config, async |desk| {
        let base = find_base(&desk, &args.base).await?.id;
        Ok(desk.difference(&base, before, after).await?)
    })?;
    print(&match args.json {
        true => format!("{}\n", serde_json::to_string_pretty(&difference)?),
        false if difference.is_empty() => "no difference\n".to_owned(),
        false => format!("{difference}"),
    })
}
