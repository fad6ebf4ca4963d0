//! Retransmission, session timers (RFC 4028) and a server that is full, as a peer sees them on the wire.

use std::time::Duration;

use yingda::sip::{DialogEvent, OutgoingInvite, SipConfig, session_timer::Policy};

use super::{
    server::Server,
    sip_peer::{Peer, ack, answer, answer_with, header, server},
};

const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40002 RTP/AVP 8\r\n";

#[tokio::test]
async fn an_interval_is_refused_shortened_or_agreed_on() {
    let config = SipConfig {
        session: Policy::new(1_800),
        ..SipConfig::default()
    };
    let (_server, mut calls, mut peer) = server(config).await;
    let (invite, branch) = peer.request(
        "INVITE",
        "4008001001",
        "Supported: timer\r\nSession-Expires: 60\r\n",
    );
    peer.send(invite.as_bytes()).await;
    let (status, text) = peer.response(&branch).await;
    assert_eq!(
        (status, header(&text, "Min-SE")),
        (422, Some("90")),
        "{text}"
    );

    for (asked, said, required) in [
        (
            "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n",
            "120;refresher=uac",
            true,
        ),
        (
            "Supported: timer\r\nSession-Expires: 7200\r\n",
            "1800;refresher=uas",
            false,
        ),
        ("", "1800;refresher=uas", false),
    ] {
        let (invite, branch) = peer.request("INVITE", "4008001001", asked);
        peer.send(invite.as_bytes()).await;
        let call = calls.recv().await.expect("a call");
        call.dialog.accept(ANSWER.to_owned()).expect("sent");
        let (status, text) = peer.response(&branch).await;
        assert_eq!(status, 200);
        assert_eq!(header(&text, "Session-Expires"), Some(said), "{text}");
        assert_eq!(header(&text, "Require").is_some(), required, "{text}");
        peer.send(ack(&invite, &text).as_bytes()).await;
    }
}

