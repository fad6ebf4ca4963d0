//! Answers of a language model, if there is one: asked for where the bot would else ask back or admit not knowing.
//!
//! The model is waited for while nothing else is said. Its first sentence takes the place of the plain way; when none comes in
//! time, or none that may be said, the plain way goes on. It is never asked when an entry answers, and what it says was checked
//! against the entries before it comes here. Asking it and checking it is the driver's work.

use std::time::Duration;

use super::{
    Generation, Output,
    floor::joined,
    machine::{Conversation, Stage},
    playout::Repeatable,
};
use crate::{
    call::{CallEvent, GeneratedSentence, GenerationOutcome, SpeechSource},
    clock::Moment,
    entry::{Action, Candidate, Finding, Verdict},
    ids::SearchId,
    pii::Pii,
};

/// How much later than agreed the driver may tell that no sentence came.
const GRACE: Duration = Duration::from_millis(300);

/// What a language model is writing.
#[derive(Clone, Debug)]
pub(super) struct Generating {
    search: SearchId,
    asked: String,
    /// What the plain way does without it.
    finding: Finding,
    since: Moment,
    first_ms: Option<u64>,
    sentences: Vec<GeneratedSentence>,
    /// What was said of it is not wanted any more.
    unwanted: bool,
}

impl Generating {
    fn has_begun(&self) -> bool {
        !self.sentences.is_empty()
    }
}

impl Conversation {
    /// Asks a language model, if there is one and it can be of use; whether it was asked. `before` is the question before this.
    pub(super) fn generates(
        &mut self,
        now: Moment,
        search: SearchId,
        asked: &str,
        before: &str,
        finding: &Finding,
    ) -> bool {
        if self.settings.timings.generation.is_none() || self.stage != Stage::Open {
            return false;
        }
        let candidates = match &finding.verdict {
            Verdict::Answer { .. } => return false,
            Verdict::Clarify { candidates } => candidates.clone(),
            Verdict::Abstain { nearest } => nearest.iter().cloned().collect(),
        };
        let says = |candidate: &Candidate| candidate.entry.action == Action::Answer;
        let candidates: Vec<Candidate> = candidates.into_iter().filter(says).collect();
        // What the business's systems told of a caller is not for a model.
        let written = |said: &&Repeatable| !matches!(said.source, SpeechSource::Acted { .. });
        let answer = self.repeatable.last().filter(|_| self.was_answered());
        let answer = answer.filter(written);
        let before = answer
            .filter(|_| !before.is_empty())
            .map(|answer| (Pii::new(before.to_owned()), answer.text.clone()));
        if candidates.is_empty() && before.is_none() {
            return false;
        }
        self.drop_generation(now);
        self.generating = Some(Generating {
            search,
            asked: asked.to_owned(),
            finding: finding.clone(),
            since: now,
            first_ms: None,
            sentences: Vec::new(),
            unwanted: false,
        });
        self.output(Output::Generate(Generation {
            search,
            question: Pii::new(asked.to_owned()),
            before,
            candidates,
        }));
        true
    }

    fn generating(&mut self, search: SearchId) -> Option<&mut Generating> {
        self.generating
            .as_mut()
            .filter(|generating| generating.search == search && !generating.unwanted)
    }

    /// The question was a follow-up, and an entry answers what it asks.
    pub(super) fn rewritten(
        &mut self,
        now: Moment,
        search: SearchId,
        question: Pii<String>,
        finding: Finding,
    ) {
        let answers = matches!(finding.verdict, Verdict::Answer { .. });
        let waits = self
            .generating(search)
            .is_some_and(|generating| !generating.has_begun());
        if !answers || !waits {
            return;
        }
        let Some(generating) = self.generating.take() else {
            return;
        };
        self.quiet_since = now;
        self.last_question.clone_from(question.expose());
        self.event(CallEvent::Rewritten {
            search,
            question: question.clone(),
            finding: finding.clone(),
            total_ms: now.since(generating.since).as_millis() as u64,
        });
        self.answer(question.expose(), finding);
    }

    /// Says a sentence of the model.
    pub(super) fn generated(&mut self, now: Moment, search: SearchId, sentence: GeneratedSentence) {
        let Some(generating) = self.generating(search) else {
            return;
        };
        let is_first = !generating.has_begun();
        // A wait is shorter than 2^64 ms.
        let waited_ms = now.since(generating.since).as_millis() as u64;
        generating.first_ms.get_or_insert(waited_ms);
        generating.sentences.push(sentence.clone());
        let GeneratedSentence { text, entry } = sentence;
        let source = SpeechSource::Generated { entry };
        if is_first {
            self.asked_more = false;
            self.policy.answered();
            return self.say_repeatable(Repeatable {
                text,
                source,
                speed: 1.0,
            });
        }
        // 再说一遍 repeats all of it.
        if let Some(said) = self.repeatable.last_mut() {
            said.text = joined(&said.text, &text);
        }
        self.say_text(text, source, true, 1.0);
    }

    /// The model writes no more: if nothing was said, the plain way goes on.
    pub(super) fn generation_ended(
        &mut self,
        now: Moment,
        search: SearchId,
        outcome: GenerationOutcome,
    ) {
        if self.generating(search).is_none() {
            return;
        }
        let Some(generating) = self.generating.take() else {
            return;
        };
        self.record_generation(now, &generating, outcome);
        self.quiet_since = now;
        match generating.has_begun() {
            true => {
                self.go_back();
            }
            false => self.answer(&generating.asked, generating.finding),
        }
    }

    /// When the first sentence is overdue.
    pub(super) fn generation_deadline(&self) -> Option<Moment> {
        let generating = self.generating.as_ref()?;
        let limit = self.settings.timings.generation?;
        (!generating.has_begun()).then(|| generating.since + limit + GRACE)
    }

    pub(super) fn generation_overdue(&mut self, now: Moment) {
        if let Some(search) = self.generating.as_ref().map(|generating| generating.search) {
            self.output(Output::StopGenerating);
            self.generation_ended(now, search, GenerationOutcome::Slow);
        }
    }

    /// The caller speaks on before anything was said: what they asked belongs to what follows.
    pub(super) fn overtake_generation(&mut self, now: Moment) -> Option<String> {
        let generating = self.generating.as_ref()?;
        if generating.has_begun() {
            return None;
        }
        let asked = generating.asked.clone();
        self.drop_generation(now);
        Some(asked)
    }

    /// What is being said is dropped: the rest of an answer that has begun is not wanted either.
    pub(super) fn unwanted_generation(&mut self) {
        if let Some(generating) = &mut self.generating {
            generating.unwanted |= generating.has_begun();
        }
    }

    /// Drops what nobody wants any more, or what something else took the place of.
    pub(super) fn follow_generation(&mut self, now: Moment) {
        let is_over = self
            .generating
            .as_ref()
            .is_some_and(|generating| generating.unwanted || self.stage != Stage::Open);
        if is_over {
            self.drop_generation(now);
        }
    }

    pub(super) fn drop_generation(&mut self, now: Moment) {
        if let Some(generating) = self.generating.take() {
            self.output(Output::StopGenerating);
            self.record_generation(now, &generating, GenerationOutcome::Interrupted);
        }
    }

    fn record_generation(
        &mut self,
        now: Moment,
        generating: &Generating,
        outcome: GenerationOutcome,
    ) {
        self.event(CallEvent::Generated {
            search: generating.search,
            outcome,
            sentences: generating.sentences.clone(),
            first_ms: generating.first_ms,
            // A call is shorter than 2^64 ms.
            total_ms: now.since(generating.since).as_millis() as u64,
        });
    }
}
