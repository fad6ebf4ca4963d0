//! A synthesiser that hums, for tests of everything around it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{SpeechRequest, SpeechSynthesizer, SynthesisFuture, SynthesizeError};
use crate::audio::{Pcm, SampleRate};

/// A 400 Hz tone, 100 ms a character.
#[derive(Debug, Default)]
pub struct FakeSynthesizer {
    /// Fail from now on.
    pub broken: AtomicBool,
    /// How many sentences were asked for.
    pub asked: AtomicUsize,
}

impl SpeechSynthesizer for FakeSynthesizer {
    fn engine(&self) -> &str {
        "fake-1"
    }

    fn synthesize<'a>(&'a self, request: &'a SpeechRequest) -> SynthesisFuture<'a> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.broken.load(Ordering::Relaxed) {
                return Err(SynthesizeError::Failed("broken on purpose".to_owned()));
            }
            let length = (request.text.chars().count() as f32 * 800.0 / request.speed) as usize;
            let tone = (0..length).map(|place| ((place as f32 * 0.314).sin() * 4_000.0) as i16);
            Ok(Pcm::new(SampleRate::TELEPHONE, tone.collect::<Vec<_>>()))
        })
    }
}
