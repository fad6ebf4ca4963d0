//! `yingda show`: one call as a person reads it.

use std::fmt::Write;

use super::records::{Database, local_time, name_of, offset, pad, print, width};
use crate::{
    call::{CallEvent, CallRecord, Cdr},
    ids::{CallId, LineNumber},
    pii::mask_json,
    storage::Store,
    transcript::{Line, Speaker, Transcript},
};

/// Shows a call: who said what and when, verdicts, scores, latencies.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: Database,
    /// The call: its identifier, an unambiguous beginning of it, or `last`.
    #[arg(default_value = "last")]
    call: String,
    /// Show numbers of persons whole.
    #[arg(long)]
    unmasked: bool,
    /// As JSON: billing record and transcript.
    #[arg(long)]
    json: bool,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let name = args.call;
    let (call, records, intact) = args.database.read(async |store: Store| {
        let call = store.find_call(&name).await?;
        let records = store.records(call).await?;
        let fault = store.verify_chain(call).await.err();
        Ok((call, records, fault.map(|fault| fault.to_string())))
    })?;
    let cdr = Cdr::from_records(call, &records);
    let transcript = match args.unmasked {
        true => Transcript::from_records(&records),
        false => Transcript::masked_from_records(&records),
    };
    if args.json {
        let mut cdr = serde_json::to_value(&cdr)?;
        if !args.unmasked {
            mask_json(&mut cdr);
        }
        let value = serde_json::json!({ "cdr": cdr, "transcript": transcript });
        return print(&format!("{value:#}\n"));
    }
    let mut text = head(call, &records, cdr.as_ref(), args.unmasked);
    if let Some(fault) = intact {
        text.push_str(&format!("\nWARNING  {fault}\n"));
    }
    text.push('\n');
    for line in &transcript.lines {
        text.push_str(&line_of(line));
    }
    print(&text)
}

fn head(call: CallId, records: &[CallRecord], cdr: Option<&Cdr>, unmasked: bool) -> String {
    let mut rows = vec![("call", call.to_string())];
    if let Some(CallEvent::Offered {
        wall_ms,
        dialled,
        line,
        business,
        caller,
        ..
    }) = records.first().map(|record| &record.event)
    {
        let caller = caller.expose();
        let number = match unmasked {
            true => caller.canonical.clone(),
            false => caller.masked(),
        };
        let place = caller.province.as_deref().unwrap_or_default();
        rows.push(("began", local_time(*wall_ms)));
        let line = line.as_ref().map_or("unknown line", LineNumber::as_str);
        let owner = business.as_ref().map_or("", |business| business.as_str());
        rows.push(("line", format!("{line} {owner} (dialled {dialled})")));
        rows.push(("caller", format!("{number} {place}").trim_end().to_owned()));
    }
    match cdr {
        Some(cdr) => {
            rows.push((
                "ended",
                format!("{} by {}", name_of(&cdr.cause), name_of(&cdr.ended_by)),
            ));
            rows.push(("disposition", name_of(&cdr.disposition)));
            rows.push((
                "time",
                format!(
                    "ring {:.1} s, bot {:.1} s, waiting for agent {:.1} s, agent {:.1} s; billed {} s",
                    seconds(cdr.ring_ms),
                    seconds(cdr.talk_bot_ms),
                    seconds(cdr.ring_agent_ms),
                    seconds(cdr.talk_agent_ms),
                    cdr.billable_s
                ),
            ));
            rows.push((
                "turns",
                format!(
                    "{}: {} answered, {} clarified, {} abstained",
                    cdr.turns, cdr.answered, cdr.clarified, cdr.abstained
                ),
            ));
            rows.extend(cdr.agent.clone().map(|agent| ("agent", agent)));
            rows.extend(cdr.recording.clone().map(|file| ("recording", file)));
        }
        None => rows.push(("ended", "not yet".to_owned())),
    }
    let mut text = String::new();
    for (name, value) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{} {value}", pad(name, 12));
    }
    text
}

/// `00:04.2  caller  洗衣机怎么修` and below it what the bot made of it.
fn line_of(line: &Line) -> String {
    const INDENT: usize = 18;
    let said = line.text.expose();
    let (speaker, text) = match line.speaker {
        Speaker::Caller => ("caller", said.clone()),
        Speaker::Bot => ("bot", said.clone()),
        Speaker::Agent => ("agent", said.clone()),
        Speaker::System => {
            let detail = line.detail.as_deref().map(|detail| format!(": {detail}"));
            let detail = detail.unwrap_or_default();
            ("·", format!("{}{detail}", said.replace('_', " ")))
        }
    };
    let mut out = String::new();
    let start = format!("{}  {}", offset(line.at_ms), pad(speaker, 7));
    for (number, part) in wrap(&text, 76).into_iter().enumerate() {
        let lead = match number {
            0 => pad(&start, INDENT),
            _ => " ".repeat(INDENT),
        };
        out.push_str(&format!("{lead}{part}\n"));
    }
    let mut notes = Vec::new();
    if let Some(decision) = &line.decision {
        let entry = decision.entry.as_ref().map_or("-", |entry| entry.as_str());
        let mut note = format!("{} {entry}", decision.verdict);
        if let Some(score) = decision.score {
            note.push_str(&format!(" {score:.2}"));
        }
        if let Some(also) = &decision.also {
            note.push_str(&format!(" + {also}"));
        }
        if !decision.choices.is_empty() {
            note.push_str(&format!(" [{}]", decision.choices.join(" | ")));
        }
        notes.push(note);
    }
    if let Some(ms) = line.recognition_ms {
        notes.push(format!("recognition {ms} ms"));
    }
    if let Some(ms) = line.reply_ms {
        notes.push(format!("reply after {ms} ms"));
    }
    let flags = line
        .flags
        .iter()
        .map(|flag| name_of(flag).replace('_', " "));
    notes.extend(flags);
    if !notes.is_empty() {
        out.push_str(&format!("{}└ {}\n", " ".repeat(INDENT), notes.join(", ")));
    }
    out
}

/// Lines of at most `columns`, broken anywhere: Chinese has no blanks to break at.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for symbol in text.chars() {
        let mut one = [0; 4];
        let wide = width(symbol.encode_utf8(&mut one));
        if let Some(line) = lines.last_mut() {
            if width(line) + wide > columns {
                lines.push(symbol.to_string());
            } else {
                line.push(symbol);
            }
        }
    }
    lines
}

fn seconds(ms: u64) -> f64 {
    // Calls are hours at most; the cast is exact.
    ms as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_break_by_columns() {
        assert_eq!(wrap("应答ab应答", 6), ["应答ab", "应答"]);
        assert_eq!(wrap("", 6), [""]);
    }
}
