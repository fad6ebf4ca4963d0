//! One call from the greeting to a human, and everything that is left of it.

use std::{path::Path, time::Duration};

use tracing_subscriber::{Layer, layer::SubscriberExt};
use yingda::{
    app::read_prompts,
    call::{CallEvent, Digit, Disposition, EndCause, Party},
    clock::{Moment, ProcessClock},
    entry::Verdict,
    session::replay,
    simulator::{
        agent::{AgentDesk, AgentPolicy, Manner},
        leg::{Leg, LegState, Waited},
    },
    sip::SipConfig,
    storage::Store,
    telemetry::{filter, watch::PiiWatch},
};

use super::{
    server::{Server, caller, invite},
    sip_peer::{Peer, answer_with, header},
    sounds::{channel, correlation, question, silence, tones},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Until the other side has spoken since `since` and is quiet for `quiet_ms`.
async fn spoken(leg: &mut Leg, since: Moment, quiet_ms: u64) {
    let quiet = Duration::from_millis(quiet_ms);
    let waited = leg
        .until(PATIENCE, |_, phone| {
            phone
                .hearing
                .has_spoken_since(since, phone.now, quiet)
                .then_some(())
        })
        .await;
    assert_eq!(waited, Waited::Came(()), "the bot speaks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_answered_then_talks_to_a_human_and_all_of_it_is_on_record() {
    // What a caller says and who they are stays out of the log, whatever the level of ours.
    let watch = PiiWatch::new(["13800138000", "洗衣机不"]);
    let filter = filter(Some("trace")).expect("a filter");
    let subscriber = tracing_subscriber::registry().with(watch.clone().with_filter(filter));
    tracing::subscriber::set_global_default(subscriber).expect("nobody else logs in the tests");

    let clock = ProcessClock::start();
    let desk = AgentDesk::open(SipConfig::default(), [127, 0, 0, 1].into(), clock)
        .await
        .expect("a desk");
    let server = Server::start(Some(desk.endpoint().local_address()), |_| {}).await;
    let (from_agent, from_caller) = (tones(7, 1.5), tones(11, 1.5));
    let duty = desk.on_duty(AgentPolicy {
        manner: Manner::Answer,
        after: Duration::from_millis(300),
        say: Some(from_agent.clone()),
        hang_up_after: None,
    });
    let endpoint = caller().await;
    let media = server.sip.ip();
    let mut leg = Leg::dial(&endpoint, invite(&server, "4008001001"), media, clock)
        .await
        .expect("sent");
    let answered = leg
        .until(PATIENCE, |state, _| match state {
            LegState::Talking { since } => Some(*since),
            _ => None,
        })
        .await;
    let Waited::Came(answered) = answered else {
        panic!("the call is not answered: {:?}", leg.state());
    };
    spoken(&mut leg, answered, 1_500).await;
    leg.phone.play(question()).await;
    let asked = leg.now();
    spoken(&mut leg, asked + Duration::from_secs(2), 1_500).await;
    leg.phone.press(vec![Digit::new('0').expect("a key")]).await;

    // The agent's sentence is over when the agent hears the caller's.
    let bridged = leg.now();
    let waited = leg
        .until(PATIENCE, |_, phone| {
            phone
                .hearing
                .has_spoken_since(bridged, phone.now, Duration::from_secs(4))
                .then_some(())
        })
        .await;
    assert_eq!(waited, Waited::Came(()), "the agent is heard");
    leg.phone.play(from_caller.clone()).await;
    // What is on its way when the caller hangs up is lost, so the last of it is silence.
    let ticket = leg.phone.play(silence(0.5)).await;
    let said = leg
        .until(PATIENCE, |_, phone| {
            (phone.finished >= ticket).then_some(())
        })
        .await;
    assert_eq!(said, Waited::Came(()));
    leg.end().await;
    let over = leg.now();
    let heard_by_caller = leg.put_away().await;

    let report = duty.report(PATIENCE).await.expect("the agent was called");
    assert!(report.was_answered);
    let to_agent = correlation(from_caller.samples(), &report.heard);
    let to_caller = correlation(from_agent.samples(), heard_by_caller.between(bridged, over));
    assert!(
        to_agent > 0.99 && to_caller > 0.99,
        "{to_agent} {to_caller}"
    );

    let calls = server.closed_calls(1).await;
    let call = calls[0].call;
    let (console, path) = (server.console, format!("/api/calls/{call}"));
    let page = tokio::task::spawn_blocking(move || {
        let mut response = ureq::get(format!("http://{console}{path}")).call()?;
        response.body_mut().read_to_string()
    });
    let page = page.await.expect("it ran").expect("the call is shown");
    assert!(
        page.contains("A003") && page.contains("138****8000"),
        "{page}"
    );
    assert!(
        !page.contains("13800138000"),
        "the number is masked: {page}"
    );
    let folder = server.stop().await;
    let store = Store::open_existing(&folder.path().join("yingda.db"))
        .await
        .expect("records");
    let cdr = store.cdr(call).await.expect("read").expect("closed");
    assert_eq!(
        (cdr.ended_by, cdr.cause, cdr.disposition),
        (Party::Caller, EndCause::Hangup, Disposition::HandedOver)
    );
    let records = store.records(call).await.expect("read");
    let answered = records.iter().any(|record| match &record.event {
        CallEvent::Turn { finding, .. } => matches!(
            &finding.verdict,
            Verdict::Answer { candidate } if candidate.entry.id.as_str() == "A003"
        ),
        _ => false,
    });
    assert!(answered, "the question has its answer: {records:#?}");
    store.verify_chain(call).await.expect("an intact chain");

    let recording = store.recording(call).await.expect("read").expect("one");
    let file = folder.path().join("recordings").join(&recording.file);
    let left = correlation(question().samples(), &channel(&file, 0));
    let right = correlation(from_agent.samples(), &channel(&file, 1));
    assert!(left > 0.99 && right > 0.99, "{left} {right}");

    let inputs = store.inputs(call).await.expect("read");
    let journal = inputs
        .iter()
        .map(|input| (input.seq, input.at, input.json.as_str()));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let prompts = read_prompts(&folder, "zh-CN").expect("well formed");
    let replayed = replay(call, journal, |_| Some(prompts.clone())).expect("it can be replayed");
    assert_eq!(json(&replayed.records), json(&records));
    assert_eq!(json(&replayed.cdr), json(&Some(cdr)));
    store.close().await;
    let logged = watch.found();
    assert!(
        logged.is_empty(),
        "{} lines, first {:?}",
        logged.len(),
        logged.first()
    );
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("written")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_takes_leave_of_its_trunk_before_its_calls_are_over() {
    let registrar = Peer::start_unconnected().await;
    let here = registrar.socket.local_addr().expect("bound");
    let server = Server::start(None, |config| {
        let trunk: toml::Table = [
            ("registrar", format!("sip:{here}").into()),
            ("user", "trunk".into()),
            ("password", "s3cret".into()),
            ("expires_s", 3_600.into()),
        ]
        .into_iter()
        .map(|(key, value): (&str, toml::Value)| (key.to_owned(), value))
        .collect();
        let sip = config["sip"].as_table_mut().expect("a section");
        sip.insert("trunk".to_owned(), vec![trunk].into());
    })
    .await;
    registrar
        .socket
        .connect(server.sip)
        .await
        .expect("connected");
    let granted = |request: &str| {
        let contact = header(request, "Contact").expect("a Contact");
        answer_with(
            request,
            "200 OK",
            &format!("Contact: {contact};expires=3600\r\n"),
            "",
        )
    };
    let register = registrar.request_of("REGISTER").await;
    assert_eq!(header(&register, "Expires"), Some("3600"), "{register}");
    registrar.send(granted(&register).as_bytes()).await;

    let endpoint = caller().await;
    let clock = ProcessClock::start();
    let media = server.sip.ip();
    let mut leg = Leg::dial(&endpoint, invite(&server, "4008001001"), media, clock)
        .await
        .expect("sent");
    let talking = |state: &LegState| matches!(state, LegState::Talking { .. });
    let answered = leg
        .until(PATIENCE, |state, _| talking(state).then_some(()))
        .await;
    assert_eq!(answered, Waited::Came(()));
    let stopping = tokio::spawn(server.stop());
    let farewell = registrar.request_of("REGISTER").await;
    assert_eq!(header(&farewell, "Expires"), Some("0"), "{farewell}");
    registrar.send(granted(&farewell).as_bytes()).await;
    // The call goes on all the while.
    assert!(talking(leg.state()), "{:?}", leg.state());
    leg.end().await;
    stopping.await.expect("it stopped");
}
