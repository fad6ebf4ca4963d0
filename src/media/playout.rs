//! What is to be heard next, frame by frame, and how much of it was.

use std::{collections::VecDeque, time::Duration};

use super::event::MediaEventKind;
use crate::{
    audio::{Frame, Pcm, SampleRate},
    ids::SpeechId,
};

/// Speeches that can wait; one more is refused.
const CAPACITY: usize = 32;

/// Samples over which playout fades out of and into a pause, so that it does not click: 5 ms.
const FADE: usize = 40;

#[derive(Debug)]
struct Item {
    speech: SpeechId,
    pcm: Pcm,
    played: usize,
    interruptible: bool,
    repeat: bool,
    started: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Playing,
    /// The next frame fades out.
    Pausing,
    Paused,
    /// The next frame fades in.
    Resuming,
}

/// The playout queue of one leg.
#[derive(Debug)]
pub struct Playout {
    items: VecDeque<Item>,
    state: State,
    events: VecDeque<MediaEventKind>,
}

impl Default for Playout {
    fn default() -> Self {
        Self {
            items: VecDeque::with_capacity(CAPACITY),
            state: State::Playing,
            events: VecDeque::with_capacity(2 * CAPACITY),
        }
    }
}

impl Playout {
    /// Appends a speech at 8 kHz. What does not fit ends at once, unheard.
    pub fn push(&mut self, speech: SpeechId, pcm: Pcm, interruptible: bool, repeat: bool) {
        if self.items.len() >= CAPACITY || pcm.samples.is_empty() {
            let complete = pcm.samples.is_empty();
            self.events.push_back(MediaEventKind::PlayEnded {
                speech,
                played: Duration::ZERO,
                complete,
            });
            return;
        }
        self.items.push_back(Item {
            speech,
            pcm,
            played: 0,
            interruptible,
            repeat,
            started: false,
        });
    }

    /// What is audible, or paused.
    pub fn current(&self) -> Option<SpeechId> {
        self.items.front().map(|item| item.speech)
    }

    /// Whether something can be heard now.
    pub fn is_playing(&self) -> bool {
        !self.items.is_empty() && self.state != State::Paused
    }

    /// Pauses what may be interrupted.
    pub fn pause(&mut self) {
        let interruptible = self.items.front().is_some_and(|item| item.interruptible);
        if interruptible && matches!(self.state, State::Playing | State::Resuming) {
            self.state = State::Pausing;
        }
    }

    /// Goes on after a pause.
    pub fn resume(&mut self) {
        if matches!(self.state, State::Pausing | State::Paused) {
            self.state = State::Resuming;
        }
    }

    /// Drops what may be interrupted, or all.
    pub fn stop(&mut self, all: bool) {
        let events = &mut self.events;
        self.items.retain(|item| {
            let keep = !all && !item.interruptible;
            if !keep {
                events.push_back(ended(item, false));
            }
            keep
        });
        self.state = State::Playing;
    }

    /// Drops one speech, whatever may interrupt it.
    pub fn drop_speech(&mut self, speech: SpeechId) {
        let events = &mut self.events;
        self.items.retain(|item| {
            let keep = item.speech != speech;
            if !keep {
                events.push_back(ended(item, false));
            }
            keep
        });
    }

    /// The next 20 ms; `false` when there is nothing and `frame` is silence.
    pub fn next_frame(&mut self, frame: &mut Frame) -> bool {
        frame.fill(0);
        let fade = match self.state {
            State::Paused => return false,
            State::Pausing => {
                self.fill(&mut frame[..FADE]);
                for (place, sample) in frame[..FADE].iter_mut().enumerate() {
                    *sample = faded(*sample, FADE - place);
                }
                self.state = State::Paused;
                return true;
            }
            State::Resuming => true,
            State::Playing => false,
        };
        let played = self.fill(frame);
        if fade {
            for (place, sample) in frame[..FADE].iter_mut().enumerate() {
                *sample = faded(*sample, place);
            }
            self.state = State::Playing;
        }
        played > 0
    }

    /// Takes samples of one speech after the other; gives how many there were.
    fn fill(&mut self, out: &mut [i16]) -> usize {
        let mut filled = 0;
        while filled < out.len() {
            let Some(item) = self.items.front_mut() else {
                break;
            };
            if !item.started {
                item.started = true;
                self.events.push_back(MediaEventKind::PlayStarted {
                    speech: item.speech,
                });
            }
            let left = &item.pcm.samples[item.played..];
            let count = left.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&left[..count]);
            item.played += count;
            filled += count;
            if item.played == item.pcm.samples.len() {
                if item.repeat {
                    item.played = 0;
                } else if let Some(item) = self.items.pop_front() {
                    self.events.push_back(ended(&item, true));
                }
            }
        }
        filled
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<MediaEventKind> {
        self.events.pop_front()
    }
}

