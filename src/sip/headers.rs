//! Headers as text, and what they say about a call.

use std::net::SocketAddr;

use rsipstack::sip::{HasHeaders, Request};

use super::InviteFacts;

/// Values of every header of this name, in order; values that stand in one line, apart.
pub(super) fn values(request: &impl HasHeaders, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for header in request.headers().iter() {
        let line = header.to_string();
        if let Some((title, value)) = line.split_once(':')
            && title.trim().eq_ignore_ascii_case(name)
        {
            found.extend(split_list(value));
        }
    }
    found
}

/// The first value of a header.
pub(super) fn value(request: &impl HasHeaders, name: &str) -> Option<String> {
    values(request, name).into_iter().next()
}

/// The number in CSeq.
pub(super) fn cseq(request: &impl HasHeaders) -> Option<u32> {
    let value = value(request, "CSeq")?;
    value.split_ascii_whitespace().next()?.parse().ok()
}

/// Splits at commas outside quotes and angle brackets (RFC 3261 §7.3.1).
fn split_list(line: &str) -> Vec<String> {
    let (mut items, mut item) = (Vec::new(), String::new());
    let (mut quoted, mut bracket) = (false, false);
    for symbol in line.chars() {
        match symbol {
            '"' => quoted = !quoted,
            '<' if !quoted => bracket = true,
            '>' if !quoted => bracket = false,
            ',' if !quoted && !bracket => {
                items.push(std::mem::take(&mut item).trim().to_owned());
                continue;
            }
            _ => {}
        }
        item.push(symbol);
    }
    items.push(item.trim().to_owned());
    items.retain(|item| !item.is_empty());
    items
}

/// `"Name" <sip:user;x=y@host;transport=tcp>;tag=1` -> `user`.
pub(super) fn user_part(address: &str) -> Option<String> {
    let uri = match (address.find('<'), address.find('>')) {
        (Some(open), Some(close)) if open < close => &address[open + 1..close],
        _ => address.split(';').next()?,
    };
    let (scheme, rest) = uri.trim().split_once(':')?;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "tel" => rest,
        _ => rest.split_once('@')?.0,
    };
    let user = user.split([';', ':']).next()?.trim();
    (!user.is_empty()).then(|| user.to_owned())
}

/// What an INVITE that came from `source` says about a call.
pub(super) fn facts(request: &Request, source: SocketAddr) -> InviteFacts {
    // From its text: the stack ends the user at the first semicolon (RFC 3261 §19.1.6), and sees none in `tel:`.
    let request_user = user_part(&format!("<{}>", request.uri)).unwrap_or_default();
    let dialled_before = ["Diversion", "History-Info", "To"]
        .iter()
        .flat_map(|name| values(request, name))
        .filter_map(|address| user_part(&address))
        .collect();
    // RFC 3325 §9.1: the asserted identity is the carrier's word, From is the caller's.
    let caller = value(request, "P-Asserted-Identity")
        .or_else(|| value(request, "From"))
        .unwrap_or_default();
    InviteFacts {
        request_user,
        dialled_before,
        caller,
        call_id: value(request, "Call-ID").unwrap_or_default(),
        source,
        offer: String::from_utf8_lossy(&request.body).into_owned(),
    }
}

/// How a referred call goes: which REFER a NOTIFY tells of, and the status line in its sipfrag (RFC 3515 §2.4.5 and §2.4.6).
pub(super) fn refer_status(request: &Request) -> Option<(Option<u32>, u16)> {
    let event = value(request, "Event")?.to_ascii_lowercase();
    let mut parts = event.split(';').map(str::trim);
    if parts.next() != Some("refer") {
        return None;
    }
    let id = parts
        .find_map(|part| part.strip_prefix("id="))
        .and_then(|id| id.trim().parse().ok());
    let body = String::from_utf8_lossy(&request.body);
    let line = body.lines().find(|line| line.starts_with("SIP/2.0 "))?;
    Some((id, line.split(' ').nth(1)?.parse().ok()?))
}

/// The number in a CSeq header.
pub(super) fn sequence(message: &impl HasHeaders) -> Option<u32> {
    value(message, "CSeq")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// The key of an INFO body: `Signal=5` (application/dtmf-relay) or the bare key (application/dtmf).
pub(super) fn dtmf(request: &Request) -> Option<char> {
    let kind = value(request, "Content-Type")?.to_ascii_lowercase();
    let body = String::from_utf8_lossy(&request.body);
    let key = match kind.split(';').next()?.trim() {
        "application/dtmf-relay" => body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("signal")
                .then(|| value.trim().to_owned())
        })?,
        "application/dtmf" => body.trim().to_owned(),
        _ => return None,
    };
    // Some phones send 10 and 11 for the star and the hash key.
    match key.as_str() {
        "10" => Some('*'),
        "11" => Some('#'),
        key => key
            .chars()
            .next()
            .map(|key| key.to_ascii_uppercase())
            .filter(|key| "0123456789*#ABCD".contains(*key)),
    }
}

