//! `yingda calibrate`: fits thresholds for a wanted wrong-answer rate, and shows what scores are worth.

mod chart;
mod material;
mod table;

use std::path::{Path, PathBuf};

use anyhow::Context;

use self::material::Trials;
use super::{eval::retrieval::encoder, records::print};
use crate::{
    app,
    config::{Config, set_thresholds},
    retrieval::{
        RetrievalConfig,
        calibrate::{Calibration, Wanted},
    },
};

/// The encoder, where none is named.
const ENCODER: &str = "models/yingda-encoder.safetensors";

/// Fits the thresholds of retrieval to questions with known answers.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// FAQ sheets (CSV), each a knowledge base; or paraphrase files (`.tsv`: trade, intent, phrasings), each trade one. Their
    /// similar questions are left out and asked, one at a time.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    knowledge: Vec<PathBuf>,
    /// Questions that none of them answers, one a line.
    #[arg(long, value_name = "FILE")]
    out_of_scope: Option<PathBuf>,
    /// Real questions with their answers: `question<TAB>entry`, `-` where nothing should be answered.
    #[arg(long, value_name = "FILE")]
    questions: Vec<PathBuf>,
    /// Ask what the recogniser heard of each question of a knowledge base and each out of scope, as `yingda eval hear` wrote it.
    #[arg(long, value_name = "FILE")]
    heard: Option<PathBuf>,
    /// Similar questions of a knowledge base that are left out, evenly taken: each is asked of an index of its own.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    most: usize,
    /// Wrong answers at most, in percent of the questions: of those that an entry answers, and of those that none does.
    #[arg(long, value_name = "PERCENT", default_value = "3", value_parser = percent)]
    wrong: f64,
    /// How sure that is to be, in percent (one-sided, Wilson).
    #[arg(long, value_name = "PERCENT", default_value = "90", value_parser = percent)]
    confidence: f64,
    /// How many of the callers' questions no entry answers, in percent.
    #[arg(long, value_name = "PERCENT", default_value = "20", value_parser = percent)]
    out_of_scope_share: f64,
    /// Parts for cross-validation; the questions of one entry are in one part.
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    folds: usize,
    /// The encoder: a file, a folder with a BERT model, or `none` for words alone. Without it, the one of the configuration, or
    /// models/yingda-encoder.safetensors. Thresholds are good for the encoder that they were fitted with.
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    encoder: Option<PathBuf>,
    /// Where to draw the reliability diagram and the trade-off.
    #[arg(long, value_name = "SVG")]
    chart: Option<PathBuf>,
    /// A configuration to set the thresholds in (`[retrieval]`), which also says what they are now.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let (before, encoder) = match (&args.write, &args.encoder) {
        (Some(file), _) => {
            let config = Config::load(file)?;
            let before = RetrievalConfig {
                answer: config.retrieval.answer,
                clarify: config.retrieval.clarify,
                margin: config.retrieval.margin,
            };
            (before, app::encoder(&config)?)
        }
        (None, Some(file)) => (RetrievalConfig::default(), encoder(file)?),
        (None, None) => (RetrievalConfig::default(), encoder(Path::new(ENCODER))?),
    };
    let wanted = Wanted {
        wrong: args.wrong,
        confidence: args.confidence,
        out_of_scope: args.out_of_scope_share,
        folds: args.folds,
    };
    let trials = Trials::gather(&args, encoder.clone())?;
    let calibration = Calibration::fit(&trials.trials, &before, wanted)?;
    if let Some(file) = &args.chart {
        std::fs::write(file, chart::draw(&calibration))
            .with_context(|| format!("chart {} cannot be written", file.display()))?;
    }
    let mut text = trials.told;
    if let Some(encoder) = &encoder {
        text += &format!("encoder {} {}\n", encoder.name(), encoder.version());
    }
    text += &table::tell(&calibration);
    if let Some(file) = &args.write {
        for (key, value) in set_thresholds(file, &calibration.thresholds)? {
            text += &format!("{}: {key} = {value}\n", file.display());
        }
    }
    print(&text)
}

/// `3`, `2.5` or `3%`, as a share.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    let percent: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` is no percentage"))?;
    match (0.0..=100.0).contains(&percent) {
        true => Ok(percent / 100.0),
        false => Err(format!("{percent} is not between 0 and 100")),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_are_read() {
        assert_eq!(percent("3"), Ok(0.03));
        assert_eq!(percent("2.5 %"), Ok(0.025));
        for wrong in ["", "three", "-1", "101", "NaN"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
