//! What strangers send: wrong passwords and messages that are no SIP. The server answers and lives.

use std::{net::SocketAddr, sync::atomic::Ordering, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use yingda::sip::{Authentication, Credentials, SipConfig, digest::authorize};

use super::{
    server::eventually,
    sip_peer::{header, server},
};

const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40002 RTP/AVP 8\r\n";

#[tokio::test]
async fn callers_are_asked_for_a_password() {
    let user = Credentials {
        user: "trunk".to_owned(),
        password: "s3cret".to_owned(),
    };
    let authentication = Authentication {
        realm: "yingda".to_owned(),
        users: vec![user],
    };
    let (server, mut calls, mut peer) = server(SipConfig {
        authentication: Some(authentication),
        ..SipConfig::default()
    })
    .await;
    // What the Request-URI ends in, which of the two challenges is answered, with which password, and what comes of it.
    for (parameters, place, password, expected) in [
        ("", 0, "s3cret", 486),
        ("", 1, "s3cret", 486),
        (";transport=udp", 0, "s3cret", 486),
        ("", 0, "guess", 403),
    ] {
        let plain = format!("sip:4008001001@{}", server.local_address());
        let uri = format!("{plain}{parameters}");
        let with_uri =
            |request: String| request.replacen(&format!("{plain} SIP"), &format!("{uri} SIP"), 1);
        let (invite, branch) = peer.request("INVITE", "4008001001", "");
        let invite = with_uri(invite);
        peer.send(invite.as_bytes()).await;
        let (status, text) = peer.response(&branch).await;
        assert_eq!(status, 401, "{text}");
        let challenges: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("WWW-Authenticate: "))
            .collect();
        assert_eq!(challenges.len(), 2, "{text}");
        let value = authorize([challenges[place]], "INVITE", &uri, "trunk", password, "c")
            .expect("a challenge that can be served");
        let (invite, branch) = peer.request(
            "INVITE",
            "4008001001",
            &format!("Authorization: {value}\r\n"),
        );
        let invite = with_uri(invite);
        peer.send(invite.as_bytes()).await;
        if expected == 486 {
            let call = timeout(Duration::from_secs(10), calls.recv())
                .await
                .expect("a call in time")
                .expect("the server is there");
            assert_eq!(call.facts.request_user, "4008001001");
            call.dialog.reject(486).expect("sent");
        }
        assert_eq!(peer.response(&branch).await.0, expected);
    }
    assert_eq!(server.counters().unauthorized.load(Ordering::Relaxed), 1);
    assert!(calls.try_recv().is_err(), "no other call came in");
}

#[tokio::test]
async fn malformed_messages_do_no_harm() {
    let (_server, mut calls, mut peer) = server(SipConfig::default()).await;
    let good = peer.request("OPTIONS", "ping", "").0;
    let huge = good.replace("ping", &"a".repeat(30_000));
    let deep = good.replace("Max-Forwards: 70", &"Via: SIP/2.0/UDP h\r\n".repeat(500));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("a keep-alive", b"\r\n\r\n".to_vec()),
        ("zeros", vec![0; 64]),
        ("bytes that are no UTF-8", vec![0xff; 1_400]),
        ("a web request", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        (
            "a request line alone",
            b"INVITE sip:a@b SIP/2.0\r\n".to_vec(),
        ),
        ("no headers", b"OPTIONS sip:a@b SIP/2.0\r\n\r\n".to_vec()),
        (
            "another version",
            good.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia").into(),
        ),
        ("no Via", good.replace("Via:", "X-Via:").into()),
        ("no To", good.replace("To:", "X-To:").into()),
        ("no From", good.replace("From:", "X-From:").into()),
        ("no Call-ID", good.replace("Call-ID:", "X-Call:").into()),
        ("no CSeq", good.replace("CSeq:", "X-CSeq:").into()),
        (
            "a CSeq of another method",
            good.replace("1 OPTIONS", "1 INVITE").into(),
        ),
        (
            "a CSeq too large",
            good.replace("CSeq: 1", "CSeq: 99999999999999").into(),
        ),
        (
            "a negative length",
            good.replace("Length: 0", "Length: -1").into(),
        ),
        (
            "a length too large",
            good.replace("Length: 0", "Length: 999999").into(),
        ),
        (
            "a URI in brackets",
            good.replace("sip:ping@", "<sip:ping@").into(),
        ),
        (
            "an unknown scheme",
            good.replace("OPTIONS sip:", "OPTIONS nobody:").into(),
        ),
        (
            "an open quote",
            good.replace("From: <", "From: \"open <").into(),
        ),
        ("an open bracket", good.replace(">;tag", ";tag").into()),
        ("percent signs", good.replace("ping", "%%%zz%00").into()),
        ("a huge user", huge.into()),
        ("many Via", deep.into()),
        ("an ACK to nothing", good.replace("OPTIONS", "ACK").into()),
        ("a stray response", b"SIP/2.0 200 OK\r\n\r\n".to_vec()),
        (
            "a status too large",
            b"SIP/2.0 4294967301 X\r\n\r\n".to_vec(),
        ),
        ("half a message", good.as_bytes()[..good.len() / 2].to_vec()),
    ];
    for (name, bytes) in cases {
        peer.send(&bytes).await;
        peer.alive(name).await;
    }
    assert!(calls.try_recv().is_err(), "none of them is a call");
}

