//! What a model writes, made fit to be said: asked within a time box, with masked data, and checked sentence by sentence.

use std::{sync::Arc, time::Duration};

use super::{
    By, Chat, LanguageModel, ModelError, Pieces, WriterPrompts,
    grounding::{Passages, warm_up},
    privacy,
    prompts::{Task, escaped},
    rewriting,
};
use crate::{clock::Moment, entry::Entry, ids::EntryId};

/// Passages that a model is given at most.
const MOST_PASSAGES: usize = 5;

/// The longest passage that is given, in characters; a longer one is left out, for half of one may lack a condition.
const LONGEST_PASSAGE: usize = 800;

/// The longest question that is sent, in characters.
const LONGEST_QUESTION: usize = 200;

/// Phrasings that are proposed for an entry at most.
const MOST_PHRASINGS: usize = 8;

/// Tokens that a completed question may have.
const QUESTION_TOKENS: u32 = 80;

/// How a model is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WriterSettings {
    /// Whether it phrases answers.
    pub answer: bool,
    /// Whether it completes follow-up questions.
    pub rewrite: bool,
    /// How long the first checked sentence is waited for.
    pub first_sentence: Duration,
    /// How long proposals of phrasings may take; nobody is on the line then.
    pub proposals: Duration,
    /// The most that it may write for an answer.
    pub max_tokens: u32,
    /// Sentences of an answer that are said at most.
    pub most_sentences: usize,
    /// The least score of an entry that may be answered from, 0 to 1.
    pub floor: f32,
}

/// Something that an answer may be phrased from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The entry that it is.
    pub entry: EntryId,
    /// What it is called when it is offered to a caller.
    pub name: String,
    /// The question that it answers.
    pub question: String,
    /// What it says.
    pub text: String,
}

impl From<&Entry> for Passage {
    fn from(entry: &Entry) -> Self {
        Self {
            entry: entry.id.clone(),
            name: entry.spoken_name().to_owned(),
            question: entry.question.clone(),
            text: entry.answer.clone(),
        }
    }
}

/// What was said before a follow-up question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The question before it.
    pub question: String,
    /// The answer to that.
    pub answer: String,
}

/// A sentence that may be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The sentence, without citations.
    pub text: String,
    /// The entry that supports it.
    pub entry: EntryId,
}

/// Why nothing is said, or nothing more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// The question gives orders to the model.
    #[error("the question gives orders to the model")]
    Orders,
    /// Nothing near enough was found to answer from.
    #[error("no passage is near enough")]
    NothingNear,
    /// No checked sentence came in time.
    #[error("no sentence came in time")]
    Slow,
    /// The model says that the passages have no answer.
    #[error("the passages have no answer")]
    Declined,
    /// A sentence was not supported by a passage.
    #[error("a sentence is not supported: {0}")]
    Ungrounded(String),
    /// The model did not write.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Has a model write, and lets through what may be said.
pub struct GroundedWriter {
    model: Arc<dyn LanguageModel>,
    prompts: Arc<WriterPrompts>,
    settings: WriterSettings,
}

