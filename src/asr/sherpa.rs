//! Recognition by sherpa-onnx: SenseVoice for whole utterances, Paraformer while they are spoken.
//!
//! The library runs ONNX models on a CPU and ends the process when a model file is broken, so files are compared with their
//! hashes before it sees them. It gives no probabilities: what is recognised has the confidence 1.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use sherpa_onnx::{
    OfflineModelConfig, OfflineRecognizer, OfflineRecognizerConfig, OfflineSenseVoiceModelConfig,
    OnlineModelConfig, OnlineParaformerModelConfig, OnlineRecognizer, OnlineRecognizerConfig,
    OnlineStream,
};

use super::{
    Language, RecognizeError, SpeechRecognizer,
    plausibility::{Evidence, is_steady, plausible},
    streaming::{Partial, RecognitionStream, StreamingRecognizer},
};
use crate::{
    audio::{SampleRate, level_dbfs},
    models::{Catalog, Engine, ModelCheck, VerifyError, checked_folder},
    pii::Pii,
    transcript::Recognition,
};

/// Below this level there is no speech to look for, in dBFS.
const FLOOR_DBFS: f32 = -60.0;

/// Silence after an utterance, 0.5 s: Paraformer looks ahead, and its last words come out with it.
static TAIL: [f32; 8_000] = [0.0; 8_000];

/// The most of an utterance that a stream hears, 30 s: what is steady is judged on all of it.
const LONGEST: usize = 480_000;

/// Why a model was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum SherpaError {
    /// The files are not to be trusted.
    #[error(transparent)]
    Files(#[from] VerifyError),
    /// A file is missing.
    #[error("model folder {folder} has no {file}")]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The file.
        file: String,
    },
    /// sherpa-onnx does not take it.
    #[error("model folder {0} is not taken by sherpa-onnx, which says why on stderr")]
    Load(PathBuf),
}

/// The first of `names` that is a file in `folder`.
fn file_in(folder: &Path, names: &[&str]) -> Result<Option<String>, SherpaError> {
    let mut paths = names.iter().map(|name| folder.join(name));
    match paths.find(|path| path.is_file()) {
        Some(path) => Ok(Some(path.display().to_string())),
        None => Err(SherpaError::Missing {
            folder: folder.to_owned(),
            file: names.join(" or "),
        }),
    }
}

/// A SenseVoice model. A language is fixed when the weights are loaded, so they are loaded for each that is asked for; Chinese
/// is at once.
pub struct SenseVoice {
    folder: PathBuf,
    recognizers: [OnceLock<Option<OfflineRecognizer>>; 3],
}

impl fmt::Debug for SenseVoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SenseVoice").field(&self.folder).finish()
    }
}

impl SenseVoice {
    /// Checks and loads a folder: `model.int8.onnx` or `model.onnx`, and `tokens.txt`.
    pub fn load(
        folder: &Path,
        catalog: &Catalog,
        check: ModelCheck,
    ) -> Result<Arc<Self>, SherpaError> {
        checked_folder(folder, Engine::SenseVoice, catalog, check)?;
        sense_voice_files(folder)?;
        let model = Self {
            folder: folder.to_owned(),
            recognizers: Default::default(),
        };
        match model.recognizer(Language::Chinese) {
            Some(_) => Ok(Arc::new(model)),
            None => Err(SherpaError::Load(folder.to_owned())),
        }
    }

    fn recognizer(&self, language: Language) -> Option<&OfflineRecognizer> {
        let place = match language {
            Language::Chinese => 0,
            Language::English => 1,
            Language::Unknown => 2,
        };
        let recognizer = self.recognizers[place].get_or_init(|| {
            let (model, tokens) = sense_voice_files(&self.folder).ok()?;
            OfflineRecognizer::create(&OfflineRecognizerConfig {
                model_config: OfflineModelConfig {
                    sense_voice: OfflineSenseVoiceModelConfig {
                        model,
                        language: Some(language.code().to_owned()),
                        // Numbers stay words: `text::written` knows the house's forms.
                        use_itn: false,
                    },
                    tokens,
                    num_threads: 1,
                    ..OfflineModelConfig::default()
                },
                ..OfflineRecognizerConfig::default()
            })
        });
        recognizer.as_ref()
    }
}

