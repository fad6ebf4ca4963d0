//! Simulated agents: they answer what the server calls, by policy, and keep what they heard.
//!
//! A desk listens on one address and hands each call to whoever waits for one. It does not know scenarios.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use super::{
    clip::Clip,
    leg::{Leg, LegError, LegState, Waited},
};
use crate::{
    clock::ProcessClock,
    sip::{IncomingCall, SipConfig, SipEndpoint, SipError},
};

/// The longest an agent stays in a call, or lets it ring.
const PATIENCE: Duration = Duration::from_secs(300);

/// What an agent does with a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Rings and answers.
    #[default]
    Answer,
    /// 603 Decline (RFC 3261 §21.6.2).
    Decline,
    /// 486 Busy Here (§21.4.24).
    Busy,
    /// Rings until the other side gives up.
    Ring,
    /// Does not even ring.
    Mute,
}

/// How an agent treats a call.
#[derive(Clone, Debug)]
pub struct AgentPolicy {
    /// What is done with it.
    pub manner: Manner,
    /// After so long.
    pub after: Duration,
    /// What is said, once the other side was heard and is quiet.
    pub say: Option<Clip>,
    /// The agent hangs up so long after speaking; never, if empty.
    pub hang_up_after: Option<Duration>,
}

/// What became of an agent's call.
#[derive(Debug)]
pub struct AgentReport {
    /// Whether it was answered.
    pub was_answered: bool,
    /// What the agent heard, 8 kHz.
    pub heard: Vec<i16>,
    /// SIP status when it was not answered; 487 when the other side gave up.
    pub status: Option<u16>,
}

struct Waiting {
    name: u64,
    /// Only for calls of this caller.
    caller: Option<String>,
    policy: AgentPolicy,
    report: oneshot::Sender<AgentReport>,
}

#[derive(Default)]
struct Roster {
    next: u64,
    waiting: Vec<Waiting>,
}

/// Where simulated agents sit.
#[derive(Clone)]
pub struct AgentDesk {
    endpoint: SipEndpoint,
    roster: Arc<Mutex<Roster>>,
}

impl std::fmt::Debug for AgentDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AgentDesk").field(&self.endpoint).finish()
    }
}

/// An agent who waits for a call. Dropping it sends the agent home.
#[derive(Debug)]
pub struct Duty {
    desk: AgentDesk,
    name: u64,
    report: oneshot::Receiver<AgentReport>,
}

impl Duty {
    /// What became of the call, if one came.
    pub async fn report(mut self, patience: Duration) -> Option<AgentReport> {
        let is_waiting = {
            let mut roster = self.desk.roster();
            let before = roster.waiting.len();
            roster.waiting.retain(|waiting| waiting.name != self.name);
            roster.waiting.len() < before
        };
        if is_waiting {
            return None;
        }
        tokio::time::timeout(patience, &mut self.report)
            .await
            .ok()?
            .ok()
    }
}

impl Drop for Duty {
    fn drop(&mut self) {
        let name = self.name;
        self.desk
            .roster()
            .waiting
            .retain(|waiting| waiting.name != name);
    }
}

impl AgentDesk {
    /// Listens for calls; each gets its RTP port on `media`.
    pub async fn open(
        sip: SipConfig,
        media: IpAddr,
        clock: ProcessClock,
    ) -> Result<Self, SipError> {
        let (endpoint, calls) = SipEndpoint::start(sip).await?;
        let desk = Self {
            endpoint,
            roster: Arc::default(),
        };
        tokio::spawn(serve(Arc::downgrade(&desk.roster), calls, media, clock));
        Ok(desk)
    }

    /// The SIP side of it.
    pub const fn endpoint(&self) -> &SipEndpoint {
        &self.endpoint
    }

    /// The next call is treated so.
    pub fn on_duty(&self, policy: AgentPolicy) -> Duty {
        self.wait(None, policy)
    }

    /// The next call on behalf of this caller, as the server shows the number, is treated so.
    pub fn on_duty_for(&self, caller: &str, policy: AgentPolicy) -> Duty {
        self.wait(Some(caller.to_owned()), policy)
    }