fn faded(sample: i16, share: usize) -> i16 {
    (i32::from(sample) * share as i32 / FADE as i32) as i16
}

fn ended(item: &Item, complete: bool) -> MediaEventKind {
    MediaEventKind::PlayEnded {
        speech: item.speech,
        played: SampleRate::TELEPHONE.duration_of(item.played),
        complete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME_SAMPLES;

    fn pcm(samples: usize) -> Pcm {
        Pcm::new(SampleRate::TELEPHONE, vec![1_000; samples])
    }

    fn play(playout: &mut Playout, frames: usize) -> (usize, Vec<String>) {
        let mut audible = 0;
        for _ in 0..frames {
            let mut frame = [0; FRAME_SAMPLES];
            playout.next_frame(&mut frame);
            audible += frame.iter().filter(|sample| **sample == 1_000).count();
        }
        let events = std::iter::from_fn(|| playout.poll_event()).map(|event| match event {
            MediaEventKind::PlayStarted { speech } => format!("started {speech}"),
            MediaEventKind::PlayEnded {
                speech,
                played,
                complete,
            } => {
                format!("ended {speech} {}ms {complete}", played.as_millis())
            }
            other => format!("{other:?}"),
        });
        (audible, events.collect())
    }

    #[test]
    fn speeches_follow_each_other_without_a_gap() {
        let mut playout = Playout::default();
        playout.push(SpeechId(1), pcm(200), true, false);
        playout.push(SpeechId(2), pcm(120), true, false);
        let (audible, events) = play(&mut playout, 3);
        assert_eq!(audible, 320);
        assert_eq!(
            events,
            [
                "started 1",
                "ended 1 25ms true",
                "started 2",
                "ended 2 15ms true"
            ]
        );
    }

    #[test]
    fn one_speech_is_dropped_and_the_others_stay() {
        let mut playout = Playout::default();
        playout.push(SpeechId(1), pcm(320), false, false);
        playout.push(SpeechId(2), pcm(160), false, true);
        playout.push(SpeechId(3), pcm(160), true, false);
        play(&mut playout, 1);
        playout.drop_speech(SpeechId(2));
        let (audible, events) = play(&mut playout, 4);
        assert_eq!(audible, 320);
        assert_eq!(
            events,
            [
                "ended 2 0ms false",
                "ended 1 40ms true",
                "started 3",
                "ended 3 20ms true"
            ]
        );
    }

    #[test]
    fn a_pause_keeps_the_place_and_a_stop_tells_it() {
        let mut playout = Playout::default();
        playout.push(SpeechId(1), pcm(1_600), true, false);
        play(&mut playout, 2);
        playout.pause();
        let (audible, _) = play(&mut playout, 10);
        assert_eq!(audible, 1, "a fade and then silence");
        assert!(!playout.is_playing());
        playout.resume();
        let (audible, _) = play(&mut playout, 2);
        assert!((270..320).contains(&audible), "{audible}");
        playout.stop(false);
        assert_eq!(play(&mut playout, 1).1, ["ended 1 85ms false"]);
    }

    #[test]
    fn what_may_not_be_interrupted_is_not() {
        let mut playout = Playout::default();
        playout.push(SpeechId(1), pcm(320), false, false);
        playout.push(SpeechId(2), pcm(320), true, false);
        playout.pause();
        assert!(playout.is_playing());
        playout.stop(false);
        assert_eq!(
            play(&mut playout, 4).1,
            ["ended 2 0ms false", "started 1", "ended 1 40ms true"]
        );
    }

    #[test]
    fn music_goes_round_until_it_is_stopped() {
        let mut playout = Playout::default();
        playout.push(SpeechId(9), pcm(100), false, true);
        assert_eq!(play(&mut playout, 50).0, 8_000);
        playout.stop(true);
        assert_eq!(play(&mut playout, 1).1.len(), 1);
    }

    #[test]
    fn what_does_not_fit_ends_at_once() {
        let mut playout = Playout::default();
        for id in 0..40 {
            playout.push(SpeechId(id), pcm(160), true, false);
        }
        playout.push(SpeechId(99), pcm(0), true, false);
        let refused = std::iter::from_fn(|| playout.poll_event()).count();
        assert_eq!(refused, 9);
    }
}
