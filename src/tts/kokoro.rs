//! Kokoro v1.1-zh by `tts-rs` on ONNX Runtime, fed phonemes by our own front end.
//!
//! `tts-rs` asks a program for phonemes, once for each clause, as if it were `espeak-ng`. What it is given here are phonemes
//! already ([`crate::text::phonemes`], made in this process), so that the program only hands them back: it is this program
//! itself, told apart by its arguments ([`is_echo`]). A sentence is made clause by clause, each on a thread of a pool; the
//! first can be heard while the others are made ([`Kokoro::clauses`]).

use std::{
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::sync::mpsc;
use tts_rs::{
    SynthesisEngine as _,
    engines::kokoro::{KokoroEngine, KokoroInferenceParams, KokoroModelParams},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    SpeechRequest, SpeechSynthesizer, SynthesisFuture, SynthesizeError,
    shaping::{level, trimmed},
};
use crate::{
    audio::{Pcm, SampleRate, resample::resample},
    inference::{Pool, PoolConfig, PoolError},
    models::{Catalog, Engine, ModelCheck, checked_folder},
    text::{
        phonemes::{Clause, Pause, clauses},
        spoken::to_spoken,
    },
};

/// The rate of the model.
const RATE: SampleRate = SampleRate(24_000);

/// Numbers of a voice: 510 lengths of a sentence by 256.
const VOICE_NUMBERS: usize = 510 * 256;

/// The voices as `tts-rs` wants them, made of the single files beside it.
const VOICES: &str = "voices-v1.0.bin";

/// A symbol of the model's vocabulary that other versions of Kokoro do not have.
const OF_THIS_VERSION: &str = "ㄅ";

/// Clauses that are made before the one who plays them takes one; the maker waits then.
const AHEAD: usize = 2;

/// How to run the engine.
#[derive(Clone, Debug)]
pub struct KokoroConfig {
    /// Folder of the model: one `.onnx`, `config.json`, and voices: `NAME.bin` of 510 by 256 numbers each, or
    /// `voices-v1.0.bin` with all.
    pub folder: PathBuf,
    /// How strictly its files are looked at.
    pub check: ModelCheck,
    /// The library of ONNX Runtime; where the system finds it if not given.
    pub library: Option<PathBuf>,
    /// The program that hands phonemes back: this one.
    pub echo: PathBuf,
    /// Clauses at the same time, and clauses in line.
    pub pool: PoolConfig,
    /// When a clause is given up.
    pub deadline: Duration,
}

/// The engine.
pub struct Kokoro {
    inner: Arc<Inner>,
}

impl fmt::Debug for Kokoro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kokoro")
            .field("voices", &self.inner.voices)
            .finish_non_exhaustive()
    }
}

struct Inner {
    pool: Pool<KokoroEngine>,
    /// In alphabetical order.
    voices: Vec<String>,
    deadline: Duration,
}

impl From<io::Error> for SynthesizeError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

fn unavailable(problem: impl fmt::Display) -> SynthesizeError {
    SynthesizeError::Unavailable {
        engine: "kokoro".to_owned(),
        problem: problem.to_string(),
    }
}

