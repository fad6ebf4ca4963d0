//! The ways to look a question up, beside each other: by words, by vectors, by both.

use std::{
    fmt,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::Arc,
};

use anyhow::Context;

use crate::{
    cli::records,
    clock::ProcessClock,
    embedding::TextEncoder,
    entry::Entry,
    ids::KnowledgeVersion,
    retrieval::{
        HybridIndex, LexicalIndex, Ranking, RetrievalConfig,
        evaluation::{Case, Population, Populations, Report},
    },
};

/// Questions of each knowledge base whose time is taken.
const TIMED: usize = 500;

/// Their names; without an encoder there is only the first.
const WAYS: [&str; 3] = ["words", "vectors", "both"];

/// A knowledge base, indexed for every way there is.
pub(super) enum Indexes {
    Lexical(Box<LexicalIndex>),
    Hybrid(HybridIndex),
}

impl Indexes {
    pub(super) fn build(
        entries: Vec<Entry>,
        encoder: Option<Arc<dyn TextEncoder>>,
    ) -> anyhow::Result<Self> {
        let version = KnowledgeVersion::new("eval");
        let config = RetrievalConfig::default();
        Ok(match encoder {
            Some(encoder) => Self::Hybrid(HybridIndex::build(version, entries, config, encoder)?),
            None => Self::Lexical(Box::new(LexicalIndex::build(version, entries, config))),
        })
    }

    /// Carries `work` out with the index of each way, in the order of [`WAYS`].
    fn each(&self, mut work: impl FnMut(usize, &dyn Ranking)) {
        match self {
            Self::Lexical(lexical) => work(0, &**lexical),
            Self::Hybrid(hybrid) => {
                work(0, hybrid.lexical());
                work(1, &hybrid.dense());
                work(2, hybrid);
            }
        }
    }
}

/// What became of all cases, way by way.
pub(super) struct Results {
    ways: Vec<Way>,
    clock: ProcessClock,
}

#[derive(Default)]
struct Way {
    populations: Populations,
    /// Of each timed question, in microseconds.
    took_us: Vec<u64>,
}

impl Way {
    /// The time that `percent` of the questions took at most, in milliseconds.
    fn percentile_ms(&self, percent: usize) -> f64 {
        let mut sorted = self.took_us.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0.0, |&us| us as f64 / 1_000.0)
    }
}

impl Results {
    pub(super) fn new(with_encoder: bool) -> Self {
        let count = if with_encoder { WAYS.len() } else { 1 };
        Self {
            ways: (0..count).map(|_| Way::default()).collect(),
            clock: ProcessClock::start(),
        }
    }

    pub(super) fn ask(&mut self, indexes: &Indexes, whose: Population, kind: &str, case: &Case) {
        indexes.each(|way, index| {
            let populations = &mut self.ways[way].populations;
            populations.add(index, whose, kind, case);
        });
    }

    /// Takes the time of some questions. The encoder of `indexes` must not remember them.
    pub(super) fn time<'a>(&mut self, indexes: &Indexes, cases: impl Iterator<Item = &'a Case>) {
        for case in cases.take(TIMED) {
            indexes.each(|way, index| {
                let before = self.clock.now();
                index.verdict(&case.question);
                let took = self.clock.now().since(before);
                self.ways[way].took_us.push(took.as_micros() as u64);
            });
        }
    }

    pub(super) fn as_json(
        &self,
        bases: &[&str],
        encoder: Option<&dyn TextEncoder>,
    ) -> serde_json::Value {
        let told = |report: &Report| {
            serde_json::json!({
                "report": report,
                "mean_reciprocal_rank": report.mean_reciprocal_rank(),
            })
        };
        let ways = WAYS.iter().zip(&self.ways).map(|(name, way)| {
            let populations = way
                .populations
                .each()
                .map(|(whose, report)| (whose.name().replace(' ', "_"), told(report)));
            let kinds = way.populations.kinds().map(|(kind, asked, answered)| {
                let counts = serde_json::json!({ "asked": asked, "answered": answered });
                (kind.to_owned(), counts)
            });
            let value = serde_json::json!({
                "together": told(&way.populations.together()),
                "populations": populations.collect::<serde_json::Map<_, _>>(),
                "out_of_scope_kinds": kinds.collect::<serde_json::Map<_, _>>(),
                "median_ms": way.percentile_ms(50),
                "p95_ms": way.percentile_ms(95),
            });
            ((*name).to_owned(), value)
        });
        let encoder = encoder.map(
            |encoder| serde_json::json!({ "name": encoder.name(), "version": encoder.version() }),
        );
        serde_json::json!({
            "knowledge": bases,
            "encoder": encoder,
            "ways": ways.collect::<serde_json::Map<_, _>>(),
        })
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = [
            "by",
            "questions",
            "cases",
            "hit@1",
            "hit@3",
            "MRR",
            "answered right",
            "answered wrong",
            "offered",
            "right among them",
            "abstained",
            "median",
            "p95",
        ];
        let mut rows = Vec::new();
        for (name, way) in WAYS.iter().zip(&self.ways) {
            let times = [50, 95].map(|percent| format!("{:.2} ms", way.percentile_ms(percent)));
            let mut label = *name;
            for (whose, report) in way.populations.each() {
                rows.push(row(
                    std::mem::take(&mut label),
                    whose.name(),
                    report,
                    &times,
                ));
            }
            if way.populations.each().count() > 1 {
                rows.push(row("", "all", &way.populations.together(), &times));
            }
        }
        f.write_str(&records::table(&head, &rows))?;
        if let Some(way) = self.ways.last() {
            for (kind, asked, answered) in way.populations.kinds() {
                let kind = if kind.is_empty() { "of no kind" } else { kind };
                writeln!(f, "out of scope, {kind}: {answered} of {asked} answered")?;
            }
            if way
                .populations
                .each()
                .any(|(whose, _)| whose == Population::Foreign)
            {
                writeln!(
                    f,
                    "foreign: known by another knowledge base; this one may well have an answer of its own"
                )?;
            }
        }
        Ok(())
    }
}

