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

/// The fault of a configuration that begins with this table; empty when there is none.
fn faults_of_table(table: &str) -> String {
    let text = format!(
        "{table}\n[[business]]\nid = \"a\"\nname = \"a\"\n\
         [[business.line]]\nnumber = \"4008001001\"\nknowledge = \"a.csv\"\n"
    );
    let config: Config = match toml::from_str(&text) {
        Ok(config) => config,
        Err(error) => return error.message().to_owned(),
    };
    match check(&config) {
        Ok(()) => String::new(),
        Err((key, problem)) => format!("{key} {problem}"),
    }
}

/// The fault of a language model's table with these keys beside `model`; empty when there is none.
fn faults_of_model(keys: &str) -> String {
    faults_of_table(&format!("[language_model]\nmodel = \"small\"\n{keys}"))
}

#[test]
fn a_language_model_is_asked_in_private_and_in_time() {
    let near = "url = \"http://127.0.0.1:8000/v1\"";
    for (keys, expected) in [
        ("", ""),
        ("total_ms = 900", ""),
        (
            "first_sentence_ms = 50",
            "language_model.first_sentence_ms must be between 100 and 1000",
        ),
        (
            "first_sentence_ms = 2000",
            "language_model.first_sentence_ms must be between 100 and 1000",
        ),
        (
            "total_ms = 800",
            "language_model.total_ms must be between `first_sentence_ms` and 30000",
        ),
        (
            "max_tokens = 1",
            "language_model.max_tokens must be between 16 and 2000",
        ),
        ("slots = 0", "language_model.slots must be between 1 and 64"),
        (
            "floor = 2.0",
            "language_model.floor must be between 0 and 1, not 2",
        ),
    ] {
        assert_eq!(
            faults_of_model(&format!("{near}\n{keys}")),
            expected,
            "{keys}"
        );
    }
    let far = "url = \"http://models.example/v1\"";
    assert_eq!(
        faults_of_model(far),
        "language_model.url must begin with https:// unless it is on this machine or `allow_http` is set"
    );
    assert_eq!(faults_of_model(&format!("{far}\nallow_http = true")), "");
    assert_eq!(faults_of_model(""), "missing field `url`");
    let typo = faults_of_model(&format!("{near}\nanswers = true"));
    assert!(typo.starts_with("unknown field `answers`"), "{typo}");
}

#[test]
fn the_example_of_a_language_model_is_sound_and_shows_the_defaults() {
    let example = include_str!("../../../yingda.example.toml");
    let (_, table) = example
        .split_once("# [language_model]\n")
        .expect("it is there");
    let table = table.split("\n\n").next().expect("it ends");
    let keys = table.lines().filter_map(|line| line.strip_prefix("# "));
    let keys: Vec<&str> = keys.filter(|line| line.contains(" = ")).collect();
    let shown: crate::config::LanguageModelConfig =
        toml::from_str(&keys.join("\n")).expect("sound");
    let bare: crate::config::LanguageModelConfig =
        toml::from_str(&keys[..3].join("\n")).expect("sound");
    let shown = crate::config::LanguageModelConfig {
        key_file: None,
        ..shown
    };
    assert_eq!(format!("{shown:?}"), format!("{bare:?}"));
    let config: Config = toml::from_str(example).expect("sound");
    assert!(config.language_model.is_none(), "off by default");
}

/// The fault of Qdrant's table with these keys; empty when there is none.
fn faults_of_qdrant(keys: &str) -> String {
    faults_of_table(&format!("[retrieval.qdrant]\n{keys}"))
}

#[test]
fn qdrant_is_asked_in_private_and_in_time() {
    let (near, far) = (
        "url = \"http://127.0.0.1:6334\"",
        "url = \"http://qdrant.example:6334\"",
    );
    let key = "api_key_file = \"qdrant.key\"";
    for (keys, expected) in [
        (near.to_owned(), ""),
        (format!("{near}\n{key}"), ""),
        ("url = \"https://qdrant.example\"".to_owned(), ""),
        (
            far.to_owned(),
            "retrieval.qdrant.url must begin with https:// unless it is on this machine or `allow_http` is set",
        ),
        (format!("{far}\nallow_http = true"), ""),
        (
            format!("{far}\nallow_http = true\n{key}"),
            "retrieval.qdrant.url must begin with https:// where there is an API key, unless it is on this machine",
        ),
        (
            format!("{near}\ntimeout_ms = 5"),
            "retrieval.qdrant.timeout_ms must be between 10 and 1000",
        ),
        (
            format!("{near}\nretries = 11"),
            "retrieval.qdrant.retries must be at most 10",
        ),
        (
            format!("{near}\nprefix = \"应答\""),
            "retrieval.qdrant.prefix must be 1 to 40 letters, digits, hyphens and underscores",
        ),
        (
            format!("{near}\nprefix = \"\""),
            "retrieval.qdrant.prefix must be 1 to 40 letters, digits, hyphens and underscores",
        ),
        (String::new(), "missing field `url`"),
    ] {
        assert_eq!(faults_of_qdrant(&keys), expected, "{keys}");
    }
    let typo = faults_of_qdrant(&format!("{near}\napi_key = \"secret\""));
    assert!(typo.starts_with("unknown field `api_key`"), "{typo}");
}

#[test]
fn the_example_of_qdrant_is_sound_and_shows_the_defaults() {
    let example = include_str!("../../../yingda.example.toml");
    let (_, table) = example
        .split_once("# [retrieval.qdrant]\n")
        .expect("it is there");
    let table = table.split("\n\n").next().expect("it ends");
    let keys = table.lines().filter_map(|line| line.strip_prefix("# "));
    let keys: Vec<&str> = keys.filter(|line| line.contains(" = ")).collect();
    assert_eq!(faults_of_qdrant(&keys.join("\n")), "");
    let read = |keys: &[&str]| -> crate::config::QdrantConfig {
        toml::from_str(&keys.join("\n")).expect("sound")
    };
    let shown = crate::config::QdrantConfig {
        api_key_file: None,
        ..read(&keys)
    };
    assert_eq!(format!("{shown:?}"), format!("{:?}", read(&keys[..1])));
}
