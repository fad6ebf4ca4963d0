//! Having a language model complete a question or phrase an answer, for the call's machine.
//!
//! One at a time, a task with a bounded way back: a new one, an interruption or the end of the call ends it. The time box is kept
//! here, over all that is done before the first sentence; the machine has one of its own, should this break.

use std::sync::Arc;

use jiff::civil::DateTime;
use tokio::{sync::mpsc, task::AbortHandle};

use super::call_task::CallTask;
use crate::{
    call::{GeneratedSentence, GenerationOutcome},
    clock::{Moment, beijing_time},
    conversation::{Generation, Input},
    entry::{Candidate, Finding, Verdict},
    llm::{Answering, Before, GroundedWriter, ModelError, NotWritten, Passage},
    retrieval::{KnowledgeIndex, Query, SearchError},
};

/// Sentences on their way to the machine; when it is full, the writer waits.
const ON_THE_WAY: usize = 4;

/// What is being written for a call.
#[derive(Debug, Default)]
pub(super) struct Writing {
    task: Option<(AbortHandle, mpsc::Receiver<Input>)>,
}

impl Writing {
    /// Begins; what was written before is given up.
    fn begin(&mut self, job: Job, wanted: Generation) {
        self.stop();
        let (told, inputs) = mpsc::channel(ON_THE_WAY);
        let task = tokio::spawn(async move { job.run(wanted, &told).await });
        self.task = Some((task.abort_handle(), inputs));
    }

    /// Gives up what is written.
    pub(super) fn stop(&mut self) {
        if let Some((task, _)) = self.task.take() {
            task.abort();
        }
    }

    /// The next thing that the machine is to know; waits for ever while there is none.
    pub(super) async fn next(&mut self) -> Input {
        if let Some((_, inputs)) = &mut self.task
            && let Some(input) = inputs.recv().await
        {
            return input;
        }
        self.task = None;
        std::future::pending().await
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.stop();
    }
}

impl CallTask {
    pub(super) fn generate(&mut self, wanted: Generation) {
        let search = wanted.search;
        let (Some(writer), Some(line)) = (&self.services.language_model, &self.line) else {
            // A call that is told of a model is served with one.
            let outcome = GenerationOutcome::Failed;
            return self.tell(Input::GenerationEnded { search, outcome });
        };
        let now = self.services.clock.now();
        let job = Job {
            writer: writer.clone(),
            index: line.index.clone(),
            language: line.language.clone(),
            now,
            local: beijing_time(self.services.clock.wall_ms(now)),
        };
        self.work.writing.begin(job, wanted);
    }
}

/// What a piece of writing needs.
pub(super) struct Job {
    pub(super) writer: Arc<GroundedWriter>,
    pub(super) index: Arc<dyn KnowledgeIndex>,
    /// The line's.
    pub(super) language: String,
    /// When it begins, on the process's clock.
    pub(super) now: Moment,
    /// The local time of the business.
    pub(super) local: DateTime,
}

/// What came first.
enum First {
    /// An entry answers the completed question.
    Completed(String, Finding),
    /// A sentence may be said, and perhaps more.
    Answer(Answering),
}

impl Job {
    /// Does it, telling the machine of each step. The last that it tells is an end, or a completed question.
    pub(super) async fn run(self, wanted: Generation, told: &mpsc::Sender<Input>) {
        let search = wanted.search;
        let limit = self.writer.settings().first_sentence;
        let first = match tokio::time::timeout(limit, self.first(&wanted)).await {
            Ok(first) => first,
            Err(_) => Err(NotWritten::Slow),
        };
        let ended = |error: Option<&NotWritten>| Input::GenerationEnded {
            search,
            outcome: error.map_or(GenerationOutcome::Answered, outcome_of),
        };
        // Nobody listens any more where telling fails.
        let last = match first {
            Ok(First::Completed(question, finding)) => Input::Rewritten {
                search,
                question: question.into(),
                finding,
            },
            Ok(First::Answer(mut answer)) => {
                while let Some(said) = answer.next().await {
                    let (text, entry) = (said.text, said.entry);
                    let sentence = GeneratedSentence { text, entry };
                    if told
                        .send(Input::Generated { search, sentence })
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
                ended(answer.cut_short())
            }
            Err(error) => {
                tracing::debug!(model = self.writer.model(), %error, "a language model was of no use");
                ended(Some(&error))
            }
        };
        let _ = told.send(last).await;
    }

    async fn look_up(&self, text: &str) -> Result<Finding, SearchError> {
        let now = self.local;
        self.index.search(Query::new(text, now)).await
    }

    /// The first thing of use: the question is completed if it can be, and looked up; else an answer is phrased.
    async fn first(&self, wanted: &Generation) -> Result<First, NotWritten> {
        let settings = *self.writer.settings();
        let asked = wanted.question.expose().as_str();
        let mut candidates = wanted.candidates.clone();
        if settings.rewrite
            && may_follow_up(asked)
            && let Some((question, answer)) = &wanted.before
        {
            let before = Before {
                question: question.expose().clone(),
                answer: answer.clone(),
            };
            let writer = &self.writer;
            let completed = writer
                .rewrite(self.now, &self.language, asked, &before)
                .await?;
            // A search that fails finds nothing.
            if let Some(question) = completed
                && let Ok(finding) = self.look_up(&question).await
            {
                match finding.verdict {
                    Verdict::Answer { .. } => return Ok(First::Completed(question, finding)),
                    // What is near the whole question is nearer than what is near its half.
                    Verdict::Clarify { candidates: found } => candidates = found,
                    Verdict::Abstain { nearest } => candidates.extend(nearest),
                }
            }
        }
        let passages = passages(&candidates, settings.floor);
        if !settings.answer || passages.is_empty() {
            return Err(NotWritten::NothingNear);
        }
        let answer = self
            .writer
            .answer(self.now, &self.language, asked, &passages)
            .await?;
        Ok(First::Answer(answer))
    }
}

/// Whether a question is so short that it can lean on the one before. A longer one is complete, and completing it would take the
/// time that its answer needs.
fn may_follow_up(asked: &str) -> bool {
    let longest = if asked.is_ascii() { 48 } else { 16 };
    asked.chars().count() <= longest
}

/// What may be answered from, best first, each entry once.
fn passages(candidates: &[Candidate], floor: f32) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    for candidate in candidates {
        let entry = &candidate.entry;
        let is_new = passages.iter().all(|passage| passage.entry != entry.id);
        if is_new && candidate.score >= floor && entry.action == crate::entry::Action::Answer {
            passages.push(Passage::from(&**entry));
        }
    }
    passages
}

const fn outcome_of(error: &NotWritten) -> GenerationOutcome {
    match error {
        NotWritten::Orders => GenerationOutcome::Orders,
        NotWritten::NothingNear => GenerationOutcome::NothingNear,
        NotWritten::Slow => GenerationOutcome::Slow,
        NotWritten::Declined => GenerationOutcome::Declined,
        NotWritten::Ungrounded(_) => GenerationOutcome::Ungrounded,
        NotWritten::Model(ModelError::Busy(_)) => GenerationOutcome::Busy,
        NotWritten::Model(ModelError::Resting(_)) => GenerationOutcome::Resting,
        NotWritten::Model(_) => GenerationOutcome::Failed,
    }
}

#[cfg(test)]
mod tests;
