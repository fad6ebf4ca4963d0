//! What came of scenarios: the report, whose JSON is stable, and the news while they run.
//!
//! Does not judge (see `judge`) and prints nowhere but where it is told to.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

use super::record::Seen;

/// Verdicts of questions to the knowledge base, whose latency counts.
const FAQ: &[&str] = &["answer", "clarify", "abstain", "chosen"];

/// What came of one thing a caller did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TurnReport {
    /// What was said, or pressed (`[1]`), or done (`(hold)`).
    pub said: String,
    /// What the server recognised.
    pub recognised: Option<String>,
    /// `answer`, `clarify`, `abstain`, `chosen`, `human`, `reprompt`, `backchannel` or an intent.
    pub verdict: Option<String>,
    /// The entry that was said or was nearest.
    pub entry: Option<String>,
    /// Its score, 0 to 1.
    pub score: Option<f64>,
    /// Entries that were offered.
    pub choices: Vec<String>,
    /// Why a human was needed.
    pub human: Option<String>,
    /// Whether the bot was interrupted.
    pub barge_in: bool,
    /// From the last speech sample sent to the first non-silent sample received, at the caller's socket.
    pub voice_to_voice_ms: Option<u64>,
    /// From the last word to the decision, as the server saw it.
    pub decision_ms: Option<u64>,
    /// Where it was not as expected.
    pub failures: Vec<String>,
}

/// What came of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScenarioReport {
    /// Its name.
    pub name: String,
    /// Whether everything was as expected.
    pub passed: bool,
    /// Where it was not, turns included.
    pub failures: Vec<String>,
    /// The server's name for the call.
    pub call: Option<String>,
    /// Call-ID header.
    pub sip_call_id: Option<String>,
    /// SIP status when it was not answered.
    pub status: Option<u16>,
    /// From ACK to the first sound.
    pub greeting_ms: Option<u64>,
    /// What the caller did, in order.
    pub turns: Vec<TurnReport>,
}

/// Latencies of many, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How many were measured.
    pub count: usize,
    /// Half of them are no longer.
    pub median: Option<u64>,
    /// 95 of 100 are no longer.
    pub p95: Option<u64>,
}

impl Latency {
    /// Of these values, by nearest rank.
    pub fn of(values: impl IntoIterator<Item = u64>) -> Self {
        let mut values: Vec<u64> = values.into_iter().collect();
        values.sort_unstable();
        let rank = |percent: usize| {
            let place = (values.len() * percent).div_ceil(100);
            values.get(place.checked_sub(1)?).copied()
        };
        Self {
            count: values.len(),
            median: rank(50),
            p95: rank(95),
        }
    }
}

/// What came of all scenarios.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// How many were as expected.
    pub passed: usize,
    /// How many were not.
    pub failed: usize,
    /// Voice-to-voice latency of spoken questions to the knowledge base.
    pub voice_to_voice_ms: Latency,
    /// From ACK to greeting.
    pub greeting_ms: Latency,
    /// Each of them, in the order in which they were given.
    pub scenarios: Vec<ScenarioReport>,
}

impl Report {
    /// Counts and latencies of these.
    pub fn of(scenarios: Vec<ScenarioReport>) -> Self {
        let passed = scenarios.iter().filter(|scenario| scenario.passed).count();
        let is_faq = |turn: &&TurnReport| {
            let verdict = turn.verdict.as_deref();
            // Keys need no recognition: they would make the others look fast.
            turn.recognised.is_some() && verdict.is_some_and(|verdict| FAQ.contains(&verdict))
        };
        let turns = scenarios.iter().flat_map(|scenario| &scenario.turns);
        Self {
            passed,
            failed: scenarios.len() - passed,
            voice_to_voice_ms: Latency::of(
                turns
                    .filter(is_faq)
                    .filter_map(|turn| turn.voice_to_voice_ms),
            ),
            greeting_ms: Latency::of(scenarios.iter().filter_map(|one| one.greeting_ms)),
            scenarios,
        }
    }
}

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
            let verdict = super::judge::Verdict::of(std::slice::from_ref(event));
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
            let verdict = super::judge::Verdict::of(std::slice::from_ref(event));
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
    fn percentiles_are_by_nearest_rank() {
        let check = |values: &[u64], median, p95| {
            let latency = Latency::of(values.iter().copied());
            assert_eq!((latency.median, latency.p95), (median, p95), "{values:?}");
        };
        check(&[], None, None);
        check(&[7], Some(7), Some(7));
        check(&[3, 1, 2], Some(2), Some(3));
        let hundred: Vec<u64> = (1..=100).collect();
        check(&hundred, Some(50), Some(95));
    }

    #[test]
    fn the_shape_of_the_report_is_stable() {
        let turn = TurnReport {
            said: "怎么开发票".to_owned(),
            recognised: Some("怎么开发票".to_owned()),
            verdict: Some("answer".to_owned()),
            entry: Some("A026".to_owned()),
            score: Some(0.5),
            voice_to_voice_ms: Some(800),
            decision_ms: Some(400),
            ..TurnReport::default()
        };
        let bye = TurnReport {
            said: "再见".to_owned(),
            verdict: Some("goodbye".to_owned()),
            voice_to_voice_ms: Some(2_000),
            ..TurnReport::default()
        };
        let good = ScenarioReport {
            name: "good".to_owned(),
            passed: true,
            call: Some("0190".to_owned()),
            sip_call_id: Some("a@b".to_owned()),
            greeting_ms: Some(90),
            turns: vec![turn, bye],
            ..ScenarioReport::default()
        };
        let bad = ScenarioReport {
            name: "bad".to_owned(),
            failures: vec!["no".to_owned()],
            status: Some(404),
            ..ScenarioReport::default()
        };
        let report = serde_json::to_value(Report::of(vec![good, bad])).expect("serialises");
        let expected = json!({
            "passed": 1,
            "failed": 1,
            "voice_to_voice_ms": {"count": 1, "median": 800, "p95": 800},
            "greeting_ms": {"count": 1, "median": 90, "p95": 90},
            "scenarios": [
                {
                    "name": "good", "passed": true, "failures": [], "call": "0190", "sip_call_id": "a@b",
                    "status": null, "greeting_ms": 90,
                    "turns": [
                        {
                            "said": "怎么开发票", "recognised": "怎么开发票", "verdict": "answer", "entry": "A026",
                            "score": 0.5, "choices": [], "human": null, "barge_in": false, "voice_to_voice_ms": 800,
                            "decision_ms": 400, "failures": []
                        },
                        {
                            "said": "再见", "recognised": null, "verdict": "goodbye", "entry": null, "score": null,
                            "choices": [], "human": null, "barge_in": false, "voice_to_voice_ms": 2000,
                            "decision_ms": null, "failures": []
                        }
                    ]
                },
                {
                    "name": "bad", "passed": false, "failures": ["no"], "call": null, "sip_call_id": null,
                    "status": 404, "greeting_ms": null, "turns": []
                }
            ]
        });
        assert_eq!(report, expected);
    }

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
