//! The caller's words while an agent talks to them: for the record, and for nobody to answer.

use super::{input::SnapshotKey, machine::SessionMachine, output::SessionOutput};
use crate::{
    call::CallEvent, clock::Moment, conversation, ids::UtteranceId, transcript::Recognition,
};

/// An utterance whose words are awaited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overheard {
    key: SnapshotKey,
    span: (Moment, Moment),
}

impl SessionMachine {
    /// Whether this is for the record alone. What was begun before the agent came is the conversation's, to the end.
    pub(super) fn overhears(&mut self, input: &conversation::Input) -> bool {
        use conversation::Input;
        let bridged = self.handover.is_bridged();
        let of = match input {
            Input::SpeechStarted { utterance, .. } if bridged => {
                let first = match self.overheard_span {
                    Some((first, last)) if last.next() == *utterance => first,
                    // A talk with another agent: what was said between them was for the bot.
                    _ => *utterance,
                };
                self.overheard_span = Some((first, *utterance));
                return true;
            }
            Input::SpeechPaused { utterance, .. }
            | Input::SpeechResumed { utterance }
            | Input::SpeechEnded { utterance, .. }
            | Input::Recognised { utterance, .. }
            | Input::RecognitionFailed { utterance, .. } => utterance,
            _ => return bridged,
        };
        self.overheard_span
            .is_some_and(|(first, last)| (first..=last).contains(of))
    }

    /// While caller and agent talk, the caller's words are for the record alone.
    pub(super) fn overhear(&mut self, now: Moment, input: conversation::Input) {
        match input {
            conversation::Input::SpeechEnded {
                utterance,
                revision,
                speech_started,
                speech_ended,
            } => {
                let key = SnapshotKey {
                    utterance,
                    revision,
                };
                self.overheard.push(Overheard {
                    key,
                    span: (speech_started, speech_ended),
                });
                self.outputs.push_back(SessionOutput::Recognise(key));
            }
            conversation::Input::Recognised {
                utterance,
                revision,
                recognition,
            } => {
                if let Some(span) = self.take_overheard(utterance, revision) {
                    self.record_overheard(now, utterance, span, recognition);
                }
            }
            conversation::Input::RecognitionFailed {
                utterance,
                revision,
                error,
            } if self.take_overheard(utterance, revision).is_some() => {
                let engine = "recognition".to_owned();
                self.record(now, CallEvent::EngineFailed { engine, error });
            }
            // The conversation still has to learn which of its sentences were heard.
            conversation::Input::PlayStarted { .. } | conversation::Input::PlayEnded { .. } => {
                self.converse(now, input);
            }
            _ => {}
        }
    }

    fn take_overheard(
        &mut self,
        utterance: UtteranceId,
        revision: u32,
    ) -> Option<(Moment, Moment)> {
        let key = SnapshotKey {
            utterance,
            revision,
        };
        let place = self.overheard.iter().position(|item| item.key == key)?;
        Some(self.overheard.swap_remove(place).span)
    }

    fn record_overheard(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        span: (Moment, Moment),
        recognition: Recognition,
    ) {
        if recognition.text.expose().is_empty() {
            return;
        }
        self.record(
            now,
            CallEvent::UtteranceRecognised {
                utterance,
                text: recognition.text,
                confidence: recognition.confidence,
                span_ms: (span.0.as_millis(), span.1.as_millis()),
                recognition_ms: recognition.took_ms,
            },
        );
    }
}
