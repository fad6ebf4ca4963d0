//! What happens while simulated calls run, for those who watch.
//!
//! Prints nowhere but where it is told to; what came of a call is in its `report`.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
};

use super::{judge::Verdict, record::Seen, report::ScenarioReport};

/// Something that happens while a simulated call runs.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The INVITE was sent.
    Dialling {
        /// Request-URI.
        target: String,
        /// User part of From.
        from: String,
    },
    /// 180.
    Ringing,
    /// The ACK was sent.
    Answered,
    /// A final response that is none.
    Refused {
        /// SIP status code.
        status: u16,
        /// Reason phrase.
        reason: String,
    },
    /// The first sound, so many milliseconds after the ACK.
    Greeted(u64),
    /// The caller begins to say, press or do something.
    Did(String),
    /// The first sound after the caller's last, so many milliseconds later.
    Replied(u64),
    /// A sound begins.
    SoundBegan,
    /// A sound is over: how long it was in milliseconds, and its mean level in dBFS.
    SoundEnded(u64, f32),
    /// What a recogniser at the caller's side heard.
    Words(String),
    /// The server recorded an event.
    Recorded(Seen),
    /// The call is over.
    Ended {
        /// Whether we ended it.
        by_us: bool,
    },
    /// A scenario was judged.
    Judged(Box<ScenarioReport>),
}

/// Is told what happens, as it happens. It must not block.
pub trait Progress: Send + Sync {
    /// Something happened in the call of this name.
    fn happened(&self, call: &str, news: &News);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn happened(&self, _call: &str, _news: &News) {}
}

/// Plain text, a line for each thing that happens.
pub struct TextProgress {
    output: Mutex<Box<dyn Write + Send>>,
    /// Each line begins with the name of its call.
    named: bool,
    /// Sounds are told, too.
    sounds: bool,
}

impl std::fmt::Debug for TextProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TextProgress")
    }
}

impl TextProgress {
    /// Writes to `output`; `named` when several calls run at once, `sounds` when there is no server's record to read.
    pub fn new(output: Box<dyn Write + Send>, named: bool, sounds: bool) -> Self {
        Self {
            output: Mutex::new(output),
            named,
            sounds,
        }
    }
}

impl Progress for TextProgress {
    fn happened(&self, call: &str, news: &News) {
        let Some(text) = line(news, self.sounds) else {
            return;
        };
        let text = match self.named {
            true => format!("[{call}] {text}\n"),
            false => format!("{text}\n"),
        };
        // Only whole lines are written: a panic elsewhere leaves it sound.
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        // A closed terminal must not end the calls.
        let _ = output
            .write_all(text.as_bytes())
            .and_then(|()| output.flush());
    }
}

fn line(news: &News, sounds: bool) -> Option<String> {
    Some(match news {
        News::Dialling { target, from } => format!("{from} calls {target}"),
        News::Ringing => "  it rings".to_owned(),
        News::Answered => "  answered".to_owned(),
        News::Refused { status, reason } => match reason.starts_with(&status.to_string()) {
            // Some name the code themselves.
            true => format!("  refused: {reason}"),
            false => format!("  refused: {status} {reason}"),
        },
        News::Greeted(ms) => format!("  greeting after {ms} ms"),
        News::Did(what) => format!("caller  {what}"),
        News::Replied(ms) => format!("  voice to voice {ms} ms"),
        News::SoundBegan if sounds => "  sound begins".to_owned(),
        News::SoundEnded(ms, dbfs) if sounds => {
            format!(
                "  sound ends: {:.1} s at {dbfs:.0} dBFS",
                *ms as f64 / 1_000.0
            )
        }
        News::SoundBegan | News::SoundEnded(..) => return None,
        News::Words(words) => format!("heard   {words}"),
        News::Recorded(event) => return recorded(event),
        News::Ended { by_us: true } => "  hung up".to_owned(),
        News::Ended { by_us: false } => "  the other side hung up".to_owned(),
        News::Judged(report) => judged(report),
    })
}

fn judged(report: &ScenarioReport) -> String {
    let word = if report.passed { "PASSED" } else { "FAILED" };
    let call = report.call.as_deref().unwrap_or("not recorded");
    let mut text = format!("{word}  {} (call {call})", report.name);
    for failure in &report.failures {
        text.push_str("\n        ");
        text.push_str(failure);
    }
    text
}

/// The line of a server's event, if it is worth one.
fn recorded(event: &Seen) -> Option<String> {
    let text = |field| event.text(field).unwrap_or_default();
    Some(match event.name.as_str() {
        "speech_started" => format!("bot     {}", text("text")),
        "utterance_recognised" if !text("text").is_empty() => {
            format!("  understood: {}", text("text"))
        }
        "turn" => {
            let verdict = Verdict::of(std::slice::from_ref(event));
            let entry = verdict.entry.map(|entry| format!(" {entry}"));
            let score = verdict.score.map(|score| format!(" ({score:.2})"));
            format!(
                "  {}{}{}",
                verdict.verdict.unwrap_or_default(),
                entry.unwrap_or_default(),
                score.unwrap_or_default()
            )
        }
        "chosen" => {
            let verdict = Verdict::of(std::slice::from_ref(event));
            format!("  chosen {}", verdict.entry.unwrap_or_default())
        }
        "understood" => format!("  {}", text("intent")),
        "escalated" => format!("  a human is needed: {}", text("reason")),
        "agent_unavailable" => format!("  no agent: {}", text("cause")),
        "agent_offered" => "  the agent's phone rings".to_owned(),
        "bridged" => "  caller and agent are connected".to_owned(),
        "agent_left" => "  the agent hung up".to_owned(),
        "barge_in" => "  the bot was interrupted".to_owned(),
        "backchannel" => "  the bot goes on".to_owned(),
        "silence_reprompt" => "  silence".to_owned(),
        "held" => "  on hold".to_owned(),
        "resumed" => "  back from hold".to_owned(),
        "engine_failed" => format!("  {} failed: {}", text("engine"), text("error")),
        "ended" => format!("  ended: {}, {}", text("cause"), text("disposition")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn news_are_lines() {
        let check = |news: News, expected: Option<&str>| {
            assert_eq!(line(&news, false).as_deref(), expected, "{news:?}");
        };
        let event = |json| News::Recorded(Seen::of(json).expect("an event"));
        check(News::Replied(812), Some("  voice to voice 812 ms"));
        check(News::SoundBegan, None);
        check(
            event(json!({"at": 0, "event": "speech_started", "text": "您好。"})),
            Some("bot     您好。"),
        );
        check(
            event(
                json!({"at": 0, "event": "turn", "finding": {"verdict": "answer",
                "candidate": {"entry": {"id": "A001"}, "score": 0.875}}}),
            ),
            Some("  answer A001 (0.88)"),
        );
        check(event(json!({"at": 0, "event": "digit"})), None);
    }
}