fn sense_voice_files(folder: &Path) -> Result<(Option<String>, Option<String>), SherpaError> {
    Ok((
        file_in(folder, &["model.int8.onnx", "model.onnx"])?,
        file_in(folder, &["tokens.txt"])?,
    ))
}

/// A recogniser on a SenseVoice model.
#[derive(Debug)]
pub struct SenseVoiceRecognizer {
    model: Arc<SenseVoice>,
    samples: Vec<f32>,
}

impl SenseVoiceRecognizer {
    /// On `model`.
    pub fn new(model: Arc<SenseVoice>) -> Self {
        Self {
            model,
            samples: Vec::new(),
        }
    }
}

impl SpeechRecognizer for SenseVoiceRecognizer {
    #[allow(clippy::disallowed_methods)] // Measures itself; nothing is decided by it.
    fn recognize(
        &mut self,
        audio: &[i16],
        language: Language,
        cancelled: &AtomicBool,
    ) -> Result<Recognition, RecognizeError> {
        let started = std::time::Instant::now();
        let took = || started.elapsed().as_millis() as u64;
        if is_silent(audio) {
            return Ok(Recognition::nothing(took()));
        }
        let recognizer = self
            .model
            .recognizer(language)
            .ok_or_else(|| RecognizeError::Engine(format!("no model for `{}`", language.code())))?;
        self.samples.clear();
        self.samples.extend(audio.iter().map(to_float));
        let stream = recognizer.create_stream();
        stream.accept_waveform(SampleRate::WIDEBAND.0 as i32, &self.samples);
        // The library cannot be stopped while it decodes.
        if cancelled.load(Ordering::Relaxed) {
            return Err(RecognizeError::Cancelled);
        }
        recognizer.decode(&stream);
        let text = stream
            .get_result()
            .ok_or_else(|| RecognizeError::Engine("sherpa-onnx gave no result".to_owned()))?
            .text;
        Ok(recognition(&text, audio.len(), took()))
    }
}

/// A streaming Paraformer model; its weights are shared by all streams.
pub struct StreamingParaformer {
    recognizer: Arc<OnlineRecognizer>,
}

impl fmt::Debug for StreamingParaformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamingParaformer")
    }
}

impl StreamingParaformer {
    /// Checks and loads a folder: `encoder.int8.onnx` and `decoder.int8.onnx`, or both without `.int8`, and `tokens.txt`.
    pub fn load(folder: &Path, catalog: &Catalog, check: ModelCheck) -> Result<Self, SherpaError> {
        checked_folder(folder, Engine::StreamingParaformer, catalog, check)?;
        let config = OnlineRecognizerConfig {
            model_config: OnlineModelConfig {
                paraformer: OnlineParaformerModelConfig {
                    encoder: file_in(folder, &["encoder.int8.onnx", "encoder.onnx"])?,
                    decoder: file_in(folder, &["decoder.int8.onnx", "decoder.onnx"])?,
                },
                tokens: file_in(folder, &["tokens.txt"])?,
                num_threads: 1,
                ..OnlineModelConfig::default()
            },
            decoding_method: Some("greedy_search".to_owned()),
            ..OnlineRecognizerConfig::default()
        };
        match OnlineRecognizer::create(&config) {
            Some(recognizer) => Ok(Self {
                recognizer: Arc::new(recognizer),
            }),
            None => Err(SherpaError::Load(folder.to_owned())),
        }
    }
}

impl StreamingRecognizer for StreamingParaformer {
    // The model hears Mandarin and English alike.
    #[allow(clippy::disallowed_methods)] // Measures itself; nothing is decided by it.
    fn begin(&self, _language: Language) -> Result<Box<dyn RecognitionStream>, RecognizeError> {
        Ok(Box::new(ParaformerStream {
            recognizer: self.recognizer.clone(),
            stream: self.recognizer.create_stream(),
            begun: std::time::Instant::now(),
            heard: Vec::new(),
            samples: Vec::new(),
            text: String::new(),
        }))
    }
}

struct ParaformerStream {
    recognizer: Arc<OnlineRecognizer>,
    stream: OnlineStream,
    begun: std::time::Instant,
    /// All audio so far.
    heard: Vec<i16>,
    samples: Vec<f32>,
    text: String,
}

