//! What a configuration must hold beyond its types.

mod actions;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    file::{BusinessConfig, Config, LineConfig, RecognitionEngine, SynthesisEngine},
    network::network,
};
use crate::{llm::endpoint, retrieval::qdrant::address};

/// A key and what is wrong with its value.
type Fault = (String, String);

fn fault(key: impl Into<String>, problem: impl Into<String>) -> Result<(), Fault> {
    Err((key.into(), problem.into()))
}

/// The first fault, if there is one.
pub(super) fn check(config: &Config) -> Result<(), Fault> {
    check_sip(config)?;
    check_media(config)?;
    check_addresses(config)?;
    check_engines(config)?;
    check_language_model(config)?;
    check_qdrant(config)?;
    check_patience(config)?;
    if config.businesses.is_empty() {
        fault("business", "must be given at least once")?;
    }
    let mut ids = BTreeSet::new();
    for (place, business) in config.businesses.iter().enumerate() {
        let key = format!("business[{place}]");
        if !ids.insert(&business.id) {
            fault(
                format!("{key}.id"),
                format!("`{}` is taken by another business", business.id),
            )?;
        }
        check_business(&key, business, config.synthesis.engine)?;
    }
    Ok(())
}

fn check_sip(config: &Config) -> Result<(), Fault> {
    let sip = &config.sip;
    if sip.max_calls == 0 {
        fault("sip.max_calls", "must be at least 1")?;
    }
    // RFC 4028 §4: no session timer is shorter than 90 s.
    if sip.session_expires_s < 90 {
        fault("sip.session_expires_s", "must be at least 90 (RFC 4028 §4)")?;
    }
    if sip.advertise.is_none() && sip.listen.ip().is_unspecified() {
        fault(
            "sip.advertise",
            "must be given when `sip.listen` names no one address",
        )?;
    }
    // A description with `c=0.0.0.0` would put every caller on hold (RFC 2543 §B.5).
    if sip.advertise.is_none() && config.media.address.is_unspecified() {
        fault(
            "sip.advertise",
            "must be given when `media.address` names no one address",
        )?;
    }
    if sip
        .advertise
        .is_some_and(|address| address.is_unspecified())
    {
        fault("sip.advertise", "must name one address")?;
    }
    for (place, allowed) in sip.allow.iter().enumerate() {
        if let Err(problem) = network(allowed) {
            fault(format!("sip.allow[{place}]"), problem)?;
        }
    }
    for (place, trunk) in sip.trunks.iter().enumerate() {
        if !trunk.registrar.starts_with("sip:") {
            fault(
                format!("sip.trunk[{place}].registrar"),
                "must be a URI beginning with `sip:`",
            )?;
        }
        if trunk.expires_s < 60 {
            fault(
                format!("sip.trunk[{place}].expires_s"),
                "must be at least 60",
            )?;
        }
    }
    Ok(())
}

fn check_media(config: &Config) -> Result<(), Fault> {
    let media = &config.media;
    if !media.first_port.is_multiple_of(2) || media.first_port < 1_024 {
        fault("media.first_port", "must be even and at least 1024")?;
    }
    // RTP and RTCP, an even port and the next, of a caller leg and an agent leg.
    let needed = config.sip.max_calls.saturating_mul(4);
    let pairs = media.last_port.saturating_sub(media.first_port).div_ceil(2);
    let given = 2 * usize::from(pairs);
    if given < needed {
        let calls = config.sip.max_calls;
        let problem = format!(
            "leaves {given} ports from `media.first_port` on, but the {calls} calls of `sip.max_calls` need {needed}"
        );
        fault("media.last_port", problem)?;
    }
    if media.threads == 0 {
        fault("media.threads", "must be at least 1")?;
    }
    if media.lost_after_s == 0 {
        fault("media.lost_after_s", "must be at least 1")?;
    }
    Ok(())
}

