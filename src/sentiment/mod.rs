//! What mood a caller is in: by the words of a turn, by how they are spoken, and by the turns before.
//!
//! [`MoodClassifier`] reads words: a network and the phrases it knows (`models/yingda-mood.safetensors`), and the cues of
//! `prompts/mood.toml` beside it. [`Delivery`] measures how they were spoken. [`CallMood`] weighs both against the caller's own
//! first turns, and keeps the course of the call.
//!
//! This module does not bring anybody in (see `conversation`) and does not spot what must reach a human whatever the mood
//! (`conversation::Vocabulary`); it is told of that by [`Spotted`].

mod course;
mod cues;
mod delivery;
pub mod evaluation;

use std::path::Path;

pub use course::CallMood;
pub use cues::{CueError, Cues};
pub use delivery::{Delivery, syllables};

use crate::{
    embedding::{
        EmbedError, EncoderError,
        compact::{CompactModel, Head, softmax},
    },
    mood::Mood,
};

/// From this probability on a displeased turn needs a human. A missed one costs a customer, a needless handover a minute of an agent:
/// it is low.
const ESCALATES: f32 = 0.2;

/// The gain of its label over the mean of all, in logits, from which a phrase is worth being named.
const TELLING: f32 = 0.4;

/// What `conversation::Vocabulary` spots in a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spotted<'a> {
    /// The caller asks for a human.
    pub human: bool,
    /// The words that must reach a human.
    pub must_escalate: Option<&'a str>,
    /// It steers the call (再说一遍, 第二个) and says nothing else.
    pub control: bool,
}

/// Why a classifier was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum MoodError {
    /// Its model.
    #[error(transparent)]
    Model(#[from] EncoderError),
    /// Its cues.
    #[error(transparent)]
    Cues(#[from] CueError),
    /// The model tells something else.
    #[error("mood model {file}: it has no head `{head}` with the labels {labels}")]
    Head {
        /// The file.
        file: String,
        /// What is missing.
        head: &'static str,
        /// What it must be able to say.
        labels: String,
    },
}

/// What the words of a turn tell.
#[derive(Clone, Debug, PartialEq)]
pub struct WordsMood {
    /// The probability of each mood, in the order of [`Mood::ALL`].
    pub probabilities: [f32; 4],
    /// How likely these words need a human, 0 to 1.
    pub escalation: f32,
    /// Whether a cue speaks that needs a human in any mood.
    pub cued: bool,
    /// The cue that speaks most for a human, in words.
    pub reason: Option<String>,
    /// What speaks for the likeliest mood, and what speaks for a human, in words.
    pub evidence: Vec<String>,
    /// Why a human is needed whatever the mood, in words.
    pub escalate: Option<String>,
    /// Subjects of which a second mention means that the first did not help.
    pub subjects: Vec<String>,
}

impl WordsMood {
    /// What steers a call has no mood.
    const fn plain() -> Self {
        Self {
            probabilities: [1.0, 0.0, 0.0, 0.0],
            escalation: 0.0,
            cued: false,
            reason: None,
            evidence: Vec::new(),
            escalate: None,
            subjects: Vec::new(),
        }
    }

    /// The likeliest mood.
    pub fn mood(&self) -> Mood {
        likeliest(&self.probabilities)
    }

    /// Whether the words need a human when this is the mood they are spoken in. A plain question about trouble is no trouble: without
    /// a cue only who is displeased needs one.
    pub fn escalates(&self, mood: Mood) -> bool {
        let displeased = matches!(mood, Mood::Negative | Mood::Angry);
        self.escalation >= ESCALATES && (self.cued || displeased)
    }
}

/// The likeliest mood of `probabilities`, in the order of [`Mood::ALL`].
fn likeliest(probabilities: &[f32; 4]) -> Mood {
    let both = Mood::ALL.into_iter().zip(probabilities);
    both.max_by(|a, b| a.1.total_cmp(b.1))
        .map_or(Mood::Neutral, |(mood, _)| mood)
}

/// Tells the mood of words.
pub struct MoodClassifier {
    model: CompactModel,
    moods: Head,
    escalation: Head,
    cues: Cues,
}

impl MoodClassifier {
    /// Reads the model `file` and takes `cues`.
    pub fn load(file: &Path, cues: Cues) -> Result<Self, MoodError> {
        let model = CompactModel::load(file)?;
        let head = |name: &'static str, labels: &[&str]| {
            let found = model.heads().iter();
            let mut found = found.filter(|head| head.name() == name && head.labels() == labels);
            found.next().cloned().ok_or_else(|| MoodError::Head {
                file: file.display().to_string(),
                head: name,
                labels: labels.join(", "),
            })
        };
        Ok(Self {
            moods: head("mood", &Mood::ALL.map(Mood::name))?,
            escalation: head("escalate", &["no", "yes"])?,
            model,
            cues,
        })
    }

    /// The cues, whose sentences tell evidence in words.
    pub const fn cues(&self) -> &Cues {
        &self.cues
    }

    /// What the words of a turn tell.
    pub fn read(&self, text: &str, spotted: Spotted<'_>) -> Result<WordsMood, EmbedError> {
        if spotted.control {
            return Ok(WordsMood::plain());
        }
        let reading = self.model.read(text)?;
        let cues = self.cues.in_text(text);
        let logarithms = |probabilities: Vec<f32>| -> Vec<f32> {
            let floor = f32::MIN_POSITIVE;
            probabilities.iter().map(|p| p.max(floor).ln()).collect()
        };
        let mut logits = logarithms(self.moods.probabilities(&reading));
        let mut raised = logarithms(self.escalation.probabilities(&reading));
        for cue in &cues {
            for (logit, added) in logits.iter_mut().zip(cue.moods()) {
                *logit += added;
            }
            raised[1] += cue.escalates();
        }
        let mut probabilities = [0.0; 4];
        probabilities.copy_from_slice(&softmax(&logits));
        let mood = likeliest(&probabilities);
        let mut evidence: Vec<String> = cues
            .iter()
            .filter(|cue| cue.moods()[mood as usize] > 0.0 || cue.escalates() > 0.0)
            .map(|cue| self.cues.said(cue))
            .collect();
        if mood != Mood::Neutral
            && evidence.is_empty()
            && let Some((words, gain)) =
                self.model
                    .most_telling(&self.moods, &reading, mood as usize)
            && gain >= TELLING
        {
            evidence.push(self.cues.words(&words));
        }
        let escalate = match spotted {
            Spotted {
                must_escalate: Some(phrase),
                ..
            } => Some(self.cues.must_escalate(phrase)),
            Spotted { human: true, .. } => Some(self.cues.asks_for_human()),
            _ => None,
        };
        Ok(WordsMood {
            probabilities,
            escalation: softmax(&raised)[1],
            cued: cues.iter().any(|cue| cue.in_any_mood()),
            reason: cues
                .iter()
                .filter(|cue| cue.escalates() > 0.0)
                .max_by(|a, b| a.escalates().total_cmp(&b.escalates()))
                .map(|cue| self.cues.said(cue)),
            evidence,
            escalate,
            subjects: cues
                .iter()
                .filter_map(|cue| cue.subject())
                .map(str::to_owned)
                .collect(),
        })
    }
}
