//! A socket that speaks SIP word for word, for what no well-behaved stack would send.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{net::UdpSocket, sync::mpsc::Receiver, time::timeout};
use yingda::sip::{IncomingCall, SipConfig, SipEndpoint};

/// A server with this configuration, and a peer that talks to it.
pub async fn server(config: SipConfig) -> (SipEndpoint, Receiver<IncomingCall>, Peer) {
    let (server, calls) = SipEndpoint::start(config)
        .await
        .expect("the endpoint listens");
    let peer = Peer::start(server.local_address()).await;
    (server, calls, peer)
}

/// A socket that sends whatever it is told.
pub struct Peer {
    pub socket: UdpSocket,
    sent: u32,
}

impl Peer {
    pub async fn start(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        socket.connect(server).await.expect("connected");
        Self { socket, sent: 0 }
    }

    /// A request that is in order, with a transaction of its own.
    pub fn request(&mut self, method: &str, user: &str, more: &str) -> (String, String) {
        self.sent += 1;
        let number = self.sent;
        let port = self.socket.local_addr().expect("bound").port();
        let server = self.socket.peer_addr().expect("connected");
        let branch = format!("z9hG4bKpeer{number}");
        let text = format!(
            "{method} sip:{user}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch={branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:peer@127.0.0.1:{port}>;tag=f{number}\r\nTo: <sip:{user}@{server}>\r\n\
             Call-ID: c{number}\r\nCSeq: {number} {method}\r\nContact: <sip:peer@127.0.0.1:{port}>\r\n{more}\
             Content-Length: 0\r\n\r\n"
        );
        (text, branch)
    }

    pub async fn send(&self, bytes: &[u8]) {
        self.socket.send(bytes).await.expect("sent");
    }

    /// The final response of a transaction; what belongs to others is passed over.
    pub async fn response(&self, branch: &str) -> (u16, String) {
        let find = async {
            let mut buffer = [0; 8_192];
            loop {
                let length = self.socket.recv(&mut buffer).await.expect("received");
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let status = text.get(8..11).and_then(|status| status.parse().ok());
                if let Some(status @ 200..) = status
                    && text.contains(branch)
                {
                    return (status, text);
                }
            }
        };
        timeout(Duration::from_secs(10), find)
            .await
            .expect("a final response in time")
    }

    pub async fn alive(&mut self, after: &str) {
        let (options, branch) = self.request("OPTIONS", "ping", "");
        self.send(options.as_bytes()).await;
        assert_eq!(self.response(&branch).await.0, 200, "dead after {after}");
    }
}