impl std::fmt::Debug for GroundedWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroundedWriter")
            .field("model", &self.model.name())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl GroundedWriter {
    /// A writer with this model. Takes some 100 ms, for the dictionary of the check.
    pub fn new(
        model: Arc<dyn LanguageModel>,
        prompts: Arc<WriterPrompts>,
        settings: WriterSettings,
    ) -> Self {
        warm_up();
        Self {
            model,
            prompts,
            settings,
        }
    }

    /// How the model is used.
    pub const fn settings(&self) -> &WriterSettings {
        &self.settings
    }

    /// The name of the model, for records.
    pub fn model(&self) -> &str {
        self.model.name()
    }

    /// Has an answer to `asked` phrased out of `passages`, best first, in the language of the line. Returns with the first
    /// sentence that may be said, or without one when none came in time.
    pub async fn answer(
        &self,
        now: Moment,
        language: &str,
        asked: &str,
        passages: &[Passage],
    ) -> Result<Answering, NotWritten> {
        self.refuse_orders(asked)?;
        let passages: Vec<Passage> = passages
            .iter()
            .filter(|passage| self.may_be_sent(passage))
            .take(MOST_PASSAGES)
            .cloned()
            .collect();
        if passages.is_empty() {
            return Err(NotWritten::NothingNear);
        }
        let language = self.prompts.language(language);
        let data = [
            ("passages", shown(&passages).as_str()),
            ("question", sent(asked).as_str()),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let pieces = self.ask(now, language, Task::Answer, &data, self.settings.max_tokens)?;
        let grounds = Passages::new(
            passages
                .iter()
                .map(|passage| (passage.question.as_str(), passage.text.as_str())),
        );
        let mut answering = Answering {
            prompts: self.prompts.clone(),
            language,
            asked: asked.to_owned(),
            passages,
            grounds,
            pieces,
            first: None,
            named: Vec::new(),
            left: self.settings.most_sentences,
            end: None,
        };
        match tokio::time::timeout(self.settings.first_sentence, answering.check_next()).await {
            Ok(Some(first)) => {
                answering.first = Some(first);
                Ok(answering)
            }
            Ok(None) => Err(answering.end.unwrap_or(NotWritten::Declined)),
            Err(_) => {
                self.model.was_slow(now);
                Err(NotWritten::Slow)
            }
        }
    }

    /// Has the follow-up `asked` completed to a question that can be looked up; `None` when it is none, or cannot be in time.
    pub async fn rewrite(
        &self,
        now: Moment,
        language: &str,
        asked: &str,
        before: &Before,
    ) -> Result<Option<String>, NotWritten> {
        self.refuse_orders(asked)?;
        // The question before may have been refused as well, and has not been answered then.
        self.refuse_orders(&before.question)?;
        let language = self.prompts.language(language);
        let data = [
            ("before", sent(&before.question)),
            ("answer", escaped(&privacy::written(&before.answer))),
            ("question", sent(asked)),
        ];
        let mut pieces = self.ask(now, language, Task::Rewrite, &data, QUESTION_TOKENS)?;
        match tokio::time::timeout(self.settings.first_sentence, pieces.recv()).await {
            Ok(Some(Ok(reply))) => Ok(rewriting::completed(
                &reply,
                asked,
                &before.question,
                &before.answer,
            )),
            Ok(Some(Err(error))) => Err(error.into()),
            Ok(None) => Ok(None),
            Err(_) => {
                self.model.was_slow(now);
                Err(NotWritten::Slow)
            }
        }
    }

    /// Other ways in which callers may ask for `entry`, for the business to accept or strike. They mean what the model thinks;
    /// whoever proposes them asks the index whether they find the entry.
    pub async fn propose_phrasings(
        &self,
        now: Moment,
        language: &str,
        entry: &Entry,
    ) -> Result<Vec<String>, NotWritten> {
        let language = self.prompts.language(language);
        let passage = Passage::from(entry);
        if !self.may_be_sent(&passage) {
            return Err(NotWritten::Orders);
        }
        let data = [
            ("count", MOST_PHRASINGS.to_string()),
            ("question", escaped(&privacy::written(&entry.question))),
            ("answer", escaped(&privacy::written(&entry.answer))),
        ];
        let mut pieces = self.ask(
            now,
            language,
            Task::Phrasings,
            &data,
            self.settings.max_tokens,
        )?;
        let mut lines = Vec::new();
        let reading = async {
            while let Some(line) = pieces.recv().await {
                lines.push(line?);
            }
            Ok::<(), ModelError>(())
        };
        let read = tokio::time::timeout(self.settings.proposals, reading).await;
        let mut known: Vec<&str> = entry.phrasings().collect();
        known.push(&entry.answer);
        let lines = lines
            .into_iter()
            .filter(|line| !self.prompts.orders().are_in(line));
        let proposed = rewriting::phrasings(lines, &known, MOST_PHRASINGS);
        match read {
            // What was read before is as good.
            _ if !proposed.is_empty() => Ok(proposed),
            Ok(Ok(())) => Ok(proposed),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(NotWritten::Slow),
        }
    }

    fn refuse_orders(&self, words: &str) -> Result<(), NotWritten> {
        match self.prompts.orders().are_in(words) {
            true => Err(NotWritten::Orders),
            false => Ok(()),
        }
    }

    /// A document can speak to the model, too.
    fn may_be_sent(&self, passage: &Passage) -> bool {
        let orders = self.prompts.orders();
        !passage.text.trim().is_empty()
            && passage.text.chars().count() <= LONGEST_PASSAGE
            && !orders.are_in(&passage.text)
            && !orders.are_in(&passage.question)
    }

    fn ask(
        &self,
        now: Moment,
        language: &'static str,
        task: Task,
        data: &[(&str, String)],
        max_tokens: u32,
    ) -> Result<Pieces, NotWritten> {
        let data: Vec<(&str, &str)> = data
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let (system, user) = self.prompts.texts(language, task, &data);
        let by = match task {
            Task::Answer => By::Sentence,
            Task::Rewrite | Task::Phrasings => By::Line,
        };
        let chat = Chat {
            system,
            user,
            by,
            max_tokens,
        };
        Ok(self.model.write(now, chat)?)
    }
}

/// A caller's words as they are sent.
fn sent(words: &str) -> String {
    let words: String = words.chars().take(LONGEST_QUESTION).collect();
    escaped(&privacy::said(&words))
}

/// Passages as they are sent, numbered from 1.
fn shown(passages: &[Passage]) -> String {
    let passages = passages.iter().zip(1..).map(|(passage, number)| {
        let question = escaped(&privacy::written(&passage.question));
        let text = escaped(&privacy::written(&passage.text));
        format!("<passage id=\"{number}\">{question}\n{text}</passage>")
    });
    passages.collect::<Vec<_>>().join("\n")
}

/// An answer that is being written. Dropping it ends the writing.
pub struct Answering {
    prompts: Arc<WriterPrompts>,
    language: &'static str,
    asked: String,
    passages: Vec<Passage>,
    grounds: Passages,
    pieces: Pieces,
    first: Option<Said>,
    /// Passages whose subject the caller has heard.
    named: Vec<usize>,
    left: usize,
    end: Option<NotWritten>,
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answering").finish_non_exhaustive()
    }
}

