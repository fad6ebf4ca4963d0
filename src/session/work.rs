//! Work that a call waits for: recognition, search, synthesis. Each piece is a task that ends with the call.

use std::{collections::HashMap, sync::Arc};

use tokio::task::{AbortHandle, JoinSet};

use super::{Services, SnapshotKey, generating::Writing, speaker::Synthesised};
use crate::{
    action::{ActionFailure, ActionReply},
    asr::{Language, RecognizeError},
    audio::Pcm,
    clock::Moment,
    conversation::{ConversationSettings, Input},
    embedding::EmbedError,
    entry::Finding,
    ids::{ActionId, OfferId, SearchId, SpeechId, UtteranceId},
    pii::Pii,
    retrieval::{KnowledgeIndex, Query, SearchError},
    sentiment::{Delivery, MoodClassifier, Spotted, WordsMood, syllables},
    sip::{Dialog, SipError},
    transcript::Recognition,
    tts::{SpeechRequest, SynthesizeError},
};

/// What a piece of work came to.
#[derive(Debug)]
pub(super) enum Done {
    Recognised {
        key: SnapshotKey,
        result: Result<Recognition, RecognizeError>,
    },
    AgentRecognised {
        span: (Moment, Moment),
        result: Result<Recognition, RecognizeError>,
    },
    MoodRead {
        utterance: UtteranceId,
        result: Result<WordsMood, EmbedError>,
        delivery: Option<Delivery>,
    },
    Found {
        search: SearchId,
        result: Result<Finding, SearchError>,
    },
    /// By the business's systems.
    Acted {
        id: ActionId,
        result: Result<ActionReply, ActionFailure>,
    },
    /// By a language model.
    Written(Input),
    Synthesised(Synthesised),
    Brief {
        offer: OfferId,
        result: Result<Pcm, SynthesizeError>,
    },
    Refer {
        offer: OfferId,
        result: Result<u32, SipError>,
    },
}

/// An utterance whose mood is wanted.
pub(super) struct Said {
    pub utterance: UtteranceId,
    pub text: Pii<String>,
    /// 16 kHz, if it is still kept.
    pub audio: Option<Arc<[i16]>>,
    pub over_bot: bool,
}

/// The work of one call. The call's machine asks for a few pieces at a time, so they need no queue of their own.
#[derive(Debug, Default)]
pub(super) struct Work {
    tasks: JoinSet<Done>,
    recognising: HashMap<UtteranceId, AbortHandle>,
    /// What a language model writes.
    pub(super) writing: Writing,
}

impl Work {
    /// Recognises a snapshot. An older one of the same utterance is out of date, and is dropped.
    pub(super) fn recognise(
        &mut self,
        services: &Services,
        key: SnapshotKey,
        audio: Arc<[i16]>,
        language: Language,
    ) {
        let (pool, deadline) = (services.recognizer.clone(), services.recognition_deadline);
        let task = self.tasks.spawn(async move {
            let result = pool.recognize(audio, language, deadline).await;
            Done::Recognised { key, result }
        });
        if let Some(older) = self.recognising.insert(key.utterance, task) {
            older.abort();
        }
    }

    /// The caller speaks on: what is being recognised of the utterance is out of date.
    pub(super) fn out_of_date(&mut self, utterance: UtteranceId) {
        if let Some(task) = self.recognising.remove(&utterance) {
            task.abort();
        }
    }

    pub(super) fn recognise_agent(
        &mut self,
        services: &Services,
        span: (Moment, Moment),
        audio: Arc<[i16]>,
        language: Language,
    ) {
        let (pool, deadline) = (services.recognizer.clone(), services.recognition_deadline);
        self.tasks.spawn(async move {
            let result = pool.recognize(audio, language, deadline).await;
            Done::AgentRecognised { span, result }
        });
    }

    /// Reads the mood of an utterance, by its words and by how they were spoken.
    pub(super) fn read_mood(
        &mut self,
        moods: Arc<MoodClassifier>,
        vocabulary: Arc<ConversationSettings>,
        said: Said,
    ) {
        self.tasks.spawn_blocking(move || {
            let text = said.text.expose();
            // Who asks for a human, and what must reach one, is the conversation's to understand: it knows its stage.
            let spotted = Spotted {
                control: vocabulary.prompts.vocabulary().steers(text),
                ..Spotted::default()
            };
            let syllables = syllables(text);
            let audio = said.audio.as_deref();
            Done::MoodRead {
                utterance: said.utterance,
                result: moods.read(text, spotted),
                delivery: audio.and_then(|audio| Delivery::of(audio, syllables, said.over_bot)),
            }
        });
    }

    pub(super) fn search(
        &mut self,
        index: Arc<dyn KnowledgeIndex>,
        search: SearchId,
        query: Query,
    ) {
        self.tasks.spawn(async move {
            let result = index.search(query).await;
            Done::Found { search, result }
        });
    }

    pub(super) fn act(
        &mut self,
        id: ActionId,
        asking: impl Future<Output = Result<ActionReply, ActionFailure>> + Send + 'static,
    ) {
        self.tasks.spawn(async move {
            let result = asking.await;
            Done::Acted { id, result }
        });
    }

    pub(super) fn synthesise(
        &mut self,
        services: &Services,
        speech: SpeechId,
        request: SpeechRequest,
    ) {
        let synthesizer = services.synthesizer.clone();
        self.tasks.spawn(async move {
            let result = synthesizer.synthesize(&request).await;
            Done::Synthesised(Synthesised { speech, result })
        });
    }

    pub(super) fn brief(&mut self, services: &Services, offer: OfferId, request: SpeechRequest) {
        let synthesizer = services.synthesizer.clone();
        self.tasks.spawn(async move {
            let result = synthesizer.synthesize(&request).await;
            Done::Brief { offer, result }
        });
    }

    pub(super) fn refer(&mut self, dialog: Dialog, offer: OfferId, target: String) {
        self.tasks.spawn(async move {
            let result = dialog.refer(&target).await;
            Done::Refer { offer, result }
        });
    }

    /// The next piece that is done; waits for ever while there is none.
    pub(super) async fn next(&mut self) -> Done {
        loop {
            // Both can be given up and asked again.
            let joined = tokio::select! {
                input = self.writing.next() => return Done::Written(input),
                joined = self.tasks.join_next(), if !self.tasks.is_empty() => joined,
            };
            match joined {
                Some(Ok(done)) => {
                    if let Done::Recognised { key, .. } = &done {
                        self.recognising.remove(&key.utterance);
                    }
                    return done;
                }
                Some(Err(error)) if error.is_cancelled() => {}
                // The conversation does not wait for ever: its own patience ends.
                Some(Err(error)) => tracing::error!(%error, "work for a call broke"),
                None => std::future::pending().await,
            }
        }
    }
}
