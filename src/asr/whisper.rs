//! Whisper through whisper.cpp (`whisper-rs`): any ggml model file.

use std::{
    ffi::c_void,
    path::Path,
    sync::{
        Arc, Once,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
    WhisperToken,
};

use super::{
    Language, RecognizeError, SpeechRecognizer,
    plausibility::{Evidence, is_steady, plausible},
};
use crate::{
    audio::{SampleRate, level_dbfs},
    models::{Catalog, ModelCheck, VerifyError, checked},
    pii::Pii,
    transcript::Recognition,
};

/// Below this level there is no speech to look for, in dBFS.
const FLOOR_DBFS: f32 = -60.0;

/// whisper.cpp refuses less than 100 ms, and hears short words better with some silence around them.
const SHORTEST: usize = 16_000;

/// Silence after the utterance: the model learnt with up to 0.6 s of it.
const TAIL: usize = 4_000;

/// One position of the encoder is 20 ms: two mel frames of 10 ms.
const SAMPLES_PER_POSITION: usize = 320;

/// Positions the encoder has: 30 s.
const POSITIONS: usize = 1_500;

/// Why a model was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum WhisperError {
    /// The file is not to be trusted.
    #[error(transparent)]
    File(#[from] VerifyError),
    /// whisper.cpp does not take it.
    #[error("model file {file}: {problem}")]
    Load {
        /// The file.
        file: String,
        /// In words.
        problem: String,
    },
}

/// A loaded model; its weights are shared by all recognisers made of it.
#[derive(Clone, Debug)]
pub struct WhisperModel {
    context: Arc<WhisperContext>,
    templates: Arc<Templates>,
}

/// Parameters for each language. `set_language` leaks a string each time, so they are made once and cloned.
#[derive(Debug)]
struct Templates {
    chinese: FullParams<'static, 'static>,
    english: FullParams<'static, 'static>,
    unknown: FullParams<'static, 'static>,
}

impl Templates {
    fn new() -> Self {
        Self {
            chinese: parameters(Language::Chinese),
            english: parameters(Language::English),
            unknown: parameters(Language::Unknown),
        }
    }

    const fn of(&self, language: Language) -> &FullParams<'static, 'static> {
        match language {
            Language::Chinese => &self.chinese,
            Language::English => &self.english,
            Language::Unknown => &self.unknown,
        }
    }
}

/// whisper.cpp prints to stderr unless it is told where to.
static LOGGING: Once = Once::new();

impl WhisperModel {
    /// Checks and loads `file`.
    pub fn load(file: &Path, catalog: &Catalog, check: ModelCheck) -> Result<Self, WhisperError> {
        checked(file, catalog, check)?;
        LOGGING.call_once(whisper_rs::install_logging_hooks);
        let context = WhisperContext::new_with_params(file, WhisperContextParameters::default())
            .map_err(|error| WhisperError::Load {
                file: file.display().to_string(),
                problem: error.to_string(),
            })?;
        Ok(Self {
            context: Arc::new(context),
            templates: Arc::new(Templates::new()),
        })
    }

    /// A recogniser with buffers of its own, warmed up.
    pub fn recognizer(&self) -> Result<WhisperRecognizer, RecognizeError> {
        let state = self
            .context
            .create_state()
            .map_err(|error| RecognizeError::Engine(error.to_string()))?;
        let mut recognizer = WhisperRecognizer {
            model: self.clone(),
            state,
            samples: Vec::with_capacity(SampleRate::WIDEBAND.samples_in(Duration::from_secs(16))),
        };
        recognizer.warm_up()?;
        Ok(recognizer)
    }
}

fn parameters(language: Language) -> FullParams<'static, 'static> {
    let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    // One thread: ggml's threads spin at barriers, and two on a busy core are many times slower than one.
    parameters.set_n_threads(1);
    parameters.set_language(Some(language.code()));
    parameters.set_translate(false);
    parameters.set_no_context(true);
    parameters.set_single_segment(true);
    parameters.set_no_timestamps(true);
    parameters.set_temperature_inc(0.0);
    parameters.set_suppress_blank(false);
    parameters.set_suppress_nst(true);
    parameters.set_print_progress(false);
    parameters.set_print_realtime(false);
    parameters.set_print_special(false);
    parameters.set_print_timestamps(false);
    parameters
}

/// A recogniser on one model.
pub struct WhisperRecognizer {
    model: WhisperModel,
    state: WhisperState,
    samples: Vec<f32>,
}

impl std::fmt::Debug for WhisperRecognizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WhisperRecognizer")
    }
}

