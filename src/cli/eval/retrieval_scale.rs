//! `yingda eval retrieval-scale`: how long a large knowledge base takes to import, index, open and ask, and what it weighs.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use jiff::civil::DateTime;

use crate::{
    cli::records,
    clock::ProcessClock,
    embedding,
    entry::Entry,
    knowledge::{KnowledgeBase, parse_csv},
    retrieval::{
        HybridIndex, IndexOptions, IndexStore, MAX_CHOICES, Query, Ranking, evaluation::Synthetic,
    },
};

/// How a knowledge base of this size does. Run it twice with the same folder: the first run builds, the second opens, and has
/// the memory of a server that was just started.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many entries.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    entries: usize,
    /// How many ways to ask each.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    phrasings: usize,
    /// How many questions are asked.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    questions: usize,
    /// How many of them are also compared with every entry, to see whether the first answer is the same.
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    compared: usize,
    /// Makes the knowledge base and the questions.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The encoder: a file, or a folder with a BERT model.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "models/yingda-encoder.safetensors"
    )]
    encoder: PathBuf,
    /// Where the index is kept.
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    if args.entries > Synthetic::MOST || args.entries == 0 {
        bail!("there are words for 1 to {} entries", Synthetic::MOST);
    }
    if !(1..=Synthetic::MOST_PHRASINGS).contains(&args.phrasings) {
        bail!("an entry has 1 to {} phrasings", Synthetic::MOST_PHRASINGS);
    }
    let clock = ProcessClock::start();
    let encoder = embedding::load(&args.encoder)?;
    let made = Synthetic::new(args.seed, args.entries, args.phrasings, args.questions);
    let store = IndexStore::new(&args.folder);
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    let seconds = |took: Duration| format!("{:.2} s", took.as_secs_f64());

    let version = KnowledgeBase::new(made.entries.clone()).version;
    if !store.folder(&version).exists() {
        let sheet = sheet(&made.entries)?;
        drop(made.entries);
        let began = clock.now();
        let base = parse_csv("synthetic", &sheet)?;
        row("import", seconds(clock.now().since(began)));
        let index = HybridIndex::build_with(
            base.version.clone(),
            base.entries,
            IndexOptions::default(),
            encoder.clone(),
            None,
        )?;
        row("import and index", seconds(clock.now().since(began)));
        let before = clock.now();
        store.save(&index)?;
        row("save", seconds(clock.now().since(before)));
    } else {
        drop(made.entries);
    }

    let before = clock.now();
    let index = store.open(&version, IndexOptions::default(), encoder)?;
    row("open", seconds(clock.now().since(before)));

    let now = DateTime::constant(2026, 10, 1, 12, 0, 0, 0);
    let (mut took_us, mut right) = (Vec::new(), 0);
    for case in &made.questions {
        let query = Query::new(&case.question, now);
        let before = clock.now();
        let finding = index.ask(&query);
        took_us.push(clock.now().since(before).as_micros() as u64);
        std::hint::black_box(finding);
    }
    row("memory", resident()?);
    let compared = &made.questions[..args.compared.min(made.questions.len())];
    let mut same = 0;
    for case in compared {
        let first = |ranked: Vec<crate::entry::Candidate>| ranked.into_iter().next();
        let (quick, exact) = (
            first(index.rank(&case.question, MAX_CHOICES)),
            first(index.rank_exhaustively(&case.question, MAX_CHOICES)),
        );
        right += usize::from(quick.as_ref().map(|found| &found.entry.id) == case.expected.as_ref());
        let id = |found: &Option<crate::entry::Candidate>| {
            found.as_ref().map(|found| found.entry.id.clone())
        };
        same += usize::from(id(&quick) == id(&exact));
    }
    took_us.sort_unstable();
    for percent in [50, 95, 99] {
        let at = (took_us.len() * percent / 100).min(took_us.len().saturating_sub(1));
        let us = took_us.get(at).copied().unwrap_or_default();
        row(
            &format!("question p{percent}"),
            format!("{:.2} ms", us as f64 / 1_000.0),
        );
    }
    let share = |part: usize| {
        format!(
            "{:.1} % of {}",
            100.0 * part as f64 / compared.len().max(1) as f64,
            compared.len()
        )
    };
    row("first answer as by every entry", share(same));
    row("right entry first", share(right));
    let head = [
        "what",
        &format!("{} entries x {}", args.entries, args.phrasings),
    ];
    records::print(&records::table(&head, &rows))
}

/// The entries as a business would bring them.
fn sheet(entries: &[Entry]) -> anyhow::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "id",
        "category",
        "question",
        "similar_questions",
        "answer",
        "action",
    ])?;
    for entry in entries {
        out.write_record([
            entry.id.as_str(),
            &entry.category,
            &entry.question,
            &entry.similar_questions.join("|"),
            &entry.answer,
            &entry.action.to_string(),
        ])?;
    }
    out.into_inner().context("memory cannot be full")
}

/// What of this process is in memory (Linux: proc(5), VmRSS), with mapped files.
fn resident() -> anyhow::Result<String> {
    let file = Path::new("/proc/self/status");
    let status =
        fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kb: u64 = kb
        .and_then(|kb| kb.trim().parse().ok())
        .context("the system says nothing about memory")?;
    Ok(format!("{:.0} MB", kb as f64 / 1_024.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_read_as_it_was_made() {
        let entries = Synthetic::new(3, 50, 3, 0).entries;
        let read = parse_csv("made", &sheet(&entries).expect("written")).expect("sound");
        assert_eq!(read.entries, entries);
        assert_eq!(read.version, KnowledgeBase::new(entries).version);
    }
}
