//! What a call's task makes of what happens: inputs for the machine.

use super::{
    SessionInput, call_task::CallTask, caller_leg::CallerEvent, happening::Happening,
    speaker::MUSIC, work::Done,
};
use crate::{
    acd::AgentEvent,
    call::{Digit, EndCause},
    conversation::Input,
    ids::OfferId,
    media_plane::{MediaCommand, MediaEvent, MediaEventKind, Snapshot},
    sip::DialogEvent,
};

impl CallTask {
    pub(super) async fn on(&mut self, happened: Happening) {
        match happened {
            Happening::Caller(CallerEvent::Dialog(event)) => self.on_dialog(event).await,
            Happening::Caller(CallerEvent::Media(Some(event))) => self.on_media(event),
            Happening::Caller(CallerEvent::Media(None)) => self.gone(EndCause::System),
            Happening::Agent(offer, event) => self.on_agent(offer, event),
            Happening::Done(done) => self.on_done(done),
            Happening::Timer => {
                self.timer = None;
                self.inputs.push_back(SessionInput::TimerFired);
            }
            Happening::Stop => self.inputs.push_back(SessionInput::Shutdown),
        }
    }

    pub(super) fn tell(&mut self, input: Input) {
        self.inputs.push_back(SessionInput::Conversation(input));
    }

    fn gone(&mut self, cause: EndCause) {
        self.inputs.push_back(SessionInput::CallerGone { cause });
    }

    async fn on_dialog(&mut self, event: Option<DialogEvent>) {
        match event {
            Some(DialogEvent::Confirmed { answer }) => {
                match self.caller.confirmed(answer.as_deref()) {
                    Some(codec) => {
                        let codec = codec.name().to_owned();
                        self.inputs.push_back(SessionInput::Confirmed { codec });
                        // An offer with `sendonly` begins a call on hold.
                        self.tell_hold();
                    }
                    None => self.gone(EndCause::NotConfirmed),
                }
            }
            Some(DialogEvent::Offered { offer }) => {
                if let Some(held) = self.caller.reoffered(&offer).await {
                    self.inputs.push_back(SessionInput::CallerHold { held });
                }
            }
            Some(DialogEvent::OfferAnswered { answer }) => {
                if let Some(held) = self.caller.offer_answered(&answer) {
                    self.inputs.push_back(SessionInput::CallerHold { held });
                }
            }
            Some(DialogEvent::Digit(symbol)) => {
                if let Some(digit) = Digit::new(symbol) {
                    self.tell(Input::Digit { digit });
                }
            }
            Some(DialogEvent::ReferProgress { id, status }) => {
                if let Some(offer) = self.referring.told_by(id) {
                    self.inputs
                        .push_back(SessionInput::ReferProgress { offer, status });
                }
            }
            Some(DialogEvent::Cancelled) => self.gone(EndCause::Cancelled),
            Some(DialogEvent::NotConfirmed) => self.gone(EndCause::NotConfirmed),
            Some(DialogEvent::SessionExpired) => self.gone(EndCause::SessionExpired),
            Some(DialogEvent::Bye) | None => self.gone(EndCause::Hangup),
            Some(
                DialogEvent::Ringing { .. }
                | DialogEvent::Accepted { .. }
                | DialogEvent::Failed { .. }
                | DialogEvent::Referred { .. },
            ) => tracing::debug!(call.id = %self.id, "an event that a caller's dialog has not"),
        }
    }

    fn tell_hold(&mut self) {
        if let Some(held) = self.caller.hold_changed() {
            self.inputs.push_back(SessionInput::CallerHold { held });
        }
    }

