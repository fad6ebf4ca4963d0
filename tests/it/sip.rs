//! Our user agent client against our server.

use std::{net::Ipv4Addr, time::Duration};

use tokio::sync::mpsc::Receiver;
use yingda::sip::{DialogEvent, IncomingCall, OutgoingInvite, SipConfig, SipEndpoint, SipError};

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";
const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40002 RTP/AVP 8\r\n";

fn config() -> SipConfig {
    SipConfig {
        retry_after: Duration::from_secs(7),
        ..SipConfig::default()
    }
}

async fn start(config: SipConfig) -> (SipEndpoint, Receiver<IncomingCall>) {
    SipEndpoint::start(config)
        .await
        .expect("the endpoint listens")
}

fn invite(server: &SipEndpoint, parameters: &str) -> OutgoingInvite {
    OutgoingInvite {
        target: format!("sip:4008001001@{}{parameters}", server.local_address()),
        from_user: "13800138000".to_owned(),
        from_display: None,
        headers: vec![("Diversion".to_owned(), "<sip:4008001002@x>".to_owned())],
        credentials: None,
        offer: OFFER.to_owned(),
    }
}

async fn next<T>(events: &mut Receiver<T>) -> T {
    let event = tokio::time::timeout(Duration::from_secs(20), events.recv()).await;
    event
        .expect("an event in time")
        .expect("the other side is there")
}

/// Waits until a dialog's end has reached both tables.
async fn until_empty(endpoints: &[&SipEndpoint]) {
    let empty = async {
        while endpoints.iter().any(|endpoint| endpoint.dialogs() > 0) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), empty)
        .await
        .expect("no dialog is left");
}

#[tokio::test]
async fn a_call_is_answered_and_ended_over_udp_and_tcp() {
    for parameters in ["", ";transport=tcp"] {
        let (server, mut calls) = start(config()).await;
        let (client, _) = start(config()).await;
        let (dialog, mut caller) = client.invite(invite(&server, parameters)).expect("sent");
        let mut call = next(&mut calls).await;
        assert_eq!(call.facts.request_user, "4008001001");
        assert_eq!(call.facts.dialled_before[0], "4008001002");
        assert!(
            call.facts.caller.contains("13800138000"),
            "{}",
            call.facts.caller
        );
        assert!(call.facts.offer.contains("m=audio 40000"));
        assert_eq!(call.facts.source.ip(), Ipv4Addr::LOCALHOST);

        call.dialog.ringing().expect("sent");
        assert_eq!(
            next(&mut caller).await,
            DialogEvent::Ringing { early: None }
        );
        call.dialog.accept(ANSWER.to_owned()).expect("sent");
        assert_eq!(
            next(&mut caller).await,
            DialogEvent::Accepted {
                answer: ANSWER.to_owned()
            }
        );
        assert_eq!(
            next(&mut call.events).await,
            DialogEvent::Confirmed { answer: None }
        );

        dialog.end().await;
        assert_eq!(next(&mut call.events).await, DialogEvent::Bye);
        until_empty(&[&server, &client]).await;
    }
}

#[tokio::test]
async fn the_server_hangs_up_and_dropping_a_dialog_ends_it() {
    let (server, mut calls) = start(config()).await;
    let (client, _) = start(config()).await;
    for dropped in [false, true] {
        let (_dialog, mut caller) = client.invite(invite(&server, "")).expect("sent");
        let mut call = next(&mut calls).await;
        call.dialog.accept(ANSWER.to_owned()).expect("sent");
        assert!(matches!(
            next(&mut caller).await,
            DialogEvent::Accepted { .. }
        ));
        assert!(matches!(
            next(&mut call.events).await,
            DialogEvent::Confirmed { .. }
        ));
        match dropped {
            true => drop(call),
            false => call.dialog.end().await,
        }
        assert_eq!(next(&mut caller).await, DialogEvent::Bye);
    }
    until_empty(&[&server, &client]).await;
}