/// A row of the table. What needs a right entry is left empty where there is none.
fn row(name: &str, questions: &str, report: &Report, times: &[String; 2]) -> Vec<String> {
    let all = |part| format!("{:.1} % ({part})", report.percent(part));
    let in_scope = |text: String| match report.in_scope {
        0 => String::new(),
        _ => text,
    };
    let hit = |part| in_scope(format!("{:.1} %", report.percent_in_scope(part)));
    vec![
        name.to_owned(),
        questions.to_owned(),
        report.cases.to_string(),
        hit(report.hit_at_1),
        hit(report.hit_at_3),
        in_scope(format!("{:.3}", report.mean_reciprocal_rank())),
        in_scope(all(report.answered)),
        all(report.wrong),
        all(report.clarified),
        in_scope(all(report.clarified_right)),
        all(report.abstained),
        times[0].clone(),
        times[1].clone(),
    ]
}

/// The evidence for every entry and question, tab-separated: what `scripts/train/encoder/fusion.py` reads.
pub(super) struct EvidenceFile {
    file: BufWriter<File>,
    cases: usize,
}

impl EvidenceFile {
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path)
            .with_context(|| format!("evidence {} cannot be written", path.display()))?;
        let mut file = BufWriter::new(file);
        writeln!(file, "case\tin_scope\tright\tlexical\tliteral\tmost\tmean")?;
        Ok(Self { file, cases: 0 })
    }

    pub(super) fn write(&mut self, indexes: &Indexes, case: &Case) -> anyhow::Result<()> {
        let Indexes::Hybrid(index) = indexes else {
            anyhow::bail!("without an encoder there is no evidence to write");
        };
        for found in index.evidence(&case.question)? {
            writeln!(
                self.file,
                "{}\t{}\t{}\t{:.5}\t{:.2}\t{:.5}\t{:.5}",
                self.cases,
                u8::from(case.expected.is_some()),
                u8::from(case.expected.as_ref() == Some(&found.entry.id)),
                found.lexical,
                found.literal.unwrap_or(0.0),
                found.nearness.most,
                found.nearness.mean,
            )?;
        }
        self.cases += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.file.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{embedding::fake::FakeEncoder, ids::EntryId, retrieval::fake::FakeIndex};

    #[test]
    fn every_way_has_its_row() {
        let entries = vec![
            FakeIndex::entry("A1", "空调坏了怎么报修", "好的。"),
            FakeIndex::entry("A2", "怎么开发票", "好的。"),
        ];
        let case = Case {
            question: "怎么开发票".to_owned(),
            expected: Some(EntryId::new("A2")),
        };
        let rows = |encoder: Option<Arc<dyn TextEncoder>>| -> Vec<String> {
            let mut results = Results::new(encoder.is_some());
            let indexes = Indexes::build(entries.clone(), encoder).expect("built");
            results.ask(&indexes, Population::Own, "", &case);
            let stranger = Case {
                question: "讲个笑话".to_owned(),
                expected: None,
            };
            results.ask(&indexes, Population::OutOfScope, "闲聊", &stranger);
            results.time(&indexes, [&case].into_iter());
            let told = results.as_json(&["a"], None);
            let words = &told["ways"]["words"];
            assert_eq!(words["together"]["report"]["answered"], 1);
            assert_eq!(words["populations"]["out_of_scope"]["report"]["cases"], 1);
            let text = results.to_string();
            let rows = text.lines().skip(1);
            rows.map(|row| row.split("  ").next().unwrap_or_default().to_owned())
                .collect()
        };
        let kinds = "out of scope, 闲聊: 0 of 1 answered";
        assert_eq!(rows(None), ["words", "", "", kinds]);
        let three = WAYS.iter().flat_map(|name| [*name, "", ""]);
        let encoder: Arc<dyn TextEncoder> = Arc::new(FakeEncoder::default());
        let told = rows(Some(encoder));
        assert!(three.eq(told[..9].iter().map(String::as_str)), "{told:#?}");
    }

    #[test]
    fn the_percentile_is_one_of_the_times() {
        let mut way = Way::default();
        assert_eq!(way.percentile_ms(95), 0.0);
        way.took_us = (1..=100).rev().map(|ms| ms * 1_000).collect();
        assert_eq!((way.percentile_ms(50), way.percentile_ms(95)), (51.0, 96.0));
        way.took_us = vec![7_000];
        assert_eq!(way.percentile_ms(95), 7.0);
    }
}
