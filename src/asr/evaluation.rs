//! How well a recogniser hears: a manifest of utterances with their words, and what was got wrong, set by set.
//!
//! Errors are counted as edits (Levenshtein 1966) over what was said: characters for Mandarin (CER), words for English (WER),
//! and toneless syllables, which homophones leave alone (保修, 报修).
//!
//! This module does not print (see `cli`).

mod manifest;

use std::{fmt, sync::atomic::AtomicBool, time::Duration};

use serde::Serialize;

pub use self::manifest::{ManifestError, Utterance, read_manifest};
use super::{Language, RecognizeError, SpeechRecognizer};
use crate::text::{digits, pinyin};

/// Wrong results that a report shows of each set.
const SHOWN: usize = 12;

/// How long an utterance is whose time is compared with the budget of a turn, in ms.
const TURN_MS: std::ops::RangeInclusive<u128> = 2_500..=3_500;

/// One utterance and what was made of it.
#[derive(Clone, Debug, Serialize)]
pub struct Mistake {
    /// What was said.
    pub said: String,
    /// What was written.
    pub written: String,
}

/// What became of the utterances of one set.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SetReport {
    /// Its name in the manifest.
    pub set: String,
    /// Utterances in it.
    pub utterances: usize,
    /// Characters said (words in an English set).
    pub units: usize,
    /// Edits from what was said to what was written.
    pub errors: usize,
    /// Toneless syllables said.
    pub syllables: usize,
    /// Edits between the syllables.
    pub syllable_errors: usize,
    /// Utterances without an error.
    pub exact: usize,
    /// Strings of digits among the utterances.
    pub numbers: usize,
    /// Strings of digits of which every digit is right.
    pub exact_numbers: usize,
    /// Utterances without speech.
    pub speechless: usize,
    /// Utterances without speech for which nothing was written.
    pub empty: usize,
    /// The first few that were wrong.
    pub mistakes: Vec<Mistake>,
}

impl SetReport {
    fn add(&mut self, utterance: &Utterance, heard: &str) {
        self.utterances += 1;
        let (said, written) = (plain(&utterance.text), plain(heard));
        if said.is_empty() {
            self.speechless += 1;
            self.empty += usize::from(written.is_empty());
        } else {
            let (units, errors) = if utterance.language == Language::English {
                compare(&words(&utterance.text), &words(heard))
            } else {
                let characters = |text: &str| text.chars().collect::<Vec<_>>();
                compare(&characters(&said), &characters(&written))
            };
            self.units += units;
            self.errors += errors;
            let (syllables, wrong) = compare(&pinyin::toneless(&said), &pinyin::toneless(&written));
            self.syllables += syllables;
            self.syllable_errors += wrong;
            if let Some(number) = digits::dictated(&utterance.text) {
                self.numbers += 1;
                self.exact_numbers += usize::from(digits::dictated(heard) == Some(number));
            }
        }
        self.exact += usize::from(said == written);
        if said != written && self.mistakes.len() < SHOWN {
            self.mistakes.push(Mistake {
                said: utterance.text.clone(),
                written: heard.to_owned(),
            });
        }
    }
}

impl fmt::Display for SetReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14} {:>5} utterances", self.set, self.utterances)?;
        if self.units > 0 {
            write!(
                f,
                ", error rate {:.1} %, syllables {:.1} %",
                percent(self.errors, self.units),
                percent(self.syllable_errors, self.syllables)
            )?;
        }
        write!(f, ", exact {:.1} %", percent(self.exact, self.utterances))?;
        if self.numbers > 0 {
            let share = percent(self.exact_numbers, self.numbers);
            write!(f, ", digit strings {share:.1} %")?;
        }
        if self.speechless > 0 {
            let share = percent(self.empty, self.speechless);
            write!(f, ", empty without speech {share:.1} %")?;
        }
        Ok(())
    }
}

