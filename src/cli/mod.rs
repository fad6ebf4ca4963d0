//! The command line: one file a subcommand, each a call into the library.
//!
//! A subcommand is a file with `Args` and `run`. Nothing here knows more than how to read arguments and print results.

mod models;

use clap::{Parser, Subcommand};

/// Answers a business's 400 hotline.
#[derive(Debug, Parser)]
#[command(name = "yingda", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists, downloads and checks model files.
    Models(models::Args),
}

impl Cli {
    /// Carries the chosen subcommand out.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Models(args) => models::run(args),
        }
    }
}