impl Kokoro {
    /// Checks and loads the model, once for each slot.
    pub fn start(config: &KokoroConfig, catalog: &Catalog) -> Result<Self, SynthesizeError> {
        let folder = config.folder.as_path();
        checked_folder(folder, Engine::Kokoro, catalog, config.check).map_err(unavailable)?;
        check_vocabulary(folder)?;
        gather_voices(folder)?;
        load_library(config.library.as_deref())?;
        let (load, echo) = (folder.to_owned(), config.echo.clone());
        let found = Arc::new(OnceLock::new());
        let voices = found.clone();
        let engine = move || {
            let mut engine = KokoroEngine::with_espeak(Some(echo.clone()), None);
            let parameters = KokoroModelParams {
                // Sentences are made at the same time by slots, not by threads.
                num_threads: Some(1),
                optimized_model_cache_path: None,
            };
            let loaded = engine.load_model_with_params(&load, parameters);
            loaded.map_err(|error| unavailable(format!("{}: {error}", load.display())))?;
            voices.get_or_init(|| {
                let names = engine.list_voices().into_iter();
                names.map(str::to_owned).collect::<Vec<String>>()
            });
            Ok::<_, SynthesizeError>(engine)
        };
        let pool = Pool::start("tts", config.pool, engine)?;
        // In alphabetical order; the first slot has asked for them.
        let voices = found.get().cloned().unwrap_or_default();
        if voices.is_empty() {
            return Err(unavailable(format!("{} has no voice", folder.display())));
        }
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                voices,
                deadline: config.deadline,
            }),
        })
    }

    /// The voices of the model.
    pub fn voices(&self) -> &[String] {
        &self.inner.voices
    }

    /// The audio of the request at 8 kHz, piece by piece as it is made, pauses included. It ends after a failure. Dropping
    /// the receiver ends the work after the clause that is being made.
    pub fn clauses(&self, request: &SpeechRequest) -> mpsc::Receiver<Result<Pcm, SynthesizeError>> {
        let (pieces, receiver) = mpsc::channel(AHEAD);
        let (inner, request) = (self.inner.clone(), request.clone());
        tokio::spawn(async move {
            let voice = match inner.voice(&request) {
                Ok(voice) => voice,
                Err(error) => {
                    // Nobody waits any more if this fails.
                    let _ = pieces.send(Err(error)).await;
                    return;
                }
            };
            let clauses = clauses(&to_spoken(&request.text));
            let last = clauses.len().saturating_sub(1);
            for (place, clause) in clauses.into_iter().enumerate() {
                let pause = match place == last {
                    true => Duration::ZERO,
                    false => pause_after(&clause, request.speed),
                };
                let piece = inner.speak(clause, voice.clone(), request.speed, pause);
                let piece = piece.await;
                let failed = piece.is_err();
                if pieces.send(piece).await.is_err() || failed {
                    return;
                }
            }
        });
        receiver
    }

    async fn whole(&self, request: &SpeechRequest) -> Result<Pcm, SynthesizeError> {
        let mut pieces = self.clauses(request);
        let mut samples = Vec::new();
        while let Some(piece) = pieces.recv().await {
            samples.extend_from_slice(&piece?.samples);
        }
        Ok(Pcm::new(SampleRate::TELEPHONE, samples))
    }
}

impl Inner {
    fn voice(&self, request: &SpeechRequest) -> Result<String, SynthesizeError> {
        if !request.language.starts_with("zh") {
            return Err(SynthesizeError::Failed(format!(
                "kokoro speaks Mandarin, not {}",
                request.language
            )));
        }
        let mut voices = self.voices.iter();
        let found = match request.voice.as_str() {
            "" => voices
                .clone()
                .find(|voice| voice.starts_with("zf"))
                .or(voices.next()),
            named => voices.find(|voice| *voice == named),
        };
        found.cloned().ok_or_else(|| {
            SynthesizeError::Failed(format!(
                "kokoro has no voice `{}` but {}",
                request.voice,
                self.voices.join(", ")
            ))
        })
    }

    async fn speak(
        &self,
        clause: Clause,
        voice: String,
        speed: f32,
        pause: Duration,
    ) -> Result<Pcm, SynthesizeError> {
        let parameters = KokoroInferenceParams {
            voice,
            speed: speed.clamp(0.5, 2.0),
            style_index: None,
        };
        let made = self.pool.run(self.deadline, move |engine, _| {
            let made = engine.synthesize(&clause.phonemes, Some(parameters));
            made.map(|made| shaped(&made.samples, pause))
                .map_err(|error| SynthesizeError::Failed(error.to_string()))
        });
        match made.await {
            Ok(made) => made,
            Err(PoolError::Deadline) => {
                Err(SynthesizeError::Failed("the deadline passed".to_owned()))
            }
            Err(error) => Err(SynthesizeError::Failed(error.to_string())),
        }
    }
}

impl SpeechSynthesizer for Kokoro {
    fn engine(&self) -> &str {
        // The front end is part of what is heard: count it up when readings change.
        "kokoro v1.1-zh front-end 1"
    }

    fn synthesize<'a>(&'a self, request: &'a SpeechRequest) -> SynthesisFuture<'a> {
        Box::pin(self.whole(request))
    }
}

fn pause_after(clause: &Clause, speed: f32) -> Duration {
    let pause = match clause.pause {
        Pause::None => Duration::ZERO,
        Pause::Short => Duration::from_millis(160),
        Pause::Long => Duration::from_millis(320),
    };
    pause.div_f32(speed.clamp(0.5, 2.0))
}

/// What the model made, as the telephone carries it, and the pause after it.
fn shaped(samples: &[f32], pause: Duration) -> Pcm {
    let samples: Vec<i16> = samples
        .iter()
        // A cast saturates: what overshoots is clipped.
        .map(|sample| (sample * 32_767.0) as i16)
        .collect();
    let telephone = resample(&samples, RATE, SampleRate::TELEPHONE);
    let mut speech = trimmed(&telephone).to_vec();
    level(&mut speech);
    let pause = SampleRate::TELEPHONE.samples_in(pause);
    speech.resize(speech.len() + pause, 0);
    Pcm::new(SampleRate::TELEPHONE, speech)
}

