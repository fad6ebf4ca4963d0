//! Session timers (RFC 4028): what to write into requests and answers, when to refresh, when to hang up.
//!
//! A machine without IO: the dialog tells it what arrived and asks it what is due. It neither builds nor sends messages and reads
//! no clock.

use std::{fmt, time::Duration};

use crate::clock::Moment;

#[cfg(test)]
mod tests;

/// RFC 4028 §4: no session interval is shorter, in seconds. Also what a request without Min-SE means (§5).
pub const SHORTEST_INTERVAL_S: u32 = 90;

/// After a 491 the refresh is sent again this much later (RFC 3261 §14.1: 2.1 to 4 s for the owner of the Call-ID, up to 2 s
/// for the other side; this lies outside the other side's range).
const GLARE_DELAY: Duration = Duration::from_millis(2_500);

/// A refresh that failed for a passing reason (5xx) is tried again so much later, while the session has not run out.
const RETRY_DELAY: Duration = Duration::from_secs(10);

/// How many 422 in a row are answered by a longer interval.
const MAX_TOO_SMALL: u8 = 3;

/// What we want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Session interval that we ask for, in seconds.
    pub interval_s: u32,
    /// Shortest interval that we accept, in seconds; at least [`SHORTEST_INTERVAL_S`].
    pub min_s: u32,
}

impl Policy {
    /// The wanted interval with the shortest minimum that the RFC allows.
    pub fn new(interval_s: u32) -> Self {
        Self {
            interval_s: interval_s.max(SHORTEST_INTERVAL_S),
            min_s: SHORTEST_INTERVAL_S,
        }
    }
}

/// Who refreshes, as the `refresher` parameter names it: by the role in the present transaction, not in the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The sender of the request.
    Uac,
    /// The sender of the response.
    Uas,
}

/// Our role in the transaction that carried the terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We sent the request.
    Uac,
    /// We answered it.
    Uas,
}

/// A Session-Expires header (RFC 4028 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// Session interval, in seconds.
    pub interval_s: u32,
    /// Who refreshes, when it is said.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads a header's value; `None` when it is malformed. Unknown parameters are passed over.
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        let interval_s = parse_seconds(parts.next()?)?;
        let refresher = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("refresher") {
                return None;
            }
            match value.trim() {
                role if role.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
                role if role.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
                _ => None,
            }
        });
        Some(Self {
            interval_s,
            refresher,
        })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refresher = match self.refresher {
            None => "",
            Some(Refresher::Uac) => ";refresher=uac",
            Some(Refresher::Uas) => ";refresher=uas",
        };
        write!(f, "{}{refresher}", self.interval_s)
    }
}

/// Reads delta-seconds, as in Min-SE, before any parameter. More than 32 bits count as the largest number, not as an error.
pub fn parse_seconds(value: &str) -> Option<u32> {
    let digits = value.split(';').next()?.trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

/// What a request (INVITE or UPDATE) said about session timers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestTimers {
    /// `timer` stands in Supported or Require.
    pub supported: bool,
    /// Session-Expires.
    pub expires: Option<SessionExpires>,
    /// Min-SE, in seconds.
    pub min_s: Option<u32>,
}

/// The interval is below our minimum: answer 422 with `Min-SE: min_s` (RFC 4028 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session interval is below {min_s} s")]
pub struct TooSmall {
    /// Value of the Min-SE header, in seconds.
    pub min_s: u32,
}

/// What both sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Session interval, in seconds.
    pub interval_s: u32,
    /// We are the ones who refresh.
    pub we_refresh: bool,
}

/// Our answer to a request: the headers of the 2xx, and the terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The Session-Expires header.
    pub header: SessionExpires,
    /// Write `Require: timer` (RFC 4028 §9: a must where the other side refreshes).
    pub require_timer: bool,
    /// The terms.
    pub terms: Terms,
}