fn check_addresses(config: &Config) -> Result<(), Fault> {
    let (listen, media) = (config.sip.listen.ip(), config.media.address);
    if config
        .sip
        .advertise
        .is_some_and(|address| address.is_ipv4() != listen.is_ipv4())
    {
        fault("sip.advertise", "must be IPv4 or IPv6 as `sip.listen` is")?;
    }
    if media.is_ipv4() != listen.is_ipv4() {
        fault("media.address", "must be IPv4 or IPv6 as `sip.listen` is")?;
    }
    // Callers from elsewhere would be told to send their voice to themselves.
    if media.is_loopback() && !listen.is_loopback() && config.sip.advertise.is_none() {
        fault(
            "media.address",
            "must not be a loopback address when `sip.listen` is none and `sip.advertise` is not given",
        )?;
    }
    Ok(())
}

fn check_engines(config: &Config) -> Result<(), Fault> {
    let (recognition, synthesis) = (&config.recognition, &config.synthesis);
    if recognition.engine != RecognitionEngine::Whisper && !cfg!(feature = "sherpa") {
        fault(
            "recognition.engine",
            "needs a build with the feature `sherpa`",
        )?;
    }
    if synthesis.engine == SynthesisEngine::Kokoro {
        if !cfg!(feature = "kokoro") {
            fault(
                "synthesis.engine",
                "needs a build with the feature `kokoro`",
            )?;
        }
        if synthesis.model.is_none() {
            fault("synthesis.model", "must be given for `kokoro`")?;
        }
    }
    if synthesis.slots == 0 {
        fault("synthesis.slots", "must be at least 1")?;
    }
    if config.recognition.slots == 0 {
        fault("recognition.slots", "must be at least 1")?;
    }
    if config.recognition.queue == 0 {
        fault("recognition.queue", "must be at least 1")?;
    }
    if config.recognition.deadline_ms == 0 {
        fault("recognition.deadline_ms", "must be at least 1")?;
    }
    if config.synthesis.deadline_ms == 0 {
        fault("synthesis.deadline_ms", "must be at least 1")?;
    }
    let retrieval = &config.retrieval;
    for (key, value) in [
        ("retrieval.answer", retrieval.answer),
        ("retrieval.clarify", retrieval.clarify),
        ("retrieval.margin", retrieval.margin),
    ] {
        if !(0.0..=1.0).contains(&value) {
            fault(key, format!("must be between 0 and 1, not {value}"))?;
        }
    }
    if retrieval.clarify > retrieval.answer {
        fault("retrieval.clarify", "must not be above `retrieval.answer`")?;
    }
    Ok(())
}

fn check_language_model(config: &Config) -> Result<(), Fault> {
    let Some(model) = &config.language_model else {
        return Ok(());
    };
    let key = |name: &str| format!("language_model.{name}");
    if let Err(problem) = endpoint(&model.url, model.allow_http) {
        fault(key("url"), problem.to_string())?;
    }
    if model.model.trim().is_empty() {
        fault(key("model"), "must not be empty")?;
    }
    // The caller waits for it in silence, and gets a sentence to wait by after 1,200 ms.
    if !(100..=1_000).contains(&model.first_sentence_ms) {
        fault(key("first_sentence_ms"), "must be between 100 and 1000")?;
    }
    if !(model.first_sentence_ms..=30_000).contains(&model.total_ms) {
        fault(
            key("total_ms"),
            "must be between `first_sentence_ms` and 30000",
        )?;
    }
    if !(16..=2_000).contains(&model.max_tokens) {
        fault(key("max_tokens"), "must be between 16 and 2000")?;
    }
    if !(1..=64).contains(&model.slots) {
        fault(key("slots"), "must be between 1 and 64")?;
    }
    if !(0.0..=1.0).contains(&model.floor) {
        let problem = format!("must be between 0 and 1, not {}", model.floor);
        fault(key("floor"), problem)?;
    }
    Ok(())
}

