//! The schedule by tables; the exchange against a registrar on a socket.

use std::net::Ipv4Addr;

use rsipstack::{
    EndpointBuilder,
    transport::{TransportLayer, udp::UdpConnection},
};
use tokio::net::UdpSocket;

use super::*;
use crate::{
    clock::Moment,
    sip::digest::{DigestServer, Verdict},
};

fn refused(status: u16, retry_after_s: Option<u32>) -> Outcome {
    Outcome::Refused {
        status,
        retry_after_s,
    }
}

#[test]
fn the_schedule_refreshes_early_and_backs_off() {
    let granted = |expires_s| Outcome::Granted { expires_s };
    let mut schedule = Schedule::new(3_600);
    // What happened, and the pause in seconds.
    for (number, (outcome, pause_s)) in [
        (granted(3_600), 2_700),
        (granted(60), 45),
        (granted(0), 1),
        (granted(u32::MAX), 64_800),
        (refused(503, None), 1),
        (refused(408, None), 2),
        (refused(500, Some(60)), 60),
        (refused(500, Some(1)), 8),
        (granted(3_600), 2_700),
        (refused(503, None), 1),
        (refused(403, None), 300),
        (refused(401, None), 300),
        (refused(503, Some(u32::MAX)), 3_600),
        (Outcome::TooBrief { min_s: 7_200 }, 0),
        (Outcome::TooBrief { min_s: 7_200 }, 4),
        (Outcome::TooBrief { min_s: u32::MAX }, 8),
    ]
    .into_iter()
    .enumerate()
    {
        let pause = schedule.after(outcome);
        assert_eq!(pause, Duration::from_secs(pause_s), "{number}: {outcome:?}");
    }
    assert_eq!(schedule.expires_s, 7_200);
    for _ in 0..100 {
        assert!(schedule.after(refused(503, None)) <= LONGEST_PAUSE);
    }
}

/// A registrar with one user.
struct Registrar {
    socket: UdpSocket,
    digest: DigestServer,
}

impl Registrar {
    async fn start() -> Self {
        Self {
            socket: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .expect("a port"),
            digest: DigestServer::new("carrier", [("400".into(), "right".into())], [1; 32]),
        }
    }

    fn uri(&self) -> String {
        format!("sip:{}", self.socket.local_addr().expect("bound"))
    }

    /// Takes one request and answers it: 401, 403, or 200 that grants `expires_s`. Gives the request and the status.
    async fn serve(&mut self, expires_s: u32) -> (String, u16) {
        let mut buffer = [0; 4_096];
        let (length, peer) = timeout(Duration::from_secs(10), self.socket.recv_from(&mut buffer))
            .await
            .expect("a request within ten seconds")
            .expect("a socket that works");
        let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let uri = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let authorization = header(&request, "Authorization");
        let now = Moment::ORIGIN;
        let (status, extra) =
            match self
                .digest
                .check(now, "REGISTER", &uri, authorization.as_deref())
            {
                Verdict::Accepted { .. } => {
                    let contact = header(&request, "Contact").expect("a Contact");
                    (200, format!("Contact: {contact};expires={expires_s}\r\n"))
                }
                Verdict::Challenge { www_authenticate } => {
                    let lines = www_authenticate
                        .iter()
                        .map(|value| format!("WWW-Authenticate: {value}\r\n"));
                    (401, lines.collect())
                }
                Verdict::Refused | Verdict::Malformed => (403, String::new()),
            };
        let copied: String = ["Via", "From", "To", "Call-ID", "CSeq"]
            .iter()
            .map(|name| format!("{name}: {}\r\n", header(&request, name).unwrap_or_default()))
            .collect();
        let reply = format!("SIP/2.0 {status} X\r\n{copied}{extra}Content-Length: 0\r\n\r\n");
        self.socket
            .send_to(reply.as_bytes(), peer)
            .await
            .expect("sent");
        (request, status)
    }
}

fn header(message: &str, name: &str) -> Option<String> {
    message.lines().find_map(|line| {
        let (title, value) = line.split_once(':')?;
        title
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

async fn stack() -> (EndpointInnerRef, SocketAddr) {
    let cancel = CancellationToken::new();
    let transport = TransportLayer::new(cancel.clone());
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let udp = UdpConnection::create_connection(any, None, Some(cancel.child_token()))
        .await
        .expect("a port");
    let port = udp.get_addr().addr.port.map_or(0, u16::from);
    transport.add_transport(udp.into());
    let stack = EndpointBuilder::new()
        .with_user_agent("yingda")
        .with_transport_layer(transport)
        .with_cancel_token(cancel)
        .build();
    let serving = stack.inner.clone();
    tokio::spawn(async move { serving.serve().await });
    (
        stack.inner.clone(),
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
    )
}

async fn register(registrar: &Registrar, password: &str) -> Registration {
    let (stack, contact) = stack().await;
    let trunk = Trunk {
        registrar: registrar.uri(),
        user: "400".to_owned(),
        password: password.to_owned(),
        expires_s: 600,
    };
    Registration::start(stack, trunk, contact).expect("a good URI")
}

#[tokio::test]
async fn a_trunk_is_registered_refreshed_and_left() {
    let mut registrar = Registrar::start().await;
    let registration = register(&registrar, "right").await;
    let mut state = registration.watch();
    assert_eq!(registration.state(), RegistrationState::Trying);

    let (first, status) = registrar.serve(2).await;
    assert_eq!(status, 401);
    assert_eq!(header(&first, "Expires").as_deref(), Some("600"));
    let (second, status) = registrar.serve(2).await;
    assert_eq!(status, 200, "{second}");
    assert!(second.contains("algorithm=SHA-256"), "{second}");
    assert!(header(&second, "To").is_some_and(|to| to.starts_with("<sip:400@")));
    assert!(
        header(&second, "Contact").is_some_and(|contact| contact.contains("sip:400@127.0.0.1:"))
    );
    state
        .wait_for(|state| *state == RegistrationState::Registered { expires_s: 2 })
        .await
        .expect("the registration runs");

    // The refresh comes by itself, in the same series of requests (RFC 3261 §10.2.4).
    let (third, _) = registrar.serve(600).await;
    assert_eq!(header(&third, "Call-ID"), header(&first, "Call-ID"));
    assert_ne!(header(&third, "CSeq"), header(&second, "CSeq"));
    let (_, status) = registrar.serve(600).await;
    assert_eq!(status, 200);
    state
        .wait_for(|state| *state == RegistrationState::Registered { expires_s: 600 })
        .await
        .expect("the registration runs");

    let farewell = async {
        let (last, _) = registrar.serve(0).await;
        assert_eq!(header(&last, "Expires").as_deref(), Some("0"));
        let (_, status) = registrar.serve(0).await;
        assert_eq!(status, 200);
    };
    tokio::join!(registration.stop(), farewell);
    assert_eq!(*state.borrow(), RegistrationState::Stopped);
}

#[tokio::test]
async fn a_wrong_password_is_reported() {
    let mut registrar = Registrar::start().await;
    let registration = register(&registrar, "wrong").await;
    let mut state = registration.watch();
    assert_eq!(registrar.serve(600).await.1, 401);
    assert_eq!(registrar.serve(600).await.1, 403);
    state
        .wait_for(|state| *state == RegistrationState::Failed { status: 403 })
        .await
        .expect("the registration runs");
}
