//! `yingda faq test`: what a caller would be told.

use super::{WhichArg, at_desk, find_base, now};
use crate::{
    cli::records::print,
    config::Config,
    entry::{Candidate, Finding, Verdict},
};

/// Says what a caller would be told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// `business/base`.
    base: String,
    /// What the caller says.
    #[arg(required = true)]
    questions: Vec<String>,
    /// `draft`, `published` or the number of a version.
    #[arg(long, default_value = "draft")]
    of: WhichArg,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    let findings = at_desk(config, async |desk| {
        let base = find_base(&desk, &args.base).await?.id;
        let WhichArg(which) = args.of;
        Ok(desk.test(&base, which, &args.questions, now()).await?)
    })?;
    if args.json {
        let text = serde_json::to_string_pretty(&findings)?;
        return print(&format!("{text}\n"));
    }
    let text: String = args
        .questions
        .iter()
        .zip(&findings)
        .map(|(question, finding)| told(question, finding))
        .collect();
    print(&text)
}

fn told(question: &str, finding: &Finding) -> String {
    let line = |candidate: &Candidate| {
        let entry = &candidate.entry;
        format!(
            "    {:.2}  {}  {}\n",
            candidate.score, entry.id, entry.question
        )
    };
    let (verdict, rest) = match &finding.verdict {
        Verdict::Answer { candidate } => {
            let answer = format!("{}          {}\n", line(candidate), candidate.entry.answer);
            ("answer", answer)
        }
        Verdict::Clarify { candidates } => ("clarify", candidates.iter().map(line).collect()),
        Verdict::Abstain { nearest } => ("abstain", nearest.iter().map(line).collect()),
    };
    format!("{question}\n  {verdict}\n{rest}")
}