fn check_qdrant(config: &Config) -> Result<(), Fault> {
    let Some(qdrant) = &config.retrieval.qdrant else {
        return Ok(());
    };
    let key = |name: &str| format!("retrieval.qdrant.{name}");
    let has_key = qdrant.api_key_file.is_some();
    if let Err(problem) = address(&qdrant.url, qdrant.allow_http, has_key) {
        fault(key("url"), problem.to_string())?;
    }
    // The caller waits for it in silence, before the index in process is asked.
    if !(10..=1_000).contains(&qdrant.timeout_ms) {
        fault(key("timeout_ms"), "must be between 10 and 1000")?;
    }
    if qdrant.retries > 10 {
        fault(key("retries"), "must be at most 10")?;
    }
    let is_sound = |symbol: char| symbol.is_ascii_alphanumeric() || matches!(symbol, '-' | '_');
    if !(1..=40).contains(&qdrant.prefix.len()) || !qdrant.prefix.chars().all(is_sound) {
        fault(
            key("prefix"),
            "must be 1 to 40 letters, digits, hyphens and underscores",
        )?;
    }
    Ok(())
}

fn check_patience(config: &Config) -> Result<(), Fault> {
    let silence = config.conversation.silence_s;
    if !(2.0..=120.0).contains(&silence) {
        fault(
            "conversation.silence_s",
            format!("must be between 2 and 120, not {silence}"),
        )?;
    }
    if !(5..=180).contains(&config.handover.ring_s) {
        fault("handover.ring_s", "must be between 5 and 180")?;
    }
    if !(5..=180).contains(&config.handover.refer_s) {
        fault("handover.refer_s", "must be between 5 and 180")?;
    }
    Ok(())
}

fn check_business(
    key: &str,
    business: &BusinessConfig,
    engine: SynthesisEngine,
) -> Result<(), Fault> {
    if business.id.is_empty()
        || !business
            .id
            .chars()
            .all(|symbol| symbol.is_ascii_alphanumeric() || symbol == '-')
    {
        fault(format!("{key}.id"), "must be letters, digits and hyphens")?;
    }
    if business.name.trim().is_empty() {
        fault(format!("{key}.name"), "must not be empty")?;
    }
    actions::check(key, business)?;
    if business.lines.is_empty() {
        fault(format!("{key}.line"), "must be given at least once")?;
    }
    let mut files = BTreeMap::new();
    for (place, line) in business.lines.iter().enumerate() {
        let key = format!("{key}.line[{place}]");
        check_line(&key, line)?;
        let base = line.knowledge_base.as_deref().map_or_else(
            || {
                line.knowledge
                    .file_stem()
                    .map(|stem| stem.to_string_lossy())
            },
            |base| Some(base.into()),
        );
        let file = files.entry(base).or_insert(&line.knowledge);
        if *file != &line.knowledge {
            let problem = format!(
                "{} and {} would be one knowledge base; name them with `knowledge_base`",
                file.display(),
                line.knowledge.display()
            );
            fault(format!("{key}.knowledge"), problem)?;
        }
        if engine == SynthesisEngine::Kokoro && line.language != "zh-CN" {
            let problem = "must be zh-CN: kokoro speaks nothing else";
            fault(format!("{key}.language"), problem)?;
        }
    }
    Ok(())
}

fn check_line(key: &str, line: &LineConfig) -> Result<(), Fault> {
    // 《电信网编号计划》: 400 and seven digits.
    let digits = line.number.chars().all(|symbol| symbol.is_ascii_digit());
    if !digits || line.number.len() != 10 || !line.number.starts_with("400") {
        let problem = format!("must be 400 and seven digits, not `{}`", line.number);
        fault(format!("{key}.number"), problem)?;
    }
    if !matches!(line.language.as_str(), "zh-CN" | "en-US") {
        let problem = format!("must be zh-CN or en-US, not `{}`", line.language);
        fault(format!("{key}.language"), problem)?;
    }
    if let Some(base) = &line.knowledge_base
        && (base.is_empty() || base.contains(['/', ' ']))
    {
        fault(
            format!("{key}.knowledge_base"),
            "must not be empty or hold blanks or `/`",
        )?;
    }
    if let Some(agent) = &line.agent
        && !(agent.starts_with("sip:") && agent.len() > "sip:".len())
    {
        fault(
            format!("{key}.agent"),
            "must be a URI beginning with `sip:`",
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
