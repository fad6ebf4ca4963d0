//! One task a call: feeds the call's machine and obtains what it asks for.
//!
//! [`SessionMachine`] decides and keeps the record; [`Reception`] takes calls in and gives each a task that owns the caller's
//! leg, the agent's leg and the work in progress. This module does not parse SIP (see `sip`), move packets (see
//! `media_plane`) or choose words (see `conversation`).

mod acting;
mod bringing_in;
mod call_task;
mod caller_leg;
mod generating;
mod handover;
mod happening;
mod input;
mod machine;
mod moods;
mod music;
mod obtaining;
mod output;
mod overheard;
mod reactions;
mod reception;
mod referring;
mod replay;
mod services;
mod settings;
mod snapshots;
mod speaker;
mod taping;
#[cfg(test)]
mod tests;
mod work;

pub use acting::{ActionFuture, Actions, fake::FakeActions};
pub use handover::TransferMode;
pub use input::{OfferedCall, Refusal, SessionInput, SnapshotKey};
pub use machine::SessionMachine;
pub use music::comfort_music;
pub use output::SessionOutput;
pub use reception::{Reception, ReceptionConfig};
pub use replay::{ReplayError, Replayed, replay};
pub use services::{LineServices, Lines, Services};
pub use settings::{HandoverSettings, JournalEntry, JournalSettings, SessionSettings};
