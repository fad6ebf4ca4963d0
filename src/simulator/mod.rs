//! Simulated callers and agents, and scripted conversations with their reports.
//!
//! A caller or an agent is a [`Leg`](leg::Leg): a dialog of `sip` with a [`Phone`](phone::Phone) behind it, which sends and
//! hears over a socket of its own, so that what is measured is what a real telephone would have heard. The simulator
//! never looks inside the server: expectations are checked against the server's records by its HTTP API.

pub mod agent;
mod assess;
mod caller;
pub mod clip;
mod dial;
pub mod hearing;
mod judge;
pub mod leg;
pub mod line;
pub mod news;
pub mod phone;
pub mod record;
pub mod report;
mod runner;
pub mod scenario;
pub mod tape;
mod told;

pub use dial::{Act, CallOutcome, CallPlan, call};
pub use news::{News, Progress, Silent, TextProgress};
pub use report::{Report, ScenarioReport, TurnReport};
pub use runner::{RunnerConfig, run};
pub use scenario::{Scenario, ScenarioError};

/// Why nothing could be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// A port cannot be opened, or a target is no SIP URI.
    #[error(transparent)]
    Sip(#[from] crate::sip::SipError),
    /// A call could not be placed.
    #[error(transparent)]
    Leg(#[from] leg::LegError),
    /// Words or files cannot be played.
    #[error(transparent)]
    Clip(#[from] clip::ClipError),
}
