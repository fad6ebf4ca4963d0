//! Whether a Qdrant server and the index in process give the same answers, and how long each takes.
//!
//! Every base becomes an edition of its own on the server, however small it is, and is asked there and in process: its phrasings,
//! the same misheard, what the other bases are asked, and whatever a file holds. Then a phrasing of each entry is left out, and
//! asked of what remains.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use tokio::runtime::Runtime;

use super::material::{Base, Material};
use crate::{
    cli::records,
    clock::ProcessClock,
    embedding::TextEncoder,
    entry::{Candidate, Entry},
    ids::{BaseId, BaseName, BusinessId, EntryId},
    knowledge::KnowledgeBase,
    retrieval::{
        HybridIndex, LexicalIndex, MAX_CHOICES, Ranking, RetrievalConfig,
        evaluation::{LeftOut, Mishearing, Synthetic, one_left_out_of_each},
        qdrant::{
            Local, Outcome, Qdrant, QdrantIndex, QdrantServer, QdrantSettings, ServerConfig,
            ServerKey,
        },
    },
};

/// The share of first answers that must be the same.
const ENOUGH: f64 = 0.99;

/// Longer than any search takes: one that is answered in process says nothing about agreement.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The chances that a character is heard as another that sounds the same, and that it is not heard.
const MISHEARD: (f64, f64) = (0.1, 0.04);

/// Phrasings that are left out, of each entry one at a time; more are seldom there.
const MOST_LEFT_OUT: usize = 4;

/// Which server is compared, and with what besides the knowledge files.
#[derive(Debug, clap::Args)]
pub(super) struct Comparing {
    /// Ask everything also through the Qdrant server at this gRPC address, and compare the answers instead of judging them.
    /// Fails where fewer than 99 in 100 first answers are the same. What it puts there is removed again.
    #[arg(long, value_name = "URL")]
    pub qdrant: Option<String>,
    /// The file with the server's API key.
    #[arg(long, value_name = "FILE", requires = "qdrant")]
    qdrant_key: Option<PathBuf>,
    /// A text file with further questions, one a line, which are asked of every knowledge base.
    #[arg(long, value_name = "FILE", requires = "qdrant")]
    further: Option<PathBuf>,
    /// Also compare on one base of all knowledge files together, where recall has the most to leave out.
    #[arg(long, requires = "qdrant")]
    together: bool,
    /// Also compare on a made-up base with so many entries.
    #[arg(long, value_name = "COUNT", default_value_t = 0, requires = "qdrant")]
    synthetic: usize,
    /// Of each base, of what is left out and of further questions, ask so many at most, evenly taken.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 2_000,
        requires = "qdrant"
    )]
    most: usize,
}

/// A base and its questions.
struct Matter {
    name: String,
    entries: Vec<Entry>,
    left_out: LeftOut,
    questions: Vec<String>,
}

/// What came of a base.
#[derive(Default)]
struct Row {
    name: String,
    entries: usize,
    questions: usize,
    same_first: usize,
    same_all: usize,
    /// Of every search, in microseconds.
    server_us: Vec<u64>,
    process_us: Vec<u64>,
    different: Vec<String>,
}

struct Comparison {
    runtime: Runtime,
    clock: ProcessClock,
    qdrant: Qdrant,
    encoder: Option<Arc<dyn TextEncoder>>,
    most: usize,
}

/// Carries it out.
pub(super) fn run(
    args: &Comparing,
    url: &str,
    material: &Material,
    foreign: usize,
    encoder: Option<Arc<dyn TextEncoder>>,
) -> anyhow::Result<()> {
    let comparison = Comparison::open(args, url, encoder)?;
    let mut rows = Vec::new();
    for matter in matters(args, material, foreign)? {
        let row = comparison.compare(&matter)?;
        eprintln!(
            "{}: {} of {} the same",
            row.name, row.same_first, row.questions
        );
        rows.push(row);
    }
    let total = Row::total(&rows);
    let mut text = String::new();
    for difference in total.different.iter().take(20) {
        text += &format!("{difference}\n");
    }
    rows.push(total);
    text += &table(&rows);
    let outcomes = comparison.qdrant.status().searches;
    let (answered, not) =
        outcomes
            .iter()
            .fold((0, 0), |(answered, not), &(what, count)| match what {
                Outcome::Answered => (answered + count, not),
                _ => (answered, not + count),
            });
    text += &format!("the server answered {answered} recalls and failed {not}\n");
    records::print(&text)?;
    let total = &rows[rows.len() - 1];
    if answered == 0 || not * 100 > answered {
        bail!("the server did not answer, so nothing was compared");
    }
    if (total.same_first as f64) < ENOUGH * total.questions as f64 {
        bail!(
            "fewer than {:.0} % of the first answers are the same",
            100.0 * ENOUGH
        );
    }
    Ok(())
}

