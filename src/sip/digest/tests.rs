//! Tables for digest authentication.

use super::*;

const URI: &str = "sip:4008001001@yingda.example";

fn server() -> DigestServer {
    DigestServer::new(
        "yingda",
        [("trunk".to_owned(), "s3cret".to_owned())],
        [7; 32],
    )
}

fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1_000)
}

/// The nonce of a challenge, which must not be stale unless `stale`.
fn nonce_of(verdict: &Verdict, stale: bool) -> String {
    let Verdict::Challenge { www_authenticate } = verdict else {
        panic!("no challenge: {verdict:?}");
    };
    assert_eq!(www_authenticate[0].contains("stale=true"), stale);
    let text = &www_authenticate[0];
    let from = text.find("nonce=\"").expect("a nonce") + "nonce=\"".len();
    text[from..].split('"').next().expect("a nonce").to_owned()
}

/// What a client writes.
struct Client {
    user: &'static str,
    password: &'static str,
    algorithm: Algorithm,
    realm: &'static str,
    uri: &'static str,
    method: &'static str,
    count: Option<u32>,
}

const CLIENT: Client = Client {
    user: "trunk",
    password: "s3cret",
    algorithm: Algorithm::Sha256,
    realm: "yingda",
    uri: URI,
    method: "INVITE",
    count: Some(1),
};

impl Client {
    fn authorization(&self, nonce: &str) -> String {
        let Self {
            user,
            password,
            realm,
            uri,
            method,
            algorithm,
            ..
        } = self;
        let a1 = algorithm.hash(&format!("{user}:{realm}:{password}"));
        let a2 = algorithm.hash(&format!("{method}:{uri}"));
        let (response, qop) = match self.count {
            Some(count) => (
                algorithm.hash(&format!("{a1}:{nonce}:{count:08x}:0a4f:auth:{a2}")),
                format!(", qop=auth, nc={count:08x}, cnonce=\"0a4f\""),
            ),
            None => (algorithm.hash(&format!("{a1}:{nonce}:{a2}")), String::new()),
        };
        format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm={}{qop}",
            algorithm.name()
        )
    }
}

#[test]
fn hashes_match_the_published_examples() {
    // RFC 7616 §3.9.1.
    let value = |algorithm: &str, response: &str| {
        format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
             algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\""
        )
    };
    for (algorithm, response) in [
        (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            Algorithm::Sha256,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let given = Credentials::parse(&value(algorithm.name(), response)).expect("readable");
        assert_eq!(
            given.response_for(algorithm, "GET", "Circle of Life"),
            response
        );
    }
}

#[test]
fn the_challenge_offers_the_better_algorithm_first() {
    let Verdict::Challenge { www_authenticate } = server().check(at(1), "INVITE", URI, None) else {
        panic!("a request without credentials is challenged");
    };
    assert_eq!(www_authenticate.len(), 2);
    assert!(www_authenticate[0].contains("algorithm=SHA-256"));
    assert!(www_authenticate[1].contains("algorithm=MD5"));
    for value in www_authenticate {
        assert!(value.starts_with("Digest realm=\"yingda\", nonce=\""));
        assert!(value.contains("qop=\"auth\""));
    }
}

/// A client with a fresh nonce gets this verdict; `None` is a fresh challenge.
fn check(client: Client, expected: Option<Verdict>) {
    let mut server = server();
    let nonce = nonce_of(&server.check(at(1), "INVITE", URI, None), false);
    let verdict = server.check(at(2), "INVITE", URI, Some(&client.authorization(&nonce)));
    match expected {
        Some(expected) => assert_eq!(verdict, expected),
        None => assert_ne!(nonce_of(&verdict, false), nonce),
    }
}

