//! A caller who waits until the bot has spoken, and what is on record afterwards.

use std::time::Duration;

use yingda::{
    call::CallEvent,
    clock::{Moment, ProcessClock},
    simulator::leg::{Leg, LegState, Waited},
};

use super::server::{Server, caller, invite};

const PATIENCE: Duration = Duration::from_secs(60);
/// A pause of the bot that is the end of what it says.
const QUIET: Duration = Duration::from_millis(1_500);

/// A call of a line, after the greeting.
pub async fn greeted(server: &Server, line: &str) -> Leg {
    let clock = ProcessClock::start();
    let endpoint = caller().await;
    let dialled = Leg::dial(&endpoint, invite(server, line), server.sip.ip(), clock).await;
    let mut leg = dialled.expect("sent");
    let greeted = leg.until(PATIENCE, |state, phone| match state {
        LegState::Talking { since } => phone
            .hearing
            .has_spoken_since(*since, phone.now, QUIET)
            .then_some(()),
        _ => None,
    });
    assert_eq!(greeted.await, Waited::Came(()), "the bot greets");
    leg
}

/// Waits until the bot has said something that began after `since`.
pub async fn replied(leg: &mut Leg, since: Moment, what: &str) {
    let replied = leg.until(PATIENCE, |_, phone| {
        let spoken = phone.hearing.has_spoken_since(since, phone.now, QUIET);
        spoken.then_some(())
    });
    assert_eq!(replied.await, Waited::Came(()), "{what}");
}

/// Hangs up, stops the server, and gives what is on record.
pub async fn ended(server: Server, mut leg: Leg) -> Vec<CallEvent> {
    leg.end().await;
    leg.put_away().await;
    let calls = server.closed_calls(1).await;
    let store = server.store().await;
    let records = store.records(calls[0].call).await.expect("read");
    store.close().await;
    server.stop().await;
    records.into_iter().map(|record| record.event).collect()
}

/// What the caller heard.
pub fn heard(events: &[CallEvent]) -> String {
    let heard = events.iter().filter_map(|event| match event {
        CallEvent::SpeechEnded { heard, .. } => Some(heard.as_str()),
        _ => None,
    });
    heard.collect()
}
