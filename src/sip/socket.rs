//! The UDP socket under the SIP stack. A datagram that the stack could not read ends here, and is counted.
//!
//! The stack would drop it as well, but tell nobody. This module knows nothing of what messages mean.

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
};

use rsipstack::{
    platform::net::UdpSocket as StackSocket,
    sip::SipMessage,
    transaction::key::{TransactionKey, TransactionRole},
    transport::udp::UdpConnection,
};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use super::endpoint::SipCounters;

/// What the stack's socket promises, as `async_trait` spells it.
type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T, rsipstack::Error>> + Send + 'a>>;

/// Binds a socket for the stack.
pub(super) async fn connection(
    counters: Arc<SipCounters>,
    listen: SocketAddr,
    external: Option<SocketAddr>,
    stop: Option<CancellationToken>,
) -> Result<UdpConnection, rsipstack::Error> {
    let socket = UdpSocket::bind(listen).await?;
    let socket = Arc::new(ReadableOnly { socket, counters });
    UdpConnection::from_socket(socket, external, stop).await
}

struct ReadableOnly {
    socket: UdpSocket,
    counters: Arc<SipCounters>,
}

impl StackSocket for ReadableOnly {
    fn recv_from<'socket, 'buffer, 'both>(
        &'socket self,
        buffer: &'buffer mut [u8],
    ) -> Promise<'both, (usize, SocketAddr)>
    where
        'socket: 'both,
        'buffer: 'both,
        Self: 'both,
    {
        Box::pin(async move {
            loop {
                let (length, from) = self.socket.recv_from(buffer).await?;
                if is_readable(&buffer[..length]) {
                    return Ok((length, from));
                }
                self.counters.malformed.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    fn send_to<'socket, 'buffer, 'both>(
        &'socket self,
        buffer: &'buffer [u8],
        to: SocketAddr,
    ) -> Promise<'both, usize>
    where
        'socket: 'both,
        'buffer: 'both,
        Self: 'both,
    {
        Box::pin(async move { Ok(self.socket.send_to(buffer, to).await?) })
    }

    fn local_addr(&self) -> Result<SocketAddr, rsipstack::Error> {
        Ok(self.socket.local_addr()?)
    }
}

/// Whether it is a keep-alive (RFC 5626 §3.5.1), or a message with what every message must have (RFC 3261 §8.1.1): as much as
/// the stack needs to find its transaction.
fn is_readable(datagram: &[u8]) -> bool {
    if datagram.iter().all(u8::is_ascii_whitespace) {
        return true;
    }
    match SipMessage::try_from(datagram) {
        Ok(SipMessage::Request(request)) => {
            TransactionKey::from_request(&request, TransactionRole::Server).is_ok()
        }
        Ok(SipMessage::Response(response)) => {
            TransactionKey::from_response(&response, TransactionRole::Client).is_ok()
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\n\
        Max-Forwards: 70\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\
        Content-Length: 0\r\n\r\n";

    #[test]
    fn what_the_stack_cannot_read_is_told_from_the_rest() {
        let without = |header: &str| GOOD.replace(header, &format!("X-{header}"));
        for (name, datagram, expected) in [
            ("a request", GOOD.to_owned(), true),
            (
                "a response",
                GOOD.replace("OPTIONS sip:a@b SIP/2.0", "SIP/2.0 200 OK"),
                true,
            ),
            ("nothing", String::new(), true),
            ("a keep-alive", "\r\n\r\n".to_owned(), true),
            ("no SIP", "hello".to_owned(), false),
            ("half of it", GOOD[..GOOD.len() / 2].to_owned(), false),
            ("no Via", without("Via"), false),
            ("no From", without("From"), false),
            ("no Call-ID", without("Call-ID"), false),
            ("no CSeq", without("CSeq"), false),
            ("no tag", GOOD.replace(";tag=1", ""), false),
        ] {
            assert_eq!(is_readable(datagram.as_bytes()), expected, "{name}");
        }
        assert!(!is_readable(&[0xff; 40]));
    }
}
