//! The transcript of a call, as a view on its events.
//!
//! A pure fold: who said what and when, what the bot made of it, and what happened beside. Bot lines hold what was *heard*.

use serde::{Deserialize, Serialize};

use crate::{
    call::{BETWEEN_DIGITS, CallEvent, CallRecord, masked},
    clock::Moment,
    entry::{Candidate, Finding, Verdict},
    ids::{EntryId, SpeechId, UtteranceId},
    mood::TurnMood,
    pii::Pii,
};

/// Who a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person who called.
    Caller,
    /// Yingda.
    Bot,
    /// The human who was brought in.
    Agent,
    /// Nobody: something happened. The text is the event's name.
    System,
}

/// What is remarkable about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The bot was cut short; the text is what was heard, or all of it when the process died before it could tell.
    Interrupted,
    /// Speech over the bot that took the floor.
    BargeIn,
    /// Speech over the bot that did not take the floor.
    Backchannel,
    /// The caller asked to hear it again.
    Repeated,
    /// The bot asked back.
    Clarified,
    /// The bot had no answer.
    Abstained,
    /// A human was needed from here on.
    Escalated,
    /// Entered by keys.
    Keys,
}

/// What the bot made of a question. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// `answer`, `clarify` or `abstain`.
    pub verdict: String,
    /// The entry that was said, or the best one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryId>,
    /// Its question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Its score, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// The question of the entry that was said to a second question of the same utterance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Option<String>,
    /// The entries that were offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// From the last word to the decision.
    pub decision_ms: u64,
}

/// One line of a transcript. Times are offsets into the call in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// First speech.
    pub at_ms: u64,
    /// Last speech.
    pub end_ms: u64,
    /// Whose line it is.
    pub speaker: Speaker,
    /// What was said, or the name of what happened.
    pub text: Pii<String>,
    /// More about what happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Confidence of recognition, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// How long recognition took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recognition_ms: Option<u64>,
    /// What the bot made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// From the last word to the first sound of the reply, as the server saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_ms: Option<u64>,
    /// The caller's mood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mood: Option<TurnMood>,
    /// What is remarkable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
}

/// What was said in a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Transcript {
    /// In the order in which they began.
    pub lines: Vec<Line>,
}

impl Transcript {
    /// The transcript of a call, over or not.
    pub fn from_records(records: &[CallRecord]) -> Self {
        let mut fold = Fold::default();
        for record in records {
            fold.take(record);
        }
        let mut lines: Vec<Line> = fold.lines.into_iter().map(|draft| draft.line).collect();
        // Recognition is final after the bot began to reply; the words came before.
        lines.sort_by_key(|line| line.at_ms);
        Self { lines }
    }

    /// The same for eyes without the right to personal data.
    pub fn masked_from_records(records: &[CallRecord]) -> Self {
        Self::from_records(&masked(records))
    }
}

/// A line and what it is known by.
#[derive(Debug)]
struct Draft {
    line: Line,
    utterance: Option<UtteranceId>,
    /// Until it ends.
    speech: Option<SpeechId>,
}

#[derive(Debug, Default)]
struct Fold {
    lines: Vec<Draft>,
    /// Flags of utterances whose words are not known yet.
    early: Vec<(UtteranceId, Flag)>,
    /// The caller's line that waits for a reply.
    unanswered: Option<usize>,
}

