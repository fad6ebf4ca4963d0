//! `yingda eval`: how well the engines do, on files with known answers. One file a subcommand.

mod asr;
mod retrieval;

use clap::Subcommand;

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
    /// How well questions find their answers: by words, by vectors, by both.
    Retrieval(retrieval::Args),
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.engine {
        Engine::Asr(args) => asr::run(args),
        Engine::Retrieval(args) => retrieval::run(args),
    }
}
