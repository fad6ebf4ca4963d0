//! `yingda serve`: answers calls until Ctrl-C or SIGTERM.

use std::{io::IsTerminal, path::PathBuf};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, Progress},
    config::Config,
    telemetry::{self, LOG_VARIABLE, LogFormat},
};

/// Answers calls until Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "yingda.toml")]
    config: PathBuf,
    /// Log one JSON object a line.
    #[arg(long)]
    log_json: bool,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let format = match args.log_json {
        true => LogFormat::Json,
        false => LogFormat::Text,
    };
    telemetry::init(std::env::var(LOG_VARIABLE).ok().as_deref(), format)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(serve(&config))
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let mut progress = Steps::default();
    let app = tokio::select! {
        app = App::build(config, &mut progress) => app?,
        // Nothing is served yet, and nothing is half done.
        () = signals.next() => return Ok(()),
    };
    progress.finish();
    println!(
        "yingda: ready; SIP on {}, console on http://{}",
        app.sip_address(),
        app.console_address()?
    );
    let stop = CancellationToken::new();
    let signalled = async {
        signals.next().await;
        tracing::info!("stopping: no more calls are taken, those in progress have 30 s");
        stop.cancel();
        signals.next().await;
    };
    tokio::select! {
        result = app.run(stop.clone()) => result,
        () = signalled => anyhow::bail!("stopped at once, by a second signal"),
    }
}

/// Ctrl-C and SIGTERM.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Steps on standard error, with a bar where somebody watches.
#[derive(Default)]
pub(super) struct Steps {
    bar: Option<ProgressBar>,
}

impl Steps {
    pub(super) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Steps {
    fn step(&mut self, what: &str) {
        self.finish();
        eprintln!("yingda: {what}");
    }

    fn synthesised(&mut self, done: usize, all: usize) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} sentences");
            ProgressBar::new(all as u64)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_position(done as u64);
    }
}