impl Fold {
    fn take(&mut self, record: &CallRecord) {
        let at_ms = record.at.as_millis();
        match &record.event {
            CallEvent::SpeechStarted { speech, text, .. } => {
                self.replied(record.at);
                let draft = self.push(at_ms, at_ms, Speaker::Bot, text.clone());
                draft.speech = Some(*speech);
            }
            CallEvent::SpeechEnded {
                speech,
                heard,
                complete,
                ..
            } => self.speech_ended(*speech, heard, *complete, at_ms),
            CallEvent::UtteranceRecognised {
                utterance,
                text,
                confidence,
                span_ms,
                recognition_ms,
            } if !text.expose().is_empty() => {
                let flags = self.early.iter().filter(|(of, _)| of == utterance);
                let flags = flags.map(|(_, flag)| *flag).collect();
                let text = text.expose().clone();
                let draft = self.push(span_ms.0, span_ms.1, Speaker::Caller, text);
                draft.utterance = Some(*utterance);
                draft.line.confidence = Some(*confidence);
                draft.line.recognition_ms = Some(*recognition_ms);
                draft.line.flags = flags;
                self.unanswered = Some(self.lines.len() - 1);
            }
            CallEvent::AgentRecognised { text, span_ms } => {
                self.push(span_ms.0, span_ms.1, Speaker::Agent, text.expose().clone());
            }
            CallEvent::Mood { utterance, mood } => {
                let lines = self.lines.iter_mut().rev();
                let mut of = lines.filter(|draft| draft.utterance == Some(*utterance));
                if let Some(draft) = of.next() {
                    draft.line.mood = Some(mood.clone());
                }
            }
            CallEvent::Backchannel { utterance } => self.flag(Some(*utterance), Flag::Backchannel),
            CallEvent::BargeIn { utterance, .. } => self.flag(Some(*utterance), Flag::BargeIn),
            CallEvent::Digit { digit } => self.digit(digit.expose().symbol(), at_ms),
            CallEvent::Turn {
                utterance,
                finding,
                decision_ms,
                ..
            } => self.decided(*utterance, finding, *decision_ms),
            CallEvent::Chosen { candidate } => self.chosen(candidate),
            CallEvent::Understood { utterance, intent } if intent == "repeat" => {
                self.flag(*utterance, Flag::Repeated);
            }
            CallEvent::Ended { .. } => {
                self.cut_off();
                self.happened(record);
            }
            CallEvent::Escalated { .. } => {
                self.flag(None, Flag::Escalated);
                self.happened(record);
            }
            CallEvent::Offered { .. }
            | CallEvent::UtteranceStarted { .. }
            | CallEvent::UtteranceRecognised { .. }
            | CallEvent::RecordingStarted { .. }
            | CallEvent::Understood { .. } => {}
            CallEvent::Bridged { .. } | CallEvent::AgentLeft { .. } => {
                // What was said to the agent is not for the bot to answer.
                self.unanswered = None;
                self.happened(record);
            }
            _ => self.happened(record),
        }
    }

    fn push(&mut self, at_ms: u64, end_ms: u64, speaker: Speaker, text: String) -> &mut Draft {
        let line = Line {
            at_ms,
            end_ms,
            speaker,
            text: Pii::new(text),
            detail: None,
            confidence: None,
            recognition_ms: None,
            decision: None,
            reply_ms: None,
            mood: None,
            flags: Vec::new(),
        };
        let draft = Draft {
            line,
            utterance: None,
            speech: None,
        };
        let place = self.lines.len();
        self.lines.push(draft);
        &mut self.lines[place]
    }

    /// A line of its own for what is neither said nor heard.
    fn happened(&mut self, record: &CallRecord) {
        let at_ms = record.at.as_millis();
        let (name, detail) = describe(&record.event);
        self.push(at_ms, at_ms, Speaker::System, name.to_owned())
            .line
            .detail = detail;
    }

    fn replied(&mut self, at: Moment) {
        if let Some(place) = self.unanswered.take() {
            let line = &mut self.lines[place].line;
            line.reply_ms = Some(at.as_millis().saturating_sub(line.end_ms));
        }
    }

    fn speech_ended(&mut self, speech: SpeechId, heard: &str, complete: bool, at_ms: u64) {
        let found = self
            .lines
            .iter()
            .rposition(|draft| draft.speech == Some(speech));
        let Some(place) = found else { return };
        if heard.is_empty() && !complete {
            // Dropped before a sound of it went out.
            self.lines.remove(place);
            self.unanswered = self.unanswered.map(|line| line - usize::from(line > place));
            return;
        }
        self.lines[place].speech = None;
        let line = &mut self.lines[place].line;
        line.end_ms = at_ms;
        line.text = Pii::new(heard.to_owned());
        if !complete {
            line.flags.push(Flag::Interrupted);
        }
    }

    /// The call is over: a sentence without an end was cut short.
    fn cut_off(&mut self) {
        for draft in self.lines.iter_mut().filter(|draft| draft.speech.is_some()) {
            draft.line.flags.push(Flag::Interrupted);
        }
    }

    fn digit(&mut self, key: char, at_ms: u64) {
        if let Some(Draft { line, .. }) = self.lines.last_mut()
            && line.flags.contains(&Flag::Keys)
            && line.decision.is_none()
            && u128::from(at_ms.saturating_sub(line.end_ms)) <= BETWEEN_DIGITS.as_millis()
        {
            let keys = format!("{}{key}", line.text.expose());
            line.text = Pii::new(keys);
            line.end_ms = at_ms;
            return;
        }
        let draft = self.push(at_ms, at_ms, Speaker::Caller, key.to_string());
        draft.line.flags.push(Flag::Keys);
        self.unanswered = Some(self.lines.len() - 1);
    }

    /// The line of an utterance, or the caller's last.
    fn caller_line(&mut self, utterance: Option<UtteranceId>) -> Option<&mut Line> {
        self.lines
            .iter_mut()
            .rev()
            .find(|draft| match utterance {
                Some(_) => draft.utterance == utterance,
                None => draft.line.speaker == Speaker::Caller,
            })
            .map(|draft| &mut draft.line)
    }

