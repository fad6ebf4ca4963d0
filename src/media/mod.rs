//! Media without IO: packets in, packets out, and what they mean.
//!
//! Nothing here owns a socket, a thread or a clock; `media_plane` drives it.

pub mod codec;
pub mod concealment;
pub mod dtmf;
pub mod endpointer;
pub mod event;
pub mod jitter;
pub mod latch;
pub mod leg;
pub mod playout;
pub mod receiver;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod sender;
pub mod vad;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// A voice codec of the telephone network, 8 kHz, 20 ms a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// G.711 A-law, static payload type 8 (RFC 3551 §4.5.14).
    #[serde(rename = "PCMA")]
    Pcma,
    /// G.711 mu-law, static payload type 0 (RFC 3551 §4.5.14).
    #[serde(rename = "PCMU")]
    Pcmu,
}

impl Codec {
    /// Encoding name in SDP (`PCMA`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
        }
    }
}

/// A payload type number, 0 to 127 (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PayloadType(pub u8);

/// Which way media flows, from our point of view (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We send, they listen.
    SendOnly,
    /// We listen, they send.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// The direction in which we send, are sent to, both or neither.
    pub const fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Attribute name in SDP (`sendrecv`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Whether we may send.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether we are sent to.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// What offer and answer agreed on for one audio stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NegotiatedMedia {
    /// The voice codec.
    pub codec: Codec,
    /// The payload type under which it is sent and received.
    pub payload_type: PayloadType,
    /// The payload type of telephone-event (RFC 4733), if both sides have it.
    pub telephone_event: Option<PayloadType>,
    /// Where the other side said it receives RTP. Symmetric RTP may correct it.
    pub remote: SocketAddr,
    /// Our direction.
    pub direction: Direction,
}

/// Counters of a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LegStats {
    /// RTP packets that were accepted.
    pub received: u64,
    /// Sequence numbers that never came.
    pub lost: u64,
    /// Packets that came too late or twice, or were no RTP of this session.
    pub discarded: u64,
    /// RTP packets that could not be parsed.
    pub malformed: u64,
    /// RTCP packets that could not be parsed.
    pub malformed_rtcp: u64,
    /// RTP packets that were sent.
    pub sent: u64,
    /// Interarrival jitter in milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: f32,
}