/// How long the recogniser took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Pace {
    /// Time taken over time spoken.
    pub real_time_factor: f64,
    /// Median of an utterance, in ms.
    pub median_ms: f64,
    /// 95th percentile of an utterance, in ms.
    pub p95_ms: f64,
    /// Median of the utterances of 2.5 to 3.5 s, in ms.
    pub three_seconds_ms: f64,
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "median {:.0} ms an utterance, 95th percentile {:.0} ms, {:.0} ms for one of 3 s, real-time factor {:.3}",
            self.median_ms, self.p95_ms, self.three_seconds_ms, self.real_time_factor
        )
    }
}

/// All sets of a manifest.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// In the order of the manifest.
    pub sets: Vec<SetReport>,
    /// Over all sets.
    pub pace: Pace,
}

impl Report {
    /// Lets `recognizer` hear every utterance of `manifest`; `clock` says how long it has been running. Reading a file and
    /// recognition can fail, and the first failure ends it.
    pub fn of(
        recognizer: &mut dyn SpeechRecognizer,
        manifest: &[Utterance],
        clock: impl Fn() -> Duration,
    ) -> Result<Self, EvaluationError> {
        let never = AtomicBool::new(false);
        let mut sets: Vec<SetReport> = Vec::new();
        let mut times = Vec::with_capacity(manifest.len());
        for utterance in manifest {
            let audio = utterance.audio()?;
            let started = clock();
            let heard = recognizer.recognize(&audio, utterance.language, &never)?;
            times.push((samples_ms(audio.len()), clock().saturating_sub(started)));
            let place = sets.iter().position(|set| set.set == utterance.set);
            let place = place.unwrap_or_else(|| {
                sets.push(SetReport {
                    set: utterance.set.clone(),
                    ..SetReport::default()
                });
                sets.len() - 1
            });
            sets[place].add(utterance, heard.text.expose());
        }
        Ok(Self {
            sets,
            pace: pace(&times),
        })
    }
}

/// Why an evaluation ended early.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The manifest or a file that it names cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The engine failed.
    #[error(transparent)]
    Recognize(#[from] RecognizeError),
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// Length of 16 kHz audio.
fn samples_ms(samples: usize) -> u128 {
    samples as u128 / 16
}

fn pace(times: &[(u128, Duration)]) -> Pace {
    let spoken: u128 = times.iter().map(|(audio, _)| audio).sum();
    let taken: f64 = times.iter().map(|(_, took)| took.as_secs_f64()).sum();
    let ms = |took: &Duration| took.as_secs_f64() * 1_000.0;
    let all: Vec<f64> = times.iter().map(|(_, took)| ms(took)).collect();
    let turns = times.iter().filter(|(audio, _)| TURN_MS.contains(audio));
    let turns: Vec<f64> = turns.map(|(_, took)| ms(took)).collect();
    Pace {
        real_time_factor: taken * 1_000.0 / spoken.max(1) as f64,
        median_ms: quantile(all.clone(), 0.5),
        p95_ms: quantile(all, 0.95),
        three_seconds_ms: quantile(turns, 0.5),
    }
}

fn quantile(mut values: Vec<f64>, at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * at) as usize;
    let last = values.len().saturating_sub(1);
    values.get(place.min(last)).copied().unwrap_or_default()
}

/// What is compared: hanzi, letters in lower case and digits. 幺 is a 一.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|symbol| symbol.is_alphanumeric());
    kept.flat_map(char::to_lowercase)
        .map(|symbol| if symbol == '幺' { '一' } else { symbol })
        .collect()
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|symbol: char| !symbol.is_alphanumeric() && symbol != '\'');
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// How many units were said, and the edits to what was written.
fn compare<T: PartialEq>(said: &[T], written: &[T]) -> (usize, usize) {
    let (from, to) = (Vec::from_iter(said), Vec::from_iter(written));
    (said.len(), strsim::generic_levenshtein(&from, &to))
}

#[cfg(test)]
mod tests;