    fn flag(&mut self, utterance: Option<UtteranceId>, flag: Flag) {
        match (self.caller_line(utterance), utterance) {
            (Some(line), _) => line.flags.push(flag),
            (None, Some(utterance)) => self.early.push((utterance, flag)),
            (None, None) => {}
        }
    }

    fn decided(&mut self, utterance: Option<UtteranceId>, finding: &Finding, decision_ms: u64) {
        let (verdict, best, choices, flag) = match &finding.verdict {
            Verdict::Answer { candidate } => ("answer", Some(candidate), Vec::new(), None),
            Verdict::Clarify { candidates } => {
                let choices = candidates
                    .iter()
                    .map(|one| one.entry.spoken_name().to_owned());
                (
                    "clarify",
                    candidates.first(),
                    choices.collect(),
                    Some(Flag::Clarified),
                )
            }
            Verdict::Abstain { nearest } => (
                "abstain",
                nearest.as_ref(),
                Vec::new(),
                Some(Flag::Abstained),
            ),
        };
        let mut decision = decision(verdict, best, choices, decision_ms);
        let also = finding.second.as_ref();
        decision.also = also.map(|also| also.entry.question.clone());
        if let Some(line) = self.caller_line(utterance) {
            line.decision = Some(decision);
            line.flags.extend(flag);
        }
    }

    fn chosen(&mut self, candidate: &Candidate) {
        if let Some(line) = self.caller_line(None) {
            line.decision = Some(decision("answer", Some(candidate), Vec::new(), 0));
        }
    }
}

fn decision(
    verdict: &str,
    best: Option<&Candidate>,
    choices: Vec<String>,
    decision_ms: u64,
) -> Decision {
    Decision {
        verdict: verdict.to_owned(),
        entry: best.map(|best| best.entry.id.clone()),
        question: best.map(|best| best.entry.question.clone()),
        also: None,
        score: best.map(|best| best.score),
        choices,
        decision_ms,
    }
}

/// Name and detail of an event, as its JSON has them.
fn describe(event: &CallEvent) -> (&'static str, Option<String>) {
    match event {
        CallEvent::Rejected { status, reason } => ("rejected", Some(format!("{status} {reason}"))),
        CallEvent::Answered { codec } => ("answered", Some(codec.clone())),
        CallEvent::SilenceReprompt { count } => ("silence_reprompt", Some(count.to_string())),
        CallEvent::Escalated { reason } => ("escalated", name_of(reason, "reason")),
        CallEvent::AgentOffered { agent, .. } => ("agent_offered", Some(agent.clone())),
        CallEvent::AgentAnswered { brief, .. } => ("agent_answered", Some(brief.expose().clone())),
        CallEvent::Bridged { .. } => ("bridged", None),
        CallEvent::AgentUnavailable { cause, .. } => ("agent_unavailable", text_of(cause)),
        CallEvent::AgentLeft { .. } => ("agent_left", None),
        CallEvent::Referred { target, .. } => ("referred", Some(target.clone())),
        CallEvent::Noted { text, .. } => ("noted", Some(text.expose().clone())),
        CallEvent::CallbackRequested { number } => {
            ("callback_requested", Some(number.expose().clone()))
        }
        CallEvent::SlotAsked { slot, .. } => ("slot_asked", Some(slot.clone())),
        CallEvent::SlotMissed { slot, fault } => ("slot_missed", Some(format!("{slot} {fault}"))),
        CallEvent::SlotFilled { slot, value } => {
            ("slot_filled", Some(format!("{slot} {}", value.expose())))
        }
        CallEvent::ActionRequested { action, .. } => ("action_requested", Some(action.to_string())),
        CallEvent::ActionReplied { outcome, .. } => ("action_replied", text_of(outcome)),
        CallEvent::ActionFailed { failure, .. } => ("action_failed", text_of(failure)),
        CallEvent::Generated { outcome, .. } => ("generated", text_of(outcome)),
        CallEvent::Rewritten { question, .. } => ("rewritten", Some(question.expose().clone())),
        CallEvent::Held => ("held", None),
        CallEvent::Resumed => ("resumed", None),
        CallEvent::EngineFailed { engine, .. } => ("engine_failed", Some(engine.clone())),
        CallEvent::Ended { cause, .. } => ("ended", text_of(cause)),
        // Said, heard or of no interest to a reader; `Fold::take` handles them.
        _ => ("event", None),
    }
}

/// The name of a unit variant, as serialised.
fn text_of(value: &impl Serialize) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    value.as_str().map(str::to_owned)
}

/// The tag of a variant, as serialised.
fn name_of(value: &impl Serialize, tag: &str) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    value.get(tag)?.as_str().map(str::to_owned)
}

#[cfg(test)]
#[path = "view/tests.rs"]
mod tests;
