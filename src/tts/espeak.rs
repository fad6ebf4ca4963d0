//! `espeak-ng` as a child process, fed toned pinyin by our own front end.
//!
//! Its own reading of Chinese characters is not used: version 1.51 spells tone digits in English, reads polyphones without
//! their words and numbers wrongly. Being GPL, it stays a program of its own.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt, process::Command, sync::Semaphore};

use super::{
    SpeechRequest, SpeechSynthesizer, SynthesisFuture, SynthesizeError,
    shaping::{level, trimmed},
};
use crate::{
    audio::{Pcm, SampleRate, resample::resample},
    text::{
        pinyin::{Token, toned},
        spoken::to_spoken,
    },
};

/// The engine's rate at speed 1.0, in its words a minute: some four characters a second.
const RATE: f32 = 175.0;

/// Silence between a Chinese and a Latin segment.
const JOINT: Duration = Duration::from_millis(40);

/// Programs that run at the same time.
const AT_ONCE: usize = 2;

/// How to run the engine.
#[derive(Clone, Debug)]
pub struct EspeakConfig {
    /// The program.
    pub program: PathBuf,
    /// When a sentence is given up.
    pub deadline: Duration,
}

impl Default for EspeakConfig {
    fn default() -> Self {
        Self {
            program: PathBuf::from("espeak-ng"),
            deadline: Duration::from_secs(5),
        }
    }
}

/// The engine.
#[derive(Debug)]
pub struct Espeak {
    config: EspeakConfig,
    engine: String,
    permits: Semaphore,
}

/// A stretch of a sentence that one voice speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// Toned pinyin.
    Mandarin(String),
    /// English.
    English(String),
}

impl Espeak {
    /// Finds the program and its version.
    pub async fn start(config: EspeakConfig) -> Result<Self, SynthesizeError> {
        let unavailable = |problem: String| SynthesizeError::Unavailable {
            engine: config.program.display().to_string(),
            problem,
        };
        let output = Command::new(&config.program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        let version = String::from_utf8_lossy(&output.stdout);
        let version = version
            .split_whitespace()
            .find(|word| word.starts_with(|symbol: char| symbol.is_ascii_digit()))
            .ok_or_else(|| unavailable("it does not tell its version".to_owned()))?;
        Ok(Self {
            // The front end is part of what is heard: count it up when readings change.
            engine: format!("espeak-ng {version} front-end 2"),
            permits: Semaphore::new(AT_ONCE),
            config,
        })
    }

    /// A caller waits for the whole sentence, the line before the engine included, so all of it has one deadline.
    async fn speak(&self, request: &SpeechRequest) -> Result<Pcm, SynthesizeError> {
        tokio::time::timeout(self.config.deadline, self.speak_in_turn(request))
            .await
            .map_err(|_| SynthesizeError::Failed("the deadline passed".to_owned()))?
    }

    async fn speak_in_turn(&self, request: &SpeechRequest) -> Result<Pcm, SynthesizeError> {
        let stopped = |_| SynthesizeError::Failed("the engine has stopped".to_owned());
        let _permit = self.permits.acquire().await.map_err(stopped)?;
        let mut samples = Vec::new();
        for segment in segments(request) {
            if !samples.is_empty() {
                let joint = SampleRate::TELEPHONE.samples_in(JOINT);
                samples.resize(samples.len() + joint, 0);
            }
            samples.extend(self.run(&segment, request).await?);
        }
        level(&mut samples);
        Ok(Pcm::new(SampleRate::TELEPHONE, samples))
    }

    async fn run(
        &self,
        segment: &Segment,
        request: &SpeechRequest,
    ) -> Result<Vec<i16>, SynthesizeError> {
        let failed = |problem: String| SynthesizeError::Failed(problem);
        let (language, text) = match segment {
            Segment::Mandarin(text) => ("cmn-latn-pinyin", text),
            Segment::English(text) => ("en-us", text),
        };
        let voice = match request.voice.as_str() {
            "" => language.to_owned(),
            variant => format!("{language}+{variant}"),
        };
        let rate = (RATE * request.speed.clamp(0.5, 1.6)).round();
        let mut child = Command::new(&self.config.program)
            .args(["-v", &voice, "-s", &rate.to_string(), "--stdin", "--stdout"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| SynthesizeError::Unavailable {
                engine: self.config.program.display().to_string(),
                problem: error.to_string(),
            })?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin
                .write_all(text.as_bytes())
                .await
                .map_err(|error| failed(error.to_string()))?;
        }
        let output = child
            .wait_with_output()
            .await
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(format!("the engine ended with {}", output.status)));
        }
        let (rate, samples) = read_wav(&output.stdout)
            .ok_or_else(|| failed("the engine gave no audio".to_owned()))?;
        Ok(trimmed(&resample(&samples, rate, SampleRate::TELEPHONE)).to_vec())
    }
}

impl SpeechSynthesizer for Espeak {
    fn engine(&self) -> &str {
        &self.engine
    }

    fn synthesize<'a>(&'a self, request: &'a SpeechRequest) -> SynthesisFuture<'a> {
        Box::pin(self.speak(request))
    }
}

