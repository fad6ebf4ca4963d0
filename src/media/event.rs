//! What a leg tells its driver, and how it is told to listen.

use std::{sync::Arc, time::Duration};

use crate::{
    call::Digit,
    clock::Moment,
    ids::{SpeechId, UtteranceId},
};

/// How silence ends an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListeningProfile {
    /// Whether caller speech is looked for at all.
    pub enabled: bool,
    /// Silence after which a snapshot is offered for speculative recognition.
    pub pause: Duration,
    /// Silence that ends the utterance.
    pub end: Duration,
    /// The longest utterance; it is ended there even in mid-speech.
    pub longest: Duration,
}

impl ListeningProfile {
    /// An open question.
    pub const QUESTION: Self = Self {
        enabled: true,
        pause: Duration::from_millis(200),
        end: Duration::from_millis(700),
        longest: Duration::from_secs(15),
    };
    /// Yes, no, one of three.
    pub const CHOICE: Self = Self {
        enabled: true,
        pause: Duration::from_millis(160),
        end: Duration::from_millis(500),
        longest: Duration::from_secs(8),
    };
    /// Digits being dictated, in groups.
    pub const NUMBER: Self = Self {
        enabled: true,
        pause: Duration::from_millis(300),
        end: Duration::from_millis(1_500),
        longest: Duration::from_secs(20),
    };
    /// The caller trailed off (那个, 就是): more will come.
    pub const UNFINISHED: Self = Self {
        enabled: true,
        pause: Duration::from_millis(400),
        end: Duration::from_millis(1_600),
        longest: Duration::from_secs(15),
    };
    /// Nobody listens.
    pub const OFF: Self = Self {
        enabled: false,
        ..Self::QUESTION
    };
}

/// What a leg tells its driver.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaEvent {
    /// When it happened.
    pub at: Moment,
    /// What happened.
    pub kind: MediaEventKind,
}

/// What happened on a leg.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaEventKind {
    /// The other side began to speak; playout that is interruptible is paused from here.
    SpeechStarted {
        /// Names the utterance in later events.
        utterance: UtteranceId,
        /// What was playing, and is now paused if it may be.
        over: Option<SpeechId>,
    },
    /// Silence for [`ListeningProfile::pause`]: a snapshot to recognise while the silence goes on.
    UtterancePaused(Snapshot),
    /// Speech goes on: the last snapshot is out of date.
    UtteranceResumed {
        /// Which utterance.
        utterance: UtteranceId,
    },
    /// Silence for [`ListeningProfile::end`], the longest utterance, or a commit. Its revision is that of the last
    /// snapshot if nothing was said since.
    UtteranceEnded(Snapshot),
    /// A key, once for each press.
    Digit(Digit),
    /// The first sample of a speech went out.
    PlayStarted {
        /// Which speech.
        speech: SpeechId,
    },
    /// The last sample of a speech went out, or it was stopped.
    PlayEnded {
        /// Which speech.
        speech: SpeechId,
        /// How much went out.
        played: Duration,
        /// Whether that was all of it.
        complete: bool,
    },
    /// All keys of a `SendDigits` were sent.
    DigitsSent,
    /// No packet arrived for the configured time while the other side should be sending.
    MediaLost,
    /// The recording cannot go on (disk full, for one).
    RecordingFailed {
        /// In words.
        error: String,
    },
}

/// The audio of an utterance up to now.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Which utterance.
    pub utterance: UtteranceId,
    /// Counts up with each snapshot of the utterance that holds new speech.
    pub revision: u32,
    /// 16 kHz, from a little before the first speech to the last.
    pub audio: Arc<[i16]>,
    /// First speech.
    pub speech_started: Moment,
    /// Last speech.
    pub speech_ended: Moment,
}