/// Answers a request as its UAS (RFC 4028 §9). We refresh wherever the request leaves the choice to us, because a side that
/// refreshes notices a lost peer without the help of the peer.
pub fn answer(policy: Policy, request: RequestTimers) -> Result<Answer, TooSmall> {
    let floor_s = request
        .min_s
        .unwrap_or(SHORTEST_INTERVAL_S)
        .max(SHORTEST_INTERVAL_S);
    let interval_s = match request.expires {
        // A UAC that does not know timers cannot make use of a 422: the header is a proxy's.
        Some(wanted) if wanted.interval_s < policy.min_s && request.supported => {
            return Err(TooSmall {
                min_s: policy.min_s,
            });
        }
        // The UAS may shorten, never lengthen, and not below the Min-SE of the request.
        Some(wanted) => policy
            .interval_s
            .min(wanted.interval_s)
            .max(floor_s.min(wanted.interval_s))
            .max(SHORTEST_INTERVAL_S),
        None => policy.interval_s.max(floor_s),
    };
    // RFC 4028 §9, table 2.
    let refresher = match (request.supported, request.expires.and_then(|e| e.refresher)) {
        (true, Some(Refresher::Uac)) => Refresher::Uac,
        (true, Some(Refresher::Uas) | None) | (false, _) => Refresher::Uas,
    };
    Ok(Answer {
        header: SessionExpires {
            interval_s,
            refresher: Some(refresher),
        },
        require_timer: refresher == Refresher::Uac,
        terms: Terms {
            interval_s,
            we_refresh: refresher == Refresher::Uas,
        },
    })
}

/// The terms that a 2xx to our request sets; `None` when the other side wants no timer (RFC 4028 §7.2).
pub fn terms_of_response(expires: Option<SessionExpires>) -> Option<Terms> {
    expires.map(|header| Terms {
        interval_s: header.interval_s.max(SHORTEST_INTERVAL_S),
        // §7.2: without a refresher parameter (a mistake of the other side) we do it, the safe choice.
        we_refresh: header.refresher != Some(Refresher::Uas),
    })
}

/// What we write into our own requests; grows with every 422 (RFC 4028 §7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    interval_s: u32,
    min_s: u32,
    too_small: u8,
}

impl Proposal {
    /// The proposal of a first INVITE.
    pub fn new(policy: Policy) -> Self {
        Self {
            interval_s: policy.interval_s.max(policy.min_s),
            min_s: policy.min_s,
            too_small: 0,
        }
    }

    /// Session-Expires of an initial request: the refresher is left to the other side (RFC 4028 §7.1).
    pub fn session_expires(&self) -> SessionExpires {
        SessionExpires {
            interval_s: self.interval_s,
            refresher: None,
        }
    }

    /// Min-SE, only where it is not the default (RFC 4028 §7.1).
    pub fn min_se(&self) -> Option<u32> {
        (self.min_s > SHORTEST_INTERVAL_S).then_some(self.min_s)
    }

    /// A 422 with this Min-SE came. True: send the request again; false: it failed for good.
    pub fn too_small(&mut self, min_s: Option<u32>) -> bool {
        let Some(min_s) = min_s else {
            return false; // §6: a 422 must have Min-SE.
        };
        self.too_small += 1;
        self.min_s = self.min_s.max(min_s);
        self.interval_s = self.interval_s.max(self.min_s);
        self.too_small <= MAX_TOO_SMALL
    }
}

/// How a session is refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshBy {
    /// UPDATE without a session description (RFC 3311): the other side allows it.
    Update,
    /// re-INVITE with the description that stands.
    Reinvite,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Send a refresh with this header, and report how it ended by [`SessionTimer::handle_response`].
    Refresh {
        /// By which method.
        by: RefreshBy,
        /// Session-Expires of the request.
        header: SessionExpires,
        /// Min-SE of the request, when it is not the default.
        min_s: Option<u32>,
    },
    /// The session is over: send BYE (RFC 4028 §10).
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No timer: the other side wants none.
    Off,
    /// Our refresh goes out at `refresh_at`.
    Ours { refresh_at: Moment },
    /// Our refresh is on its way.
    Refreshing,
    /// The other side refreshes.
    Theirs,
    /// `Expired` was given, or is due at once.
    Over { told: bool },
}

