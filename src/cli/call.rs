//! `yingda call`: one call by hand, to any SIP address.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;

use super::{records::print, simulate::voices};
use crate::{
    asr::{RecognizeError, RecognizerPool, SpeechRecognizer, whisper::WhisperModel},
    call::Digit,
    inference::PoolConfig,
    models::{Catalog, ModelCheck},
    simulator::{self, Act, CallOutcome, CallPlan, TextProgress, clip::Voice},
    telemetry::{self, LOG_VARIABLE, LogFormat},
};

/// Calls a SIP address, speaks, and prints what is heard.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `sip:4008001001@127.0.0.1:5060`, with `;transport=tcp` for TCP.
    uri: String,
    /// What to do, in order, each once the other side has spoken and is quiet: a sentence to say, a `.wav` file to play, or
    /// keys to press (`[1#]`).
    #[arg(value_name = "WORDS")]
    acts: Vec<String>,
    /// User part of From.
    #[arg(long, default_value = "13800138000")]
    from: String,
    /// A further header of the INVITE (`Diversion: <sip:4008001002@x>`).
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// Voice of the caller: a variant of espeak-ng.
    #[arg(long, default_value = "m3")]
    voice: String,
    /// Words a minute.
    #[arg(long, default_value_t = 190.0)]
    speed: f32,
    /// How long to wait for the other side's words, in seconds.
    #[arg(long, default_value_t = 20)]
    patience_s: u64,
    /// Write what is heard to this WAV file.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Recognise what is heard with this model, and print the words.
    #[arg(long, value_name = "FILE")]
    recognise: Option<PathBuf>,
    /// The manifest of known model files.
    #[arg(long, value_name = "FILE", default_value = "models/catalog.toml")]
    catalog: PathBuf,
    /// Our address, for SIP and RTP.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::from(Ipv4Addr::LOCALHOST))]
    local: IpAddr,
    /// Folder of the caller's words that were synthesised before.
    #[arg(long, value_name = "FOLDER", default_value = "data/callers")]
    speech: PathBuf,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let acts = args.acts.iter().map(|act| read_act(act));
    let acts: Vec<Act> = acts.collect::<anyhow::Result<_>>()?;
    let headers = args.headers.iter().map(|header| read_header(header));
    let headers = headers.collect::<anyhow::Result<_>>()?;
    telemetry::init(
        Some(&std::env::var(LOG_VARIABLE).unwrap_or_else(|_| "warn".to_owned())),
        LogFormat::Text,
    )?;
    let recogniser = match &args.recognise {
        Some(model) => Some(recogniser(model, &args.catalog)?),
        None => None,
    };
    let plan = CallPlan {
        from: args.from,
        headers,
        acts,
        voice: Voice {
            voice: args.voice,
            speed: args.speed,
            ..Voice::default()
        },
        patience: Duration::from_secs(args.patience_s),
        record: args.record,
        recogniser,
        local: args.local,
    };
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(async {
            let voices = voices(&args.speech).await?;
            let progress = Arc::new(TextProgress::new(Box::new(io::stdout()), false, true));
            let outcome = simulator::call(&args.uri, plan, voices.as_ref(), progress).await?;
            anyhow::Ok(outcome)
        })?;
    print(&summary(&outcome))?;
    match (outcome.status, outcome.failure) {
        (Some(status), _) => anyhow::bail!("the call was refused with {status}"),
        (None, Some(failure)) => anyhow::bail!(failure),
        (None, None) => Ok(()),
    }
}

fn read_act(text: &str) -> anyhow::Result<Act> {
    if let Some(keys) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let digits: Option<Vec<Digit>> = keys.chars().map(Digit::new).collect();
        let digits = digits.filter(|digits| !digits.is_empty());
        let digits = digits.with_context(|| format!("`{keys}` are no keys: 0-9 * # A-D"))?;
        return Ok(Act::Press(digits));
    }
    Ok(match text.to_ascii_lowercase().ends_with(".wav") {
        true => Act::Wav(PathBuf::from(text)),
        false => Act::Say(text.to_owned()),
    })
}

fn read_header(text: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = text
        .split_once(':')
        .with_context(|| format!("header `{text}` is not `Name: value`"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn recogniser(
    model: &std::path::Path,
    catalog: &std::path::Path,
) -> anyhow::Result<Arc<RecognizerPool>> {
    let catalog = Catalog::load(catalog)?;
    let model = WhisperModel::load(model, &catalog, ModelCheck::Listed)?;
    let config = PoolConfig { slots: 1, queue: 8 };
    let pool = RecognizerPool::start(config, move || {
        let recogniser = model.recognizer();
        recogniser.map(|one| Box::new(one) as Box<dyn SpeechRecognizer>)
    });
    Ok(Arc::new(pool.map_err(|error: RecognizeError| error)?))
}

fn summary(outcome: &CallOutcome) -> String {
    let replies = outcome.replies.iter().flatten();
    let latency = simulator::report::Latency::of(replies.map(|reply| reply.as_millis() as u64));
    let mut text = format!("heard {:.1} s", outcome.heard.as_secs_f32());
    if let Some(median) = latency.median {
        text.push_str(&format!(
            "; voice to voice: median {median} ms of {}",
            latency.count
        ));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_told_apart() {
        let check = |text: &str, expected: Act| {
            assert_eq!(read_act(text).expect(text), expected);
        };
        check("空调坏了", Act::Say("空调坏了".to_owned()));
        check("a/b.WAV", Act::Wav(PathBuf::from("a/b.WAV")));
        let keys = "1#".chars().filter_map(Digit::new).collect();
        check("[1#]", Act::Press(keys));
        for bad in ["[]", "[1x]"] {
            assert!(read_act(bad).is_err(), "{bad}");
        }
        let header = read_header("Diversion: <sip:a@b>").expect("a header");
        assert_eq!(header, ("Diversion".to_owned(), "<sip:a@b>".to_owned()));
        assert!(read_header("nonsense").is_err());
    }
}
