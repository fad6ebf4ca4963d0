//! `yingda eval`: how well the engines do, on files with known answers. One file a subcommand.

mod asr;

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
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.engine {
        Engine::Asr(args) => asr::run(args),
    }
}
