//! `yingda calls`: the calls there were, newest first.

use super::records::{Database, local_time, name_of, print, table};
use crate::{
    ids::LineNumber,
    storage::{CallFilter, CallSummary},
};

/// Lists calls, newest first.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: Database,
    /// Only of this line (`4008001001`).
    #[arg(long)]
    line: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// One billing record a line, as JSON; calls in progress are left out.
    #[arg(long)]
    json: bool,
    /// Show callers' numbers whole.
    #[arg(long)]
    unmasked: bool,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let filter = CallFilter {
        line: args.line.as_deref().map(LineNumber::new),
        limit: args.limit,
        ..CallFilter::default()
    };
    let calls = args
        .database
        .read(async |store| Ok(store.calls(&filter).await?))?;
    match args.json {
        true => print(&as_json(&calls, args.unmasked)?),
        false if calls.is_empty() => print("no calls\n"),
        false => print(&as_table(&calls, args.unmasked)),
    }
}

fn as_json(calls: &[CallSummary], unmasked: bool) -> anyhow::Result<String> {
    let mut text = String::new();
    for cdr in calls.iter().filter_map(|call| call.cdr.as_ref()) {
        let mut value = serde_json::to_value(cdr)?;
        if !unmasked {
            crate::pii::mask_json(&mut value);
        }
        text.push_str(&value.to_string());
        text.push('\n');
    }
    Ok(text)
}

fn as_table(calls: &[CallSummary], unmasked: bool) -> String {
    let rows: Vec<Vec<String>> = calls
        .iter()
        .map(|call| {
            let line = call
                .line
                .as_ref()
                .map_or(call.dialled.as_str(), LineNumber::as_str);
            let mut row = vec![
                call.call.to_string(),
                local_time(call.started_ms),
                line.to_owned(),
            ];
            match &call.cdr {
                Some(cdr) => {
                    let caller = cdr.caller.expose();
                    let number = match unmasked {
                        true => caller.canonical.clone(),
                        false => caller.masked(),
                    };
                    row.extend([
                        number,
                        caller.province.clone().unwrap_or_default(),
                        format!("{} s", cdr.billable_s),
                        cdr.turns.to_string(),
                        name_of(&cdr.disposition),
                        name_of(&cdr.cause),
                    ]);
                }
                None => {
                    let mut rest = vec![String::new(); 6];
                    "in progress".clone_into(&mut rest[4]);
                    row.extend(rest);
                }
            }
            row
        })
        .collect();
    let head = [
        "call",
        "began",
        "line",
        "caller",
        "from",
        "billed",
        "turns",
        "disposition",
        "cause",
    ];
    table(&head, &rows)
}
