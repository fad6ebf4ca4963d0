//! `yingda check-config`: says what is wrong with a configuration before a caller finds out.

use std::{fmt::Write as _, path::PathBuf};

use super::records::print;
use crate::{
    app::{Files, language_warnings},
    config::Config,
};

/// Checks the configuration and every file it names.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "yingda.toml")]
    config: PathBuf,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let files = Files::read(&config)?;
    Files::check_models(&config)?;
    let mut text = String::new();
    for base in &files.bases {
        for line in &base.lines {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "line {line}: {} entries", base.seed.entries.len());
        }
    }
    let encoder = files.encoder.as_ref().map_or_else(
        || "none, by words alone".to_owned(),
        |encoder| format!("{} {}", encoder.name(), encoder.version()),
    );
    let _ = writeln!(text, "encoder: {encoder}");
    if let Some(writer) = &files.language_model {
        let _ = writeln!(text, "language model: {}", writer.model());
    }
    for warning in language_warnings(&config)? {
        let _ = writeln!(text, "WARNING  {warning}");
    }
    let _ = writeln!(text, "{} is good", args.config.display());
    print(&text)
}
