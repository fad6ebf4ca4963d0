//! What a simulated person says: words made into audio, and WAV files.
//!
//! Does not play anything (see `phone`).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;

use super::hearing::SOUND_DBFS;
use crate::{
    audio::{FRAME_SAMPLES, Pcm, SampleRate, level_dbfs, resample::resample},
    tts::{SpeechRequest, SpeechSynthesizer, SynthesizeError},
};

/// The engine's words a minute at speed 1.0.
const NORMAL_RATE: f32 = 175.0;

/// The longest WAV file that is read, in seconds.
const LONGEST_S: u32 = 600;

/// How a simulated person sounds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Voice {
    /// A variant of the speech engine.
    pub voice: String,
    /// Words a minute.
    pub speed: f32,
    /// Louder or softer than -20 dBFS, in dB.
    pub gain_db: f32,
    /// BCP 47 language of the words.
    pub language: String,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            voice: "m3".to_owned(),
            speed: 190.0,
            gain_db: 0.0,
            language: "zh-CN".to_owned(),
        }
    }
}

/// Why there is nothing to play.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// The words cannot be spoken.
    #[error("`{text}` cannot be spoken: {source}")]
    Speech {
        /// The words.
        text: String,
        /// Why.
        source: SynthesizeError,
    },
    /// The file cannot be read.
    #[error("{file}: {problem}")]
    Wav {
        /// The file.
        file: PathBuf,
        /// In words.
        problem: String,
    },
}

/// Audio to play, at 8 kHz.
#[derive(Clone, Debug)]
pub struct Clip {
    samples: Arc<[i16]>,
    /// End of the last frame with sound; what follows is silence.
    spoken: usize,
}

impl Clip {
    /// Audio of any rate, made louder by so many dB.
    pub fn new(pcm: &Pcm, gain_db: f32) -> Self {
        let factor = 10.0_f32.powf(gain_db / 20.0);
        let samples: Vec<i16> = resample(&pcm.samples, pcm.rate, SampleRate::TELEPHONE)
            .into_iter()
            // The cast saturates.
            .map(|sample| (f32::from(sample) * factor).round() as i16)
            .collect();
        let spoken = samples
            .chunks(FRAME_SAMPLES)
            .rposition(|frame| level_dbfs(frame) > SOUND_DBFS)
            .map_or(0, |place| ((place + 1) * FRAME_SAMPLES).min(samples.len()));
        Self {
            samples: samples.into(),
            spoken,
        }
    }

    /// Words in a voice.
    pub async fn speak(
        engine: &dyn SpeechSynthesizer,
        voice: &Voice,
        text: &str,
    ) -> Result<Self, ClipError> {
        let request = SpeechRequest {
            text: text.to_owned(),
            language: voice.language.clone(),
            voice: voice.voice.clone(),
            speed: voice.speed / NORMAL_RATE,
        };
        let pcm = engine.synthesize(&request).await;
        let pcm = pcm.map_err(|source| ClipError::Speech {
            text: text.to_owned(),
            source,
        })?;
        Ok(Self::new(&pcm, voice.gain_db))
    }

    /// A WAV file of 8, 16, 24 or 32 bit integers or floats; several channels are mixed.
    pub fn read(file: &Path) -> Result<Self, ClipError> {
        let fail = |problem: String| ClipError::Wav {
            file: file.to_owned(),
            problem,
        };
        let mut reader = hound::WavReader::open(file).map_err(|error| fail(error.to_string()))?;
        let spec = reader.spec();
        if spec.sample_rate == 0 || spec.channels == 0 {
            return Err(fail("no samples a second".to_owned()));
        }
        if reader.duration() / spec.sample_rate > LONGEST_S {
            return Err(fail(format!("longer than {LONGEST_S} s")));
        }
        let samples: Result<Vec<f32>, _> = match spec.sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().collect(),
            hound::SampleFormat::Int => {
                let full_scale = 2.0_f32.powi(i32::from(spec.bits_per_sample) - 1);
                reader
                    .samples::<i32>()
                    .map(|sample| sample.map(|sample| sample as f32 / full_scale))
                    .collect()
            }
        };
        let samples = samples.map_err(|error| fail(error.to_string()))?;
        let channels = usize::from(spec.channels);
        let mono: Vec<i16> = samples
            .chunks_exact(channels)
            .map(|frame| (frame.iter().sum::<f32>() / channels as f32 * 32_767.0).round() as i16)
            .collect();
        Ok(Self::new(
            &Pcm::new(SampleRate(spec.sample_rate), mono),
            0.0,
        ))
    }

    /// All samples, at 8 kHz.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Where the silence at the end begins, in samples.
    pub const fn spoken(&self) -> usize {
        self.spoken
    }
}

/// Writes what was heard as a mono WAV of 8 kHz.
pub fn write_wav(file: &Path, samples: &[i16]) -> Result<(), ClipError> {
    let fail = |problem: String| ClipError::Wav {
        file: file.to_owned(),
        problem,
    };
    if let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| fail(error.to_string()))?;
    }
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SampleRate::TELEPHONE.0,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer =
        hound::WavWriter::create(file, spec).map_err(|error| fail(error.to_string()))?;
    for sample in samples {
        writer
            .write_sample(*sample)
            .map_err(|error| fail(error.to_string()))?;
    }
    writer.finalize().map_err(|error| fail(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tts::fake::FakeSynthesizer;

    #[test]
    fn the_silence_at_the_end_is_not_speech() {
        let mut samples = [4_000_i16, -4_000].repeat(400);
        samples.resize(1_600, 0);
        let clip = Clip::new(&Pcm::new(SampleRate::TELEPHONE, samples), 0.0);
        assert_eq!((clip.samples().len(), clip.spoken()), (1_600, 800));
        let silence = Clip::new(&Pcm::new(SampleRate::TELEPHONE, vec![0; 320]), 0.0);
        assert_eq!(silence.spoken(), 0);
    }

    #[tokio::test]
    async fn gain_is_in_decibels() {
        let engine = FakeSynthesizer::default();
        let level = async |gain_db: f32| {
            let voice = Voice {
                gain_db,
                ..Voice::default()
            };
            let clip = Clip::speak(&engine, &voice, "您好").await.expect("spoken");
            level_dbfs(clip.samples())
        };
        let (normal, soft) = (level(0.0).await, level(-12.0).await);
        assert!((normal - soft - 12.0).abs() < 0.1, "{normal} and {soft}");
    }

    #[test]
    fn wav_files_are_read_and_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("in/a.wav");
        let samples: Vec<i16> = (0..800).map(|place| place * 20).collect();
        write_wav(&file, &samples).expect("written");
        let clip = Clip::read(&file).expect("read");
        let near = clip
            .samples()
            .iter()
            .zip(&samples)
            .all(|(read, written)| (read - written).abs() <= 1);
        assert!(near && clip.samples().len() == 800);
        let missing = Clip::read(&folder.path().join("none.wav")).expect_err("missing");
        assert!(missing.to_string().contains("none.wav"), "{missing}");
        std::fs::write(&file, "no audio").expect("written");
        assert!(Clip::read(&file).is_err());
    }
}