/// What each voice is to speak.
fn segments(request: &SpeechRequest) -> Vec<Segment> {
    if !request.language.starts_with("zh") {
        return vec![Segment::English(request.text.clone())];
    }
    let mut segments: Vec<Segment> = Vec::new();
    for token in toned(&to_spoken(&request.text)) {
        match token {
            Token::Hanzi(_, sound) => mandarin(&mut segments, &format!(" {sound}")),
            Token::Comma => mandarin(&mut segments, ","),
            Token::Stop | Token::Question => mandarin(&mut segments, "."),
            Token::Latin(word) => match segments.last_mut() {
                Some(Segment::English(text)) => {
                    text.push(' ');
                    text.push_str(&word);
                }
                _ => segments.push(Segment::English(word)),
            },
            Token::Unknown(_) => {}
        }
    }
    let is_audible = |segment: &Segment| match segment {
        Segment::Mandarin(text) | Segment::English(text) => text.chars().any(char::is_alphanumeric),
    };
    segments.retain(is_audible);
    segments
}

fn mandarin(segments: &mut Vec<Segment>, more: &str) {
    match segments.last_mut() {
        Some(Segment::Mandarin(text)) => text.push_str(more),
        _ => segments.push(Segment::Mandarin(more.trim_start().to_owned())),
    }
}

/// Rate and samples of a mono 16-bit WAV whose lengths are not to be trusted: the engine writes them before it knows.
fn read_wav(bytes: &[u8]) -> Option<(SampleRate, Vec<i16>)> {
    let rate = u32::from_le_bytes(bytes.get(24..28)?.try_into().ok()?);
    let data = bytes.windows(4).position(|name| name == b"data")?;
    let samples = bytes
        .get(data + 8..)?
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
    Some((SampleRate(rate), samples.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level_dbfs;

    fn request(text: &str, language: &str) -> SpeechRequest {
        SpeechRequest {
            text: text.to_owned(),
            language: language.to_owned(),
            voice: "f2".to_owned(),
            speed: 1.0,
        }
    }

    #[test]
    fn sentences_become_pinyin_and_english() {
        let check = |text: &str, expected: &[Segment]| {
            assert_eq!(segments(&request(text, "zh-CN")), expected)
        };
        let mandarin = |text: &str| Segment::Mandarin(text.to_owned());
        let english = |text: &str| Segment::English(text.to_owned());
        check("您好，银行。", &[mandarin("nin2 hao3, yin2 hang2.")]);
        check("下载APP。", &[mandarin("xia4 zai4"), english("APP")]);
        check("拨打95588", &[mandarin("bo1 da3 jiu3 wu3 wu3 ba1 ba1")]);
        check("。", &[]);
    }

    async fn engine() -> Espeak {
        Espeak::start(EspeakConfig::default())
            .await
            .expect("espeak-ng is installed by scripts/test")
    }

    #[tokio::test]
    async fn speech_has_its_length_and_level_and_begins_at_once() {
        let engine = engine().await;
        assert!(
            engine.engine().starts_with("espeak-ng 1."),
            "{}",
            engine.engine()
        );
        let text = "您好，请说您的问题，也可以随时说，转人工。";
        let pcm = engine
            .synthesize(&request(text, "zh-CN"))
            .await
            .expect("spoken");
        assert_eq!(pcm.rate, SampleRate::TELEPHONE);
        let seconds = pcm.duration().as_secs_f32();
        assert!((2.5..8.0).contains(&seconds), "{seconds} s");
        let level = level_dbfs(&pcm.samples);
        assert!((-26.0..-17.0).contains(&level), "{level} dBFS");
        assert!(
            level_dbfs(&pcm.samples[..320]) > -50.0,
            "silence at the beginning"
        );

        let slow = SpeechRequest {
            speed: 0.7,
            ..request(text, "zh-CN")
        };
        let slow = engine
            .synthesize(&slow)
            .await
            .expect("spoken")
            .duration()
            .as_secs_f32();
        assert!(
            slow > seconds * 1.2,
            "{slow} s is not slower than {seconds} s"
        );
    }

    #[tokio::test]
    async fn english_and_mixed_sentences_are_spoken() {
        let engine = engine().await;
        for (text, language) in [
            ("Hello, how can I help you?", "en-US"),
            ("请下载APP", "zh-CN"),
        ] {
            let pcm = engine
                .synthesize(&request(text, language))
                .await
                .expect("spoken");
            assert!(pcm.duration() > Duration::from_millis(600), "{text}");
        }
        let nothing = engine
            .synthesize(&request("。", "zh-CN"))
            .await
            .expect("spoken");
        assert!(nothing.samples.is_empty());
    }

    #[tokio::test]
    async fn the_line_before_the_engine_counts_towards_the_deadline() {
        let engine = Espeak {
            config: EspeakConfig {
                deadline: Duration::from_millis(1),
                ..EspeakConfig::default()
            },
            engine: "busy".to_owned(),
            permits: Semaphore::new(0),
        };
        let request = request("您好", "zh-CN");
        let spoken = tokio::time::timeout(Duration::from_secs(10), engine.synthesize(&request));
        let error = spoken
            .await
            .expect("given up")
            .expect_err("no place came free");
        assert!(error.to_string().contains("the deadline passed"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let config = EspeakConfig {
            program: PathBuf::from("/nowhere/espeak"),
            ..EspeakConfig::default()
        };
        let error = Espeak::start(config)
            .await
            .expect_err("missing")
            .to_string();
        assert!(error.contains("`/nowhere/espeak` cannot be run"), "{error}");
    }
}
