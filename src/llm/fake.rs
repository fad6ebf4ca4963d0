//! A language model for tests: it says what it was told to say, and remembers what it was told.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{Chat, LanguageModel, ModelError, Pieces};
use crate::clock::Moment;

/// What it says to a chat: the pieces, or nothing at all until nobody waits any more.
type Script = Box<dyn Fn(&Chat) -> Option<Vec<Result<String, ModelError>>> + Send + Sync>;

/// A model that follows a script.
pub struct FakeModel {
    script: Script,
    chats: Mutex<Vec<Chat>>,
    slow: Mutex<u32>,
    /// Those who are kept waiting.
    waiting: Mutex<Vec<mpsc::Sender<Result<String, ModelError>>>>,
}

impl std::fmt::Debug for FakeModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeModel").finish_non_exhaustive()
    }
}

impl FakeModel {
    fn new(script: Script) -> Self {
        Self {
            script,
            chats: Mutex::default(),
            slow: Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    /// It says `pieces` to everything.
    pub fn saying(pieces: &[&str]) -> Self {
        let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        Self::new(Box::new(move |_| {
            Some(pieces.iter().cloned().map(Ok).collect())
        }))
    }

    /// It makes its one piece of what it was told.
    pub fn answering(reply: impl Fn(&Chat) -> String + Send + Sync + 'static) -> Self {
        Self::new(Box::new(move |chat| Some(vec![Ok(reply(chat))])))
    }

    /// It says `pieces`, and then fails.
    pub fn failing_after(pieces: &[&str], error: ModelError) -> Self {
        let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        Self::new(Box::new(move |_| {
            let said = pieces.iter().cloned().map(Ok);
            Some(said.chain([Err(error.clone())]).collect())
        }))
    }

    /// It never says anything.
    pub fn silent() -> Self {
        Self::new(Box::new(|_| None))
    }

    /// What it was told so far.
    pub fn chats(&self) -> Vec<Chat> {
        // Only whole chats are pushed.
        let chats = self.chats.lock().unwrap_or_else(PoisonError::into_inner);
        chats.clone()
    }

    /// How often it was given up as too slow.
    pub fn times_slow(&self) -> u32 {
        *self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LanguageModel for FakeModel {
    fn name(&self) -> &str {
        "fake"
    }

    fn write(&self, _: Moment, chat: Chat) -> Result<Pieces, ModelError> {
        let script = (self.script)(&chat);
        let mut chats = self.chats.lock().unwrap_or_else(PoisonError::into_inner);
        chats.push(chat);
        drop(chats);
        let capacity = script.as_ref().map_or(1, |pieces| pieces.len().max(1));
        let (sender, receiver) = mpsc::channel(capacity);
        match script {
            Some(pieces) => {
                for piece in pieces {
                    // There is room for all of them.
                    let _ = sender.try_send(piece);
                }
            }
            None => {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.push(sender);
            }
        }
        Ok(receiver)
    }

    fn was_slow(&self, _: Moment) {
        *self.slow.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
}
