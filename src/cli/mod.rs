//! The command line: one file a subcommand, each a call into the library.
//!
//! A subcommand is a file with `Args` and `run`. Nothing here knows more than how to read arguments and print results.

mod calibrate;
mod call;
mod calls;
mod check_config;
mod eval;
mod export;
mod faq;
mod models;
mod read_document;
mod records;
mod replay;
mod serve;
mod show;
mod simulate;
mod webhook;

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
    /// Answers calls until Ctrl-C or SIGTERM.
    Serve(serve::Args),
    /// Checks the configuration and every file it names.
    CheckConfig(check_config::Args),
    /// Lists calls, newest first.
    Calls(calls::Args),
    /// Shows a call: who said what and when, verdicts, scores, latencies.
    Show(show::Args),
    /// Writes everything known of a call as JSON.
    Export(export::Args),
    /// Replays a call from its recorded inputs and compares the result with its record, byte for byte.
    Replay(replay::Args),
    /// Calls a SIP address, speaks, and prints what is heard.
    Call(call::Args),
    /// Runs scripted conversations and fails when one is not as expected.
    Simulate(simulate::Args),
    /// Measures how well the engines do, on files with known answers.
    Eval(eval::Args),
    /// Fits the thresholds of retrieval to questions with known answers.
    Calibrate(calibrate::Args),
    /// Imports, checks, publishes and tries what a business knows.
    Faq(faq::Args),
    /// Lists, downloads and checks model files.
    Models(models::Args),
    /// Tries a business's system out.
    Webhook(webhook::Args),
    /// Reads a document for another process of this program.
    #[command(hide = true)]
    ReadDocument(read_document::Args),
}

impl Cli {
    /// Carries the chosen subcommand out.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(args) => serve::run(args),
            Command::CheckConfig(args) => check_config::run(args),
            Command::Calls(args) => calls::run(args),
            Command::Show(args) => show::run(args),
            Command::Export(args) => export::run(args),
            Command::Replay(args) => replay::run(args),
            Command::Call(args) => call::run(args),
            Command::Simulate(args) => simulate::run(args),
            Command::Calibrate(args) => calibrate::run(args),
            Command::Eval(args) => eval::run(args),
            Command::Faq(args) => faq::run(args),
            Command::Models(args) => models::run(args),
            Command::Webhook(args) => webhook::run(args),
            Command::ReadDocument(args) => read_document::run(args),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_subcommand_can_be_parsed() {
        Cli::command().debug_assert();
    }
}
