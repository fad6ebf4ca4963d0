//! `yingda eval retrieval`: hits, verdicts and time a question, by words alone, by vectors alone and by both.

mod agreement;
pub(in crate::cli) mod material;
mod ways;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;

use self::{
    material::{Material, read_heard, read_out_of_scope},
    ways::{Indexes, Results},
};
use crate::{
    cli::records,
    embedding::{self, Remembering, TextEncoder},
    retrieval::evaluation::{Case, Heard, Population, without_one},
};

/// How well questions find their answers.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// FAQ sheets (CSV), each a knowledge base; or paraphrase files (`.tsv`: trade, intent, phrasings), each trade one.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    knowledge: Vec<PathBuf>,
    /// Only these trades of the paraphrase files.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    trade: Vec<String>,
    /// Questions with known answers (CSV with the columns `question` and `entry`, which is empty where nothing should be
    /// answered), asked of every knowledge base. Without them, every known phrasing is asked.
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// Ask each known phrasing of an index that lacks it: similar questions of sheets, all phrasings of paraphrase files.
    #[arg(long, conflicts_with = "queries")]
    leave_one_out: bool,
    /// Also ask every knowledge base these questions, which none of them answers: one a line, by kind.
    #[arg(long, value_name = "FILE")]
    out_of_scope: Option<PathBuf>,
    /// Ask what the recogniser heard of each question, as `yingda eval hear` wrote it.
    #[arg(long, value_name = "FILE")]
    heard: Option<PathBuf>,
    /// Also ask every knowledge base what the others are asked, which it should not answer; so many questions at most.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    foreign: usize,
    /// The encoder: a file, a folder with a BERT model, or `none` for words alone.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "models/yingda-encoder.safetensors"
    )]
    encoder: PathBuf,
    /// Where to write everything as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Where to write the evidence for every entry and question, for fitting weights (tab-separated).
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    #[command(flatten)]
    comparing: agreement::Comparing,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let material = Material::read(&args.knowledge, &args.trade, args.queries.as_deref())?;
    let encoder = encoder(&args.encoder)?;
    // Left out one at a time, the same phrasings would be embedded again and again.
    let remembering = encoder
        .clone()
        .map(|encoder| -> Arc<dyn TextEncoder> { Arc::new(Remembering::new(encoder)) });
    if let Some(url) = &args.comparing.qdrant {
        return agreement::run(&args.comparing, url, &material, args.foreign, remembering);
    }
    let mut results = Results::new(encoder.is_some());
    let mut evidence = match &args.evidence {
        Some(file) => Some(ways::EvidenceFile::create(file)?),
        None => None,
    };
    let strangers = match &args.out_of_scope {
        Some(file) => read_out_of_scope(file)?,
        None => Vec::new(),
    };
    let heard = args.heard.as_deref().map(read_heard).transpose()?;
    for (at, base) in material.bases.iter().enumerate() {
        let build = |entries| Indexes::build(entries, remembering.clone());
        let whole = build(base.entries.clone())?;
        let mut ask = |indexes: &Indexes, whose, kind: &str, case: &Case| -> anyhow::Result<()> {
            let case = as_heard(heard.as_ref(), case)?;
            results.ask(indexes, whose, kind, &case);
            match &mut evidence {
                Some(file) => file.write(indexes, &case),
                None => Ok(()),
            }
        };
        if args.leave_one_out {
            for (indexes, case) in without_one(&base.entries, base.left_out, build) {
                ask(&indexes?, Population::Own, "", &case)?;
            }
        } else {
            for (whose, case) in material.cases(base) {
                ask(&whole, whose, "", &case)?;
            }
        }
        for stranger in &strangers {
            let case = Case {
                question: stranger.question.clone(),
                expected: None,
            };
            ask(&whole, Population::OutOfScope, &stranger.kind, &case)?;
        }
        let foreign = material.foreign(at, args.foreign);
        for case in &foreign {
            ask(&whole, Population::Foreign, "", case)?;
        }
        let questions = material.cases(base);
        results.time(
            &Indexes::build(base.entries.clone(), encoder.clone())?,
            questions.iter().map(|(_, case)| case).chain(&foreign),
        );
    }
    if let Some(file) = evidence {
        file.finish()?;
    }
    let names = material.bases.iter().map(|base| base.name.as_str());
    let names: Vec<&str> = names.collect();
    if let Some(file) = &args.report {
        let report = results.as_json(&names, encoder.as_deref());
        let text = format!("{}\n", serde_json::to_string_pretty(&report)?);
        std::fs::write(file, text)
            .with_context(|| format!("report {} cannot be written", file.display()))?;
    }
    let mut text = format!("{} knowledge bases: {}\n", names.len(), names.join(", "));
    if let Some(encoder) = &encoder {
        text += &format!("encoder {} {}\n", encoder.name(), encoder.version());
    }
    records::print(&(text + &results.to_string()))
}

/// `case` as it was heard, where it is asked by voice.
pub(in crate::cli) fn as_heard(heard: Option<&Heard>, case: &Case) -> anyhow::Result<Case> {
    let Some(heard) = heard else {
        return Ok(case.clone());
    };
    let heard = heard.of(case);
    heard.with_context(|| format!("nobody spoke `{}`: see `yingda eval hear`", case.question))
}

pub(in crate::cli) fn encoder(path: &Path) -> anyhow::Result<Option<Arc<dyn TextEncoder>>> {
    if path == Path::new("none") {
        return Ok(None);
    }
    Ok(Some(embedding::load(path)?))
}