#[cfg(test)]
mod tests {
    use rsipstack::sip::SipMessage;

    use super::*;

    fn request(headers: &str, body: &str) -> Request {
        let text = format!(
            "INVITE sip:02162551001@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5080;branch=z9hG4bK1;received=127.0.0.9;rport=6000\r\nMax-Forwards: 70\r\nFrom: \"A, B\" <sip:13800138000@x>;tag=1\r\nTo: <sip:4008001001@x>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        match SipMessage::try_from(text.as_str()).expect("well formed") {
            SipMessage::Request(request) => request,
            SipMessage::Response(_) => panic!("a request"),
        }
    }

    #[test]
    fn facts_of_an_invite() {
        let headers = "P-Asserted-Identity: <sip:+8613912345678@ims>, <tel:+8613912345678>\r\nDiversion: <sip:4008001002@x>;reason=unconditional\r\nHistory-Info: <sip:4008001003@x>;index=1, <sip:021@x>;index=2\r\n";
        let request = request(headers, "v=0\r\n");
        let facts = facts(&request, "127.0.0.9:6000".parse().expect("an address"));
        assert_eq!(facts.source.to_string(), "127.0.0.9:6000");
        assert_eq!(facts.request_user, "02162551001");
        assert_eq!(
            facts.dialled_before,
            ["4008001002", "4008001003", "021", "4008001001"]
        );
        assert_eq!(facts.caller, "<sip:+8613912345678@ims>");
        assert_eq!(
            (facts.call_id.as_str(), facts.offer.as_str()),
            ("c1", "v=0\r\n")
        );
    }

    #[test]
    fn from_is_the_caller_when_nobody_asserts_one() {
        let request = request("", "");
        let facts = facts(&request, "127.0.0.1:1".parse().expect("an address"));
        assert_eq!(facts.caller, "\"A, B\" <sip:13800138000@x>;tag=1");
        assert_eq!(facts.offer, "");
    }

    #[test]
    fn the_user_that_was_dialled() {
        let check = |uri: &str, user: &str| {
            let text = format!(
                "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
            );
            let Ok(SipMessage::Request(request)) = SipMessage::try_from(text.as_str()) else {
                panic!("not read: {uri}");
            };
            let facts = facts(&request, "127.0.0.1:1".parse().expect("an address"));
            assert_eq!(facts.request_user, user, "{uri}");
        };
        check("sip:4008001001@h", "4008001001");
        check("sip:4008001001@h:5060;transport=tcp", "4008001001");
        check("sip:4008001001:secret@h", "4008001001");
        check(
            "sip:4008001001;phone-context=+86@h;user=phone",
            "4008001001",
        );
        check(
            "sip:+864008001001;npdi;rn=+8621@10.0.0.1:5060",
            "+864008001001",
        );
        check("tel:+864008001001", "+864008001001");
        check("tel:4008001001;phone-context=+86", "4008001001");
        check("sip:h:5060", "");
        check("sip:[fd00::1]:5060;transport=udp", "");
    }

    #[test]
    fn keys_in_info() {
        let key =
            |kind: &str, body: &str| dtmf(&request(&format!("Content-Type: {kind}\r\n"), body));
        assert_eq!(
            key("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
            Some('5')
        );
        assert_eq!(key("application/dtmf-relay", "signal = 11\r\n"), Some('#'));
        assert_eq!(key("application/dtmf", "*"), Some('*'));
        assert_eq!(key("application/dtmf", "d"), Some('D'));
        assert_eq!(key("application/dtmf", "hello"), None);
        assert_eq!(key("text/plain", "5"), None);
    }

    #[test]
    fn progress_of_a_referred_call() {
        let status = |headers: &str, body: &str| refer_status(&request(headers, body));
        assert_eq!(
            status("Event: refer;id=2\r\n", "SIP/2.0 180 Ringing\r\n"),
            Some((Some(2), 180))
        );
        assert_eq!(
            status("Event: refer\r\n", "SIP/2.0 200 OK"),
            Some((None, 200))
        );
        assert_eq!(
            status("Event: Refer ; x=1 ; id=93809824\r\n", "SIP/2.0 200 OK"),
            Some((Some(93_809_824), 200))
        );
        assert_eq!(status("Event: refer\r\n", "nonsense"), None);
        assert_eq!(status("Event: presence\r\n", "SIP/2.0 200 OK"), None);
        assert_eq!(status("", "SIP/2.0 200 OK"), None);
    }

    #[test]
    fn the_number_of_a_request() {
        assert_eq!(sequence(&request("", "")), Some(1));
    }

    #[test]
    fn users_of_addresses() {
        let check = |address: &str, user: Option<&str>| {
            assert_eq!(user_part(address).as_deref(), user, "{address}")
        };
        check("<sip:a@b>", Some("a"));
        check("sip:a;p=1@b;transport=tcp", None);
        check("tel:+8613;phone-context=x", Some("+8613"));
        check("<sip:b>", None);
        check("nonsense", None);
    }
}
