//! `yingda eval asr`: error rates, digit strings, empty results on noise, and time.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use crate::{
    asr::{
        evaluation::{Report, read_manifest},
        whisper::WhisperModel,
    },
    cli::records,
    clock::ProcessClock,
    models::{Catalog, ModelCheck},
};

/// How well recordings are heard.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is said in which recording: tab-separated, with the columns `path`, `set`, `language` and `text`.
    manifest: PathBuf,
    /// The recogniser: a ggml file.
    #[arg(long, value_name = "FILE", default_value = "models/yingda-zh-demo.bin")]
    model: PathBuf,
    /// The manifest of known model files.
    #[arg(long, value_name = "FILE", default_value = "models/catalog.toml")]
    catalog: PathBuf,
    /// Load a file that is not in the catalogue. A broken model file ends the process.
    #[arg(long)]
    allow_unlisted: bool,
    /// Only these sets.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    set: Vec<String>,
    /// Show so many wrong results of each set.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    mistakes: usize,
    /// Where to write everything as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let mut manifest = read_manifest(&args.manifest)?;
    if !args.set.is_empty() {
        manifest.retain(|utterance| args.set.contains(&utterance.set));
        anyhow::ensure!(
            !manifest.is_empty(),
            "{}: no utterance of the set {}",
            args.manifest.display(),
            args.set.join(", ")
        );
    }
    let check = if args.allow_unlisted {
        ModelCheck::Unlisted
    } else {
        ModelCheck::Listed
    };
    let catalog = Catalog::load(&args.catalog)?;
    let mut recognizer = WhisperModel::load(&args.model, &catalog, check)?.recognizer()?;
    let clock = ProcessClock::start();
    let started = clock.now();
    let report = Report::of(&mut recognizer, &manifest, || clock.now().since(started))?;
    if let Some(file) = &args.report {
        super::save(&report, file)?;
    }
    records::print(&text_of(&report, &args.model, args.mistakes))
}

fn text_of(report: &Report, model: &Path, mistakes: usize) -> String {
    let mut text = format!("{}\n", model.display());
    for set in &report.sets {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{set}");
        for mistake in set.mistakes.iter().take(mistakes) {
            let _ = writeln!(text, "    {} -> {}", mistake.said, mistake.written);
        }
    }
    let _ = writeln!(text, "{}", report.pace);
    text
}
