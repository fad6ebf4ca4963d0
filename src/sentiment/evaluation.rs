//! How well moods are told, on turns whose mood and need of a human are known.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::mood::Mood;

/// A turn with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownTurn {
    /// What was said.
    pub text: String,
    /// Its mood.
    pub mood: Mood,
    /// Whether a human is needed.
    pub escalate: bool,
}

/// The columns that must be there.
const COLUMNS: [&str; 3] = ["text", "label", "should_escalate"];

/// Why a file of known turns was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnsError {
    /// It is no CSV file, or cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A column is missing.
    #[error("column `{0}` is missing")]
    Column(&'static str),
    /// A value is wrong.
    #[error("line {line}: {problem}")]
    Value {
        /// Where the row begins.
        line: u64,
        /// In words.
        problem: String,
    },
    /// There is nothing to evaluate.
    #[error("it holds no turns")]
    Empty,
}

/// Reads CSV with the columns `text`, `label` (a mood) and `should_escalate` (0 or 1); others are passed over.
pub fn read_turns(source: impl std::io::Read) -> Result<Vec<KnownTurn>, TurnsError> {
    let unreadable = |error: csv::Error| TurnsError::Unreadable(error.to_string());
    let mut reader = csv::Reader::from_reader(source);
    let header = reader.headers().map_err(unreadable)?.clone();
    let column = |name: &'static str| {
        let named = |title: &str| title.trim_start_matches('\u{feff}').trim() == name;
        header
            .iter()
            .position(named)
            .ok_or(TurnsError::Column(name))
    };
    let [text, label, escalate] = COLUMNS;
    let (text, label, escalate) = (column(text)?, column(label)?, column(escalate)?);
    let mut turns = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        let line = row.position().map_or(0, csv::Position::line);
        let refuse = |problem: String| TurnsError::Value { line, problem };
        // The reader has checked that every row has as many cells as the header.
        let cell = |at: usize| row.get(at).unwrap_or_default().trim();
        turns.push(KnownTurn {
            text: cell(text).to_owned(),
            mood: Mood::named(cell(label))
                .ok_or_else(|| refuse(format!("`{}` is no mood", cell(label))))?,
            escalate: match cell(escalate) {
                "0" => false,
                "1" => true,
                other => {
                    return Err(refuse(format!(
                        "`should_escalate` is `{other}`, not 0 or 1"
                    )));
                }
            },
        });
    }
    if turns.is_empty() {
        return Err(TurnsError::Empty);
    }
    Ok(turns)
}

/// What was told of a known turn.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// What was said.
    pub text: String,
    /// What is right.
    pub mood: Mood,
    /// What was told.
    pub told: Mood,
    /// How likely it was.
    pub probability: f32,
    /// Whether a human is needed.
    pub escalate: bool,
    /// Why a human was said to be needed.
    pub told_escalate: Option<String>,
    /// In words.
    pub evidence: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// How well it went.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// F1 of each mood that occurs or was told, by name.
    pub f1: Vec<(&'static str, f64)>,
    /// Their mean.
    pub macro_f1: f64,
    /// The share of turns whose mood is right.
    pub accuracy: f64,
    /// Of the turns that need a human, the share that was found.
    pub escalation_recall: f64,
    /// Of the turns said to need one, the share that does.
    pub escalation_precision: f64,
    /// Half of the turns took less, in milliseconds.
    pub median_ms: f64,
    /// 95 % of the turns took less, in milliseconds.
    pub p95_ms: f64,
    /// Every turn.
    pub turns: Vec<Told>,
}

/// `part` of `whole`; 0 of nothing.
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