/// Other versions of Kokoro read other phonemes; `tts-rs` would leave ours out without a word.
fn check_vocabulary(folder: &Path) -> Result<(), SynthesizeError> {
    let file = folder.join("config.json");
    let told = |problem: String| unavailable(format!("{}: {problem}", file.display()));
    let text = fs::read_to_string(&file).map_err(|error| told(error.to_string()))?;
    let config: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| told(error.to_string()))?;
    match config["vocab"][OF_THIS_VERSION].is_number() {
        true => Ok(()),
        false => Err(told(format!(
            "its vocabulary has no {OF_THIS_VERSION}: only Kokoro v1.1-zh is spoken"
        ))),
    }
}

/// Makes the file of all voices that `tts-rs` reads of those that lie beside it as single files. Without single files, the one
/// that is there is taken.
fn gather_voices(folder: &Path) -> Result<(), SynthesizeError> {
    let told = |file: &Path, problem: &dyn fmt::Display| {
        unavailable(format!("{}: {problem}", file.display()))
    };
    let mut voices = Vec::new();
    let entries = fs::read_dir(folder).map_err(|error| told(folder, &error))?;
    for entry in entries {
        let file = entry.map_err(|error| told(folder, &error))?.path();
        let is_voice = file.extension().is_some_and(|extension| extension == "bin")
            && file.file_name().is_some_and(|name| name != VOICES);
        if let (true, Some(name)) = (is_voice, file.file_stem().and_then(|name| name.to_str())) {
            let numbers = fs::read(&file).map_err(|error| told(&file, &error))?;
            if numbers.len() != VOICE_NUMBERS * size_of::<f32>() {
                return Err(told(&file, &"is no voice: 510 by 256 numbers are wanted"));
            }
            voices.push((name.to_owned(), numbers));
        }
    }
    if voices.is_empty() {
        return Ok(());
    }
    voices.sort();
    let target = folder.join(VOICES);
    // Whoever reads it meanwhile finds the old file or the new one.
    let fresh = folder.join(format!("{VOICES}.{}.new", std::process::id()));
    let written = write_voices(&fresh, &voices).and_then(|()| fs::rename(&fresh, &target));
    written.map_err(|error| told(&target, &error))
}

/// A NumPy archive: one array a voice, in a ZIP file without compression.
fn write_voices(file: &Path, voices: &[(String, Vec<u8>)]) -> io::Result<()> {
    let mut archive = ZipWriter::new(File::create(file)?);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    // NumPy's format 1.0: magic, version, length of the header, header; all of it a multiple of 64 bytes.
    let fields = "{'descr': '<f4', 'fortran_order': False, 'shape': (510, 1, 256), }";
    let header = format!("{fields:<117}\n");
    for (name, numbers) in voices {
        archive.start_file(format!("{name}.npy"), options)?;
        archive.write_all(b"\x93NUMPY\x01\x00")?;
        archive.write_all(&(header.len() as u16).to_le_bytes())?;
        archive.write_all(header.as_bytes())?;
        archive.write_all(numbers)?;
    }
    archive.finish()?.sync_all()
}

/// Loads the library of ONNX Runtime, once in a process.
fn load_library(library: Option<&Path>) -> Result<(), SynthesizeError> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    let library = library.unwrap_or(Path::new("libonnxruntime.so"));
    let loaded = LOADED.get_or_init(|| match ort::init_from(library) {
        // Somebody else's settings are as good.
        Ok(environment) => {
            environment.commit();
            Ok(())
        }
        Err(error) => Err(format!(
            "ONNX Runtime ({}) cannot be loaded: {error}; set `synthesis.onnxruntime`",
            library.display()
        )),
    });
    loaded.clone().map_err(unavailable)
}

/// Whether this process was started by `tts-rs` to hand phonemes back: it asks for `espeak-ng --ipa --stdin -q -v LANGUAGE`.
pub fn is_echo(mut arguments: impl Iterator<Item = String>) -> bool {
    let asked = arguments.by_ref().skip(1).take(4).collect::<Vec<_>>();
    asked == ["--ipa", "--stdin", "-q", "-v"] && arguments.next().is_some()
}

/// Hands back what is read, line by line as it came.
pub fn echo() -> io::Result<()> {
    io::copy(&mut io::stdin().lock(), &mut io::stdout().lock()).map(|_| ())
}

#[cfg(test)]
mod tests;