    fn wait(&self, caller: Option<String>, policy: AgentPolicy) -> Duty {
        let (sender, report) = oneshot::channel();
        let mut roster = self.roster();
        roster.next += 1;
        let name = roster.next;
        roster.waiting.push(Waiting {
            name,
            caller,
            policy,
            report: sender,
        });
        drop(roster);
        Duty {
            desk: self.clone(),
            name,
            report,
        }
    }

    fn roster(&self) -> MutexGuard<'_, Roster> {
        lock(&self.roster)
    }
}

fn lock(roster: &Mutex<Roster>) -> MutexGuard<'_, Roster> {
    // Only whole entries are moved: a panic elsewhere leaves it sound.
    roster.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    roster: std::sync::Weak<Mutex<Roster>>,
    mut calls: mpsc::Receiver<IncomingCall>,
    media: IpAddr,
    clock: ProcessClock,
) {
    while let Some(call) = calls.recv().await {
        let Some(roster) = roster.upgrade() else {
            return;
        };
        let next = {
            let mut roster = lock(&roster);
            let from = &call.facts.caller;
            let place = roster.waiting.iter().position(|waiting| {
                let wanted = waiting.caller.as_deref();
                wanted.is_none_or(|caller| from.contains(caller))
            });
            place.map(|place| roster.waiting.remove(place))
        };
        match next {
            Some(waiting) => {
                tokio::spawn(async move {
                    match serve_call(call, &waiting.policy, media, clock).await {
                        // Who asked may have lost patience.
                        Ok(report) => drop(waiting.report.send(report)),
                        Err(error) => tracing::warn!(%error, "an agent could not take a call"),
                    }
                });
            }
            // Nobody is there: 480 Temporarily Unavailable, by dropping it.
            None => drop(call),
        }
    }
}

async fn serve_call(
    call: IncomingCall,
    policy: &AgentPolicy,
    media: IpAddr,
    clock: ProcessClock,
) -> Result<AgentReport, LegError> {
    let offer = call.facts.offer.clone();
    let mut leg = Leg::take(call, media, clock).await?;
    if matches!(policy.manner, Manner::Answer | Manner::Ring) {
        leg.dialog.ringing()?;
    }
    let patience = match policy.manner {
        Manner::Ring | Manner::Mute => PATIENCE,
        Manner::Answer | Manner::Decline | Manner::Busy => policy.after,
    };
    let waited = leg.until(patience, |_, _| None::<()>).await;
    let mut was_answered = false;
    let mut status = None;
    match (waited, policy.manner) {
        (Waited::Ended, _) => {}
        (_, Manner::Answer) => {
            leg.answer(&offer).await?;
            was_answered = talk(&mut leg, policy).await;
        }
        (_, manner) => {
            let refusal = match manner {
                Manner::Busy => 486,
                Manner::Ring | Manner::Mute => 480,
                Manner::Answer | Manner::Decline => 603,
            };
            leg.dialog.reject(refusal)?;
            status = Some(refusal);
        }
    }
    if let LegState::Refused { status: given, .. } = leg.state() {
        status = Some(*given);
    }
    leg.end().await;
    Ok(AgentReport {
        was_answered,
        heard: leg.put_away().await.samples().to_vec(),
        status,
    })
}

/// Speaks once the brief is over, and stays until the end; whether there was anybody to talk to.
async fn talk(leg: &mut Leg, policy: &AgentPolicy) -> bool {
    let confirmed = leg
        .until(PATIENCE, |state, _| {
            matches!(state, LegState::Talking { .. }).then_some(())
        })
        .await;
    if confirmed != Waited::Came(()) {
        return false;
    }
    if let Some(clip) = &policy.say {
        /// Who hears nothing for so long speaks first.
        const SPEAK_FIRST: Duration = Duration::from_secs(8);
        const QUIET: Duration = Duration::from_millis(700);
        let since = leg.now();
        // Late means that nothing was heard; the agent speaks all the same.
        leg.until(SPEAK_FIRST, |_, phone| {
            phone
                .hearing
                .has_spoken_since(since, phone.now, QUIET)
                .then_some(())
        })
        .await;
        let ticket = leg.phone.play(clip.clone()).await;
        leg.until(PATIENCE, |_, phone| {
            (phone.finished >= ticket).then_some(())
        })
        .await;
    }
    let patience = policy.hang_up_after.unwrap_or(PATIENCE);
    leg.until(patience, |_, _| None::<()>).await;
    true
}