/// The timer of one confirmed dialog.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimer {
    state: State,
    by: RefreshBy,
    proposal: Proposal,
    ends_at: Moment,
}

impl SessionTimer {
    /// A timer for a session that was confirmed at `now`. `by` is [`RefreshBy::Update`] when the other side's Allow names UPDATE.
    pub fn new(now: Moment, policy: Policy, terms: Option<Terms>, by: RefreshBy) -> Self {
        let mut timer = Self {
            state: State::Off,
            by,
            proposal: Proposal::new(policy),
            ends_at: now,
        };
        timer.agree(now, terms);
        timer
    }

    /// The session was refreshed (a 2xx to an INVITE or UPDATE of either side) under these terms. A dialog that has ended stays so.
    pub fn agree(&mut self, now: Moment, terms: Option<Terms>) {
        if let State::Over { .. } = self.state {
            return;
        }
        let Some(terms) = terms else {
            self.state = State::Off;
            return;
        };
        let interval = Duration::from_secs(u64::from(terms.interval_s));
        self.proposal.interval_s = terms.interval_s;
        self.proposal.too_small = 0;
        self.ends_at = now + hang_up_after(interval);
        self.state = if terms.we_refresh {
            // §10: a refresh halfway leaves time to repeat it.
            State::Ours {
                refresh_at: now + interval / 2,
            }
        } else {
            State::Theirs
        };
    }

    /// When to call [`poll`](Self::poll) next; `None`: never, unless something arrives.
    pub fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Off | State::Over { told: true } => None,
            State::Ours { refresh_at } => Some(refresh_at.min(self.ends_at)),
            State::Refreshing | State::Theirs => Some(self.ends_at),
            State::Over { told: false } => Some(Moment::ORIGIN),
        }
    }

    /// What is due at `now`, once.
    pub fn poll(&mut self, now: Moment) -> Option<Due> {
        match self.state {
            State::Off | State::Over { told: true } => None,
            State::Over { told: false } => {
                self.state = State::Over { told: true };
                Some(Due::Expired)
            }
            _ if now >= self.ends_at => {
                self.state = State::Over { told: true };
                Some(Due::Expired)
            }
            State::Ours { refresh_at } if now >= refresh_at => {
                self.state = State::Refreshing;
                Some(Due::Refresh {
                    by: self.by,
                    // §7.4: a refresh keeps the roles, and the sender of the request is its UAC.
                    header: SessionExpires {
                        interval_s: self.proposal.interval_s,
                        refresher: Some(Refresher::Uac),
                    },
                    min_s: self.proposal.min_se(),
                })
            }
            State::Ours { .. } | State::Refreshing | State::Theirs => None,
        }
    }

    /// Our refresh ended with this final status (408 when nothing came). For a 2xx give the response's Session-Expires, for a 422
    /// its Min-SE.
    pub fn handle_response(
        &mut self,
        now: Moment,
        status: u16,
        expires: Option<SessionExpires>,
        min_s: Option<u32>,
    ) {
        if self.state != State::Refreshing {
            return;
        }
        let retry_at = |refresh_at| State::Ours { refresh_at };
        self.state = match status {
            200..=299 => return self.agree(now, terms_of_response(expires)),
            // RFC 4028 §10 and RFC 5057 §5.1: the dialog is gone.
            408 | 481 => State::Over { told: false },
            422 if self.proposal.too_small(min_s) => retry_at(now),
            422 => State::Over { told: false },
            405 | 501 if self.by == RefreshBy::Update => {
                self.by = RefreshBy::Reinvite;
                retry_at(now)
            }
            491 => retry_at(now + GLARE_DELAY),
            // Anything else leaves the session as it was (RFC 3261 §14.1): try again until it has run out.
            _ => retry_at(now + RETRY_DELAY),
        };
    }
}

/// RFC 4028 §10: the side that waits hangs up a little before the session runs out, by the smaller of 32 s and a third.
fn hang_up_after(interval: Duration) -> Duration {
    interval - (interval / 3).min(Duration::from_secs(32))
}
