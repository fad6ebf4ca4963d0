//! `yingda simulate`: scripted conversations against a running server, or one that is started for them.

use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::{records::print, serve::Steps};
use crate::{
    app::App,
    config::Config,
    simulator::{self, Report, RunnerConfig, Scenario, TextProgress},
    telemetry::{self, LOG_VARIABLE, LogFormat},
    tts::{
        SpeechSynthesizer,
        cache::{Keep, PhraseCache},
        espeak::{Espeak, EspeakConfig},
    },
};

/// Sentences of callers that stay in memory.
const SENTENCES: usize = 1_000;

/// When a sentence of a caller is given up.
const VOICES_DEADLINE: Duration = Duration::from_secs(120);

/// Runs scripted conversations and fails when one is not as expected.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario files; folders stand for the `.yaml` files in them.
    #[arg(required = true, value_name = "FILE")]
    scenarios: Vec<PathBuf>,
    /// Write the report here, as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Start a server with this configuration and call that; `--target` and `--console` are its own then.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Host and port of the server's SIP side.
    #[arg(long, default_value = "127.0.0.1:5060")]
    target: String,
    /// URL of the server's console.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8400")]
    console: String,
    /// Where the simulated agents are called: the `agent` of the server's lines.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5090")]
    agents: SocketAddr,
    /// Signalling over TCP.
    #[arg(long)]
    tcp: bool,
    /// Our address, for SIP and RTP.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::from(Ipv4Addr::LOCALHOST))]
    local: IpAddr,
    /// Calls at the same time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=500))]
    at_once: u16,
    /// Run all scenarios so many times.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    times: u32,
    /// Write what each caller heard to a WAV file in this folder.
    #[arg(long, value_name = "FOLDER")]
    recordings: Option<PathBuf>,
    /// Folder of the callers' words that were synthesised before.
    #[arg(long, value_name = "FOLDER", default_value = "data/callers")]
    speech: PathBuf,
    /// Print only what failed, and the numbers.
    #[arg(long)]
    quiet: bool,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let scenarios = load(&args)?;
    telemetry::init(
        Some(&std::env::var(LOG_VARIABLE).unwrap_or_else(|_| "warn".to_owned())),
        LogFormat::Text,
    )?;
    let report = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(simulate(&args, scenarios))?;
    if let Some(file) = &args.report {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(file, json + "\n").with_context(|| file.display().to_string())?;
    }
    print(&summary(&report))?;
    match report.failed {
        0 => Ok(()),
        1 => anyhow::bail!("one scenario failed"),
        failed => anyhow::bail!("{failed} scenarios failed"),
    }
}

/// The scenarios of all files, `--times` times.
fn load(args: &Args) -> anyhow::Result<Vec<Scenario>> {
    let mut files = Vec::new();
    for path in &args.scenarios {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let folder = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
        let mut found = Vec::new();
        for entry in folder {
            let file = entry?.path();
            if file
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                found.push(file);
            }
        }
        found.sort();
        anyhow::ensure!(!found.is_empty(), "{}: no .yaml file", path.display());
        files.extend(found);
    }
    let once: Vec<Scenario> = files
        .iter()
        .map(|file| Scenario::load(file))
        .collect::<Result<_, _>>()?;
    let times = args.times as usize;
    Ok(std::iter::repeat_n(once, times).flatten().collect())
}

pub(super) async fn voices(folder: &std::path::Path) -> anyhow::Result<Arc<dyn SpeechSynthesizer>> {
    // No caller is on the line yet, and all of them want their words at once.
    let config = EspeakConfig {
        deadline: VOICES_DEADLINE,
        ..EspeakConfig::default()
    };
    let engine = Espeak::start(config).await?;
    let cache = PhraseCache::open(folder, Keep::All, SENTENCES, Arc::new(engine))
        .with_context(|| folder.display().to_string())?;
    Ok(Arc::new(cache))
}

async fn simulate(args: &Args, scenarios: Vec<Scenario>) -> anyhow::Result<Report> {
    let voices = voices(&args.speech).await?;
    let mut config = RunnerConfig {
        target: args.target.clone(),
        tcp: args.tcp,
        console: args.console.clone(),
        agents: args.agents,
        desk: None,
        local: args.local,
        at_once: usize::from(args.at_once),
        recordings: args.recordings.clone(),
    };
    let stop = CancellationToken::new();
    let server = match &args.config {
        Some(file) => {
            let mut steps = Steps::default();
            let app = App::build(&Config::load(file)?, &mut steps).await?;
            steps.finish();
            config.target = app.sip_address().to_string();
            config.console = format!("http://{}", app.console_address()?);
            Some(tokio::spawn(app.run(stop.clone())))
        }
        None => None,
    };
    let output: Box<dyn Write + Send> = match args.quiet {
        true => Box::new(io::sink()),
        false => Box::new(io::stdout()),
    };
    let progress = Arc::new(TextProgress::new(output, args.at_once > 1, false));
    let report = simulator::run(scenarios, config, voices, progress).await;
    stop.cancel();
    if let Some(server) = server {
        server.await.context("the server broke off")??;
    }
    Ok(report?)
}

fn summary(report: &Report) -> String {
    let mut text = String::from("\n");
    for scenario in report.scenarios.iter().filter(|scenario| !scenario.passed) {
        text.push_str(&format!("FAILED  {}\n", scenario.name));
        for failure in &scenario.failures {
            text.push_str(&format!("        {failure}\n"));
        }
    }
    let of = |name: &str, latency: simulator::report::Latency| match (latency.median, latency.p95) {
        (Some(median), Some(p95)) => format!(
            "{name}: median {median} ms, 95 % within {p95} ms, of {}\n",
            latency.count
        ),
        _ => String::new(),
    };
    text.push_str(&of("voice to voice", report.voice_to_voice_ms));
    text.push_str(&of("greeting after ACK", report.greeting_ms));
    text.push_str(&format!(
        "{} passed, {} failed\n",
        report.passed, report.failed
    ));
    text
}
