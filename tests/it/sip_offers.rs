//! Who offers and who answers within a call (RFC 3261 §14): a re-INVITE without an offer asks for ours, and its ACK answers it.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{net::UdpSocket, time::timeout};
use yingda::{
    acd::{AgentCall, AgentEvent, AgentInvite},
    call::CallEvent,
    clock::ProcessClock,
    media::Codec,
    media_plane::{MediaPlane, MediaPlaneConfig},
    sip::{DialogEvent, SipConfig, SipEndpoint},
};

use super::{
    server::{Server, eventually},
    sip_peer::{Peer, PeerDialog, answer_with, header, server, with_body},
};

/// RFC 3261 §17.1.1.1.
const T1: Duration = Duration::from_millis(500);

/// A description of audio at this port, in this direction.
fn description(port: u16, direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8\r\na={direction}\r\n"
    )
}

/// A re-INVITE with this body (none asks for the other side's offer), answered and confirmed; the 200.
async fn reinvited(peer: &Peer, dialog: &PeerDialog, cseq: u32, offer: &str, ack: &str) -> String {
    let (invite, branch) = dialog.request("INVITE", cseq, offer);
    let mut attempts = 0;
    // A dialog whose ACK is still on its way drops the request: it is sent again every T1 (RFC 3261 §17.1.1.2).
    let (status, text) = loop {
        peer.send(invite.as_bytes()).await;
        if let Ok(answered) = timeout(T1, peer.response(&branch)).await {
            break answered;
        }
        attempts += 1;
        assert!(attempts < 10, "no answer");
    };
    assert_eq!(status, 200, "{text}");
    let (ack, _) = dialog.request("ACK", cseq, ack);
    peer.send(ack.as_bytes()).await;
    text
}

#[tokio::test]
async fn the_answer_in_an_ack_is_told_once() {
    let (_server, mut calls, mut peer) = server(SipConfig::default()).await;
    let offer = description(40_000, "sendrecv");
    let (invite, branch) = peer.request("INVITE", "4008001001", "");
    let invite = with_body(&invite, &offer);
    peer.send(invite.as_bytes()).await;
    let mut call = calls.recv().await.expect("a call");
    call.dialog
        .accept(description(40_002, "sendrecv"))
        .expect("sent");
    let (_, text) = peer.response(&branch).await;
    let dialog = PeerDialog::of_caller(&peer, &invite, &text);
    peer.send(dialog.request("ACK", 1, "").0.as_bytes()).await;
    let event = call.events.recv().await;
    assert_eq!(event, Some(DialogEvent::Confirmed { answer: None }));

    let ours = description(40_002, "sendrecv");
    let theirs = description(40_004, "sendrecv");
    // Which offer comes, and which answer to ours: none when the offer was theirs.
    for (cseq, offer, answer) in [
        (2, String::new(), theirs.clone()),
        (4, theirs.clone(), String::new()),
        (6, String::new(), theirs.clone()),
    ] {
        let answering = async {
            let event = call.events.recv().await;
            let expected = offer.clone();
            assert_eq!(event, Some(DialogEvent::Offered { offer: expected }));
            let answer = Ok(ours.clone());
            call.dialog.answer_offer(answer).await.expect("sent");
        };
        tokio::join!(answering, reinvited(&peer, &dialog, cseq, &offer, &answer));
        if !answer.is_empty() {
            let event = call.events.recv().await;
            assert_eq!(event, Some(DialogEvent::OfferAnswered { answer }));
        }
        // The stack says that the dialog is confirmed after this, too.
        let (info, branch) = dialog.request("INFO", cseq + 1, "");
        peer.send(info.as_bytes()).await;
        assert_eq!(peer.response(&branch).await.0, 200);
    }
    peer.send(dialog.request("BYE", 20, "").0.as_bytes()).await;
    assert_eq!(call.events.recv().await, Some(DialogEvent::Bye));
}