impl ParaformerStream {
    /// Decodes what is there; gives the words of all of it.
    fn decode(&self) -> Result<String, RecognizeError> {
        while self.recognizer.is_ready(&self.stream) {
            self.recognizer.decode(&self.stream);
        }
        let result = self.recognizer.get_result(&self.stream);
        let result = result
            .ok_or_else(|| RecognizeError::Engine("sherpa-onnx gave no result".to_owned()))?;
        Ok(result.text)
    }
}

impl RecognitionStream for ParaformerStream {
    fn accept(&mut self, audio: &[i16]) -> Result<Option<Partial>, RecognizeError> {
        if self.heard.len() + audio.len() > LONGEST {
            return Err(RecognizeError::Engine(
                "the utterance is too long".to_owned(),
            ));
        }
        self.heard.extend_from_slice(audio);
        self.samples.clear();
        self.samples.extend(audio.iter().map(to_float));
        self.stream
            .accept_waveform(SampleRate::WIDEBAND.0 as i32, &self.samples);
        let text = self.decode()?;
        if text == self.text {
            return Ok(None);
        }
        self.text = text;
        Ok(Some(Partial {
            text: Pii::new(self.text.clone()),
            samples: self.heard.len(),
        }))
    }

    fn finish(self: Box<Self>) -> Result<Recognition, RecognizeError> {
        let took = || self.begun.elapsed().as_millis() as u64;
        if is_silent(&self.heard) {
            return Ok(Recognition::nothing(took()));
        }
        self.stream
            .accept_waveform(SampleRate::WIDEBAND.0 as i32, &TAIL);
        self.stream.input_finished();
        let text = self.decode()?;
        Ok(recognition(&text, self.heard.len(), took()))
    }
}

fn to_float(sample: &i16) -> f32 {
    f32::from(*sample) / 32_768.0
}

fn is_silent(audio: &[i16]) -> bool {
    level_dbfs(audio) < FLOOR_DBFS || is_steady(audio)
}

/// What the words of so many samples are worth.
fn recognition(text: &str, samples: usize, took_ms: u64) -> Recognition {
    let evidence = Evidence {
        duration: SampleRate::WIDEBAND.duration_of(samples),
        confidence: 1.0,
    };
    match plausible(text, evidence) {
        Some(text) => Recognition {
            text: Pii::new(text),
            confidence: 1.0,
            took_ms,
        },
        None => Recognition::nothing(took_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Catalog::load(&root.join("models/catalog.toml")).expect("sound")
    }

    #[test]
    fn a_folder_is_checked_before_the_library_sees_it() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("sense-voice-small");
        std::fs::create_dir(&folder).expect("created");
        std::fs::write(folder.join("model.int8.onnx"), "broken").expect("written");
        let error = SenseVoice::load(&folder, &catalog(), ModelCheck::Listed);
        let error = error.expect_err("refused").to_string();
        assert!(error.contains("instead of c71f0ce00bec95b0"), "{error}");
        let error = SenseVoice::load(&folder, &catalog(), ModelCheck::Unlisted);
        let error = error.expect_err("refused").to_string();
        assert!(error.ends_with("has no tokens.txt"), "{error}");
        let error = StreamingParaformer::load(&folder, &catalog(), ModelCheck::Listed);
        let error = error.expect_err("refused").to_string();
        assert!(error.contains("has not the name of a model"), "{error}");
        let error = StreamingParaformer::load(&folder, &catalog(), ModelCheck::Unlisted);
        let error = error.expect_err("refused").to_string();
        assert!(
            error.ends_with("has no encoder.int8.onnx or encoder.onnx"),
            "{error}"
        );
    }

    #[test]
    fn what_cannot_have_been_said_is_nothing() {
        let check = |text: &str, seconds: usize, expected: &str| {
            let heard = recognition(text, seconds * 16_000, 7);
            assert_eq!((heard.text.expose().as_str(), heard.took_ms), (expected, 7));
            assert_eq!(
                heard.confidence,
                if expected.is_empty() { 0.0 } else { 1.0 }
            );
        };
        check(" 怎么查维修进度", 2, "怎么查维修进度");
        check("字幕志愿者杨茜茜", 2, "");
        check("", 2, "");
    }
}
