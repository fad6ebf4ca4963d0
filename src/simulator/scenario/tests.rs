//! Scenario files, good and bad.

use super::*;

fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse(Path::new("scenarios/a.yaml"), text)
}

const WHOLE: &str = r#"
name: everything
line: "4008001001"
caller:
  number: "+8613800138000"
  display: 张三
  asserted: "<sip:+8613800138000@ims>"
  headers: { X-Test: "1" }
  voice: m1
  speed: 180
agent: { does: answer, after_ms: 300, say: 您好, hang_up_after_ms: 500 }
steps:
  - say: 空调坏了怎么报修
    expect: { answer: A001, within_ms: 1500 }
  - say: 嗯
    gain_db: -6
    when: { over_prompt: 800 }
    expect: { backchannel: true }
  - press: "1#"
    by: info
    expect: { chosen: A002 }
  - silence_ms: 3000
  - do: hold
    when: { after_event: bridged }
  - do: wait_end
    patience_ms: 60000
    expect: { reprompt: 2 }
expect:
  disposition: contained
  ended_by: bot
  cause: silence
  events:
    held:
    escalated: { reason: key_zero }
  absent: [bridged]
  recording: true
"#;

#[test]
fn a_whole_file_is_read() {
    let scenario = parse(WHOLE).expect("a scenario");
    assert_eq!(
        (scenario.name.as_str(), scenario.dial.as_str()),
        ("everything", "4008001001")
    );
    assert_eq!(scenario.caller.headers.len(), 2);
    let agent = scenario.agent.as_ref().expect("an agent");
    assert_eq!(agent.after, Duration::from_millis(300));
    let [question, backchannel, keys, silence, hold, end] = &scenario.steps[..] else {
        panic!("{:?}", scenario.steps);
    };
    assert_eq!(question.when, When::AfterPrompt);
    assert_eq!(question.line, 13);
    assert_eq!(question.expect.answer.as_deref(), Some("A001"));
    assert_eq!(backchannel.when, When::OverPrompt(800));
    let Action::Say { voice, .. } = &backchannel.action else {
        panic!("{:?}", backchannel.action);
    };
    assert_eq!(
        (voice.voice.as_str(), voice.speed, voice.gain_db),
        ("m1", 180.0, -6.0)
    );
    assert!(matches!(&keys.action, Action::Press(keys, KeysBy::Info) if keys.len() == 2));
    assert_eq!(silence.action, Action::Silence(Duration::from_secs(3)));
    assert_eq!(hold.when, When::AfterEvent("bridged".to_owned()));
    assert_eq!(end.patience, Duration::from_secs(60));
    let expect = &scenario.expect;
    assert_eq!(expect.disposition, Some(Disposition::Contained));
    assert_eq!(expect.events["held"], None);
    let escalated = expect.events["escalated"].as_ref().expect("fields");
    assert_eq!(escalated["reason"], "key_zero");
}

#[test]
fn what_follows_a_silence_waits_for_no_words() {
    let text = "name: a\nline: \"1\"\nsteps:\n  - press: \"5\"\n    expect: { silence: true }\n  - say: 一\n  - say: 二\n";
    let scenario = parse(text).expect("good");
    let silent = scenario.steps.iter().map(|step| step.expect.silence);
    assert_eq!(silent.collect::<Vec<_>>(), [true, false, false]);
    let moments = scenario.steps.iter().map(|step| step.when.clone());
    assert_eq!(
        moments.collect::<Vec<_>>(),
        [When::AfterPrompt, When::AfterMs(0), When::AfterPrompt]
    );
}

#[test]
fn little_is_needed() {
    let scenario = parse("name: a\ndial: \"95588\"\nexpect: { status: 404 }\n").expect("enough");
    assert_eq!(scenario.caller.number, "13800138000");
    assert_eq!(scenario.expect.status, Some(404));
    assert!(scenario.steps.is_empty() && scenario.agent.is_none());
}

