//! `yingda eval sentiment`: how well moods and the need of a human are told.

use std::{
    fmt::Write,
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::{
    cli::records,
    clock::ProcessClock,
    conversation::{Intent, Prompts},
    sentiment::{
        CallMood, Cues, MoodClassifier, Spotted,
        evaluation::{Report, Told, read_turns},
    },
};

/// How well moods are told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Turns of callers: CSV with the columns `text`, `label` (neutral, positive, negative, angry) and `should_escalate` (0, 1).
    turns: PathBuf,
    /// The mood classifier: a safetensors file.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "models/yingda-mood.safetensors"
    )]
    model: PathBuf,
    /// The cues beside it, and the words of each language, are in this folder.
    #[arg(long, value_name = "FOLDER", default_value = "prompts")]
    prompts: PathBuf,
    /// Show so many wrong results.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    mistakes: usize,
    /// Where to write everything as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let source =
        File::open(&args.turns).with_context(|| format!("cannot read {}", args.turns.display()))?;
    let turns = read_turns(source).with_context(|| args.turns.display().to_string())?;
    let read = |name: &str| -> anyhow::Result<(String, String)> {
        let path = args.prompts.join(name);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Ok((path.display().to_string(), text))
    };
    let prompts = |name: &str| -> anyhow::Result<Prompts> {
        let (file, text) = read(name)?;
        Ok(Prompts::parse(&file, &text)?)
    };
    let (mandarin, english) = (prompts("zh-CN.toml")?, prompts("en-US.toml")?);
    let (file, text) = read("mood.toml")?;
    let classifier = MoodClassifier::load(&args.model, Cues::parse(&file, &text)?)?;
    let clock = ProcessClock::start();
    let mut told = Vec::with_capacity(turns.len());
    for turn in turns {
        let started = clock.now();
        let language = match is_english(&turn.text) {
            true => &english,
            false => &mandarin,
        };
        let vocabulary = language.vocabulary();
        let spotted = Spotted {
            human: vocabulary.intent(&turn.text) == Some(Intent::Human),
            must_escalate: vocabulary.must_escalate(&turn.text),
            control: vocabulary.steers(&turn.text),
        };
        let words = classifier.read(&turn.text, spotted)?;
        // A line is a call of one turn.
        let found = CallMood::default().take(&words, None, classifier.cues());
        told.push(Told {
            mood: turn.mood,
            told: found.mood,
            probability: found.probability,
            escalate: turn.escalate,
            told_escalate: found.escalate,
            evidence: found.evidence,
            took: clock.now().since(started),
            text: turn.text,
        });
    }
    let report = Report::of(told);
    if let Some(file) = &args.report {
        super::save(&report, file)?;
    }
    records::print(&text_of(&report, &args.model, args.mistakes))
}

/// Latin letters and no hanzi; digits alone are Mandarin.
fn is_english(text: &str) -> bool {
    let hanzi = |symbol: char| ('\u{4e00}'..='\u{9fff}').contains(&symbol);
    text.contains(|symbol: char| symbol.is_ascii_alphabetic()) && !text.contains(hanzi)
}

fn text_of(report: &Report, model: &Path, mistakes: usize) -> String {
    let mut text = format!("{}, {report}", model.display());
    let wrong = report
        .turns
        .iter()
        .filter(|turn| turn.mood != turn.told || turn.escalate != turn.told_escalate.is_some());
    for turn in wrong.take(mistakes) {
        let human = |needed: bool| if needed { "human" } else { "bot" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "    {}: {} {} -> {} {} ({})",
            turn.text,
            turn.mood.name(),
            human(turn.escalate),
            turn.told.name(),
            human(turn.told_escalate.is_some()),
            turn.evidence.join("; ")
        );
    }
    text
}
