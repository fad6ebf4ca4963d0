//! The `yingda` program: reads the command line and carries it out.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match yingda::cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yingda: {error:#}");
            ExitCode::FAILURE
        }
    }
}
