//! The cues of `prompts/mood.toml`: phrases that tell a mood or the need of a human, and the sentences that say so.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use unicode_normalization::UnicodeNormalization;

use crate::mood::Mood;

/// The most that a cue may add, as log-odds: a cue is no verdict.
const MOST: f32 = 10.0;

/// Every sentence there is, with the placeholders that it must hold.
const SENTENCES: &[(&str, &[&str])] = &[
    ("words", &["words"]),
    ("human", &[]),
    ("must_escalate", &["phrase"]),
    ("raised_voice", &["db"]),
    ("higher_voice", &["semitones"]),
    ("faster", &["percent"]),
    ("shouting", &[]),
    ("talks_over", &[]),
    ("again", &["times", "subject"]),
    ("anger", &[]),
    ("dissatisfied", &["times"]),
    ("likely", &[]),
];

/// Why a file of cues was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CueError {
    /// It is not TOML, or a value has the wrong type.
    #[error("{file}: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// With line, column and key.
        problem: String,
    },
    /// A key is wrong.
    #[error("{file}, line {line}: `{key}` {problem}")]
    Key {
        /// The file.
        file: String,
        /// Where it stands; the last line for one that is missing.
        line: usize,
        /// The key, from the root.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    say: BTreeMap<String, Spanned<String>>,
    cue: BTreeMap<String, Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    say: String,
    #[serde(default)]
    adds: BTreeMap<Mood, f32>,
    #[serde(default)]
    escalates: f32,
    #[serde(default)]
    in_any_mood: bool,
    subject: Option<String>,
    any: Vec<Spanned<String>>,
    #[serde(default)]
    unless: Vec<Spanned<String>>,
}

/// Phrases that tell the same.
#[derive(Clone, Debug)]
pub struct Cue {
    say: String,
    moods: [f32; 4],
    escalates: f32,
    in_any_mood: bool,
    subject: Option<String>,
    any: Vec<String>,
    unless: Vec<String>,
}

impl Cue {
    /// What it adds to the log-odds of each mood, in the order of [`Mood::ALL`].
    pub const fn moods(&self) -> &[f32; 4] {
        &self.moods
    }

    /// What it adds to the log-odds of a human being needed.
    pub const fn escalates(&self) -> f32 {
        self.escalates
    }

    /// Whether it needs a human also from who is calm.
    pub const fn in_any_mood(&self) -> bool {
        self.in_any_mood
    }

    /// What it is about, if a second mention tells that the first did not help.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    fn is_in(&self, text: &str) -> bool {
        // What is said by a trap is not said.
        let mut rest = text.to_owned();
        for trap in &self.unless {
            rest = rest.replace(trap.as_str(), " | ");
        }
        self.any.iter().any(|phrase| rest.contains(phrase.as_str()))
    }
}

/// All cues of a file.
#[derive(Clone, Debug)]
pub struct Cues {
    say: BTreeMap<String, String>,
    cues: Vec<Cue>,
}

impl Cues {
    /// Reads `text` as the content of `file`.
    pub fn parse(file: &str, text: &str) -> Result<Self, CueError> {
        let parsed: File = toml::from_str(text).map_err(|error| CueError::Syntax {
            file: file.to_owned(),
            problem: error.to_string().trim_end().to_owned(),
        })?;
        let refuse = |at: usize, key: String, problem: String| CueError::Key {
            file: file.to_owned(),
            line: text[..at].matches('\n').count() + 1,
            key,
            problem,
        };
        for (name, placeholders) in SENTENCES {
            let key = format!("say.{name}");
            let Some(sentence) = parsed.say.get(*name) else {
                return Err(refuse(text.len(), key, "is missing".to_owned()));
            };
            let held = placeholders_of(sentence.get_ref());
            if held != *placeholders {
                let problem = format!(
                    "must hold {placeholders:?} and nothing else, in this order; it holds {held:?}"
                );
                return Err(refuse(sentence.span().start, key, problem));
            }
        }
        if let Some((name, sentence)) = parsed
            .say
            .iter()
            .find(|(name, _)| SENTENCES.iter().all(|(known, _)| known != name))
        {
            let problem = "is no sentence that is ever said".to_owned();
            return Err(refuse(
                sentence.span().start,
                format!("say.{name}"),
                problem,
            ));
        }
        let mut cues = Vec::new();
        for (name, written) in parsed.cue {
            let (at, cue) = (written.span().start, written.into_inner());
            let numbers = cue.adds.values().chain([&cue.escalates]);
            if let Some(number) = numbers
                .copied()
                .find(|number| number.is_nan() || number.abs() > MOST)
            {
                let problem = format!("adds {number}, not {} to {MOST}", -MOST);
                return Err(refuse(at, format!("cue.{name}"), problem));
            }
            for (list, phrases) in [("any", &cue.any), ("unless", &cue.unless)] {
                if let Some(empty) = phrases
                    .iter()
                    .find(|phrase| plain(phrase.get_ref()).trim().is_empty())
                {
                    let problem = "has a phrase without a letter".to_owned();
                    return Err(refuse(
                        empty.span().start,
                        format!("cue.{name}.{list}"),
                        problem,
                    ));
                }
            }
            let plain_all = |phrases: Vec<Spanned<String>>| {
                phrases.iter().map(|text| phrase(text.get_ref())).collect()
            };
            cues.push(Cue {
                say: cue.say,
                moods: Mood::ALL.map(|mood| cue.adds.get(&mood).copied().unwrap_or(0.0)),
                escalates: cue.escalates,
                in_any_mood: cue.in_any_mood,
                subject: cue.subject,
                any: plain_all(cue.any),
                unless: plain_all(cue.unless),
            });
        }
        Ok(Self {
            say: parsed
                .say
                .into_iter()
                .map(|(name, sentence)| (name, sentence.into_inner()))
                .collect(),
            cues,
        })
    }

