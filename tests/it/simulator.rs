//! Simulated phones that call each other: what one says is what the other hears.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use yingda::{
    audio::{Pcm, SampleRate},
    call::Digit,
    clock::ProcessClock,
    media::Direction,
    simulator::{
        self, Act, CallPlan, News, Progress, RunnerConfig, Scenario, Silent,
        agent::{AgentDesk, AgentPolicy, Manner},
        clip::{Clip, Voice, write_wav},
        leg::{Leg, LegState, Waited},
    },
    sip::{OutgoingInvite, SipConfig, SipEndpoint},
    tts::fake::FakeSynthesizer,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A sound unlike itself at any other time: tones that change every 50 ms.
fn sound(seed: u32, seconds: f32) -> Clip {
    let mut state = seed;
    let mut hertz = 0.0;
    let samples: Vec<i16> = (0..(seconds * 8_000.0) as usize)
        .map(|place| {
            if place % 400 == 0 {
                // Numerical Recipes' generator: the same sounds in every run.
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                hertz = 300.0 + (state >> 16) as f32 / 65_536.0 * 2_500.0;
            }
            let phase = std::f32::consts::TAU * hertz * place as f32 / 8_000.0;
            (phase.sin() * 6_000.0) as i16
        })
        .collect();
    Clip::new(&Pcm::new(SampleRate::TELEPHONE, samples), 0.0)
}

/// The best likeness of `sent` anywhere in `heard`.
fn likeness(sent: &[i16], heard: &[i16]) -> f64 {
    let power = |samples: &[i16]| -> f64 {
        samples
            .iter()
            .map(|&sample| f64::from(sample) * f64::from(sample))
            .sum()
    };
    let of_sent = power(sent);
    heard
        .windows(sent.len())
        .step_by(1)
        .filter(|window| window[..160].iter().any(|sample| sample.abs() > 500))
        .map(|window| {
            let product: f64 = window
                .iter()
                .zip(sent)
                .map(|(&x, &y)| f64::from(x) * f64::from(y))
                .sum();
            product / (of_sent * power(window)).sqrt()
        })
        .fold(0.0, f64::max)
}

async fn dial(caller: &SipEndpoint, desk: &AgentDesk, clock: ProcessClock) -> Leg {
    let invite = OutgoingInvite {
        target: format!("sip:agent@{}", desk.endpoint().local_address()),
        from_user: "13800138000".to_owned(),
        from_display: None,
        headers: Vec::new(),
        credentials: None,
        offer: String::new(),
    };
    Leg::dial(caller, invite, Ipv4Addr::LOCALHOST.into(), clock)
        .await
        .expect("dialled")
}

struct Two {
    caller: SipEndpoint,
    desk: AgentDesk,
    clock: ProcessClock,
}

impl Two {
    async fn new() -> Self {
        let clock = ProcessClock::start();
        let (caller, _) = SipEndpoint::start(SipConfig::default())
            .await
            .expect("listens");
        let desk = AgentDesk::open(SipConfig::default(), Ipv4Addr::LOCALHOST.into(), clock)
            .await
            .expect("listens");
        Self {
            caller,
            desk,
            clock,
        }
    }
}