impl Report {
    /// Sums up.
    pub fn of(turns: Vec<Told>) -> Self {
        let count = |of: &dyn Fn(&Told) -> bool| turns.iter().filter(|told| of(told)).count();
        let f1: Vec<(&'static str, f64)> = Mood::ALL
            .into_iter()
            .filter_map(|mood| {
                let right = count(&|turn| turn.mood == mood && turn.told == mood);
                let both = count(&|turn| turn.mood == mood) + count(&|turn| turn.told == mood);
                (both > 0).then(|| (mood.name(), 2.0 * right as f64 / both as f64))
            })
            .collect();
        let hits = count(&|turn| turn.escalate && turn.told_escalate.is_some());
        let mut times: Vec<f64> = turns
            .iter()
            .map(|turn| turn.took.as_secs_f64() * 1e3)
            .collect();
        times.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let at = (times.len() as f64 * share) as usize;
            times
                .get(at.min(times.len().saturating_sub(1)))
                .copied()
                .unwrap_or_default()
        };
        Self {
            macro_f1: f1.iter().map(|(_, value)| value).sum::<f64>() / f1.len().max(1) as f64,
            f1,
            accuracy: share(count(&|turn| turn.mood == turn.told), turns.len()),
            escalation_recall: share(hits, count(&|turn| turn.escalate)),
            escalation_precision: share(hits, count(&|turn| turn.told_escalate.is_some())),
            median_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            turns,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self
            .f1
            .iter()
            .map(|(name, value)| format!("{name} {value:.3}"))
            .collect();
        writeln!(f, "{} turns", self.turns.len())?;
        writeln!(
            f,
            "mood        macro-F1 {:.3} ({}), accuracy {:.1} %",
            self.macro_f1,
            parts.join(", "),
            self.accuracy * 100.0
        )?;
        writeln!(
            f,
            "escalation  recall {:.3}, precision {:.3}",
            self.escalation_recall, self.escalation_precision
        )?;
        writeln!(
            f,
            "time        median {:.2} ms, p95 {:.2} ms",
            self.median_ms, self.p95_ms
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(mood: Mood, told: Mood, escalate: bool, told_escalate: bool) -> Told {
        Told {
            text: String::new(),
            mood,
            told,
            probability: 1.0,
            escalate,
            told_escalate: told_escalate.then(String::new),
            evidence: Vec::new(),
            took: Duration::from_millis(2),
        }
    }

    #[test]
    fn numbers_are_those_counted_by_hand() {
        use Mood::{Angry, Negative, Neutral};
        let report = Report::of(vec![
            told(Neutral, Neutral, false, false),
            told(Neutral, Negative, false, true),
            told(Negative, Negative, true, true),
            told(Angry, Negative, true, false),
        ]);
        // Neutral 2·1/3, negative 2·1/4, angry 0; positive never occurs.
        assert_eq!(report.f1.len(), 3);
        assert!((report.macro_f1 - (2.0 / 3.0 + 0.5) / 3.0).abs() < 1e-9);
        assert!((report.accuracy - 0.5).abs() < 1e-9);
        assert!((report.escalation_recall - 0.5).abs() < 1e-9);
        assert!((report.escalation_precision - 0.5).abs() < 1e-9);
        assert!((report.median_ms - 2.0).abs() < 1e-9);
    }

    #[test]
    fn turns_are_read_and_wrong_ones_named() {
        let read = |text: &str| read_turns(text.as_bytes());
        let turns = read(
            "\u{feff}text,label,should_escalate,reason\n气死我了,angry,1,x\n好的,neutral,0,\n",
        )
        .expect("sound");
        assert_eq!(turns.len(), 2);
        assert_eq!((turns[0].mood, turns[0].escalate), (Mood::Angry, true));
        let problem = |text: &str| read(text).expect_err("refused").to_string();
        assert_eq!(
            problem("text,label\nx,angry\n"),
            "column `should_escalate` is missing"
        );
        assert_eq!(
            problem("text,label,should_escalate\nx,cross,1\n"),
            "line 2: `cross` is no mood"
        );
        assert_eq!(
            problem("text,label,should_escalate\nx,angry,yes\n"),
            "line 2: `should_escalate` is `yes`, not 0 or 1"
        );
        assert_eq!(problem("text,label,should_escalate\n"), "it holds no turns");
    }
}
