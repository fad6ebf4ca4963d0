//! Whether what a server recorded is what a scenario expects. Pure: events in, facts and failures out.

use serde_json::Value;

use super::{
    record::Seen,
    scenario::{Expectation, Outcome, SILENCE},
};

/// What the server made of one thing that a caller did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The words that were recognised.
    pub recognised: Option<String>,
    /// `answer`, `clarify`, `abstain`, `chosen`, `human`, `reprompt`, `backchannel`, or the intent that was understood.
    pub verdict: Option<String>,
    /// The entry that was said or was nearest.
    pub entry: Option<String>,
    /// Its score.
    pub score: Option<f64>,
    /// Entries that were offered.
    pub choices: Vec<String>,
    /// Why a human was needed.
    pub human: Option<String>,
    /// What was understood beside questions.
    pub intent: Option<String>,
    /// Whether the bot was interrupted.
    pub barge_in: bool,
    /// Whether the bot took it for a sign of listening.
    pub backchannel: bool,
    /// The count of the last re-prompt.
    pub reprompt: Option<u64>,
    /// From the last word to the decision, in milliseconds, as the server saw it.
    pub decision_ms: Option<u64>,
}

fn entry_of(candidate: &Value) -> Option<String> {
    let id = candidate.pointer("/entry/id")?.as_str()?;
    Some(id.to_owned())
}

impl Verdict {
    /// What the events that followed a step say.
    pub fn of(events: &[Seen]) -> Self {
        let mut verdict = Self::default();
        let mut words = Vec::new();
        let mut found = None;
        for event in events {
            let name = event.name.as_str();
            match name {
                "utterance_recognised" => {
                    words.extend(event.text("text").filter(|text| !text.is_empty()));
                }
                "turn" => found = Some(verdict.turn(&event.fields)),
                "chosen" => {
                    let candidate = event.fields.get("candidate");
                    verdict.entry = candidate.and_then(entry_of);
                    found = Some("chosen".to_owned());
                }
                "understood" => verdict.intent = event.text("intent").map(str::to_owned),
                "escalated" => verdict.human = event.text("reason").map(str::to_owned),
                "silence_reprompt" => {
                    verdict.reprompt = event.fields.get("count").and_then(Value::as_u64);
                }
                "barge_in" => verdict.barge_in = true,
                "backchannel" => verdict.backchannel = true,
                _ => {}
            }
        }
        verdict.recognised = (!words.is_empty()).then(|| words.join(" "));
        verdict.verdict = found
            .or_else(|| verdict.intent.clone())
            .or_else(|| verdict.human.is_some().then(|| "human".to_owned()))
            .or_else(|| verdict.reprompt.is_some().then(|| "reprompt".to_owned()))
            .or_else(|| verdict.backchannel.then(|| "backchannel".to_owned()));
        verdict
    }

    fn turn(&mut self, fields: &Value) -> String {
        let finding = fields.get("finding").unwrap_or(&Value::Null);
        let name = finding.get("verdict").and_then(Value::as_str);
        let candidates = finding.get("candidates").and_then(Value::as_array);
        self.choices = candidates.map_or(Vec::new(), |list| {
            list.iter().filter_map(entry_of).collect()
        });
        let best = finding
            .get("candidate")
            .or_else(|| candidates.and_then(|list| list.first()))
            .or_else(|| finding.get("nearest"));
        self.entry = best.and_then(entry_of);
        self.score = best.and_then(|best| best.get("score")?.as_f64());
        self.decision_ms = fields.get("decision_ms").and_then(Value::as_u64);
        name.unwrap_or("unknown").to_owned()
    }

    fn is(&self, verdict: &str) -> bool {
        self.verdict.as_deref() == Some(verdict)
    }

    /// What came instead, in a few words.
    fn instead(&self) -> String {
        let verdict = self.verdict.as_deref().unwrap_or("nothing");
        let entry = self.entry.as_deref().map(|entry| format!(" {entry}"));
        let heard = match &self.recognised {
            Some(words) => format!(" on `{words}`"),
            None => " and no words".to_owned(),
        };
        format!("{verdict}{}{heard}", entry.unwrap_or_default())
    }