#[tokio::test]
async fn requests_that_cannot_be_served_are_refused() {
    let (server, mut calls, mut peer) = server(SipConfig::default()).await;
    for (method, more, expected) in [
        ("BYE", "", 481),
        ("INFO", "", 481),
        ("UPDATE", "", 481),
        ("REFER", "Refer-To: <sip:a@b>\r\n", 481),
        ("SUBSCRIBE", "Event: presence\r\n", 405),
        ("PUBLISH", "", 405),
        ("MESSAGE", "", 405),
        ("INVITE", "Require: teleport\r\n", 420),
        ("INVITE", "Require: timer, 100rel\r\n", 420),
        ("INVITE", "Require: replaces\r\n", 420),
    ] {
        let (request, branch) = peer.request(method, "4008001001", more);
        peer.send(request.as_bytes()).await;
        let (status, text) = peer.response(&branch).await;
        assert_eq!(status, expected, "{method}: {text}");
        match status {
            405 => assert!(text.contains("\r\nAllow: "), "{text}"),
            420 => {
                let required = more.trim().rsplit(' ').next().unwrap_or_default();
                assert_eq!(header(&text, "Unsupported"), Some(required), "{text}");
            }
            _ => {}
        }
    }
    assert_eq!(server.dialogs(), 0);
    assert!(calls.try_recv().is_err(), "none of them is a call");
}

/// A raw TCP connection; the stack listens a little after it was started.
async fn connected(server: SocketAddr) -> TcpStream {
    eventually("it listens over TCP", async || {
        TcpStream::connect(server).await.ok()
    })
    .await
}

