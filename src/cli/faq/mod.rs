//! `yingda faq`: what a business does with its knowledge.

mod check;
mod diff;
mod export;
mod import;
mod learn;
mod list;
mod propose;
mod publish;
mod test;

use std::{future::Future, path::PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::{ZonedDateTime, civil::DateTime};

use crate::{
    app::{Workshop, open_workshop},
    clock::beijing_time,
    config::Config,
    ids::BaseId,
    publishing::{Desk, Which},
    storage::knowledge::{BaseSummary, Signature},
};

/// Imports, checks, publishes and tries what a business knows.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "yingda.toml",
        global = true
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says what callers asked in vain, and makes something of it.
    Learn(learn::Args),
    /// Lists the knowledge bases, or the versions of one.
    List(list::Args),
    /// Reads documents into the draft. Nothing is published.
    Import(import::Args),
    /// Says what is wrong with the draft or a version.
    Check(check::Args),
    /// Says what publishing the draft would change, or what differs between versions.
    Diff(diff::Args),
    /// Writes the draft or a version as a sheet (CSV).
    Export(export::Args),
    /// Proposes further phrasings of the draft's entries, to accept or strike.
    Propose(propose::Args),
    /// Makes the draft the version that new calls get.
    Publish(publish::PublishArgs),
    /// Brings back a version: the one before, or any.
    Rollback(publish::RollbackArgs),
    /// Says what a caller would be told.
    Test(test::Args),
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    match args.command {
        Command::Learn(args) => learn::run(&config, args),
        Command::List(args) => list::run(&config, args),
        Command::Import(args) => import::run(&config, args),
        Command::Check(args) => check::run(&config, args),
        Command::Diff(args) => diff::run(&config, args),
        Command::Export(args) => export::run(&config, args),
        Command::Propose(args) => propose::run(&config, args),
        Command::Publish(args) => publish::publish(&config, args),
        Command::Rollback(args) => publish::roll_back(&config, args),
        Command::Test(args) => test::run(&config, args),
    }
}

/// Opens the workshop and lets `work` use it.
fn in_workshop<T, F>(config: &Config, work: impl FnOnce(Workshop) -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let workshop = open_workshop(config, now_ms()).await?;
        let store = workshop.desk.store().clone();
        let result = work(workshop).await;
        store.close().await;
        result
    })
}

/// Opens the desk and lets `work` use it.
fn at_desk<T, F>(config: &Config, work: impl FnOnce(Desk) -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    in_workshop(config, |workshop| work(workshop.desk))
}

/// The base that `name` means: `business/base`, or the base alone where no other business has one of that name.
async fn find_base(desk: &Desk, name: &str) -> anyhow::Result<BaseSummary> {
    let bases = desk.store().bases().await?;
    let means = |base: &&BaseSummary| base.id.to_string() == name || base.id.name.as_str() == name;
    let found: Vec<&BaseSummary> = bases.iter().filter(means).collect();
    let names = |bases: &[&BaseSummary]| {
        let names: Vec<String> = bases.iter().map(|base| base.id.to_string()).collect();
        names.join(", ")
    };
    match found[..] {
        [base] => Ok(base.clone()),
        [] => bail!(
            "there is no knowledge base `{name}`; there is {}",
            names(&bases.iter().collect::<Vec<_>>())
        ),
        _ => bail!(
            "`{name}` means more than one knowledge base: {}",
            names(&found)
        ),
    }
}

/// Which entries are meant on the command line.
#[derive(Clone, Copy, Debug)]
struct WhichArg(Which);

impl std::str::FromStr for WhichArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "draft" => Ok(Self(Which::Draft)),
            "published" => Ok(Self(Which::Published)),
            number => match number.parse() {
                Ok(number) => Ok(Self(Which::Version(number))),
                Err(_) => Err("must be `draft`, `published` or the number of a version".to_owned()),
            },
        }
    }
}

/// Who works here: the user of this machine.
fn author() -> String {
    ["YINGDA_AUTHOR", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "command line".to_owned())
}

fn signature(note: String) -> Signature {
    Signature {
        author: author(),
        at_ms: now_ms(),
        note,
    }
}

fn now_ms() -> i64 {
    ZonedDateTime::now().timestamp().as_millisecond()
}

/// The local time of the businesses: entries take effect by it.
fn now() -> DateTime {
    beijing_time(now_ms())
}

fn of(base: &BaseId, number: u64) -> String {
    format!("{base} version {number}")
}
