//! What is refused, and by which key.

use super::*;

/// The fault of the example configuration with these keys of `sip` and `media` set; empty when there is none.
fn faults(sip: &str, media: &str) -> String {
    let text = format!(
        "[sip]\n{sip}\n[media]\n{media}\n[[business]]\nid = \"a\"\nname = \"a\"\n\
         [[business.line]]\nnumber = \"4008001001\"\nknowledge = \"a.csv\"\n"
    );
    let config: Config = toml::from_str(&text).expect("well formed");
    match check(&config) {
        Ok(()) => String::new(),
        Err((key, problem)) => format!("{key} {problem}"),
    }
}

#[test]
fn every_call_has_its_ports() {
    let short = |given, calls, needed| {
        format!(
            "media.last_port leaves {given} ports from `media.first_port` on, but the {calls} calls of `sip.max_calls` need {needed}"
        )
    };
    for (calls, first, last, expected) in [
        (100, 20_000, 20_999, String::new()),
        (250, 20_000, 20_999, String::new()),
        (251, 20_000, 20_999, short(1_000, 251, 1_004)),
        (1, 20_000, 20_003, String::new()),
        // The last pair lacks its second port.
        (1, 20_000, 20_002, short(2, 1, 4)),
        (1, 20_000, 20_000, short(0, 1, 4)),
        (1, 20_000, 10_000, short(0, 1, 4)),
        (20_000, 20_000, 65_535, short(45_536, 20_000, 80_000)),
    ] {
        let media = format!("first_port = {first}\nlast_port = {last}");
        assert_eq!(faults(&format!("max_calls = {calls}"), &media), expected);
    }
}

#[test]
fn addresses_fit_each_other() {
    let family = "must be IPv4 or IPv6 as `sip.listen` is";
    let loopback = "media.address must not be a loopback address when `sip.listen` is none and `sip.advertise` is not given";
    for (listen, advertise, media, expected) in [
        ("127.0.0.1:5060", "", "127.0.0.1", String::new()),
        ("192.0.2.1:5060", "", "192.0.2.1", String::new()),
        ("192.0.2.1:5060", "", "127.0.0.1", loopback.to_owned()),
        ("192.0.2.1:5060", "203.0.113.7", "127.0.0.1", String::new()),
        ("[2001:db8::1]:5060", "", "::1", loopback.to_owned()),
        ("[2001:db8::1]:5060", "", "2001:db8::1", String::new()),
        (
            "[2001:db8::1]:5060",
            "",
            "192.0.2.1",
            format!("media.address {family}"),
        ),
        (
            "192.0.2.1:5060",
            "",
            "2001:db8::1",
            format!("media.address {family}"),
        ),
        (
            "192.0.2.1:5060",
            "2001:db8::7",
            "192.0.2.1",
            format!("sip.advertise {family}"),
        ),
    ] {
        let mut sip = format!("listen = \"{listen}\"");
        if !advertise.is_empty() {
            sip.push_str(&format!("\nadvertise = \"{advertise}\""));
        }
        assert_eq!(
            faults(&sip, &format!("address = \"{media}\"")),
            expected,
            "{listen} {advertise} {media}"
        );
    }
}
