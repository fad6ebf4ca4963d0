//! How a scenario is written: strict YAML, checked before anybody is called.

use std::{collections::BTreeMap, path::Path, path::PathBuf, time::Duration};

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{
    Action, Agent, Caller, Expectation, KeysBy, Outcome, Scenario, ScenarioError, Step, When,
};
use crate::{
    call::Digit,
    simulator::{agent::Manner, clip::Voice},
};

/// How long a step waits for its moment, unless it says so.
const PATIENCE_MS: u64 = 25_000;

/// How long an agent rings, unless it says so.
const RING_MS: u64 = 800;

/// Names of the events that a server records, as [`crate::call::CallEvent`] is written.
const EVENTS: &[&str] = &[
    "offered",
    "rejected",
    "answered",
    "recording_started",
    "speech_started",
    "speech_ended",
    "utterance_started",
    "utterance_recognised",
    "mood",
    "backchannel",
    "barge_in",
    "digit",
    "turn",
    "generated",
    "rewritten",
    "chosen",
    "understood",
    "silence_reprompt",
    "escalated",
    "agent_offered",
    "agent_answered",
    "bridged",
    "agent_unavailable",
    "agent_left",
    "agent_recognised",
    "referred",
    "noted",
    "slot_asked",
    "slot_missed",
    "slot_filled",
    "action_requested",
    "action_replied",
    "action_failed",
    "callback_requested",
    "held",
    "resumed",
    "engine_failed",
    "ended",
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    name: Spanned<String>,
    /// The 400 number; `dial` is the same for numbers that are none.
    #[serde(default)]
    line: Option<Spanned<String>>,
    #[serde(default)]
    dial: Option<Spanned<String>>,
    #[serde(default)]
    caller: CallerFile,
    #[serde(default)]
    agent: Option<Spanned<AgentFile>>,
    #[serde(default)]
    steps: Vec<Spanned<StepFile>>,
    #[serde(default)]
    expect: Option<Spanned<Outcome>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CallerFile {
    number: String,
    display: Option<String>,
    /// P-Asserted-Identity.
    asserted: Option<String>,
    diversion: Option<String>,
    headers: BTreeMap<String, String>,
    voice: Option<String>,
    speed: Option<f32>,
    gain_db: Option<f32>,
}

impl Default for CallerFile {
    fn default() -> Self {
        Self {
            number: "13800138000".to_owned(),
            display: None,
            asserted: None,
            diversion: None,
            headers: BTreeMap::new(),
            voice: None,
            speed: None,
            gain_db: None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AgentFile {
    does: Manner,
    after_ms: Option<u64>,
    say: Option<String>,
    voice: Option<String>,
    hang_up_after_ms: Option<u64>,
}

/// The steps that need no more words than their name.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Deed {
    Hold,
    Resume,
    Hangup,
    Cancel,
    WaitEnd,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StepFile {
    say: Option<String>,
    wav: Option<PathBuf>,
    press: Option<String>,
    by: Option<KeysBy>,
    silence_ms: Option<u64>,
    #[serde(rename = "do")]
    deed: Option<Deed>,
    voice: Option<String>,
    speed: Option<f32>,
    gain_db: Option<f32>,
    when: Option<When>,
    patience_ms: Option<u64>,
    expect: Expectation,
}

fn voice(base: &Voice, name: Option<String>, speed: Option<f32>, gain_db: Option<f32>) -> Voice {
    Voice {
        voice: name.unwrap_or_else(|| base.voice.clone()),
        speed: speed.unwrap_or(base.speed),
        gain_db: gain_db.unwrap_or(base.gain_db),
        language: base.language.clone(),
    }
}

/// Refuses with key and reason.
type Refusal = (&'static str, String);

pub(super) fn parse(file: &Path, text: &str) -> Result<Scenario, ScenarioError> {
    let raw: ScenarioFile = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        let problem = error.without_snippet().to_string();
        ScenarioError::Parse {
            file: file.to_owned(),
            line,
            problem,
        }
    })?;
    let value = |line: u64, (key, problem): Refusal| ScenarioError::Value {
        file: file.to_owned(),
        line,
        key,
        problem,
    };
    let name_line = raw.name.defined.line();
    if raw.name.value.trim().is_empty() {
        return Err(value(name_line, ("name", "is empty".to_owned())));
    }
    let dial = match (raw.line, raw.dial) {
        (Some(dial), None) | (None, Some(dial)) => dial,
        _ => {
            let problem = "or `dial` must be given, and not both".to_owned();
            return Err(value(name_line, ("line", problem)));
        }
    };
    if dial.value.is_empty() || !dial.value.chars().all(is_user_symbol) {
        let problem = format!("`{}` cannot be dialled", dial.value);
        return Err(value(dial.defined.line(), ("dial", problem)));
    }
    let caller = caller(raw.caller).map_err(|refusal| value(name_line, refusal))?;
    let agent = raw
        .agent
        .map(|raw| {
            let line = raw.defined.line();
            agent(raw.value).map_err(|refusal| value(line, refusal))
        })
        .transpose()?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut steps = Vec::new();
    for raw in raw.steps {
        let line = raw.defined.line();
        // Nothing was heard that its moment could follow.
        let in_silence = steps.last().is_some_and(|last: &Step| last.expect.silence);
        let step = step(raw.value, line, &caller.voice, folder, in_silence);
        steps.push(step.map_err(|refusal| value(line, refusal))?);
    }
    let (expect_line, expect) = match raw.expect {
        Some(expect) => (expect.defined.line(), expect.value),
        None => (name_line, Outcome::default()),
    };
    outcome(&expect, &steps).map_err(|refusal| value(expect_line, refusal))?;
    Ok(Scenario {
        name: raw.name.value,
        file: file.to_owned(),
        dial: dial.value,
        caller,
        agent,
        steps,
        expect,
    })
}

/// RFC 3261 §25.1, `user`, as far as anybody needs it.
fn is_user_symbol(symbol: char) -> bool {
    symbol.is_ascii_alphanumeric() || "-_.+*#".contains(symbol)
}

fn caller(raw: CallerFile) -> Result<Caller, Refusal> {
    if !raw.number.chars().all(is_user_symbol) {
        let problem = format!("`{}` cannot be the user part of From", raw.number);
        return Err(("caller.number", problem));
    }
    let mut headers: Vec<(String, String)> = raw.headers.into_iter().collect();
    headers.extend(
        raw.asserted
            .map(|value| ("P-Asserted-Identity".to_owned(), value)),
    );
    headers.extend(raw.diversion.map(|value| ("Diversion".to_owned(), value)));
    if headers
        .iter()
        .any(|(name, value)| format!("{name}{value}").contains(['\r', '\n']))
    {
        return Err(("caller.headers", "hold a line break".to_owned()));
    }
    let voice = voice(&Voice::default(), raw.voice, raw.speed, raw.gain_db);
    check_voice(&voice)?;
    Ok(Caller {
        number: raw.number,
        display: raw.display,
        headers,
        voice,
    })
}

fn check_voice(voice: &Voice) -> Result<(), Refusal> {
    match voice {
        voice if !(80.0..=280.0).contains(&voice.speed) => {
            Err(("speed", format!("is {}, not 80 to 280", voice.speed)))
        }
        voice if !(-60.0..=20.0).contains(&voice.gain_db) => {
            Err(("gain_db", format!("is {}, not -60 to 20", voice.gain_db)))
        }
        _ => Ok(()),
    }
}

fn agent(raw: AgentFile) -> Result<Agent, Refusal> {
    let speaks = raw.say.is_some() || raw.hang_up_after_ms.is_some();
    if speaks && raw.does != Manner::Answer {
        let problem = "is for an agent who answers".to_owned();
        return Err(("agent.say", problem));
    }
    let base = Voice {
        voice: "linda".to_owned(),
        ..Voice::default()
    };
    Ok(Agent {
        manner: raw.does,
        after: Duration::from_millis(raw.after_ms.unwrap_or(RING_MS)),
        say: raw.say,
        voice: voice(&base, raw.voice, None, None),
        hang_up_after: raw.hang_up_after_ms.map(Duration::from_millis),
    })
}

fn step(
    raw: StepFile,
    line: u64,
    base: &Voice,
    folder: &Path,
    in_silence: bool,
) -> Result<Step, Refusal> {
    let styled = raw.voice.is_some() || raw.speed.is_some() || raw.gain_db.is_some();
    if styled && raw.say.is_none() {
        return Err(("voice", "needs `say`".to_owned()));
    }
    if raw.by.is_some() && raw.press.is_none() {
        return Err(("by", "needs `press`".to_owned()));
    }
    let mut actions = Vec::new();
    if let Some(text) = raw.say {
        let voice = voice(base, raw.voice, raw.speed, raw.gain_db);
        check_voice(&voice)?;
        if text.trim().is_empty() {
            return Err(("say", "is empty".to_owned()));
        }
        actions.push(Action::Say { text, voice });
    }
    if let Some(wav) = raw.wav {
        let wav = folder.join(wav);
        if !wav.is_file() {
            return Err(("wav", format!("`{}` is no file", wav.display())));
        }
        actions.push(Action::Wav(wav));
    }
    if let Some(keys) = raw.press {
        let digits: Option<Vec<Digit>> = keys.chars().map(Digit::new).collect();
        match digits.filter(|digits| (1..=32).contains(&digits.len())) {
            Some(digits) => actions.push(Action::Press(digits, raw.by.unwrap_or_default())),
            None => return Err(("press", format!("`{keys}` is not 1 to 32 keys"))),
        }
    }
    if let Some(silence) = raw.silence_ms {
        actions.push(Action::Silence(Duration::from_millis(silence)));
    }
    actions.extend(raw.deed.map(|deed| match deed {
        Deed::Hold => Action::Hold,
        Deed::Resume => Action::Resume,
        Deed::Hangup => Action::HangUp,
        Deed::Cancel => Action::Cancel,
        Deed::WaitEnd => Action::WaitEnd,
    }));
    let action = match <[Action; 1]>::try_from(actions) {
        Ok([action]) => action,
        Err(_) => {
            let problem = "has to hold one of say, wav, press, silence_ms, do".to_owned();
            return Err(("steps", problem));
        }
    };
    if let Some(When::AfterEvent(event)) = &raw.when {
        check_event("when.after_event", event)?;
    }
    let when = raw.when.unwrap_or(match action {
        // They wait by themselves.
        Action::WaitEnd | Action::Silence(_) | Action::Cancel => When::AfterMs(0),
        _ if in_silence => When::AfterMs(0),
        _ => When::AfterPrompt,
    });
    if raw.expect.silence {
        if raw.expect.within_ms.is_some() {
            let problem = "is nothing that comes `within_ms`".to_owned();
            return Err(("silence", problem));
        }
        if matches!(action, Action::HangUp | Action::Cancel | Action::WaitEnd) {
            let problem = "is for a call that goes on".to_owned();
            return Err(("silence", problem));
        }
    }
    Ok(Step {
        line,
        action,
        when,
        patience: Duration::from_millis(raw.patience_ms.unwrap_or(PATIENCE_MS)),
        expect: raw.expect,
    })
}

fn check_event(key: &'static str, event: &str) -> Result<(), Refusal> {
    match EVENTS.contains(&event) {
        true => Ok(()),
        false => Err((key, format!("`{event}` is no event"))),
    }
}

fn outcome(expect: &Outcome, steps: &[Step]) -> Result<(), Refusal> {
    for event in expect.events.keys() {
        check_event("events", event)?;
    }
    for event in &expect.absent {
        check_event("absent", event)?;
    }
    let only_cancel = steps
        .iter()
        .all(|step| matches!(step.action, Action::Cancel));
    if expect.status.is_some() && !only_cancel {
        let problem = "is for a call that is never answered: no step can follow".to_owned();
        return Err(("status", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::EVENTS;
    use crate::call::CallEvent;

    #[test]
    fn every_name_is_an_event() {
        for name in EVENTS {
            let json = serde_json::json!({ "event": name });
            if let Err(error) = serde_json::from_value::<CallEvent>(json) {
                let error = error.to_string();
                assert!(!error.contains("unknown variant"), "{name}: {error}");
            }
        }
        let json = serde_json::json!({ "event": "none" });
        let error = serde_json::from_value::<CallEvent>(json).expect_err("no event");
        let known = error.to_string();
        assert_eq!(known.matches('`').count() / 2 - 1, EVENTS.len(), "{known}");
    }
}
