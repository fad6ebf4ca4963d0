//! Bringing callers and agents together: the leg to an agent, from the first INVITE to the last BYE.
//!
//! This module does not decide that a human is needed (see `conversation`) nor when to give up ringing (see `session`).

mod agent_call;

pub use agent_call::{AgentCall, AgentEvent, AgentInvite, AgentRefused, unavailable_because};
