//! The `yingda` program: reads the command line and carries it out.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    #[cfg(feature = "kokoro")]
    {
        use yingda::tts::kokoro::{echo, is_echo};

        let arguments = std::env::args_os();
        if is_echo(arguments.map(|argument| argument.to_string_lossy().into_owned())) {
            return match echo() {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
    }
    match yingda::cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yingda: {error:#}");
            ExitCode::FAILURE
        }
    }
}