/// Called by whisper.cpp between steps. (`set_abort_callback_safe` of whisper-rs 0.16 calls the closure through the wrong
/// type, so the plain callback is used.)
unsafe extern "C" fn is_cancelled(flag: *mut c_void) -> bool {
    // SAFETY: `recognize` passes a pointer to an `AtomicBool` that it borrows until whisper.cpp has returned.
    unsafe { &*flag.cast::<AtomicBool>() }.load(Ordering::Relaxed)
}

impl WhisperRecognizer {
    /// The first run allocates; callers should not wait for that.
    fn warm_up(&mut self) -> Result<(), RecognizeError> {
        // In bursts over a hum: what is steady is not given to the model.
        let bursts: Vec<i16> = (0..16_000i32)
            .map(|place| ((place * 7_919) % 2_000 - 1_000) as i16 * (place / 2_000 % 2) as i16)
            .map(|sample| sample + 1)
            .collect();
        self.recognize(&bursts, Language::Chinese, &AtomicBool::new(false))
            .map(|_| ())
    }

    /// Encoder positions for so many samples: whisper.cpp does not mask padding, and time grows with its square.
    fn positions(samples: usize) -> i32 {
        // Rounded up to 64, so that buffers are reused from utterance to utterance.
        (samples.div_ceil(SAMPLES_PER_POSITION) + 8)
            .next_multiple_of(64)
            .min(POSITIONS) as i32
    }

    fn result(&self) -> (String, f32) {
        let mut text = String::new();
        let (mut sum, mut count) = (0.0f32, 0u32);
        for segment in self.state.as_iter() {
            text.push_str(&segment.to_str_lossy().unwrap_or_default());
            let words = (0..segment.n_tokens())
                .filter_map(|place| segment.get_token(place))
                // Special tokens (end of text and above) are certain and say nothing about the words.
                .filter(|token: &WhisperToken<'_, '_>| {
                    token.token_id() < self.model.context.token_eot()
                });
            for token in words {
                sum += token.token_probability();
                count += 1;
            }
        }
        (text, if count == 0 { 0.0 } else { sum / count as f32 })
    }
}

impl SpeechRecognizer for WhisperRecognizer {
    #[allow(clippy::disallowed_methods)] // Measures itself; nothing is decided by it.
    fn recognize(
        &mut self,
        audio: &[i16],
        language: Language,
        cancelled: &AtomicBool,
    ) -> Result<Recognition, RecognizeError> {
        let started = std::time::Instant::now();
        let took = || started.elapsed().as_millis() as u64;
        if level_dbfs(audio) < FLOOR_DBFS || is_steady(audio) {
            return Ok(Recognition::nothing(took()));
        }
        self.samples.clear();
        self.samples
            .extend(audio.iter().map(|&sample| f32::from(sample) / 32_768.0));
        let padded = (audio.len() + TAIL).max(SHORTEST);
        self.samples.resize(padded, 0.0);

        let mut parameters = self.model.templates.of(language).clone();
        parameters.set_audio_ctx(Self::positions(padded));
        // SAFETY: the callback reads an `AtomicBool` through the pointer; `cancelled` outlives `full`, which does not keep it.
        unsafe {
            parameters.set_abort_callback(Some(is_cancelled));
            parameters
                .set_abort_callback_user_data(std::ptr::from_ref(cancelled).cast_mut().cast());
        }
        let run = self.state.full(parameters, &self.samples);
        if cancelled.load(Ordering::Relaxed) {
            return Err(RecognizeError::Cancelled);
        }
        run.map_err(|error| RecognizeError::Engine(error.to_string()))?;

        let (text, confidence) = self.result();
        let evidence = Evidence {
            duration: SampleRate::WIDEBAND.duration_of(audio.len()),
            confidence,
        };
        Ok(match plausible(&text, evidence) {
            Some(text) => Recognition {
                text: Pii::new(text),
                confidence,
                took_ms: took(),
            },
            None => Recognition::nothing(took()),
        })
    }
}

#[cfg(test)]
mod tests;