#[tokio::test]
async fn a_new_offer_before_the_ack_is_told_to_come_again() {
    let (_server, mut calls, mut peer) = server(SipConfig::default()).await;
    let offer = description(40_000, "sendrecv");
    let (invite, branch) = peer.request("INVITE", "4008001001", "");
    let invite = with_body(&invite, &offer);
    peer.send(invite.as_bytes()).await;
    let call = calls.recv().await.expect("a call");
    call.dialog
        .accept(description(40_002, "sendrecv"))
        .expect("sent");
    let (_, text) = peer.response(&branch).await;
    let dialog = PeerDialog::of_caller(&peer, &invite, &text);
    let (early, branch) = dialog.request("INVITE", 2, &offer);
    peer.send(early.as_bytes()).await;
    let (status, text) = peer.response(&branch).await;
    assert_eq!((status, header(&text, "Retry-After")), (500, Some("1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_caller_comes_back_without_an_offer() {
    let server = Server::start(None, |_| {}).await;
    let media = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = media.local_addr().expect("bound").port();
    let mut peer = Peer::start(server.sip).await;
    let (invite, branch) = peer.request("INVITE", "4008001001", "");
    let invite = with_body(&invite, &description(port, "sendrecv"));
    peer.send(invite.as_bytes()).await;
    let (status, text) = peer.response(&branch).await;
    assert_eq!(status, 200, "{text}");
    let dialog = PeerDialog::of_caller(&peer, &invite, &text);
    peer.send(dialog.request("ACK", 1, "").0.as_bytes()).await;
    reinvited(&peer, &dialog, 2, &description(port, "sendonly"), "").await;
    let back = description(port, "sendrecv");
    let text = reinvited(&peer, &dialog, 3, "", &back).await;
    assert!(text.contains("a=sendrecv"), "{text}");
    // A BYE could overtake the ACK.
    let holds = eventually("the call goes on", async || {
        let call = server.calls().await.first()?.call;
        let store = server.store().await;
        let records = store.records(call).await.expect("read");
        store.close().await;
        let events = records.into_iter().map(|record| record.event);
        let holds: Vec<_> = events
            .filter(|event| matches!(event, CallEvent::Held | CallEvent::Resumed))
            .collect();
        (holds.last() == Some(&CallEvent::Resumed)).then_some(holds)
    })
    .await;
    assert_eq!(holds, [CallEvent::Held, CallEvent::Resumed]);
    let (bye, branch) = dialog.request("BYE", 4, "");
    peer.send(bye.as_bytes()).await;
    assert_eq!(peer.response(&branch).await.0, 200);
    server.closed_calls(1).await;
}

#[tokio::test]
async fn a_held_agent_comes_back_without_an_offer() {
    let (sip, _) = SipEndpoint::start(SipConfig::default())
        .await
        .expect("it listens");
    let plane = MediaPlane::start(
        MediaPlaneConfig {
            address: Ipv4Addr::LOCALHOST.into(),
            first_port: 29_800,
            last_port: 29_819,
            threads: 1,
            lost_after: Duration::from_millis(1_500),
        },
        ProcessClock::start(),
    )
    .expect("media");
    let peer = Peer::start(sip.local_address()).await;
    let here = peer.socket.local_addr().expect("bound");
    let mut agent = AgentCall::place(
        &sip,
        &plane,
        None,
        AgentInvite {
            target: format!("sip:agent@{here}"),
            from_user: "13800138000".to_owned(),
            from_display: "caller".to_owned(),
            call: "1".to_owned(),
            codecs: vec![Codec::Pcma],
            media_address: Ipv4Addr::LOCALHOST.into(),
        },
    )
    .expect("placed");
    // Its events are taken all the while, as a call's task does.
    let agent = tokio::spawn(async move {
        let first = agent.next().await;
        let mut rest = Vec::new();
        loop {
            match agent.next().await {
                AgentEvent::Media(_) => {}
                event => {
                    rest.push(event);
                    return (first, rest, agent);
                }
            }
        }
    });
    let invite = peer.request_of("INVITE").await;
    let answer = answer_with(
        &invite.replace(
            &format!("To: {}", header(&invite, "To").expect("a To")),
            &format!("To: {};tag=agent", header(&invite, "To").expect("a To")),
        ),
        "200 OK",
        &format!("Contact: <sip:agent@{here}>\r\n"),
        &description(40_006, "sendrecv"),
    );
    peer.send(answer.as_bytes()).await;
    peer.request_of("ACK").await;
    let dialog = PeerDialog::of_callee(&peer, &invite, "agent");
    reinvited(&peer, &dialog, 1, &description(40_006, "sendonly"), "").await;
    reinvited(&peer, &dialog, 2, "", &description(40_006, "sendrecv")).await;
    // Who is back is expected to speak: silence is a lost leg again. One on hold may be silent.
    let (first, rest, _agent) = timeout(Duration::from_secs(20), agent)
        .await
        .expect("the silence is noticed")
        .expect("it did not panic");
    assert_eq!(first, AgentEvent::Answered);
    assert_eq!(rest, [AgentEvent::Left]);
}
