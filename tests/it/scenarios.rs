//! Every scenario of `tests/scenarios`, against a whole server.

use std::{net::Ipv4Addr, path::Path, sync::Arc};

use yingda::{
    clock::ProcessClock,
    simulator::{self, RunnerConfig, Scenario, Silent, agent::AgentDesk},
    sip::SipConfig,
    tts::{
        cache::{Keep, PhraseCache},
        espeak::{Espeak, EspeakConfig},
    },
};

use super::server::Server;

/// Budget of a spoken question, end-of-speech silence included.
const VOICE_TO_VOICE_MS: u64 = 1_000;

/// Budget from the ACK to the greeting.
const GREETING_MS: u64 = 300;

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_passes_and_replies_come_in_time() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|file| file.expect("an entry").path())
        .collect();
    files.sort();
    let scenarios: Vec<Scenario> = files
        .iter()
        .map(|file| Scenario::load(file).unwrap_or_else(|error| panic!("{error}")))
        .collect();
    let local = Ipv4Addr::LOCALHOST.into();
    let desk = AgentDesk::open(SipConfig::default(), local, ProcessClock::start())
        .await
        .expect("a desk");
    let server = Server::start(Some(desk.endpoint().local_address()), |_| {}).await;
    let config = RunnerConfig {
        target: server.sip.to_string(),
        console: format!("http://{}", server.console),
        desk: Some(desk),
        // Each takes some 40 s, nearly all of it talk: several at once cost little.
        at_once: 12,
        ..RunnerConfig::default()
    };
    let espeak = Espeak::start(EspeakConfig::default())
        .await
        .expect("espeak-ng");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callers");
    let voices = PhraseCache::open(&cache, Keep::All, 1_000, Arc::new(espeak)).expect("a folder");
    let count = scenarios.len();
    let report = simulator::run(scenarios, config, Arc::new(voices), Arc::new(Silent)).await;
    let report = report.expect("they ran");
    let failed: Vec<_> = report
        .scenarios
        .iter()
        .filter(|scenario| !scenario.passed)
        .map(|scenario| (&scenario.name, &scenario.failures))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(report.passed, count);
    let median = report
        .voice_to_voice_ms
        .median
        .expect("questions were answered");
    assert!(
        median <= VOICE_TO_VOICE_MS,
        "{:?}",
        report.voice_to_voice_ms
    );
    let greeting = report.greeting_ms.median.expect("greetings were heard");
    assert!(greeting <= GREETING_MS, "{:?}", report.greeting_ms);
    server.stop().await;
}
