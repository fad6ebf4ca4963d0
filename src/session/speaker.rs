//! The order in which a call's sentences are made and played.
//!
//! Sentences are synthesised one after the other, each while the one before it plays. What is dropped before it reached
//! the playout queue is told to the machine, so that nobody waits for it.

use std::collections::VecDeque;

use crate::{
    audio::Pcm,
    conversation::Speech,
    ids::SpeechId,
    tts::{SpeechRequest, SynthesizeError},
};

/// Sentences that wait for their audio; one more is refused. A call says a few at a time.
const CAPACITY: usize = 32;

/// What became of a synthesis.
#[derive(Debug)]
pub(super) struct Synthesised {
    pub(super) speech: SpeechId,
    pub(super) result: Result<Pcm, SynthesizeError>,
}

/// The comfort music in the playout queue: no sentence has this number.
pub(super) const MUSIC: SpeechId = SpeechId(u64::MAX);

/// What waits for its turn.
#[derive(Debug)]
enum Item {
    Speech(Speech),
    Music,
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Step {
    /// Synthesise this, then come back.
    Synthesise(SpeechId, SpeechRequest),
    /// Hand this to the playout queue.
    Play(Speech, Pcm),
    /// Let the music begin.
    PlayMusic,
    /// Stop the music: a sentence wants to be heard, and the music comes again after it.
    StopMusic,
    /// It will not be heard.
    Failed(SpeechId, String),
}

/// The sentences of one call that are not yet in the playout queue.
#[derive(Debug)]
pub(super) struct Speaker {
    language: String,
    voice: String,
    waiting: VecDeque<Item>,
    in_work: Option<SpeechId>,
    music: bool,
}

impl Speaker {
    pub(super) fn new(language: String, voice: String) -> Self {
        Self {
            language,
            voice,
            waiting: VecDeque::new(),
            in_work: None,
            music: false,
        }
    }

    /// Takes a sentence; gives what to do now, if anything.
    pub(super) fn say(&mut self, speech: Speech) -> Vec<Step> {
        if self.waiting.len() >= CAPACITY {
            let problem = "too many sentences wait".to_owned();
            return vec![Step::Failed(speech.id, problem)];
        }
        self.waiting.push_back(Item::Speech(speech));
        self.next()
    }

    /// Plays music after what was said, until it is stopped or all is.
    pub(super) fn play_music(&mut self) -> Vec<Step> {
        self.waiting.push_back(Item::Music);
        self.next()
    }

    /// Takes the audio of a sentence; gives what to do with it and after it.
    pub(super) fn synthesised(&mut self, done: Synthesised) -> Vec<Step> {
        if self.in_work != Some(done.speech) {
            // Dropped while it was made.
            return Vec::new();
        }
        self.in_work = None;
        let mut steps = Vec::new();
        if let Some(Item::Speech(speech)) = self.waiting.pop_front() {
            match done.result {
                Ok(pcm) => {
                    if std::mem::take(&mut self.music) {
                        steps.push(Step::StopMusic);
                        self.waiting.push_back(Item::Music);
                    }
                    steps.push(Step::Play(speech, pcm));
                }
                Err(error) => steps.push(Step::Failed(speech.id, error.to_string())),
            }
        }
        steps.extend(self.next());
        steps
    }

    /// Drops what waits; gives what was dropped and what to do now.
    pub(super) fn stop(&mut self, all: bool) -> (Vec<SpeechId>, Vec<Step>) {
        let mut dropped = Vec::new();
        self.waiting.retain(|item| match item {
            Item::Speech(speech) if all || speech.interruptible => {
                dropped.push(speech.id);
                false
            }
            Item::Speech(_) => true,
            Item::Music => !all,
        });
        self.music &= !all;
        if self.in_work.is_some_and(|speech| dropped.contains(&speech)) {
            self.in_work = None;
        }
        (dropped, self.next())
    }

    /// Ends the music, also one that has not begun; what was said stays.
    pub(super) fn stop_music(&mut self) -> Vec<Step> {
        self.waiting.retain(|item| !matches!(item, Item::Music));
        match std::mem::take(&mut self.music) {
            true => vec![Step::StopMusic],
            false => Vec::new(),
        }
    }

    fn next(&mut self) -> Vec<Step> {
        if self.in_work.is_some() {
            return Vec::new();
        }
        match self.waiting.front() {
            Some(Item::Speech(speech)) => {
                self.in_work = Some(speech.id);
                vec![Step::Synthesise(
                    speech.id,
                    self.request(&speech.text, speech.speed),
                )]
            }
            Some(Item::Music) => {
                self.waiting.pop_front();
                self.music = true;
                let mut steps = vec![Step::PlayMusic];
                steps.extend(self.next());
                steps
            }
            None => Vec::new(),
        }
    }

