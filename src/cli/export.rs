//! `yingda export`: everything that is known of one call, as one JSON document.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};

use super::records::{Database, print};
use crate::{
    call::{Cdr, masked},
    pii::mask_json,
    storage::Store,
    transcript::Transcript,
};

/// Writes billing record, transcript, events and recorded inputs of a call as JSON.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: Database,
    /// The call: its identifier, an unambiguous beginning of it, or `last`.
    call: String,
    /// Write here instead of printing.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Leave numbers of persons as they are.
    #[arg(long)]
    unmasked: bool,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let name = args.call;
    let mut value = args
        .database
        .read(async |store| collect(&store, &name, args.unmasked).await)?;
    if !args.unmasked {
        mask_json(&mut value);
    }
    let text = format!("{value:#}\n");
    match args.out {
        Some(path) => {
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
        }
        None => print(&text),
    }
}

async fn collect(store: &Store, name: &str, unmasked: bool) -> anyhow::Result<Value> {
    let call = store.find_call(name).await?;
    let records = store.records(call).await?;
    let inputs = store.inputs(call).await?;
    let inputs: Vec<Value> = inputs
        .into_iter()
        .map(|stored| {
            let input: Value = serde_json::from_str(&stored.json)
                .with_context(|| format!("call {call}: input {} is no JSON", stored.seq))?;
            Ok(json!({ "seq": stored.seq, "at_us": stored.at.as_micros(), "input": input }))
        })
        .collect::<anyhow::Result<_>>()?;
    let chain = match store.verify_chain(call).await {
        Ok(()) => "intact".to_owned(),
        Err(fault) => fault.to_string(),
    };
    let cdr = Cdr::from_records(call, &records);
    let shown = match unmasked {
        true => records,
        false => masked(&records),
    };
    Ok(json!({
        "call": call,
        "chain": chain,
        "cdr": cdr,
        "transcript": Transcript::from_records(&shown),
        "events": shown,
        "inputs": inputs,
    }))
}
