//! Every 503 that leaves says when to try again (RFC 3261 §21.5.4), wherever it was made: the stack's dialogs take no header for
//! a refusal.
//!
//! It looks at nothing else and changes nothing else.

use std::time::Duration;

use rsipstack::{
    sip::{HasHeaders, Header, SipMessage, StatusCode},
    transaction::endpoint::MessageInspector,
    transport::SipAddr,
};

/// Adds Retry-After to a 503 without one.
#[derive(Debug)]
pub(super) struct RetryAfter(pub(super) Duration);

impl MessageInspector for RetryAfter {
    fn before_send(&self, mut message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Response(response) = &mut message
            && response.status_code == StatusCode::ServiceUnavailable
            && !response
                .headers()
                .iter()
                .any(|header| matches!(header, Header::RetryAfter(_)))
        {
            let seconds = self.0.as_secs().to_string();
            response.headers.push(Header::RetryAfter(seconds.into()));
        }
        message
    }

    fn after_received(&self, message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        message
    }
}
