//! `yingda eval`: how well the engines do, on files with known answers. One file a subcommand.

mod asr;
mod hear;
pub(super) mod retrieval;
mod retrieval_scale;
mod sentiment;

use std::{fs::File, io::BufWriter, path::Path};

use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;

/// Arguments of `yingda eval`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    engine: Engine,
}

#[derive(Debug, Subcommand)]
enum Engine {
    /// How well recordings are heard: characters, digit strings, silence, time.
    Asr(asr::Args),
    /// Lets synthetic callers ask questions over a bad line, and writes what the recogniser heard.
    Hear(hear::Args),
    /// How well questions find their answers: by words, by vectors, by both.
    Retrieval(retrieval::Args),
    /// How a large knowledge base does: time to import, index, open and ask, and memory.
    RetrievalScale(retrieval_scale::Args),
    /// How well the mood of turns and the need of a human are told.
    Sentiment(sentiment::Args),
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.engine {
        Engine::Asr(args) => asr::run(args),
        Engine::Hear(args) => hear::run(args),
        Engine::Retrieval(args) => retrieval::run(args),
        Engine::RetrievalScale(args) => retrieval_scale::run(args),
        Engine::Sentiment(args) => sentiment::run(args),
    }
}

/// Writes a report as JSON.
fn save(report: &impl Serialize, file: &Path) -> anyhow::Result<()> {
    let out = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    serde_json::to_writer_pretty(BufWriter::new(out), report)
        .with_context(|| format!("cannot write {}", file.display()))
}