impl Answering {
    /// The next sentence; `None` when the answer is over, at its end or at the first sentence that may not be said.
    pub async fn next(&mut self) -> Option<Said> {
        match self.first.take() {
            Some(first) => Some(first),
            None => self.check_next().await,
        }
    }

    /// Why it ended before its end, if it did.
    pub const fn cut_short(&self) -> Option<&NotWritten> {
        self.end.as_ref()
    }

    async fn check_next(&mut self) -> Option<Said> {
        if self.left == 0 || self.end.is_some() {
            return None;
        }
        self.left -= 1;
        let sentence = match self.pieces.recv().await? {
            Ok(sentence) => sentence,
            Err(error) => {
                self.end = Some(error.into());
                return None;
            }
        };
        if self.prompts.is_nothing(self.language, &sentence) {
            self.end = Some(NotWritten::Declined);
            return None;
        }
        match self.grounds.check(&sentence) {
            Ok(supported) => Some(self.named(supported.passage, supported.text)),
            Err(reason) => {
                self.end = Some(NotWritten::Ungrounded(reason.to_string()));
                None
            }
        }
    }

    /// The sentence, with what it is about before it if the caller would not know.
    fn named(&mut self, passage: usize, text: String) -> Said {
        let Passage { entry, name, .. } = &self.passages[passage];
        let is_known =
            self.named.contains(&passage) || self.grounds.is_named(passage, &self.asked, &text);
        let text = match is_known {
            true => text,
            false => {
                let name = name.trim_matches(|symbol: char| "，。？！,.?! ".contains(symbol));
                self.prompts.about(self.language, name) + &text
            }
        };
        self.named.push(passage);
        Said {
            text,
            entry: entry.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
