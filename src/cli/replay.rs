//! `yingda replay`: a call again from its recorded inputs, compared with its record.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;

use super::records::{Database, print};
use crate::{
    app::read_prompts,
    call::CallRecord,
    conversation::Prompts,
    session::{Replayed, replay},
    transcript::Transcript,
};

/// Replays a call from its recorded inputs and compares the result with its record, byte for byte.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: Database,
    /// The call: its name or the beginning of it.
    call: String,
    /// Folder of the sentences the bot can say.
    #[arg(long, value_name = "FOLDER", default_value = "prompts")]
    prompts: PathBuf,
    /// Print the transcript and the billing record that the replay gave, as JSON.
    #[arg(long)]
    json: bool,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let folder = args.prompts;
    let prompts = |language: &str| -> Option<Arc<Prompts>> { read_prompts(&folder, language).ok() };
    let (call, recorded, replayed) = args.database.read(async |store| {
        let call = store.find_call(&args.call).await?;
        let recorded = store.records(call).await?;
        let inputs = store.inputs(call).await?;
        let journal = inputs
            .iter()
            .map(|input| (input.seq, input.at, input.json.as_str()));
        let replayed = replay(call, journal, prompts)?;
        Ok((call, recorded, replayed))
    })?;
    if args.json {
        print(&as_json(&replayed.records, &replayed)?)?;
    }
    let wanted = lines(&recorded)?;
    let found = lines(&replayed.records)?;
    if let Some(place) = (0..wanted.len().max(found.len())).find(|&i| wanted.get(i) != found.get(i))
    {
        anyhow::bail!(
            "call {call} replays differently from event {place} on\n  recorded: {}\n  replayed: {}",
            wanted.get(place).map_or("nothing", String::as_str),
            found.get(place).map_or("nothing", String::as_str),
        );
    }
    if !args.json {
        print(&format!(
            "call {call}: {} events, transcript and billing record are the same, byte for byte\n",
            found.len()
        ))?;
    }
    Ok(())
}

fn lines(records: &[CallRecord]) -> anyhow::Result<Vec<String>> {
    records
        .iter()
        .map(|record| serde_json::to_string(record).context("an event cannot be written"))
        .collect()
}

fn as_json(records: &[CallRecord], replayed: &Replayed) -> anyhow::Result<String> {
    let transcript = Transcript::from_records(records);
    let value = serde_json::json!({ "transcript": transcript, "cdr": replayed.cdr });
    Ok(format!("{}\n", serde_json::to_string_pretty(&value)?))
}