#[tokio::test]
async fn we_refresh_and_a_peer_that_is_gone_is_noticed() {
    let (_server, mut calls, mut peer) = server(SipConfig::default()).await;
    let (invite, branch) = peer.request(
        "INVITE",
        "4008001001",
        "Supported: timer\r\nAllow: INVITE, ACK, BYE, UPDATE\r\nSession-Expires: 90;refresher=uas\r\n",
    );
    peer.send(invite.as_bytes()).await;
    let mut call = calls.recv().await.expect("a call");
    call.dialog.accept(ANSWER.to_owned()).expect("sent");
    let (_, text) = peer.response(&branch).await;
    assert_eq!(header(&text, "Session-Expires"), Some("90;refresher=uas"));
    peer.send(ack(&invite, &text).as_bytes()).await;
    let update = peer.request_of("UPDATE").await;
    assert_eq!(header(&update, "Session-Expires"), Some("90;refresher=uac"));
    // RFC 5057 §5.1: the dialog is not known any more, so it is over.
    let gone = answer(&update, "481 Call/Transaction Does Not Exist");
    peer.send(gone.as_bytes()).await;
    let over = async {
        loop {
            match call.events.recv().await {
                Some(DialogEvent::SessionExpired) => return,
                Some(_) => {}
                None => panic!("the dialog ended without a word"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), over)
        .await
        .expect("the end is noticed");
    peer.request_of("BYE").await;
}

#[tokio::test]
async fn hanging_up_sends_one_bye_and_its_end_can_be_waited_for() {
    let (server, mut calls, mut peer) = server(SipConfig::default()).await;
    let (invite, branch) = peer.request("INVITE", "4008001001", "");
    peer.send(invite.as_bytes()).await;
    let mut call = calls.recv().await.expect("a call");
    call.dialog.accept(ANSWER.to_owned()).expect("sent");
    let (_, text) = peer.response(&branch).await;
    peer.send(ack(&invite, &text).as_bytes()).await;
    let confirmed = call.events.recv().await;
    assert!(matches!(confirmed, Some(DialogEvent::Confirmed { .. })));
    call.dialog.hang_up();
    let first = peer.request_of("BYE").await;
    drop(call);
    let again = peer.request_of("BYE").await;
    assert_eq!(header(&first, "CSeq"), header(&again, "CSeq"));
    assert_eq!(server.dialogs(), 1, "the BYE waits for its answer");
    peer.send(answer(&again, "200 OK").as_bytes()).await;
    tokio::time::timeout(Duration::from_secs(10), server.ended())
        .await
        .expect("it is over with the answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_closed_while_its_bye_waits_for_a_phone_that_is_gone() {
    let server = Server::start(None, |_| {}).await;
    let mut peer = Peer::start(server.sip).await;
    // Without an offer in the INVITE ours is in the 200, and an ACK that does not answer it ends the call.
    let (invite, branch) = peer.request("INVITE", "4008001001", "");
    peer.send(invite.as_bytes()).await;
    let (status, text) = peer.response(&branch).await;
    assert_eq!(status, 200);
    peer.send(ack(&invite, &text).as_bytes()).await;
    peer.request_of("BYE").await;
    server.closed_calls(1).await;
    let waiting = server.services().sip.dialogs();
    assert_eq!(waiting, 1, "the BYE still waits, the record does not");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_is_sent_again_until_it_is_confirmed() {
    let (_server, mut calls, mut peer) = server(SipConfig::default()).await;
    let (invite, branch) = peer.request("INVITE", "4008001001", "");
    peer.send(invite.as_bytes()).await;
    let mut call = calls.recv().await.expect("a call");
    call.dialog.accept(ANSWER.to_owned()).expect("sent");
    // RFC 3261 §13.3.1.4: after T1 (500 ms), then after twice as long.
    let first = peer.response(&branch).await;
    for _ in 0..2 {
        assert_eq!(peer.response(&branch).await, first);
    }
    peer.send(ack(&invite, &first.1).as_bytes()).await;
    let event = call.events.recv().await;
    assert!(
        matches!(event, Some(DialogEvent::Confirmed { .. })),
        "{event:?}"
    );
}

#[tokio::test]
async fn a_full_server_says_when_to_try_again() {
    let config = SipConfig {
        max_calls: 1,
        retry_after: Duration::from_secs(7),
        ..SipConfig::default()
    };
    let (server, mut calls, mut peer) = server(config).await;
    let (invite, first_branch) = peer.request("INVITE", "4008001001", "");
    peer.send(invite.as_bytes()).await;
    let first = calls.recv().await.expect("a call");
    let (invite, branch) = peer.request("INVITE", "4008001001", "");
    peer.send(invite.as_bytes()).await;
    let (status, text) = peer.response(&branch).await;
    assert_eq!(
        (status, header(&text, "Retry-After")),
        (503, Some("7")),
        "{text}"
    );
    let overloaded = &server.counters().overloaded;
    assert_eq!(overloaded.load(std::sync::atomic::Ordering::Relaxed), 1);
    // Ours to refuse, too, for want of something else than a place.
    first.dialog.reject(503).expect("sent");
    let (status, text) = peer.response(&first_branch).await;
    assert_eq!(
        (status, header(&text, "Retry-After")),
        (503, Some("7")),
        "{text}"
    );
    drop(first);
    let (invite, _) = peer.request("INVITE", "4008001001", "");
    peer.send(invite.as_bytes()).await;
    assert!(calls.recv().await.is_some(), "there is a place again");
}

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";

/// An INVITE of ours to a peer.
fn to(peer: &Peer) -> OutgoingInvite {
    let here = peer.socket.local_addr().expect("bound");
    OutgoingInvite {
        target: format!("sip:agent@{here}"),
        from_user: "13800138000".to_owned(),
        from_display: None,
        headers: Vec::new(),
        credentials: None,
        offer: OFFER.to_owned(),
    }
}

/// A response that makes a dialog.
fn answer_as_agent(peer: &Peer, invite: &str, status: &str, more: &str, body: &str) -> String {
    let here = peer.socket.local_addr().expect("bound");
    let to = header(invite, "To").expect("a To");
    let tagged = invite.replace(&format!("To: {to}"), &format!("To: {to};tag=agent"));
    let more = format!("Contact: <sip:agent@{here}>\r\n{more}");
    answer_with(&tagged, status, &more, body)
}

#[tokio::test]
async fn a_longer_interval_is_agreed_to_and_refreshed_with_our_description() {
    let (server, _calls, peer) = server(SipConfig::default()).await;
    let (_dialog, mut events) = server.invite(to(&peer)).expect("sent");
    let first = peer.request_of("INVITE").await;
    assert_eq!(header(&first, "Session-Expires"), Some("1800"));
    let refusal = answer_with(
        &first,
        "422 Session Interval Too Small",
        "Min-SE: 3600\r\n",
        "",
    );
    peer.send(refusal.as_bytes()).await;
    peer.request_of("ACK").await;
    let second = peer.request_of("INVITE").await;
    assert_eq!(header(&second, "Session-Expires"), Some("3600"));
    assert_eq!(header(&second, "Min-SE"), Some("3600"));
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    // Nothing says that UPDATE is allowed: the refresh is a re-INVITE.
    let timer = "Session-Expires: 90;refresher=uac\r\nRequire: timer\r\n";
    let accepted = answer_as_agent(&peer, &second, "200 OK", timer, ANSWER);
    peer.send(accepted.as_bytes()).await;
    let event = events.recv().await;
    assert!(
        matches!(event, Some(DialogEvent::Accepted { .. })),
        "{event:?}"
    );
    let refresh = peer.request_of("INVITE").await;
    assert_eq!(
        header(&refresh, "Session-Expires"),
        Some("90;refresher=uac")
    );
    assert!(refresh.ends_with(OFFER), "{refresh}");
}

#[tokio::test]
async fn an_answer_that_crosses_our_cancel_ends_the_call() {
    let (server, _calls, peer) = server(SipConfig::default()).await;
    let (dialog, mut events) = server.invite(to(&peer)).expect("sent");
    let invite = peer.request_of("INVITE").await;
    let ringing = answer_as_agent(&peer, &invite, "180 Ringing", "", "");
    peer.send(ringing.as_bytes()).await;
    assert_eq!(
        events.recv().await,
        Some(DialogEvent::Ringing { early: None })
    );
    let ending = tokio::spawn(async move { dialog.end().await });
    let cancel = peer.request_of("CANCEL").await;
    let accepted = answer_as_agent(&peer, &invite, "200 OK", "", ANSWER);
    peer.send(accepted.as_bytes()).await;
    peer.send(answer(&cancel, "200 OK").as_bytes()).await;
    let bye = peer.request_of("BYE").await;
    peer.send(answer(&bye, "200 OK").as_bytes()).await;
    ending.await.expect("it did not panic");
    let event = events.recv().await;
    assert!(
        matches!(event, Some(DialogEvent::Failed { status: 487, .. })),
        "{event:?}"
    );
    // The dialog's task is over: nobody else holds the other end.
    let end = tokio::time::timeout(Duration::from_secs(10), events.recv()).await;
    assert_eq!(end, Ok(None));
    assert_eq!(server.dialogs(), 0);
}

#[tokio::test]
async fn a_server_that_closes_says_so_to_who_asks() {
    let config = SipConfig {
        retry_after: Duration::from_secs(7),
        ..SipConfig::default()
    };
    let (server, _calls, mut peer) = server(config).await;
    peer.alive("the start").await;
    server.close();
    let (options, branch) = peer.request("OPTIONS", "ping", "");
    peer.send(options.as_bytes()).await;
    let (status, text) = peer.response(&branch).await;
    assert_eq!(
        (status, header(&text, "Retry-After")),
        (503, Some("7")),
        "{text}"
    );
}
