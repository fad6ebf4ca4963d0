//! Simulated callers and agents, and scripted conversations with their reports.
//!
//! A caller or an agent is a [`Leg`](leg::Leg): a dialog of `sip` with a [`Phone`](phone::Phone) behind it, which sends and
//! hears over a socket of its own, so that what is measured is what a real telephone would have heard. The simulator
//! never looks inside the server: expectations are checked against the server's records by its HTTP API.

pub mod agent;
pub mod clip;
pub mod hearing;
pub mod leg;
pub mod phone;
pub mod tape;