#[test]
fn credentials_are_judged() {
    let accepted = || {
        Some(Verdict::Accepted {
            user: "trunk".to_owned(),
        })
    };
    check(CLIENT, accepted());
    check(
        Client {
            algorithm: Algorithm::Md5,
            ..CLIENT
        },
        accepted(),
    );
    check(
        Client {
            count: None,
            ..CLIENT
        },
        accepted(),
    );
    let wrong = [
        Client {
            password: "guess",
            ..CLIENT
        },
        Client {
            password: "",
            ..CLIENT
        },
        Client {
            user: "nobody",
            password: "",
            ..CLIENT
        },
        Client {
            method: "REGISTER",
            ..CLIENT
        },
        Client {
            uri: "sip:4008001002@yingda.example",
            ..CLIENT
        },
    ];
    for client in wrong {
        check(client, Some(Verdict::Refused));
    }
    check(
        Client {
            realm: "carrier",
            ..CLIENT
        },
        None,
    );
}

#[test]
fn a_nonce_counts_up_and_is_never_replayed() {
    let mut server = server();
    let nonce = nonce_of(&server.check(at(1), "INVITE", URI, None), false);
    let mut send = |seconds, count| {
        let value = Client { count, ..CLIENT }.authorization(&nonce);
        server.check(at(seconds), "INVITE", URI, Some(&value))
    };
    assert!(matches!(send(2, Some(1)), Verdict::Accepted { .. }));
    nonce_of(&send(3, Some(1)), true);
    assert!(matches!(send(4, Some(5)), Verdict::Accepted { .. }));
    nonce_of(&send(5, Some(4)), true);
    nonce_of(&send(6, None), true);
    nonce_of(&send(302, Some(6)), true);
}

#[test]
fn a_nonce_without_count_serves_once() {
    let mut server = server();
    let nonce = nonce_of(&server.check(at(1), "INVITE", URI, None), false);
    let value = Client {
        count: None,
        ..CLIENT
    }
    .authorization(&nonce);
    let first = server.check(at(2), "INVITE", URI, Some(&value));
    assert!(matches!(first, Verdict::Accepted { .. }));
    nonce_of(&server.check(at(2), "INVITE", URI, Some(&value)), true);
}

#[test]
fn a_nonce_of_another_server_is_stale() {
    let mut other = DigestServer::new("yingda", [], [8; 32]);
    let nonce = nonce_of(&other.check(at(1), "INVITE", URI, None), false);
    let mut server = server();
    let verdict = server.check(at(2), "INVITE", URI, Some(&CLIENT.authorization(&nonce)));
    nonce_of(&verdict, true);
    assert_eq!(server.nonces_in_use(), 0);
}

#[test]
fn memory_is_bounded_and_forgetting_allows_no_replay() {
    let mut server = server();
    for _ in 0..100_000 {
        server.check(at(1), "INVITE", URI, None);
    }
    assert_eq!(server.nonces_in_use(), 0, "challenges cost no memory");
    let nonce = nonce_of(&server.check(at(1), "INVITE", URI, None), false);
    let value = CLIENT.authorization(&nonce);
    assert!(matches!(
        server.check(at(1), "INVITE", URI, Some(&value)),
        Verdict::Accepted { .. }
    ));
    for number in 0..MAX_USED as u64 {
        let now = at(2) + Duration::from_millis(number);
        let nonce = nonce_of(&server.check(now, "INVITE", URI, None), false);
        let value = CLIENT.authorization(&nonce);
        let verdict = server.check(now, "INVITE", URI, Some(&value));
        assert!(matches!(verdict, Verdict::Accepted { .. }), "{number}");
    }
    assert_eq!(server.nonces_in_use(), MAX_USED);
    nonce_of(&server.check(at(20), "INVITE", URI, Some(&value)), true);
    // Everything has run out: the next use clears the store.
    let nonce = nonce_of(&server.check(at(900), "INVITE", URI, None), false);
    server.check(at(900), "INVITE", URI, Some(&CLIENT.authorization(&nonce)));
    assert_eq!(server.nonces_in_use(), 1);
}

