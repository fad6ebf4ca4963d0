//! What calls share: engines, the record, the legs' makers, and each line's own.

use std::{
    collections::HashMap,
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use crate::{
    asr::RecognizerPool,
    audio::Pcm,
    clock::ProcessClock,
    ids::LineNumber,
    llm::GroundedWriter,
    media_plane::MediaPlane,
    phone_number::Places,
    recording::Recorder,
    retrieval::KnowledgeIndex,
    routing::LineTable,
    sentiment::MoodClassifier,
    session::{Actions, SessionSettings},
    sip::SipEndpoint,
    storage::CallWriter,
    telemetry::Metrics,
    tts::SpeechSynthesizer,
};

/// What all calls share.
pub struct Services {
    /// Time.
    pub clock: ProcessClock,
    /// Which line a number belongs to.
    pub table: LineTable,
    /// Where a number is from.
    pub places: Places,
    /// The lines.
    pub lines: Arc<Lines>,
    /// Words from audio.
    pub recognizer: Arc<RecognizerPool>,
    /// When recognition of an utterance is given up.
    pub recognition_deadline: Duration,
    /// Moods from words, if they are told.
    pub moods: Option<Arc<MoodClassifier>>,
    /// Whether callers whose mood tells so are brought to a human.
    pub mood_escalates: bool,
    /// A language model, if one is configured.
    pub language_model: Option<Arc<GroundedWriter>>,
    /// The businesses' systems, if any are named.
    pub actions: Option<Arc<dyn Actions>>,
    /// Audio from words.
    pub synthesizer: Arc<dyn SpeechSynthesizer>,
    /// What a caller hears while an agent's phone rings.
    pub music: Pcm,
    /// Legs.
    pub media: Arc<MediaPlane>,
    /// The address under which others reach our RTP.
    pub media_address: IpAddr,
    /// Signalling.
    pub sip: SipEndpoint,
    /// Recordings.
    pub recorder: Arc<Recorder>,
    /// Their folder.
    pub recordings: PathBuf,
    /// The record.
    pub writer: CallWriter,
    /// Numbers about the process.
    pub metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// The lines. A call keeps what it began with; what is put here is for the next one.
#[derive(Debug, Default)]
pub struct Lines(RwLock<HashMap<LineNumber, Arc<LineServices>>>);

impl Lines {
    /// These lines.
    pub fn new(lines: HashMap<LineNumber, Arc<LineServices>>) -> Self {
        Self(RwLock::new(lines))
    }

    /// What a call of a line shares with others, at this moment.
    pub fn get(&self, line: &LineNumber) -> Option<Arc<LineServices>> {
        let lines = self.0.read().unwrap_or_else(PoisonError::into_inner);
        lines.get(line).cloned()
    }

    /// The numbers, in order.
    pub fn numbers(&self) -> Vec<LineNumber> {
        let lines = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut numbers: Vec<LineNumber> = lines.keys().cloned().collect();
        numbers.sort();
        numbers
    }

    /// New calls of these lines are answered from `index`.
    pub fn switch(&self, numbers: &[LineNumber], index: &Arc<dyn KnowledgeIndex>) {
        // Only whole lines are put in: a panic elsewhere leaves the table sound.
        let mut lines = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for number in numbers {
            if let Some(line) = lines.get_mut(number) {
                *line = Arc::new(LineServices {
                    index: index.clone(),
                    ..LineServices::clone(line)
                });
            }
        }
    }
}

/// What the calls of one line share.
#[derive(Clone)]
pub struct LineServices {
    /// The FAQ.
    pub index: Arc<dyn KnowledgeIndex>,
    /// For the machine.
    pub settings: SessionSettings,
    /// Language of prompts and answers.
    pub language: String,
    /// Voice of the speech engine.
    pub voice: String,
}

impl std::fmt::Debug for LineServices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineServices")
            .field("language", &self.language)
            .field("voice", &self.voice)
            .finish_non_exhaustive()
    }
}
