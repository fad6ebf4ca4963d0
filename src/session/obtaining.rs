//! What a call's task does for its machine: answering, speaking, listening, calling the agent.

use std::time::Duration;

use super::{
    SessionInput,
    call_task::CallTask,
    speaker::{MUSIC, Step},
    taping::Taping,
};
use crate::{
    acd::{AgentCall, AgentInvite},
    call::AgentUnavailable,
    conversation::{Input, Listening},
    ids::{OfferId, SpeechId, UtteranceId},
    media_plane::{ListeningProfile, MediaCommand},
};

/// Speeches whose length is remembered: no playout queue holds more.
const LENGTHS: usize = 64;

impl CallTask {
    pub(super) fn accept(&mut self) {
        let accepted = match self.refusal.take() {
            Some(refusal) => Err(refusal),
            None => self.caller.accept(&self.services),
        };
        if let Err(refusal) = accepted {
            self.inputs.push_back(SessionInput::Refused(refusal));
        }
    }

    pub(super) fn reject(&mut self, status: u16) {
        self.rejected = true;
        if let Err(error) = self.caller.dialog.reject(status) {
            tracing::debug!(call.id = %self.id, %error, "a call was not refused in order");
        }
    }

    pub(super) async fn start_recording(&mut self) {
        let wall_ms = self.services.clock.wall_ms(self.services.clock.now());
        let started = Taping::start(&self.services, self.id, wall_ms).await;
        let input = match started {
            Ok((taping, recording)) => {
                self.caller.send(MediaCommand::Record(recording));
                let file = taping.file.clone();
                self.taping = Some(taping);
                SessionInput::RecordingStarted { file }
            }
            Err(error) => SessionInput::RecordingFailed { error },
        };
        self.inputs.push_back(input);
    }

    pub(super) fn speak(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Synthesise(speech, request) => {
                    self.work.synthesise(&self.services, speech, request);
                }
                Step::Play(speech, pcm) => {
                    if self.lengths.len() == LENGTHS {
                        self.lengths.pop_front();
                    }
                    self.lengths.push_back((speech.id, pcm.duration()));
                    self.caller.send(MediaCommand::Play {
                        speech: speech.id,
                        pcm,
                        interruptible: speech.interruptible,
                        repeat: false,
                    });
                }
                Step::PlayMusic => self.caller.send(MediaCommand::Play {
                    speech: MUSIC,
                    pcm: self.services.music.clone(),
                    interruptible: false,
                    repeat: true,
                }),
                Step::StopMusic => self.caller.send(MediaCommand::Drop(MUSIC)),
                Step::Failed(speech, error) => {
                    let input = Input::SpeechFailed { speech, error };
                    self.inputs.push_back(SessionInput::Conversation(input));
                }
            }
        }
    }

    pub(super) fn resume_playout(&self) {
        self.caller.send(MediaCommand::Resume);
    }

    pub(super) fn stop_playout(&mut self, all: bool) {
        let (dropped, steps) = self.speaker.stop(all);
        for speech in dropped {
            self.inputs
                .push_back(SessionInput::SpeechDropped { speech });
        }
        self.caller.send(MediaCommand::Stop { all });
        self.speak(steps);
    }

    pub(super) fn stop_music(&mut self) {
        let steps = self.speaker.stop_music();
        self.speak(steps);
    }

    pub(super) fn listen(&self, listening: Listening) {
        self.caller
            .send(MediaCommand::Listen(profile_of(listening)));
    }

    pub(super) fn commit(&self, utterance: UtteranceId) {
        self.caller.send(MediaCommand::Commit(utterance));
    }

    pub(super) fn length_of(&self, speech: SpeechId) -> Option<Duration> {
        let found = self.lengths.iter().find(|(id, _)| *id == speech);
        found.map(|(_, length)| *length)
    }

    pub(super) fn take_length(&mut self, speech: SpeechId) -> Option<Duration> {
        let place = self.lengths.iter().position(|(id, _)| *id == speech)?;
        self.lengths.remove(place).map(|(_, length)| length)
    }

    pub(super) fn call_agent(&mut self, offer: OfferId, target: String) {
        let invite = AgentInvite {
            target,
            from_user: self.agent_sees(),
            from_display: self
                .line
                .as_ref()
                .map(|line| line.settings.conversation.business.clone())
                .unwrap_or_default(),
            call: self.id.to_string(),
            codecs: super::caller_leg::CODECS.to_vec(),
            media_address: self.services.media_address,
        };
        let (sip, media) = (&self.services.sip, &self.services.media);
        match AgentCall::place(sip, media, self.caller.leg(), invite) {
            Ok(agent) => self.agent = Some((offer, agent)),
            Err(error) => {
                tracing::warn!(call.id = %self.id, %error, "an agent cannot be called");
                let cause = AgentUnavailable::Unreachable;
                self.inputs
                    .push_back(SessionInput::AgentFailed { offer, cause });
            }
        }
    }

    /// Under which number the agent sees the call: the caller's, or the line's for a caller who withholds theirs.
    fn agent_sees(&self) -> String {
        let caller =
            crate::phone_number::CallerNumber::parse(&self.facts.caller, &self.services.places);
        match caller.can_be_called() {
            true => caller.canonical,
            false => self.facts.request_user.clone(),
        }
    }

    pub(super) fn brief(&mut self, offer: OfferId, text: &str) {
        let request = self.speaker.request(text, 1.0);
        self.work.brief(&self.services, offer, request);
    }

    pub(super) fn bridge(&self, offer: OfferId) {
        let Some((current, agent)) = &self.agent else {
            return;
        };
        if *current == offer {
            let peer = agent.leg().id();
            self.caller.send(MediaCommand::Bridge { peer });
            let listen = MediaCommand::Listen(ListeningProfile::QUESTION);
            if let Err(error) = agent.leg().send(listen) {
                tracing::warn!(call.id = %self.id, %error, "the agent is not transcribed");
            }
        }
    }
}

const fn profile_of(listening: Listening) -> ListeningProfile {
    match listening {
        Listening::Off => ListeningProfile::OFF,
        Listening::Question => ListeningProfile::QUESTION,
        Listening::Choice => ListeningProfile::CHOICE,
        Listening::Number => ListeningProfile::NUMBER,
        Listening::Unfinished => ListeningProfile::UNFINISHED,
    }
}
