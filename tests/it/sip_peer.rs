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
        let peer = Self::start_unconnected().await;
        peer.socket.connect(server).await.expect("connected");
        peer
    }

    /// A peer whose server is not known yet: its socket has to be connected.
    pub async fn start_unconnected() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
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

    /// The next request of this method that reaches the peer; the refresh of a 90 s session comes after 45 s.
    pub async fn request_of(&self, method: &str) -> String {
        let find = async {
            let mut buffer = [0; 8_192];
            loop {
                let length = self.socket.recv(&mut buffer).await.expect("received");
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if text.starts_with(method) {
                    return text;
                }
            }
        };
        timeout(Duration::from_secs(60), find)
            .await
            .expect("a request in time")
    }

    pub async fn alive(&mut self, after: &str) {
        let (options, branch) = self.request("OPTIONS", "ping", "");
        self.send(options.as_bytes()).await;
        assert_eq!(self.response(&branch).await.0, 200, "dead after {after}");
    }
}

/// The first line of this name.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .map(str::trim)
}

/// The ACK of a 200, with the To of the 200.
pub fn ack(invite: &str, response: &str) -> String {
    let to = header(response, "To").expect("a To");
    let (lines, _) = invite.split_once("Contact:").expect("an INVITE");
    let with_to: Vec<_> = lines
        .replace("INVITE", "ACK")
        .replace("z9hG4bK", "z9hG4bKa")
        .lines()
        .map(|line| match line.starts_with("To:") {
            true => format!("To: {to}"),
            false => line.to_owned(),
        })
        .collect();
    format!("{}\r\nContent-Length: 0\r\n\r\n", with_to.join("\r\n"))
}

/// A response without a body to a request.
pub fn answer(request: &str, status: &str) -> String {
    answer_with(request, status, "", "")
}

/// A response to a request, with these lines and this session description.
pub fn answer_with(request: &str, status: &str, more: &str, body: &str) -> String {
    let lines: Vec<_> = request
        .lines()
        .filter(|line| {
            ["Via", "From", "To", "Call-ID", "CSeq"]
                .iter()
                .any(|name| line.starts_with(&format!("{name}: ")))
        })
        .collect();
    let text = format!(
        "SIP/2.0 {status}\r\n{}\r\n{more}Content-Length: 0\r\n\r\n",
        lines.join("\r\n")
    );
    with_body(&text, body)
}

/// A message with a session description in the place of its empty body.
pub fn with_body(message: &str, body: &str) -> String {
    let kind = match body {
        "" => "",
        _ => "Content-Type: application/sdp\r\n",
    };
    let length = format!("{kind}Content-Length: {}\r\n\r\n", body.len());
    message.replace("Content-Length: 0\r\n\r\n", &length) + body
}

/// A dialog as the peer sees it: what its requests are made of.
pub struct PeerDialog {
    pub uri: String,
    pub from: String,
    pub to: String,
    pub call_id: String,
    pub port: u16,
}

impl PeerDialog {
    /// The dialog of an INVITE of ours and its 200.
    pub fn of_caller(peer: &Peer, invite: &str, response: &str) -> Self {
        let value = |message: &str, name| header(message, name).expect(name).to_owned();
        Self {
            uri: in_brackets(&value(response, "Contact")),
            from: value(invite, "From"),
            to: value(response, "To"),
            call_id: value(invite, "Call-ID"),
            port: peer.socket.local_addr().expect("bound").port(),
        }
    }

    /// The dialog of an INVITE that reached the peer, and which it answered with this tag.
    pub fn of_callee(peer: &Peer, invite: &str, tag: &str) -> Self {
        let value = |name| header(invite, name).expect(name).to_owned();
        Self {
            uri: in_brackets(&value("Contact")),
            from: format!("{};tag={tag}", value("To")),
            to: value("From"),
            call_id: value("Call-ID"),
            port: peer.socket.local_addr().expect("bound").port(),
        }
    }

    /// A request within the dialog, and its branch.
    pub fn request(&self, method: &str, cseq: u32, body: &str) -> (String, String) {
        let Self {
            uri,
            from,
            to,
            call_id,
            port,
        } = self;
        let branch = format!("z9hG4bKin{method}{cseq}");
        let text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch={branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:peer@127.0.0.1:{port}>\r\nContent-Length: 0\r\n\r\n"
        );
        (with_body(&text, body), branch)
    }
}

fn in_brackets(address: &str) -> String {
    let (_, uri) = address.split_once('<').expect("a name-addr");
    uri.split('>').next().expect("a URI").to_owned()
}
