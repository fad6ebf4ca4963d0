//! Logs and numbers about the running process.
//!
//! Logs go to standard error, filtered by `YINGDA_LOG` (`info`, `yingda::sip=debug`). Numbers are in [`Metrics`]. Personal data
//! is in neither. This module does not decide what is worth logging, and sends nothing anywhere.

mod metrics;
pub mod watch;

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

pub use metrics::{Counter, Family, Gauge, Histogram, Metrics, Page};

/// The environment variable with the log filter.
pub const LOG_VARIABLE: &str = "YINGDA_LOG";

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("{LOG_VARIABLE}: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody else has set logging up.
    #[error("logging is already set up: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// The filter that `wanted` asks for; `info` without it. The SIP stack logs whole messages, numbers and all, from `info` on,
/// so it says no more than warnings unless it is asked for by name.
pub fn filter(wanted: Option<&str>) -> Result<EnvFilter, TelemetryError> {
    let wanted = wanted.unwrap_or("info");
    Ok(EnvFilter::try_new(format!("rsipstack=warn,{wanted}"))?)
}

/// Sends the log of this process to standard error. `wanted` is what [`LOG_VARIABLE`] says.
pub fn init(wanted: Option<&str>, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = filter(wanted)?;
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => {
            let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
            registry.with(lines).try_init()?;
        }
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer()
                .json()
                .with_writer(std::io::stderr);
            registry.with(lines).try_init()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_filter_is_named() {
        let error = init(Some("yingda=loud"), LogFormat::Text).expect_err("no such level");
        assert!(error.to_string().starts_with("YINGDA_LOG: "), "{error}");
    }
}