    /// A request for `text` in the call's language and voice.
    pub(super) fn request(&self, text: &str, speed: f32) -> SpeechRequest {
        SpeechRequest {
            text: text.to_owned(),
            language: self.language.clone(),
            voice: self.voice.clone(),
            speed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{audio::SampleRate, call::SpeechSource};

    fn speech(id: u64, interruptible: bool) -> Speech {
        Speech {
            id: SpeechId(id),
            text: format!("sentence {id}"),
            source: SpeechSource::Prompt {
                key: "test".to_owned(),
            },
            interruptible,
            speed: 1.0,
        }
    }

    fn audio(id: u64) -> Synthesised {
        Synthesised {
            speech: SpeechId(id),
            result: Ok(Pcm::new(SampleRate::TELEPHONE, vec![0; 160])),
        }
    }

    fn names(steps: impl IntoIterator<Item = Step>) -> Vec<String> {
        let name = |step| match step {
            Step::Synthesise(id, request) => format!("synthesise {id} {}", request.text),
            Step::Play(speech, _) => format!("play {}", speech.id),
            Step::PlayMusic => "music".to_owned(),
            Step::StopMusic => "no music".to_owned(),
            Step::Failed(id, error) => format!("failed {id}: {error}"),
        };
        steps.into_iter().map(name).collect()
    }

    #[test]
    fn sentences_are_made_in_order_one_at_a_time() {
        let mut speaker = Speaker::new("zh-CN".to_owned(), String::new());
        assert_eq!(
            names(speaker.say(speech(1, true))),
            ["synthesise 1 sentence 1"]
        );
        assert!(speaker.say(speech(2, true)).is_empty());
        assert_eq!(
            names(speaker.synthesised(audio(1))),
            ["play 1", "synthesise 2 sentence 2"]
        );
        assert_eq!(names(speaker.synthesised(audio(2))), ["play 2"]);
    }

    #[test]
    fn a_stop_drops_what_waits_and_late_audio_dies() {
        let mut speaker = Speaker::new("zh-CN".to_owned(), String::new());
        speaker.say(speech(1, true));
        speaker.say(speech(2, false));
        speaker.say(speech(3, true));
        let (dropped, step) = speaker.stop(false);
        assert_eq!(dropped, [SpeechId(1), SpeechId(3)]);
        assert_eq!(names(step), ["synthesise 2 sentence 2"]);
        assert!(speaker.synthesised(audio(1)).is_empty());
        assert_eq!(names(speaker.synthesised(audio(2))), ["play 2"]);
        speaker.say(speech(4, false));
        assert_eq!(speaker.stop(true).0, [SpeechId(4)]);
        assert_eq!(
            names(speaker.say(speech(5, true))),
            ["synthesise 5 sentence 5"]
        );
    }

    #[test]
    fn a_failure_is_told_and_the_next_sentence_follows() {
        let mut speaker = Speaker::new("zh-CN".to_owned(), String::new());
        speaker.say(speech(1, true));
        speaker.say(speech(2, true));
        let failed = Synthesised {
            speech: SpeechId(1),
            result: Err(SynthesizeError::Failed("no voice".to_owned())),
        };
        assert_eq!(
            names(speaker.synthesised(failed)),
            [
                "failed 1: speech synthesis failed: no voice",
                "synthesise 2 sentence 2"
            ]
        );
    }

    #[test]
    fn music_waits_for_what_was_said_and_makes_way_for_more() {
        let mut speaker = Speaker::new("zh-CN".to_owned(), String::new());
        speaker.say(speech(1, true));
        assert!(speaker.play_music().is_empty());
        assert_eq!(names(speaker.synthesised(audio(1))), ["play 1", "music"]);
        speaker.say(speech(2, true));
        assert_eq!(
            names(speaker.synthesised(audio(2))),
            ["no music", "play 2", "music"]
        );
        assert!(speaker.stop(true).1.is_empty());
        speaker.say(speech(3, true));
        assert_eq!(names(speaker.synthesised(audio(3))), ["play 3"]);
    }

    #[test]
    fn music_stops_alone() {
        let mut speaker = Speaker::new("zh-CN".to_owned(), String::new());
        speaker.say(speech(1, false));
        speaker.play_music();
        assert!(speaker.stop_music().is_empty(), "it has not begun");
        assert_eq!(names(speaker.synthesised(audio(1))), ["play 1"]);
        assert_eq!(names(speaker.play_music()), ["music"]);
        assert_eq!(names(speaker.stop_music()), ["no music"]);
        assert!(speaker.stop_music().is_empty(), "it is over");
    }
}
