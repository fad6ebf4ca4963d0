//! What strangers send is counted, and /metrics shows it.

use std::{collections::BTreeMap, net::Ipv4Addr, time::Duration};

use tokio::net::UdpSocket;
use yingda::{
    clock::ProcessClock,
    simulator::leg::{Leg, LegState, Waited},
};

use super::{
    server::{Server, caller, eventually, invite},
    sip_peer::Peer,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Every number on the page, by name and labels.
async fn numbers(server: &Server) -> BTreeMap<String, f64> {
    let url = format!("http://{}/metrics", server.console);
    let page = tokio::task::spawn_blocking(move || {
        let mut response = ureq::get(url).call()?;
        response.body_mut().read_to_string()
    })
    .await
    .expect("it did not panic")
    .expect("a page");
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a number");
            (name.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

async fn until(server: &Server, name: &str, least: f64) {
    eventually(&format!("{name} is {least}"), async || {
        let numbers = numbers(server).await;
        let number = numbers.get(name).unwrap_or_else(|| panic!("no {name}"));
        (*number >= least).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_is_refused_is_counted() {
    let mut ports = 0..0;
    let server = Server::start(None, |table| {
        table["sip"]["max_calls"] = 1.into();
        let port = |key: &str| table["media"][key].as_integer().expect("a port") as u16;
        ports = port("first_port")..port("last_port");
    })
    .await;
    let before = numbers(&server).await;
    assert_eq!(before["yingda_media_legs"], 0.0);
    assert!(before["yingda_media_late_ticks_total"] >= 0.0);

    let endpoint = caller().await;
    let offer = invite(&server, "4008001001");
    let mut leg = Leg::dial(&endpoint, offer, server.sip.ip(), ProcessClock::start())
        .await
        .expect("sent");
    let answered = leg
        .until(PATIENCE, |state, _| {
            matches!(state, LegState::Talking { .. }).then_some(())
        })
        .await;
    assert_eq!(answered, Waited::Came(()));
    until(&server, "yingda_media_legs", 1.0).await;
    until(&server, "yingda_media_ports_in_use", 2.0).await;
    until(&server, "yingda_sip_dialogs", 1.0).await;
    // By then the leg knows what was agreed on, and listens.
    until(&server, "yingda_rtp_packets_total{fate=\"received\"}", 1.0).await;

    // Whichever pair of ports it has: RTP is even, RTCP is odd.
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    for port in ports {
        let sent = stranger
            .send_to(b"hello", (Ipv4Addr::LOCALHOST, port))
            .await;
        sent.expect("sent");
    }
    let mut peer = Peer::start(server.sip).await;
    peer.send(b"GET / HTTP/1.1\r\n\r\n").await;
    peer.send(&[0xff; 100]).await;
    // A keep-alive is in order.
    peer.send(b"\r\n\r\n").await;
    let (request, branch) = peer.request("INVITE", "4008001001", "");
    peer.send(request.as_bytes()).await;
    assert_eq!(peer.response(&branch).await.0, 503);
    let (request, branch) = peer.request("INVITE", "4008001001", "Require: teleport\r\n");
    peer.send(request.as_bytes()).await;
    assert_eq!(peer.response(&branch).await.0, 420);
    for (name, least) in [
        ("yingda_malformed_packets_total{protocol=\"rtp\"}", 1.0),
        ("yingda_malformed_packets_total{protocol=\"rtcp\"}", 1.0),
        ("yingda_malformed_packets_total{protocol=\"sip\"}", 2.0),
        ("yingda_sip_refused_total{cause=\"capacity\"}", 1.0),
        ("yingda_sip_refused_total{cause=\"extension\"}", 1.0),
        ("yingda_rtp_packets_total{fate=\"sent\"}", 1.0),
        ("yingda_media_ticks_total", 1.0),
    ] {
        until(&server, name, least).await;
    }
    let after = numbers(&server).await;
    assert_eq!(
        after["yingda_malformed_packets_total{protocol=\"sip\"}"],
        2.0
    );
    assert_eq!(
        after["yingda_malformed_packets_total{protocol=\"rtp\"}"],
        1.0
    );

    leg.end().await;
    server.closed_calls(1).await;
    until(&server, "yingda_calls_answered_total", 1.0).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_from_networks_that_may_not_call_are_counted() {
    let server = Server::start(None, |table| {
        table["sip"]["allow"] = vec!["192.0.2.0/24"].into();
    })
    .await;
    let mut peer = Peer::start(server.sip).await;
    let (request, branch) = peer.request("INVITE", "4008001001", "");
    peer.send(request.as_bytes()).await;
    assert_eq!(peer.response(&branch).await.0, 403);
    until(&server, "yingda_sip_refused_total{cause=\"network\"}", 1.0).await;
    server.stop().await;
}