#[tokio::test]
async fn a_caller_who_gives_up_is_cancelled() {
    let (server, mut calls) = start(config()).await;
    let (client, _) = start(config()).await;
    let (dialog, mut caller) = client.invite(invite(&server, "")).expect("sent");
    let mut call = next(&mut calls).await;
    call.dialog.ringing().expect("sent");
    assert_eq!(
        next(&mut caller).await,
        DialogEvent::Ringing { early: None }
    );
    dialog.end().await;
    assert_eq!(next(&mut call.events).await, DialogEvent::Cancelled);
    assert!(matches!(
        next(&mut caller).await,
        DialogEvent::Failed { status: 487, .. }
    ));
    until_empty(&[&server, &client]).await;
}

#[tokio::test]
async fn a_refusal_has_its_status() {
    let (server, mut calls) = start(config()).await;
    let (client, _) = start(config()).await;
    for status in [404, 486, 503, 603] {
        let (_dialog, mut caller) = client.invite(invite(&server, "")).expect("sent");
        let call = next(&mut calls).await;
        call.dialog.reject(status).expect("sent");
        assert!(
            matches!(next(&mut caller).await, DialogEvent::Failed { status: seen, .. } if seen == status)
        );
    }
    until_empty(&[&server, &client]).await;
}

#[tokio::test]
async fn networks_that_may_not_call_are_forbidden() {
    let allow = vec![("10.0.0.0".parse().expect("an address"), 8)];
    let (server, _calls) = start(SipConfig { allow, ..config() }).await;
    let (client, _) = start(config()).await;
    let (_dialog, mut caller) = client.invite(invite(&server, "")).expect("sent");
    assert!(matches!(
        next(&mut caller).await,
        DialogEvent::Failed { status: 403, .. }
    ));
}

#[tokio::test]
async fn when_closing_new_calls_get_503() {
    let (server, _calls) = start(config()).await;
    let (client, _) = start(config()).await;
    server.close();
    let (_dialog, mut caller) = client.invite(invite(&server, "")).expect("sent");
    assert!(matches!(
        next(&mut caller).await,
        DialogEvent::Failed { status: 503, .. }
    ));
}

#[tokio::test]
async fn within_a_call_offers_keys_and_transfers_pass() {
    let (server, mut calls) = start(config()).await;
    let (client, _) = start(config()).await;
    let (dialog, mut caller) = client.invite(invite(&server, "")).expect("sent");
    let mut call = next(&mut calls).await;
    call.dialog.accept(ANSWER.to_owned()).expect("sent");
    assert!(matches!(
        next(&mut caller).await,
        DialogEvent::Accepted { .. }
    ));
    assert!(matches!(
        next(&mut call.events).await,
        DialogEvent::Confirmed { .. }
    ));

    let hold = format!("{OFFER}a=sendonly\r\n");
    let offering = tokio::spawn({
        let (dialog, hold) = (dialog.clone(), hold.clone());
        async move { dialog.reoffer(hold).await }
    });
    assert_eq!(
        next(&mut call.events).await,
        DialogEvent::Offered { offer: hold }
    );
    call.dialog
        .answer_offer(Ok(ANSWER.to_owned()))
        .await
        .expect("sent");
    assert_eq!(
        offering.await.expect("not cancelled").expect("answered"),
        ANSWER
    );

    dialog.send_info_digit('5').await.expect("sent");
    assert_eq!(next(&mut call.events).await, DialogEvent::Digit('5'));

    let target = "sip:agent@127.0.0.1:5090";
    call.dialog.refer(target).await.expect("accepted");
    assert_eq!(
        next(&mut caller).await,
        DialogEvent::Referred {
            target: target.to_owned()
        }
    );
    for (status, over) in [(100, false), (200, true)] {
        dialog.notify_referrer(status, over).await.expect("sent");
        assert_eq!(
            next(&mut call.events).await,
            DialogEvent::ReferProgress { id: None, status }
        );
    }
    drop(dialog);
    assert_eq!(next(&mut call.events).await, DialogEvent::Bye);
    until_empty(&[&server, &client]).await;
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    for tcp in [false, true] {
        let (listener, socket);
        let listen = if tcp {
            listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            listener.local_addr()
        } else {
            socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            socket.local_addr()
        };
        let listen = listen.expect("bound");
        let started = SipEndpoint::start(SipConfig {
            listen,
            ..SipConfig::default()
        })
        .await;
        match started {
            Err(SipError::Listen { address, .. }) => assert_eq!(address, listen),
            other => panic!("tcp {tcp}: {other:?}"),
        }
    }
}
