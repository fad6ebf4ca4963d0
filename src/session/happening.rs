//! What a call's task waits for.

use tokio_util::sync::CancellationToken;

use super::{
    caller_leg::{CallerEvent, CallerLeg},
    work::{Done, Work},
};
use crate::{
    acd::{AgentCall, AgentEvent},
    ids::OfferId,
};

/// What happened.
#[derive(Debug)]
pub(super) enum Happening {
    /// On the caller's leg.
    Caller(CallerEvent),
    /// On the agent's leg.
    Agent(OfferId, AgentEvent),
    /// Work is done.
    Done(Done),
    /// The moment that the machine asked for.
    Timer,
    /// The process stops.
    Stop,
}

/// Waits for the next thing.
pub(super) async fn next(
    caller: &mut CallerLeg,
    agent: &mut Option<(OfferId, AgentCall)>,
    work: &mut Work,
    timer: Option<std::time::Instant>,
    stop: Option<&CancellationToken>,
) -> Happening {
    let agent = async {
        match agent {
            Some((offer, agent)) => Happening::Agent(*offer, agent.next().await),
            None => std::future::pending().await,
        }
    };
    let timer = async {
        match timer {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    };
    let stop = async {
        match stop {
            Some(stop) => stop.cancelled().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        event = caller.next() => Happening::Caller(event),
        agent = agent => agent,
        done = work.next() => Happening::Done(done),
        () = timer => Happening::Timer,
        () = stop => Happening::Stop,
    }
}
