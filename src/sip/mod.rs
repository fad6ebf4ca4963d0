//! The SIP stack's adaptor: calls in, calls out, REGISTER, REFER, OPTIONS, digest, session timers.
//!
//! Everything of `rsipstack` stays behind this module. It does not choose lines or agents and does not touch media; session
//! descriptions pass through it as text.

mod dialog;
pub mod digest;
mod endpoint;
mod headers;
mod refresh;
mod registration;
mod retry_after;
pub mod session_timer;
mod socket;

use std::net::SocketAddr;

pub use dialog::Dialog;
pub use endpoint::{
    Authentication, Credentials, IncomingCall, OutgoingInvite, SipConfig, SipEndpoint, SipError,
};
pub use registration::{Registration, RegistrationState, Trunk};

/// What an INVITE says about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteFacts {
    /// User part of the Request-URI.
    pub request_user: String,
    /// User parts under which the call was dialled before, nearest first: Diversion (RFC 5806), History-Info (RFC 7044), To.
    pub dialled_before: Vec<String>,
    /// P-Asserted-Identity (RFC 3325), else From; as written.
    pub caller: String,
    /// Call-ID.
    pub call_id: String,
    /// Where the request came from.
    pub source: SocketAddr,
    /// The offer, empty when the INVITE had none (delayed offer).
    pub offer: String,
}

/// What happens on a dialog, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogEvent {
    /// Outgoing: the other side rings; with a session description when there is early media.
    Ringing {
        /// Early session description.
        early: Option<String>,
    },
    /// Outgoing: the call was answered with this session description. The ACK was sent.
    Accepted {
        /// The answer.
        answer: String,
    },
    /// Outgoing: a final failure.
    Failed {
        /// SIP status code; 408 when no response came, 503 when the target cannot be reached at all.
        status: u16,
        /// Reason phrase.
        reason: String,
    },
    /// Incoming: the ACK of our answer arrived. Carries the answer when the offer was ours (delayed offer).
    Confirmed {
        /// The answer to a delayed offer.
        answer: Option<String>,
    },
    /// Incoming: the caller gave up before the answer (CANCEL).
    Cancelled,
    /// Incoming: the answer was never confirmed (no ACK in 32 s, RFC 3261 §13.3.1.4); a BYE was sent.
    NotConfirmed,
    /// A new offer within the dialog (re-INVITE, UPDATE). Answer it by [`Dialog::answer_offer`] before anything else.
    Offered {
        /// The offer; empty when the other side wants ours (re-INVITE without a body).
        offer: String,
    },
    /// The answer to our offer in the 200 of a re-INVITE that had none: it came with the ACK.
    OfferAnswered {
        /// The answer.
        answer: String,
    },
    /// A key by INFO (`application/dtmf-relay`).
    Digit(char),
    /// Progress of a REFER that we sent.
    ReferProgress {
        /// The number that [`Dialog::refer`] gave, where the NOTIFY has it; the first REFER of a dialog needs none (RFC 3515
        /// §2.4.6).
        id: Option<u32>,
        /// Status in the NOTIFY's sipfrag, or of the REFER itself when it was refused.
        status: u16,
    },
    /// A REFER reached us (the simulator's agents transfer calls this way).
    Referred {
        /// Refer-To.
        target: String,
    },
    /// The session timer ran out (RFC 4028 §10); a BYE was sent.
    SessionExpired,
    /// The other side sent BYE.
    Bye,
}