fn policy(manner: Manner) -> AgentPolicy {
    AgentPolicy {
        manner,
        after: Duration::from_millis(50),
        say: None,
        hang_up_after: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_hear_each_other() {
    let two = Two::new().await;
    let (question, answer) = (sound(1, 1.2), sound(2, 1.0));
    let duty = two.desk.on_duty(AgentPolicy {
        say: Some(answer.clone()),
        hang_up_after: Some(Duration::from_millis(100)),
        ..policy(Manner::Answer)
    });
    let mut leg = dial(&two.caller, &two.desk, two.clock).await;
    let talking = leg
        .until(PATIENCE, |state, _| {
            matches!(state, LegState::Talking { .. }).then_some(())
        })
        .await;
    assert_eq!(talking, Waited::Came(()));
    assert!(!leg.dialog.call_id().is_empty());
    leg.phone.press(vec![Digit::new('7').expect("a key")]).await;
    let ticket = leg.phone.play(question.clone()).await;
    let finished = leg
        .until(PATIENCE, |_, phone| {
            (phone.finished >= ticket).then_some(phone.spoke)
        })
        .await;
    assert!(matches!(finished, Waited::Came(Some(_))), "{finished:?}");
    // The agent speaks 700 ms after the question; then it hangs up.
    let reply = leg.until(PATIENCE, |_, phone| phone.hearing.reply()).await;
    let Waited::Came(reply) = reply else {
        panic!("no reply: {reply:?}");
    };
    assert!(
        (Duration::from_millis(650)..Duration::from_millis(1_500)).contains(&reply),
        "{reply:?}"
    );
    let ended = leg.until(PATIENCE, |_, _| None::<()>).await;
    assert_eq!(ended, Waited::Ended);
    assert_eq!(leg.state(), &LegState::Over { by_us: false });
    let tape = leg.put_away().await;
    let heard = likeness(answer.samples(), tape.samples());
    assert!(heard > 0.99, "the caller heard {heard}");
    let report = duty.report(PATIENCE).await.expect("a call came");
    assert!(report.was_answered);
    let heard = likeness(question.samples(), &report.heard);
    assert!(heard > 0.99, "the agent heard {heard}");
}

#[tokio::test]
async fn agents_refuse_in_their_manner() {
    let two = Two::new().await;
    for (manner, status) in [(Manner::Decline, 603), (Manner::Busy, 486)] {
        let duty = two.desk.on_duty(policy(manner));
        let mut leg = dial(&two.caller, &two.desk, two.clock).await;
        assert_eq!(leg.until(PATIENCE, |_, _| None::<()>).await, Waited::Ended);
        assert!(
            matches!(leg.state(), LegState::Refused { status: seen, .. } if *seen == status),
            "{:?}",
            leg.state()
        );
        let report = duty.report(PATIENCE).await.expect("a call came");
        assert_eq!((report.was_answered, report.status), (false, Some(status)));
    }
    // Nobody is on duty.
    let mut leg = dial(&two.caller, &two.desk, two.clock).await;
    leg.until(PATIENCE, |_, _| None::<()>).await;
    assert!(
        matches!(leg.state(), LegState::Refused { status: 480, .. }),
        "{:?}",
        leg.state()
    );
}

#[tokio::test]
async fn who_gives_up_is_cancelled() {
    let two = Two::new().await;
    let duty = two.desk.on_duty(policy(Manner::Ring));
    let mut leg = dial(&two.caller, &two.desk, two.clock).await;
    let ringing = leg
        .until(PATIENCE, |state, _| {
            (*state == LegState::Calling { rings: true }).then_some(())
        })
        .await;
    assert_eq!(ringing, Waited::Came(()));
    leg.end().await;
    assert!(
        matches!(leg.state(), LegState::Refused { status: 487, .. }),
        "{:?}",
        leg.state()
    );
    let report = duty.report(PATIENCE).await.expect("a call came");
    assert_eq!((report.was_answered, report.status), (false, Some(487)));
}

#[tokio::test]
async fn hold_stops_the_sound_and_resume_brings_it_back() {
    let two = Two::new().await;
    let _duty = two.desk.on_duty(policy(Manner::Answer));
    let mut leg = dial(&two.caller, &two.desk, two.clock).await;
    let hears_packets = async |leg: &mut Leg, more: u64| {
        let before = leg.phone.state().received;
        leg.until(Duration::from_millis(400), |_, phone| {
            (phone.received >= before + more).then_some(())
        })
        .await
    };
    leg.until(PATIENCE, |_, phone| (phone.received > 0).then_some(()))
        .await;
    leg.redirect(Direction::SendOnly).await.expect("held");
    // What was under way may still come.
    assert_eq!(hears_packets(&mut leg, 10).await, Waited::Late);
    leg.redirect(Direction::SendRecv).await.expect("resumed");
    assert_eq!(hears_packets(&mut leg, 10).await, Waited::Came(()));
    leg.end().await;
    assert_eq!(leg.state(), &LegState::Over { by_us: true });
}

/// Remembers what it is told.
#[derive(Default)]
struct Notes(std::sync::Mutex<Vec<News>>);

impl Progress for Notes {
    fn happened(&self, _call: &str, news: &News) {
        self.0.lock().expect("no panic").push(news.clone());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_by_hand_says_what_it_heard() {
    let two = Two::new().await;
    let duty = two.desk.on_duty(AgentPolicy {
        say: Some(sound(3, 0.6)),
        hang_up_after: Some(Duration::from_millis(1_500)),
        ..policy(Manner::Answer)
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("heard.wav");
    let question = folder.path().join("question.wav");
    write_wav(&question, sound(4, 0.5).samples()).expect("written");
    let plan = CallPlan {
        from: "13800138000".to_owned(),
        headers: Vec::new(),
        acts: vec![Act::Wav(question)],
        voice: Voice::default(),
        patience: Duration::from_millis(200),
        record: Some(file.clone()),
        recogniser: None,
        local: Ipv4Addr::LOCALHOST.into(),
    };
    let target = format!("sip:agent@{}", two.desk.endpoint().local_address());
    let notes = Arc::new(Notes::default());
    let voices = FakeSynthesizer::default();
    // The agent waits to be spoken to, and the caller for the agent: the plan is given up after 200 ms.
    let outcome = simulator::call(&target, plan.clone(), &voices, notes.clone());
    let outcome = outcome.await.expect("called");
    assert_eq!(outcome.status, None);
    assert!(
        outcome
            .failure
            .is_some_and(|why| why.contains("never came")),
        "{:?}",
        outcome.replies
    );
    assert!(
        duty.report(PATIENCE)
            .await
            .is_some_and(|agent| agent.was_answered)
    );
    assert!(Clip::read(&file).is_ok());
    let notes = notes.0.lock().expect("no panic").clone();
    assert!(matches!(notes[0], News::Dialling { .. }), "{notes:?}");
    assert!(notes.contains(&News::Answered), "{notes:?}");

    // Nobody is there any more.
    let refused = simulator::call(&target, plan, &voices, Arc::new(Silent)).await;
    assert_eq!(refused.expect("called").status, Some(480));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scenario_without_records_fails_and_says_so() {
    let two = Two::new().await;
    let target = two.desk.endpoint().local_address().to_string();
    let config = RunnerConfig {
        target,
        // Nobody listens there.
        console: "http://127.0.0.1:1".to_owned(),
        ..RunnerConfig::default()
    };
    let text = "name: nobody\ndial: agent\nexpect: { status: 480 }\n";
    let scenario = Scenario::parse(std::path::Path::new("a.yaml"), text).expect("a scenario");
    let voices = Arc::new(FakeSynthesizer::default());
    let report = simulator::run(vec![scenario], config, voices, Arc::new(Silent)).await;
    let report = report.expect("it ran");
    assert_eq!((report.passed, report.failed), (0, 1));
    let scenario = &report.scenarios[0];
    assert_eq!((scenario.status, scenario.call.as_ref()), (Some(480), None));
    assert!(
        scenario.failures.len() == 1 && scenario.failures[0].contains("http://127.0.0.1:1/api"),
        "{:?}",
        scenario.failures
    );
}