    fn on_media(&mut self, event: MediaEvent) {
        let at = event.at;
        match event.kind {
            MediaEventKind::SpeechStarted { utterance, over } => self.tell(Input::SpeechStarted {
                utterance,
                over: over.filter(|speech| *speech != MUSIC),
            }),
            MediaEventKind::UtterancePaused(snapshot) => {
                self.snapshots.keep(&snapshot);
                let input = Input::SpeechPaused {
                    utterance: snapshot.utterance,
                    revision: snapshot.revision,
                    speech_started: self.offset(snapshot.speech_started),
                    speech_ended: self.offset(snapshot.speech_ended),
                };
                self.tell(input);
            }
            MediaEventKind::UtteranceResumed { utterance } => {
                self.work.out_of_date(utterance);
                self.tell(Input::SpeechResumed { utterance });
            }
            MediaEventKind::UtteranceEnded(snapshot) => {
                self.snapshots.keep(&snapshot);
                // What is said to an agent is not for the bot to answer.
                self.spoken_at = self.agent.is_none().then_some(snapshot.speech_ended);
                let input = Input::SpeechEnded {
                    utterance: snapshot.utterance,
                    revision: snapshot.revision,
                    speech_started: self.offset(snapshot.speech_started),
                    speech_ended: self.offset(snapshot.speech_ended),
                };
                self.tell(input);
            }
            MediaEventKind::Digit(digit) => self.tell(Input::Digit { digit }),
            MediaEventKind::PlayStarted { speech: MUSIC }
            | MediaEventKind::PlayEnded { speech: MUSIC, .. }
            | MediaEventKind::DigitsSent => {}
            MediaEventKind::PlayStarted { speech } => {
                if let Some(spoken_at) = self.spoken_at.take() {
                    let took = at.since(spoken_at).as_millis();
                    // A call is shorter than 2^64 ms.
                    self.services.metrics.reply.observe_ms(took as u64);
                }
                let length = self.length_of(speech).unwrap_or_default();
                self.tell(Input::PlayStarted { speech, length });
            }
            MediaEventKind::PlayEnded {
                speech,
                played,
                complete,
            } => {
                let length = self.take_length(speech).unwrap_or(played);
                self.tell(Input::PlayEnded {
                    speech,
                    played,
                    length,
                    complete,
                });
            }
            // RFC 3264 §8.4: on hold nobody has to send.
            MediaEventKind::MediaLost if self.caller.is_held() => {}
            MediaEventKind::MediaLost => self.gone(EndCause::MediaLost),
            MediaEventKind::RecordingFailed { error } => {
                self.inputs
                    .push_back(SessionInput::RecordingFailed { error });
            }
        }
    }

    fn on_agent(&mut self, offer: OfferId, event: AgentEvent) {
        let input = match event {
            AgentEvent::Ringing => SessionInput::AgentRinging { offer },
            AgentEvent::Answered => SessionInput::AgentAnswered { offer },
            AgentEvent::Unavailable(cause) => SessionInput::AgentFailed { offer, cause },
            AgentEvent::Left => SessionInput::AgentGone { offer },
            AgentEvent::Media(event) => return self.on_agent_media(offer, event.kind),
        };
        self.inputs.push_back(input);
    }

    fn on_agent_media(&mut self, offer: OfferId, kind: MediaEventKind) {
        match kind {
            MediaEventKind::PlayEnded { .. } => {
                self.inputs.push_back(SessionInput::BriefEnded { offer });
            }
            MediaEventKind::UtteranceEnded(Snapshot {
                audio,
                speech_started,
                speech_ended,
                ..
            }) => {
                let span = (self.offset(speech_started), self.offset(speech_ended));
                let language = self.language();
                self.work
                    .recognise_agent(&self.services, span, audio, language);
            }
            _ => {}
        }
    }

    fn on_done(&mut self, done: Done) {
        match done {
            Done::Recognised { key, result } => {
                let (utterance, revision) = (key.utterance, key.revision);
                self.tell(match result {
                    Ok(recognition) => Input::Recognised {
                        utterance,
                        revision,
                        recognition,
                    },
                    Err(error) => Input::RecognitionFailed {
                        utterance,
                        revision,
                        error: error.to_string(),
                    },
                });
            }
            Done::AgentRecognised { span, result } => match result {
                Ok(recognition) => self.inputs.push_back(SessionInput::AgentRecognised {
                    speech_started: span.0,
                    speech_ended: span.1,
                    recognition,
                }),
                Err(error) => {
                    tracing::warn!(call.id = %self.id, %error, "an agent was not understood");
                }
            },
            Done::MoodRead {
                utterance,
                result,
                delivery,
            } => self.mood_read(utterance, result, delivery.as_ref()),
            Done::Found { search, result } => self.tell(match result {
                Ok(finding) => Input::Found { search, finding },
                Err(error) => Input::SearchFailed {
                    search,
                    error: error.to_string(),
                },
            }),
            Done::Acted { id, result } => self.tell(Input::Acted { id, result }),
            Done::Written(input) => self.tell(input),
            Done::Synthesised(done) => {
                let steps = self.speaker.synthesised(done);
                self.speak(steps);
            }
            Done::Brief { offer, result } => match (result, &self.agent) {
                (Ok(pcm), Some((current, agent))) if *current == offer => {
                    let command = MediaCommand::Play {
                        speech: crate::ids::SpeechId(offer.0),
                        pcm,
                        interruptible: false,
                        repeat: false,
                    };
                    if agent.leg().send(command).is_err() {
                        self.inputs.push_back(SessionInput::BriefEnded { offer });
                    }
                }
                (result, _) => {
                    if let Err(error) = result {
                        tracing::warn!(call.id = %self.id, %error, "an agent heard no brief");
                    }
                    self.inputs.push_back(SessionInput::BriefEnded { offer });
                }
            },
            Done::Refer { offer, result } => match result {
                Ok(number) => self.referring.accepted(offer, number),
                Err(error) => {
                    tracing::info!(call.id = %self.id, %error, "a transfer was refused");
                    let status = 500;
                    self.inputs
                        .push_back(SessionInput::ReferProgress { offer, status });
                }
            },
        }
    }
}
