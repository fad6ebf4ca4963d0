//! `yingda faq propose`: further phrasings of entries, to accept or strike.

use std::fmt::Write as _;

use clap::Subcommand;

use super::{at_desk, find_base};
use crate::{
    cli::records::print,
    config::Config,
    ids::EntryId,
    publishing::{Proposed, Source},
    storage::knowledge::{ProposedPhrasing, Ruling},
};

/// Proposes further phrasings of the draft's entries. Lists what waits for a ruling.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// `business/base`.
    base: String,
    /// Ask the language model, too.
    #[arg(long)]
    model: bool,
    /// Only for these entries.
    #[arg(long = "entry", value_name = "ENTRY")]
    entries: Vec<String>,
    #[command(subcommand)]
    ruling: Option<RulingCommand>,
}

#[derive(Debug, Subcommand)]
enum RulingCommand {
    /// Makes proposals similar questions of the draft.
    Accept(Numbers),
    /// Lays proposals aside; they are not made again.
    Strike(Numbers),
}

#[derive(Debug, clap::Args)]
struct Numbers {
    /// The numbers in the list; `all` for all.
    #[arg(required = true)]
    numbers: Vec<String>,
}

pub(super) fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    let text = at_desk(config, async |desk| {
        let base = find_base(&desk, &args.base).await?.id;
        if let Some(ruling) = args.ruling {
            let (ruling, numbers) = match ruling {
                RulingCommand::Accept(numbers) => (Ruling::Accept, numbers),
                RulingCommand::Strike(numbers) => (Ruling::Strike, numbers),
            };
            let waiting = desk.store().proposals(&base).await?;
            let rulings: Vec<_> = numbers
                .of(waiting)?
                .into_iter()
                .map(|proposal| (proposal.entry, proposal.phrasing, ruling))
                .collect();
            let ruled = desk.store().rule(&base, &rulings).await?;
            let done = match ruling {
                Ruling::Accept => "accepted into the draft",
                Ruling::Strike => "struck",
            };
            return Ok(format!("{ruled} phrasings {done}\n"));
        }
        let entries: Vec<EntryId> = args.entries.into_iter().map(EntryId::new).collect();
        let entries = (!entries.is_empty()).then_some(&entries[..]);
        let source = match args.model {
            true => Source::Model,
            false => Source::Patterns,
        };
        let proposed = desk.propose(&base, entries, source).await?;
        Ok(shown(proposed, &desk.store().proposals(&base).await?))
    })?;
    print(&text)
}

impl Numbers {
    /// What the numbers mean.
    fn of(&self, waiting: Vec<ProposedPhrasing>) -> anyhow::Result<Vec<ProposedPhrasing>> {
        if let [all] = &self.numbers[..]
            && all == "all"
        {
            return Ok(waiting);
        }
        let meant = |number: &String| {
            let place = number.parse::<usize>().ok()?.checked_sub(1)?;
            waiting.get(place).cloned()
        };
        self.numbers
            .iter()
            .map(|number| {
                meant(number).ok_or_else(|| anyhow::anyhow!("there is no proposal `{number}`"))
            })
            .collect()
    }
}

fn shown(proposed: Proposed, waiting: &[ProposedPhrasing]) -> String {
    let mut text = String::new();
    for (number, proposal) in (1..).zip(waiting) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{number}. {}  {}  ({})",
            proposal.entry, proposal.phrasing, proposal.source
        );
    }
    let Proposed { new, entries, left } = proposed;
    let _ = writeln!(
        text,
        "{} wait for a ruling, {new} of them new, for {entries} entries",
        waiting.len()
    );
    if left > 0 {
        let _ = writeln!(
            text,
            "{left} entries were not looked at; name them with --entry"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> Vec<ProposedPhrasing> {
        let proposal = |phrasing: &str| ProposedPhrasing {
            entry: EntryId::new("A1"),
            phrasing: phrasing.to_owned(),
            source: "other word: 修 -> 维修".to_owned(),
        };
        ["怎么维修", "维修的方法"].map(proposal).to_vec()
    }

    #[test]
    fn numbers_are_those_of_the_list() {
        let meant = |numbers: &[&str]| {
            let numbers = Numbers {
                numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
            };
            let found = numbers.of(waiting());
            found.map(|found| found.into_iter().map(|it| it.phrasing).collect::<Vec<_>>())
        };
        assert_eq!(meant(&["2"]).expect("known"), ["维修的方法"]);
        assert_eq!(meant(&["all"]).expect("known").len(), 2);
        for wrong in ["0", "3", "-1", "x"] {
            let error = meant(&["1", wrong]).expect_err("unknown");
            assert_eq!(error.to_string(), format!("there is no proposal `{wrong}`"));
        }
    }

    #[test]
    fn the_list_says_what_was_not_looked_at() {
        let proposed = Proposed {
            new: 1,
            entries: 200,
            left: 3,
        };
        let text = shown(proposed, &waiting());
        assert!(
            text.starts_with("1. A1  怎么维修  (other word: 修 -> 维修)\n2. "),
            "{text}"
        );
        assert!(
            text.contains("2 wait for a ruling, 1 of them new, for 200 entries"),
            "{text}"
        );
        assert!(text.contains("3 entries were not looked at"), "{text}");
    }
}