    /// Where it is not what was expected. `reply_ms` is the voice-to-voice latency, if one was measured; `broken_ms` is when a
    /// silence was broken, if it was.
    pub fn failures(
        &self,
        expect: &Expectation,
        reply_ms: Option<u64>,
        broken_ms: Option<u64>,
    ) -> Vec<String> {
        let mut failures = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                failures.push(format!("expected {what}, got {}", self.instead()));
            }
        };
        if let Some(words) = &expect.recognised {
            let heard = self.recognised.as_deref() == Some(words.as_str());
            must(heard, format!("the words `{words}`"));
        }
        let entry = |entry: &str| self.entry.as_deref() == Some(entry);
        if let Some(wanted) = &expect.answer {
            must(
                self.is("answer") && entry(wanted),
                format!("answer {wanted}"),
            );
        }
        if let Some(wanted) = &expect.chosen {
            must(
                self.is("chosen") && entry(wanted),
                format!("chosen {wanted}"),
            );
        }
        if let Some(wanted) = &expect.clarify {
            let offered = wanted.iter().all(|entry| self.choices.contains(entry));
            let names = wanted.join(", ");
            must(self.is("clarify") && offered, format!("clarify {names}"));
        }
        if let Some(wanted) = expect.abstain {
            let what = if wanted {
                "abstain"
            } else {
                "anything but abstain"
            };
            must(self.is("abstain") == wanted, what.to_owned());
        }
        if let Some(wanted) = expect.human {
            let wanted = serde_json::to_value(wanted).unwrap_or_default();
            let is_so = self.human.as_deref() == wanted.as_str();
            must(is_so, format!("a human because of {wanted}"));
        }
        if let Some(wanted) = expect.understood {
            let is_so = self.intent.as_deref() == Some(wanted.name());
            must(is_so, format!("`{}` understood", wanted.name()));
        }
        if let Some(wanted) = expect.reprompt {
            let is_so = self.reprompt == Some(u64::from(wanted));
            must(is_so, format!("re-prompt {wanted}"));
        }
        if let Some(wanted) = expect.barge_in {
            let what = if wanted {
                "the bot interrupted"
            } else {
                "the bot not interrupted"
            };
            must(self.barge_in == wanted, what.to_owned());
        }
        if let Some(wanted) = expect.backchannel {
            let what = if wanted {
                "a backchannel"
            } else {
                "no backchannel"
            };
            must(self.backchannel == wanted, what.to_owned());
        }
        if let Some(after) = broken_ms.filter(|_| expect.silence) {
            let silence = SILENCE.as_millis();
            failures.push(format!(
                "expected silence for {silence} ms, got {}, and a sound after {after} ms",
                self.instead()
            ));
        }
        if let Some(limit) = expect.within_ms {
            match reply_ms {
                Some(took) if took <= limit => {}
                Some(took) => failures.push(format!("the reply came after {took} ms, not {limit}")),
                None => failures.push("no reply was heard".to_owned()),
            }
        }
        failures
    }
}

/// What is known of a whole call.
#[derive(Clone, Debug, Default)]
pub struct CallFacts<'a> {
    /// Its events.
    pub events: &'a [Seen],
    /// SIP status when it was not answered.
    pub status: Option<u16>,
    /// Whether its recording can be fetched.
    pub has_recording: bool,
    /// From ACK to the first sound, in milliseconds.
    pub greeting_ms: Option<u64>,
    /// Whether the agent's call was answered.
    pub agent_answered: bool,
}

impl CallFacts<'_> {
    /// Where it is not what was expected.
    pub fn failures(&self, expect: &Outcome) -> Vec<String> {
        let mut failures = Vec::new();
        match (expect.status, self.status) {
            (Some(wanted), Some(status)) if wanted == status => {}
            (Some(wanted), Some(status)) => {
                failures.push(format!("expected status {wanted}, got {status}"));
            }
            (Some(wanted), None) => {
                failures.push(format!("expected status {wanted}, but it was answered"));
            }
            (None, Some(status)) => failures.push(format!("the call was refused with {status}")),
            (None, None) => {}
        }
        let end = self.events.iter().rfind(|event| event.name == "ended");
        for (field, wanted) in [
            ("disposition", text_of(expect.disposition)),
            ("by", text_of(expect.ended_by)),
            ("cause", text_of(expect.cause)),
        ] {
            let Some(wanted) = wanted else { continue };
            let is = end.and_then(|end| end.text(field));
            if is != Some(wanted.as_str()) {
                let is = is.unwrap_or("not recorded");
                failures.push(format!("expected {field} {wanted}, got {is}"));
            }
        }
        for (name, fields) in &expect.events {
            let mut named = self.events.iter().filter(|event| event.name == *name);
            let has_fields = |event: &Seen| {
                fields.iter().flatten().all(|(field, wanted)| {
                    event.fields.get(field).is_some_and(|value| value == wanted)
                })
            };
            if !named.any(has_fields) {
                let fields = fields.as_ref().map(|fields| format!(" with {fields:?}"));
                let fields = fields.unwrap_or_default();
                failures.push(format!("event `{name}`{fields} was not recorded"));
            }
        }
        for name in &expect.absent {
            if self.events.iter().any(|event| event.name == *name) {
                failures.push(format!("event `{name}` was recorded"));
            }
        }
        if let Some(wanted) = expect.recording
            && wanted != self.has_recording
        {
            let what = if wanted {
                "no recording"
            } else {
                "a recording"
            };
            failures.push(format!("there is {what}"));
        }
        if let Some(limit) = expect.greeting_within_ms {
            match self.greeting_ms {
                Some(took) if took <= limit => {}
                Some(took) => {
                    failures.push(format!("the greeting came after {took} ms, not {limit}"))
                }
                None => failures.push("no greeting was heard".to_owned()),
            }
        }
        if let Some(wanted) = expect.agent_answered
            && wanted != self.agent_answered
        {
            let what = if wanted { "did not answer" } else { "answered" };
            failures.push(format!("the agent {what}"));
        }
        failures
    }
}

/// The name of a unit variant, as serialised.
fn text_of(value: Option<impl serde::Serialize>) -> Option<String> {
    let value = serde_json::to_value(value?).ok()?;
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
