//! The mood of each utterance, for the record and for the conversation.

use super::{call_task::CallTask, input::SessionInput, work::Said};
use crate::{
    embedding::EmbedError,
    ids::UtteranceId,
    pii::Pii,
    sentiment::{Delivery, WordsMood},
};

impl CallTask {
    /// Has the mood of an utterance read, if moods are told.
    pub(super) fn read_mood(&mut self, utterance: UtteranceId, text: Pii<String>) {
        let (Some(moods), Some(line)) = (&self.services.moods, &self.line) else {
            return;
        };
        // What is recorded again, because it was taken back and went on, is not felt twice.
        if text.expose().is_empty() || self.felt == Some(utterance) {
            return;
        }
        self.felt = Some(utterance);
        let said = Said {
            utterance,
            text,
            audio: self.snapshots.newest(utterance),
            over_bot: self.over_bot == Some(utterance),
        };
        let settings = line.settings.conversation.clone();
        self.work.read_mood(moods.clone(), settings, said);
    }

    /// Takes what the words of an utterance tell into the course of the call.
    pub(super) fn mood_read(
        &mut self,
        utterance: UtteranceId,
        words: Result<WordsMood, EmbedError>,
        delivery: Option<&Delivery>,
    ) {
        let Some(moods) = &self.services.moods else {
            return;
        };
        match words {
            Ok(words) => {
                let mut mood = self.mood.take(&words, delivery, moods.cues());
                if !self.services.mood_escalates {
                    mood.escalate = None;
                }
                self.inputs
                    .push_back(SessionInput::MoodTold { utterance, mood });
            }
            Err(error) => tracing::warn!(call.id = %self.id, %error, "a mood was not told"),
        }
    }
}