#[test]
fn bad_files_are_refused_with_their_line() {
    let check = |text: &str, line: u64, word: &str| {
        let error = parse(text).expect_err(text).to_string();
        let place = format!("scenarios/a.yaml:{line}: ");
        assert!(
            error.starts_with(&place) && error.contains(word),
            "{text}\ngives: {error}"
        );
        assert!(!error.contains('\n'), "{error}");
    };
    let steps = |step: &str| format!("name: a\nline: \"4008001001\"\nsteps:\n{step}");
    check("name: a\nline: \"1\"\ncolour: red\n", 3, "colour");
    check("name: a\nline: \"1\"\nsteps: 3\n", 3, "");
    check("name: \"\"\nline: \"1\"\n", 1, "`name` is empty");
    check("name: a\n", 1, "`line` or `dial`");
    check("name: a\nline: \"1\"\ndial: \"2\"\n", 1, "not both");
    check("name: a\n\nline: \"a b\"\n", 3, "cannot be dialled");
    check(
        "name: a\nline: \"1\"\ncaller: { number: \"a@b\" }\n",
        1,
        "From",
    );
    check("name: a\nline: \"1\"\nagent: { does: sing }\n", 3, "sing");
    check(
        "name: a\nline: \"1\"\nagent: { does: busy, say: 您好 }\n",
        3,
        "agent.say",
    );
    check(&steps("  - {}\n"), 4, "one of say");
    check(&steps("  - say: 一\n    press: \"1\"\n"), 4, "one of say");
    check(&steps("  - say: 一\n  - says: 二\n"), 5, "says");
    check(&steps("  - say: 一\n  - press: \"1x\"\n"), 5, "1x");
    check(&steps("  - wav: none.wav\n"), 4, "none.wav");
    check(
        &steps("  - press: \"1\"\n    voice: m1\n"),
        4,
        "needs `say`",
    );
    check(&steps("  - say: 一\n    by: info\n"), 4, "needs `press`");
    check(&steps("  - say: 一\n    speed: 900\n"), 4, "900");
    check(&steps("  - say: 一\n    when: later\n"), 5, "later");
    check(
        &steps("  - say: 一\n    when: { after_event: bridge }\n"),
        4,
        "`bridge` is no event",
    );
    check(
        &steps("  - say: 一\n    expect: { anwser: A1 }\n"),
        5,
        "anwser",
    );
    check(
        &steps("  - say: 一\n    expect: { human: angry }\n"),
        5,
        "angry",
    );
    check(
        &steps("  - say: 一\n    expect: { understood: maybe }\n"),
        5,
        "maybe",
    );
    check(
        &steps("  - say: 一\n    expect: { silence: true, within_ms: 9 }\n"),
        4,
        "`silence` is nothing",
    );
    check(
        &steps("  - do: hangup\n    expect: { silence: true }\n"),
        4,
        "`silence` is for a call that goes on",
    );
    check(
        "name: a\nline: \"1\"\nexpect: { disposition: good }\n",
        3,
        "good",
    );
    check(
        "name: a\nline: \"1\"\nexpect: { events: { bridge: } }\n",
        3,
        "`bridge` is no event",
    );
    check(
        &steps("  - say: 一\nexpect: { status: 404 }\n"),
        5,
        "never answered",
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = Scenario::load(Path::new("none.yaml")).expect_err("missing");
    assert!(error.to_string().starts_with("none.yaml: "), "{error}");
}

#[test]
fn the_scenarios_of_the_repository_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut names = std::collections::BTreeSet::new();
    for file in std::fs::read_dir(folder).expect("the folder is there") {
        let file = file.expect("an entry").path();
        let scenario = Scenario::load(&file).unwrap_or_else(|error| panic!("{error}"));
        assert!(
            names.insert(scenario.name),
            "{} is named twice",
            file.display()
        );
    }
    assert!(names.len() >= 15, "{names:?}");
}