/// What a raw TCP peer is answered.
async fn told_over_tcp(server: SocketAddr, message: &str) -> String {
    let mut stream = connected(server).await;
    stream.write_all(message.as_bytes()).await.expect("sent");
    let mut buffer = [0; 8_192];
    let read = timeout(Duration::from_secs(10), stream.read(&mut buffer));
    let length = read.await.expect("an answer in time").expect("received");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn a_forged_via_opens_no_door() {
    let allow = vec![("10.0.0.0".parse().expect("an address"), 8)];
    let config = SipConfig {
        allow,
        ..SipConfig::default()
    };
    let (server, mut calls, mut peer) = server(config).await;
    let port = peer.socket.local_addr().expect("bound").port();
    let mut forbidden = 0;
    for forged in [
        "",
        ";received=10.0.0.1",
        ";received=10.0.0.1;rport=5060",
        ";rport=5060;received=10.0.0.1",
    ] {
        for sent_by in [format!("127.0.0.1:{port}"), "10.0.0.1:5060".to_owned()] {
            for method in ["OPTIONS", "INVITE"] {
                let (request, branch) = peer.request(method, "4008001001", "");
                let forge = |transport: &str| {
                    request
                        .replace(
                            &format!("UDP 127.0.0.1:{port};"),
                            &format!("{transport} {sent_by};"),
                        )
                        .replace(";rport\r\n", &format!("{forged}\r\n"))
                };
                let case = format!("{method} {sent_by} {forged}");
                peer.send(forge("UDP").as_bytes()).await;
                let tcp = forge("TCP").replace("z9hG4bK", "z9hG4bKtcp");
                let text = told_over_tcp(server.local_address(), &tcp).await;
                assert!(text.starts_with("SIP/2.0 403 "), "{case}: {text}");
                forbidden += 2;
                // Over UDP the answer goes where the Via says, which need not be here.
                if sent_by.starts_with("127") && forged.is_empty() {
                    assert_eq!(peer.response(&branch).await.0, 403, "{case}");
                }
            }
        }
    }
    eventually("all are refused", async || {
        let counted = server.counters().forbidden.load(Ordering::Relaxed);
        (counted == forbidden).then_some(())
    })
    .await;
    assert!(calls.try_recv().is_err(), "none of them is a call");
}

#[tokio::test]
async fn the_source_of_a_call_is_the_socket_it_came_from() {
    let (server, mut calls, mut peer) = server(SipConfig::default()).await;
    let (invite, _) = peer.request("INVITE", "4008001001", "");
    let forged = invite.replace(";rport\r\n", ";received=10.0.0.1;rport=7\r\n");
    peer.send(forged.as_bytes()).await;
    let call = calls.recv().await.expect("a call");
    assert_eq!(
        call.facts.source,
        peer.socket.local_addr().expect("bound"),
        "UDP"
    );
    let mut stream = connected(server.local_address()).await;
    let (invite, _) = peer.request("INVITE", "4008001001", "");
    let forged = invite
        .replace("SIP/2.0/UDP", "SIP/2.0/TCP")
        .replace(";rport\r\n", ";received=10.0.0.1;rport=7\r\n");
    stream.write_all(forged.as_bytes()).await.expect("sent");
    let call = calls.recv().await.expect("a call");
    assert_eq!(
        call.facts.source,
        stream.local_addr().expect("connected"),
        "TCP"
    );
}

#[tokio::test]
async fn a_caller_who_is_gone_before_the_answer_leaves_nothing_behind() {
    let config = SipConfig {
        max_calls: 1,
        ..SipConfig::default()
    };
    let (server, mut calls, mut peer) = server(config).await;
    let (invite, _) = peer.request("INVITE", "4008001001", "");
    let invite = invite.replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    let text = told_over_tcp(server.local_address(), &invite).await;
    assert!(text.starts_with("SIP/2.0 100 "), "{text}");
    let call = calls.recv().await.expect("a call");
    // The stack shuts its side when it sees that the peer is gone. Until then a response is taken by the socket, and goes nowhere.
    eventually("the peer's leaving is noticed", async || {
        (server.connections() == 0).then_some(())
    })
    .await;
    call.dialog.accept(ANSWER.to_owned()).expect("accepted");
    drop(call);
    let minutes = Duration::from_secs(120);
    let gone = async {
        let mut poll = tokio::time::interval(Duration::from_millis(200));
        while server.transactions() + server.dialogs() > 0 {
            poll.tick().await;
        }
    };
    timeout(minutes, gone)
        .await
        .expect("no transaction and no dialog is left");
}

#[tokio::test]
async fn our_contact_names_the_transport_of_the_call() {
    let (server, mut calls, mut peer) = server(SipConfig::default()).await;
    let ours = server.local_address();
    for (transport, expected) in [
        ("UDP", format!("<sip:{ours}>")),
        ("TCP", format!("<sip:{ours};transport=TCP>")),
    ] {
        let (invite, branch) = peer.request("INVITE", "4008001001", "");
        let invite = invite.replace("SIP/2.0/UDP", &format!("SIP/2.0/{transport}"));
        let mut stream = connected(ours).await;
        match transport {
            "UDP" => peer.send(invite.as_bytes()).await,
            _ => stream.write_all(invite.as_bytes()).await.expect("sent"),
        }
        let call = calls.recv().await.expect("a call");
        call.dialog.accept(ANSWER.to_owned()).expect("sent");
        let text = match transport {
            "UDP" => peer.response(&branch).await.1,
            _ => {
                let mut text = String::new();
                let mut buffer = [0; 8_192];
                while !text.contains("SIP/2.0 200 ") || !text.ends_with(ANSWER) {
                    let read = timeout(Duration::from_secs(10), stream.read(&mut buffer));
                    let length = read.await.expect("an answer in time").expect("received");
                    text.push_str(&String::from_utf8_lossy(&buffer[..length]));
                }
                text.split_off(text.find("SIP/2.0 200 ").expect("a 200"))
            }
        };
        assert_eq!(header(&text, "Contact"), Some(expected.as_str()), "{text}");
    }
}
