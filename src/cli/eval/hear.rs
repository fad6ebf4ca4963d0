//! `yingda eval hear`: lets synthetic callers ask questions over a bad telephone line, and writes what the recogniser heard.
//!
//! `yingda eval retrieval --heard FILE` asks what this wrote. Voices, losses and speeds follow from the seed, so that the
//! file can be made again.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::{Context, ensure};
use rand::{RngExt as _, SeedableRng, rngs::StdRng};

use super::retrieval::material::{Material, read_out_of_scope};
use crate::{
    asr::{Language, SpeechRecognizer, whisper::WhisperModel},
    audio::{SampleRate, resample::resample},
    cli::{records, simulate::voices},
    media::Codec,
    models::{Catalog, ModelCheck},
    retrieval::evaluation::{Case, Heard, verbatim},
    simulator::{
        clip::{Clip, Voice},
        line::Line,
    },
    tts::SpeechSynthesizer,
};

/// What the recogniser hears of questions that synthetic callers ask over a bad line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// FAQ sheets (CSV) or paraphrase files (`.tsv`), whose every phrasing is asked.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    knowledge: Vec<PathBuf>,
    /// Questions that none of them answers, one a line; these are asked too.
    #[arg(long, value_name = "FILE")]
    out_of_scope: Option<PathBuf>,
    /// Where to write what was heard: tab-separated, with the columns `question`, `heard` and `entry`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Voices of espeak-ng, in turn. These were not in the training of the bundled recogniser.
    #[arg(
        long,
        value_name = "NAME",
        num_args = 1..,
        default_values = ["m5", "f2", "steph3", "iven4", "Denis", "Jacky", "klatt3", "sandro"]
    )]
    voice: Vec<String>,
    /// Packets that are lost, in percent. The codec is G.711 A-law; the loss is concealed as in a call.
    #[arg(long, value_name = "PERCENT", default_value_t = 3.0)]
    loss: f64,
    /// What decides speeds and losses.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The recogniser: a ggml file.
    #[arg(long, value_name = "FILE", default_value = "models/yingda-zh-demo.bin")]
    model: PathBuf,
    /// The manifest of known model files.
    #[arg(long, value_name = "FILE", default_value = "models/catalog.toml")]
    catalog: PathBuf,
    /// Where the callers' speech is kept.
    #[arg(long, value_name = "FOLDER", default_value = "data/callers")]
    speech: PathBuf,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    ensure!(
        (0.0..=100.0).contains(&args.loss),
        "--loss must be between 0 and 100, not {}",
        args.loss
    );
    let cases = cases(&args)?;
    let catalog = Catalog::load(&args.catalog)?;
    let model = WhisperModel::load(&args.model, &catalog, ModelCheck::Listed)?;
    let mut recognizer = model.recognizer()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let engine = runtime.block_on(voices(&args.speech))?;
    let mut random = StdRng::seed_from_u64(args.seed);
    let mut text = Heard::head();
    let (mut exact, mut silent) = (0, 0);
    for (at, case) in cases.iter().enumerate() {
        let voice = Voice {
            voice: args.voice[at % args.voice.len()].clone(),
            speed: random.random_range(160.0..=220.0),
            ..Voice::default()
        };
        let audio = runtime.block_on(spoken(&engine, &voice, &case.question))?;
        let mut line = Line::new(Codec::Pcma, args.loss / 100.0, args.seed ^ at as u64);
        let (arrived, _lost) = line.carry(&audio);
        let wide = resample(&arrived, SampleRate::TELEPHONE, SampleRate::WIDEBAND);
        let heard = recognizer.recognize(&wide, Language::Chinese, &AtomicBool::new(false))?;
        let heard = heard.text.expose();
        exact += usize::from(plain(heard) == plain(&case.question));
        silent += usize::from(heard.is_empty());
        text += &Heard::line(case, heard);
    }
    std::fs::write(&args.out, text)
        .with_context(|| format!("{} cannot be written", args.out.display()))?;
    records::print(&format!(
        "{} questions, {:.1} % packets lost: {exact} heard letter by letter, {silent} not at all; {}\n",
        cases.len(),
        args.loss,
        args.out.display()
    ))
}

/// Each distinct question once; the first knowledge base that knows it names the entry.
fn cases(args: &Args) -> anyhow::Result<Vec<Case>> {
    let material = Material::read(&args.knowledge, &[], None)?;
    let known = material
        .bases
        .iter()
        .flat_map(|base| verbatim(&base.entries));
    let strangers = match &args.out_of_scope {
        Some(file) => read_out_of_scope(file)?,
        None => Vec::new(),
    };
    let strangers = strangers.into_iter().map(|one| Case {
        question: one.question,
        expected: None,
    });
    let mut seen = HashSet::new();
    let all = known.chain(strangers);
    Ok(all
        .filter(|case| seen.insert(case.question.clone()))
        .collect())
}

async fn spoken(
    engine: &Arc<dyn SpeechSynthesizer>,
    voice: &Voice,
    text: &str,
) -> anyhow::Result<Vec<i16>> {
    let clip = Clip::speak(engine.as_ref(), voice, text).await?;
    Ok(clip.samples().to_vec())
}

fn plain(text: &str) -> String {
    text.chars().filter(|one| one.is_alphanumeric()).collect()
}