    /// Those that are in a turn.
    pub fn in_text(&self, text: &str) -> Vec<&Cue> {
        let text = plain(text);
        self.cues.iter().filter(|cue| cue.is_in(&text)).collect()
    }

    /// What a cue says as evidence.
    pub fn said(&self, cue: &Cue) -> String {
        cue.say.clone()
    }

    fn sentence(&self, name: &str, values: &[(&str, &str)]) -> String {
        // All of `SENTENCES` were there when the file was read.
        let mut sentence = self.say.get(name).cloned().unwrap_or_default();
        for (placeholder, value) in values {
            sentence = sentence.replace(&format!("{{{placeholder}}}"), value);
        }
        sentence
    }

    pub(super) fn words(&self, words: &str) -> String {
        self.sentence("words", &[("words", words)])
    }

    pub(super) fn asks_for_human(&self) -> String {
        self.sentence("human", &[])
    }

    pub(super) fn must_escalate(&self, phrase: &str) -> String {
        self.sentence("must_escalate", &[("phrase", phrase)])
    }

    pub(super) fn raised_voice(&self, db: f32) -> String {
        self.sentence("raised_voice", &[("db", &format!("{db:.0}"))])
    }

    pub(super) fn higher_voice(&self, semitones: f32) -> String {
        self.sentence("higher_voice", &[("semitones", &format!("{semitones:.0}"))])
    }

    pub(super) fn faster(&self, ratio: f32) -> String {
        self.sentence(
            "faster",
            &[("percent", &format!("{:.0}", (ratio - 1.0) * 100.0))],
        )
    }

    pub(super) fn shouting(&self) -> String {
        self.sentence("shouting", &[])
    }

    pub(super) fn talks_over(&self) -> String {
        self.sentence("talks_over", &[])
    }

    pub(super) fn again(&self, times: u8, subject: &str) -> String {
        self.sentence(
            "again",
            &[("times", &times.to_string()), ("subject", subject)],
        )
    }

    pub(super) fn anger(&self) -> String {
        self.sentence("anger", &[])
    }

    pub(super) fn dissatisfied(&self, times: u8) -> String {
        self.sentence("dissatisfied", &[("times", &times.to_string())])
    }

    pub(super) fn likely(&self) -> String {
        self.sentence("likely", &[])
    }
}

/// The names between braces, in their order.
fn placeholders_of(sentence: &str) -> Vec<&str> {
    let parts = sentence.split('{').skip(1);
    parts
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

/// As it is compared (NFKC, small letters): hanzi side by side, Latin words and digits with a blank on either side. Marks are
/// blanks, so nothing is found across them.
fn plain(text: &str) -> String {
    let mut out = String::from(" ");
    let is_latin = |symbol: char| symbol.is_ascii_alphanumeric() || symbol == '\'';
    for symbol in text.nfkc().flat_map(char::to_lowercase) {
        let symbol = if symbol == '\u{2019}' { '\'' } else { symbol };
        if !symbol.is_alphanumeric() && symbol != '\'' {
            if !out.ends_with(' ') {
                out.push(' ');
            }
            continue;
        }
        let before = out.chars().next_back().unwrap_or(' ');
        if before != ' ' && is_latin(before) != is_latin(symbol) {
            out.push(' ');
        }
        out.push(symbol);
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

/// A phrase as it is looked for: hanzi stand in the middle of others, Latin words by themselves.
fn phrase(text: &str) -> String {
    let text = plain(text);
    let inner = text.trim();
    let at_start = inner.starts_with(|symbol: char| symbol.is_ascii());
    let at_end = inner.ends_with(|symbol: char| symbol.is_ascii());
    let blank = |is: bool| if is { " " } else { "" };
    format!("{}{inner}{}", blank(at_start), blank(at_end))
}

#[cfg(test)]
mod tests;