fn matters(args: &Comparing, material: &Material, foreign: usize) -> anyhow::Result<Vec<Matter>> {
    let further = match &args.further {
        None => Vec::new(),
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("questions {} cannot be read", file.display()))?
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect(),
    };
    let asked_of = |base: &Base| -> Vec<String> {
        let cases = material.cases(base).into_iter();
        cases.map(|(_, case)| case.question).collect()
    };
    let mut all: Vec<Matter> = Vec::new();
    for (at, base) in material.bases.iter().enumerate() {
        let mut questions = asked_of(base);
        questions.extend(
            material
                .foreign(at, foreign)
                .into_iter()
                .map(|case| case.question),
        );
        all.push(Matter {
            name: base.name.clone(),
            entries: base.entries.clone(),
            left_out: base.left_out,
            questions,
        });
    }
    if args.together {
        let mut entries: Vec<Entry> = Vec::new();
        for (at, base) in material.bases.iter().enumerate() {
            // Businesses number their entries alike.
            entries.extend(base.entries.iter().cloned().map(|mut entry| {
                entry.id = EntryId::new(format!("{at}-{}", entry.id));
                entry
            }));
        }
        all.push(Matter {
            name: "all together".to_owned(),
            questions: material.bases.iter().flat_map(asked_of).collect(),
            left_out: LeftOut::EveryPhrasing,
            entries,
        });
    }
    if args.synthetic > 0 {
        anyhow::ensure!(
            args.synthetic <= Synthetic::MOST,
            "there are words for {} entries",
            Synthetic::MOST
        );
        let made = Synthetic::new(1, args.synthetic, 3, 1_000);
        let cases = made.questions.into_iter();
        all.push(Matter {
            name: "made up".to_owned(),
            entries: made.entries,
            left_out: LeftOut::SimilarQuestions,
            questions: cases.map(|case| case.question).collect(),
        });
    }
    for matter in &mut all {
        let language: String = matter.questions.concat();
        let mut mishearing = Mishearing::new(1, &language, MISHEARD.0, MISHEARD.1);
        let heard = matter.questions.iter().map(|text| mishearing.of(text));
        let heard: Vec<String> = heard.collect();
        matter.questions.extend(heard);
        matter.questions.extend(further.iter().cloned());
        matter.questions = evenly(std::mem::take(&mut matter.questions), args.most);
    }
    Ok(all)
}

/// At most so many of `all`.
fn evenly<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let step = all.len().div_ceil(most.max(1)).max(1);
    all.into_iter().step_by(step).collect()
}

