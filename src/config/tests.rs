//! What is refused, with its place.

use std::path::Path;

use super::{Config, ModelChoice};

/// A configuration that is good, in 16 lines.
const GOOD: &str = "\
[sip]
max_calls = 10
[media]
threads = 1
[recognition]
deadline_ms = 6000
[synthesis]
deadline_ms = 5000
[[business]]
id = \"appliance\"
name = \"Appliance\"
[[business.line]]
number = \"4008001001\"
knowledge = \"a.csv\"
[[business.line]]
number = \"4008001002\"
knowledge = \"b.csv\"
";

#[track_caller]
fn refuse(from: &str, to: &str, expected: &str) {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD, "{from}");
    let error = Config::parse(Path::new("yingda.toml"), &text).expect_err("refused");
    let expected = format!("configuration file yingda.toml, {expected}");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_value_that_cannot_be_is_named_with_its_line() {
    assert!(Config::parse(Path::new("yingda.toml"), GOOD).is_ok());
    refuse(
        "max_calls = 10",
        "max_calls = 0",
        "line 2: `sip.max_calls` must be at least 1",
    );
    refuse(
        "4008001002",
        "5008001002",
        "line 16: `business[0].line[1].number` must be 400 and seven digits, not `5008001002`",
    );
    refuse(
        "deadline_ms = 6000",
        "deadline_ms = 0",
        "line 6: `recognition.deadline_ms` must be at least 1",
    );
    refuse(
        "deadline_ms = 5000",
        "deadline_ms = 0",
        "line 8: `synthesis.deadline_ms` must be at least 1",
    );
}

#[test]
fn an_address_that_is_none_needs_one_to_advertise() {
    // A description with `c=0.0.0.0` puts the caller on hold (RFC 2543 §B.5).
    refuse(
        "threads = 1",
        "address = \"0.0.0.0\"",
        "line 1: `sip.advertise` must be given when `media.address` names no one address",
    );
    refuse(
        "max_calls = 10",
        "advertise = \"0.0.0.0\"",
        "line 2: `sip.advertise` must name one address",
    );
    let text = GOOD
        .replace("threads = 1", "address = \"0.0.0.0\"")
        .replace("max_calls = 10", "advertise = \"192.0.2.1\"");
    assert!(Config::parse(Path::new("yingda.toml"), &text).is_ok());
}

#[test]
fn an_encoder_is_bundled_chosen_or_none() {
    let check = |key: &str, expected: ModelChoice| {
        let text = format!("[retrieval]\n{key}\n{GOOD}");
        let config = Config::parse(Path::new("/etc/yingda/yingda.toml"), &text).expect("good");
        assert_eq!(config.retrieval.encoder, expected, "{key}");
    };
    check("", ModelChoice::Bundled);
    check("encoder = \"bundled\"", ModelChoice::Bundled);
    check("encoder = \"none\"", ModelChoice::Nothing);
    check(
        "encoder = \"models/bge\"",
        ModelChoice::At("/etc/yingda/models/bge".into()),
    );
}
