//! Addresses, keys and times.

use super::*;

#[test]
fn keys_and_knowledge_do_not_cross_a_network_in_the_clear() {
    use AddressFault::{Decorated, KeyInTheClear, NoAddress, NotEncrypted};
    let check = |url: &str, allow_http: bool, has_key: bool, expected| {
        let found = address(url, allow_http, has_key);
        assert_eq!(found, expected, "{url} {allow_http} {has_key}");
    };
    let ok = |url: &str| Ok(url.to_owned());
    let far = "http://qdrant.example:6334";
    check(
        "https://qdrant.example:6334/",
        false,
        true,
        ok("https://qdrant.example:6334"),
    );
    for near in [
        "http://127.0.0.1:6334",
        "http://localhost:6334",
        "http://[::1]:6334",
    ] {
        check(near, false, true, ok(near));
    }
    check(far, false, false, Err(NotEncrypted));
    check(far, true, false, ok(far));
    check(far, true, true, Err(KeyInTheClear));
    check(
        "http://127.0.0.1.example:6334",
        false,
        true,
        Err(KeyInTheClear),
    );
    for url in [
        "",
        "qdrant",
        "qdrant.example:6334",
        "ftp://qdrant.example",
        "unix:/q",
    ] {
        check(url, true, false, Err(NoAddress));
    }
    for url in [
        "https://user:secret@qdrant.example:6334",
        "https://qdrant.example:6334/?api-key=secret",
        "https://qdrant.example:6334/path",
        "https://qdrant.example:6334#secret",
    ] {
        check(url, false, false, Err(Decorated));
    }
}

#[test]
fn a_key_is_not_shown() {
    let key = ServerKey::new(" top-secret\n").expect("it can be sent");
    assert_eq!(key, ServerKey("top-secret".to_owned()));
    assert_eq!(format!("{key:?}"), "<key>");
    for bad in ["", " ", "two words", "密钥", "a\u{0}b"] {
        assert_eq!(ServerKey::new(bad), None, "{bad:?}");
    }
}

#[test]
fn times_compare_as_they_pass() {
    let times = [
        "1969-12-31T23:59:59",
        "1970-01-01T00:00:00",
        "2026-02-28T23:59:59",
        "2026-03-01T00:00:00",
        "2026-10-01T12:00:00",
    ];
    let numbers: Vec<f64> = times
        .iter()
        .map(|time| seconds(time.parse().expect("a time")))
        .collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert_eq!(numbers[..2], [-1.0, 0.0]);
    assert_eq!(numbers[3] - numbers[2], 1.0);
}