impl Comparison {
    fn open(
        args: &Comparing,
        url: &str,
        encoder: Option<Arc<dyn TextEncoder>>,
    ) -> anyhow::Result<Self> {
        let key = match &args.qdrant_key {
            None => None,
            Some(file) => {
                let key = std::fs::read_to_string(file)
                    .with_context(|| format!("key {} cannot be read", file.display()))?;
                let key = ServerKey::new(&key);
                Some(key.with_context(|| format!("{} holds no key", file.display()))?)
            }
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        let clock = ProcessClock::start();
        let config = ServerConfig {
            url: url.to_owned(),
            key,
            allow_http: false,
            timeout: TIMEOUT,
        };
        let server = QdrantServer::new(&config).context("--qdrant")?;
        let version = runtime.block_on(server.version())?;
        eprintln!("qdrant {version}");
        let settings = QdrantSettings {
            prefix: format!("yingda-eval-{}", std::process::id()),
            timeout: TIMEOUT,
            retries: 2,
            from_entries: 0,
        };
        let handle = runtime.handle().clone();
        Ok(Self {
            qdrant: Qdrant::new(Arc::new(server), settings, handle, move || clock.now()),
            runtime,
            clock,
            encoder,
            most: args.most,
        })
    }

    fn compare(&self, matter: &Matter) -> anyhow::Result<Row> {
        let base = BaseId {
            business: BusinessId::new("eval"),
            name: BaseName::new(&matter.name),
        };
        let compared = self.compare_base(&base, matter);
        // Also after a failure.
        let cleared = self.runtime.block_on(self.qdrant.clear(&base));
        let row = compared?;
        cleared?;
        Ok(row)
    }

    fn compare_base(&self, base: &BaseId, matter: &Matter) -> anyhow::Result<Row> {
        let mut row = Row {
            name: matter.name.clone(),
            entries: matter.entries.len(),
            ..Row::default()
        };
        let mut indexes = self.indexes(base, matter.entries.clone())?;
        for question in &matter.questions {
            self.ask(&indexes, question, &mut row);
        }
        for place in 0..MOST_LEFT_OUT {
            let (rest, cases) = one_left_out_of_each(&matter.entries, matter.left_out, place);
            if cases.is_empty() {
                break;
            }
            indexes = self.indexes(base, rest)?;
            for case in evenly(cases, self.most) {
                self.ask(&indexes, &case.question, &mut row);
            }
        }
        Ok(row)
    }

    /// The index in process, and the same through the server, which holds it.
    fn indexes(&self, base: &BaseId, entries: Vec<Entry>) -> anyhow::Result<(Local, QdrantIndex)> {
        let KnowledgeBase { version, entries } = KnowledgeBase::new(entries);
        let config = RetrievalConfig::default();
        let local = match &self.encoder {
            Some(encoder) => {
                let index = HybridIndex::build(version, entries, config, encoder.clone())?;
                Local::Hybrid(Arc::new(index))
            }
            None => Local::Lexical(Arc::new(LexicalIndex::build(version, entries, config))),
        };
        let index = self.qdrant.attached(base, local.clone());
        self.runtime.block_on(self.qdrant.settle())?;
        Ok((local, index))
    }

    fn ask(&self, (local, index): &(Local, QdrantIndex), question: &str, row: &mut Row) {
        let timed = |ranking: &dyn Ranking| {
            let before = self.clock.now();
            let ranked = ranking.rank(question, MAX_CHOICES + 1);
            let took = self.clock.now().since(before).as_micros() as u64;
            (ranked, took)
        };
        // The encoder remembers the question after the first of them: neither's time has it.
        local.ranking().rank(question, 1);
        let (server, took) = timed(index);
        row.server_us.push(took);
        let (process, took) = timed(local.ranking());
        row.process_us.push(took);
        row.questions += 1;
        let first = |ranked: &[Candidate]| ranked.first().map(|found| found.entry.id.clone());
        row.same_all += usize::from(server == process);
        if first(&server) == first(&process) {
            row.same_first += 1;
        } else {
            let shown = |ranked: &[Candidate]| match ranked.first() {
                Some(found) => format!("{} {:.2}", found.entry.id, found.score),
                None => "nothing".to_owned(),
            };
            row.different.push(format!(
                "{}: {question}: {} by the server, {} in process",
                row.name,
                shown(&server),
                shown(&process)
            ));
        }
    }
}

impl Row {
    fn total(rows: &[Self]) -> Self {
        let mut total = Self {
            name: "total".to_owned(),
            ..Self::default()
        };
        for row in rows {
            total.entries += row.entries;
            total.questions += row.questions;
            total.same_first += row.same_first;
            total.same_all += row.same_all;
            total.server_us.extend(&row.server_us);
            total.process_us.extend(&row.process_us);
            total.different.extend(row.different.iter().cloned());
        }
        total
    }
}

/// The time that `percent` of the searches took at most.
struct Percentile<'a>(&'a [u64], usize);

impl fmt::Display for Percentile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.to_vec();
        sorted.sort_unstable();
        let at = (sorted.len() * self.1 / 100).min(sorted.len().saturating_sub(1));
        let us = sorted.get(at).copied().unwrap_or_default();
        write!(f, "{:.2} ms", us as f64 / 1_000.0)
    }
}

fn table(rows: &[Row]) -> String {
    let head = [
        "base",
        "entries",
        "questions",
        "same first answer",
        "same four, same scores",
        "server p50",
        "p99",
        "process p50",
        "p99",
    ];
    let rows = rows.iter().map(|row| {
        let share = |part: usize| {
            let percent = 100.0 * part as f64 / row.questions.max(1) as f64;
            format!("{percent:.2} %")
        };
        vec![
            row.name.clone(),
            row.entries.to_string(),
            row.questions.to_string(),
            share(row.same_first),
            share(row.same_all),
            Percentile(&row.server_us, 50).to_string(),
            Percentile(&row.server_us, 99).to_string(),
            Percentile(&row.process_us, 50).to_string(),
            Percentile(&row.process_us, 99).to_string(),
        ]
    });
    records::table(&head, &rows.collect::<Vec<_>>())
}
