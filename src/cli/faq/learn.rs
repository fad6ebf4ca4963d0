//! `yingda faq learn`: what callers asked in vain, and what becomes of it.

use std::fmt::Write as _;

use clap::Subcommand;

use super::{author, find_base, in_workshop, now_ms};
use crate::{
    app::Workshop,
    cli::records::{local_time, print},
    config::Config,
    ids::EntryId,
    publishing::lessons::{Decision, Lessons, NewEntry, Taken, Usage, VersionRange},
};

/// Says what callers asked in vain, and makes something of it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// `business/base`.
    base: String,
    #[command(subcommand)]
    action: Option<LearnCommand>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum LearnCommand {
    /// Makes a draft entry of a group.
    Entry {
        /// The number of the group in the list.
        group: usize,
        /// The question; the most central one of the group, if none is given.
        #[arg(long)]
        question: Option<String>,
        /// The answer; the entry cannot be published before it has one.
        #[arg(long)]
        answer: Option<String>,
    },
    /// Adds the questions of a group to an entry of the draft.
    Phrasing {
        /// The number of the group in the list.
        group: usize,
        /// The entry.
        entry: String,
    },
    /// Lays a group aside.
    Dismiss {
        /// The number of the group in the list.
        group: usize,
    },
    /// Says which entries are never said, and after which callers ask for a human.
    Usage,
}

pub(super) fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    let text = in_workshop(config, async |workshop| {
        let Workshop { desk, classroom } = workshop;
        let base = find_base(&desk, &args.base).await?.id;
        classroom.collect().await?;
        if let Some(LearnCommand::Usage) = args.action {
            let usage = classroom.usage(&base, &VersionRange::default()).await?;
            return Ok(match args.json {
                true => format!("{}\n", serde_json::to_string_pretty(&usage)?),
                false => shown_usage(&usage),
            });
        }
        let lessons = classroom.clusters(&base, None).await?;
        let decision = Decision {
            author: author(),
            at_ms: now_ms(),
        };
        let group = |number: usize| {
            let group = number
                .checked_sub(1)
                .and_then(|place| lessons.groups.get(place));
            let group = group.ok_or_else(|| anyhow::anyhow!("there is no group {number}"))?;
            Ok::<_, anyhow::Error>(group.lessons.clone())
        };
        let taken = match args.action {
            None | Some(LearnCommand::Usage) => {
                return Ok(match args.json {
                    true => format!("{}\n", serde_json::to_string_pretty(&lessons)?),
                    false => shown(&lessons),
                });
            }
            Some(LearnCommand::Entry {
                group: number,
                question,
                answer,
            }) => {
                let entry = NewEntry {
                    question,
                    answer,
                    category: None,
                };
                classroom
                    .make_entry(&base, &group(number)?, &entry, &decision)
                    .await?
            }
            Some(LearnCommand::Phrasing {
                group: number,
                entry,
            }) => {
                let entry = EntryId::new(entry);
                classroom
                    .add_phrasing(&base, &group(number)?, &entry, &decision)
                    .await?
            }
            Some(LearnCommand::Dismiss { group: number }) => {
                classroom.dismiss(&base, &group(number)?, &decision).await?;
                return Ok("laid aside\n".to_owned());
            }
        };
        Ok(match args.json {
            true => format!("{}\n", serde_json::to_string_pretty(&taken)?),
            false => shown_taken(&taken),
        })
    })?;
    print(&text)
}

fn shown(lessons: &Lessons) -> String {
    let mut text = String::new();
    for (number, group) in (1..).zip(&lessons.groups) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{number}. {} ({} times in {} calls, last {})",
            group.question,
            group.count,
            group.calls,
            local_time(group.last_ms)
        );
        if let Some(nearest) = &group.nearest {
            let _ = writeln!(text, "     nearest: {} {}", nearest.entry, nearest.question);
        }
        for example in &group.examples {
            let _ = writeln!(text, "     {}  {}", example.call, example.question);
        }
    }
    match text.is_empty() {
        true => "nothing was asked in vain\n".to_owned(),
        false => text,
    }
}

fn shown_taken(taken: &Taken) -> String {
    let unwritten = match taken.unwritten {
        true => "; its answer is still to be written",
        false => "",
    };
    format!(
        "entry {} of the draft now also has {}{unwritten}\n",
        taken.entry,
        taken.added.join(", ")
    )
}

fn shown_usage(usage: &Usage) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{} answers", usage.answers);
    for entry in &usage.unhelpful {
        let rate = entry.unhelpful;
        let _ = writeln!(
            text,
            "{} {}: no help for {} of {} callers ({:.0} to {:.0} %), {} of them asked for a human",
            entry.entry,
            entry
                .question
                .as_deref()
                .unwrap_or("(not published any more)"),
            rate.count,
            rate.of,
            100.0 * rate.low,
            100.0 * rate.high,
            entry.asked_for_human.count,
        );
    }
    for entry in &usage.never {
        let _ = writeln!(text, "never said: {} {}", entry.entry, entry.question);
    }
    text
}