#[test]
fn what_cannot_be_read_is_malformed() {
    let long = format!("Digest username=\"{}\"", "a".repeat(MAX_HEADER));
    for value in [
        "",
        "Digest",
        "Basic dXNlcjpwYXNz",
        "Digest username",
        "Digest username=\"open",
        "Digest username=\"a\" realm=\"b\"",
        "Digest username=\"a\", username=\"b\"",
        "Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"d\"",
        "Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"d\", response=\"e\", qop=auth-int",
        "Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"d\", response=\"e\", qop=auth",
        "Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"d\", response=\"e\", qop=auth, nc=1, cnonce=\"f\"",
        "Digest username=\"a\\",
        long.as_str(),
    ] {
        let verdict = server().check(at(1), "INVITE", URI, Some(value));
        assert_eq!(verdict, Verdict::Malformed, "{value:?}");
    }
    // A nonce that cuts a character in two is foreign, not fatal.
    let value = CLIENT.authorization(&format!("{}应", "a".repeat(31)));
    nonce_of(&server().check(at(1), "INVITE", URI, Some(&value)), true);
}

#[test]
fn the_client_serves_the_first_challenge_it_can() {
    let md5 = "Digest realm=\"a\\\"b\", nonce=\"n\", opaque=\"o\"";
    let answer =
        |challenges: &[&str]| authorize(challenges.iter().copied(), "INVITE", URI, "u", "p", "c");
    for (challenges, expected) in [
        (vec![], None),
        (vec!["Basic realm=\"a\""], None),
        (vec!["Digest realm=\"a\""], None),
        (
            vec!["Digest realm=\"a\", nonce=\"n\", algorithm=MD5-sess"],
            None,
        ),
        (
            vec!["Digest realm=\"a\", nonce=\"n\", qop=\"auth-int\""],
            None,
        ),
        (
            vec![
                "Digest realm=\"a\", nonce=\"n\", algorithm=SHA-512-256",
                "Digest realm=\"a\", nonce=\"n\", algorithm=SHA-256, qop=\"auth-int, auth\"",
                md5,
            ],
            Some("qop=auth, nc=00000001, algorithm=SHA-256, response="),
        ),
        (vec![md5], Some("realm=\"a\\\"b\", nonce=\"n\"")),
        (vec![md5], Some("opaque=\"o\", response=")),
    ] {
        let given = answer(&challenges);
        match (&given, expected) {
            (Some(text), Some(part)) => assert!(text.contains(part), "{text}"),
            (given, expected) => assert_eq!(given.as_deref(), expected, "{challenges:?}"),
        }
    }
    // Our server takes what our client writes.
    let mut server = server();
    let Verdict::Challenge { www_authenticate } = server.check(at(1), "INVITE", URI, None) else {
        panic!("a request without credentials is challenged");
    };
    for challenge in &www_authenticate {
        assert!(!is_stale(challenge));
    }
    let value = authorize(
        [www_authenticate[0].as_str()],
        "INVITE",
        URI,
        "trunk",
        "s3cret",
        "c",
    );
    let verdict = server.check(at(2), "INVITE", URI, value.as_deref());
    assert!(matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
    let Verdict::Challenge { www_authenticate } =
        server.check(at(3), "INVITE", URI, value.as_deref())
    else {
        panic!("a replay is challenged");
    };
    assert!(is_stale(&www_authenticate[0]));
}

#[test]
fn the_uri_of_the_credentials_is_the_request_uri_however_it_is_written() {
    let check = |given: &'static str, request_uri: &str, same: bool| {
        let mut server = server();
        let nonce = nonce_of(&server.check(at(1), "INVITE", request_uri, None), false);
        let client = Client {
            uri: given,
            ..CLIENT
        };
        let value = client.authorization(&nonce);
        let verdict = server.check(at(2), "INVITE", request_uri, Some(&value));
        let expected = match same {
            true => Verdict::Accepted {
                user: "trunk".to_owned(),
            },
            false => Verdict::Refused,
        };
        assert_eq!(verdict, expected, "{given} for {request_uri}");
    };
    check("sip:400@h;transport=tcp", "sip:400@h;transport=TCP", true);
    check("sip:400@h;transport=tcp", "sip:400@h;transport=UDP", false);
    check("sip:400@h;transport=tcp", "sip:400@h", false);
    check("SIP:400@H.example", "sip:400@h.example", true);
    check("sip:400@h:5060", "sip:400@h:5070", false);
    check("sip:a@h", "sip:A@h", false);
    check("sip:400@h", "sip:401@h", false);
    check("tel:+864008001001", "tel:+864008001001", true);
    check("not a uri", "sip:400@h", false);
}
