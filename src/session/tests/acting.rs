//! An action in a whole call: what is asked of the driver, what is recorded, and its replay.

use super::*;
use crate::{
    action::{
        ActionFailure, ActionPlan, ActionPlans, ActionReply, CheckDigit, Outcome, SlotKind,
        SlotPlan,
    },
    call::CallEvent,
    conversation::Input,
    entry::{Action, Candidate, Entry, Finding, Verdict},
    ids::{ActionId, EntryId, KnowledgeVersion, SearchId, UtteranceId},
    transcript::Recognition,
};

fn says(stage: &mut Stage, utterance: u64, text: &str) -> Vec<String> {
    let utterance = UtteranceId(utterance);
    let (speech_started, speech_ended) = (stage.now, stage.now);
    let recognition = Recognition {
        text: Pii::new(text.to_owned()),
        confidence: 0.9,
        took_ms: 40,
    };
    let mut told = Vec::new();
    for input in [
        Input::SpeechStarted {
            utterance,
            over: None,
        },
        Input::SpeechEnded {
            utterance,
            revision: 1,
            speech_started,
            speech_ended,
        },
        Input::Recognised {
            utterance,
            revision: 1,
            recognition,
        },
    ] {
        told = stage.tell(SessionInput::Conversation(input));
    }
    told
}

fn lookup() -> Action {
    Action::Lookup("order".to_owned())
}

/// A call that waits for the reply to a request.
fn asked() -> Stage {
    let mut settings = settings(TransferMode::Bridge, None);
    let slot = SlotPlan {
        name: "order".to_owned(),
        label: "订单号".to_owned(),
        ask: None,
        kind: SlotKind::Digits {
            min: 8,
            max: 8,
            check: CheckDigit::None,
        },
    };
    let plan = ActionPlan { slots: vec![slot] };
    Arc::make_mut(&mut settings.conversation).plans =
        Arc::new(ActionPlans::new([(lookup(), plan)]));
    let mut stage = Stage::new(Some(settings));
    stage.tell(offered(Some("4008001001")));
    stage.tell(SessionInput::Confirmed {
        codec: "PCMA".to_owned(),
    });
    stage.now += Duration::from_secs(5);
    says(&mut stage, 1, "我的快递到哪了");
    let entry = Entry {
        id: EntryId::new("E001"),
        category: String::new(),
        question: "我的快递到哪了".to_owned(),
        similar_questions: Vec::new(),
        answer: "我帮您查。".to_owned(),
        action: lookup(),
        name: String::new(),
        validity: Default::default(),
    };
    let candidate = Candidate {
        matched: entry.question.clone(),
        entry: Arc::new(entry),
        score: 0.9,
    };
    let finding = Finding {
        verdict: Verdict::Answer { candidate },
        version: KnowledgeVersion::new("v1"),
        second: None,
    };
    let search = SearchId(0);
    let told = stage.tell(SessionInput::Conversation(Input::Found { search, finding }));
    assert_eq!(told, ["answer E001", "say slot.ask_number"]);
    assert_eq!(
        says(&mut stage, 2, "一二三四五六七八"),
        ["say slot.confirm"]
    );
    let told = says(&mut stage, 3, "对");
    assert!(told[0].starts_with("Act(ActionRequest"), "{told:?}");
    assert!(!told[0].contains("12345678"), "{told:?}");
    stage
}

#[test]
fn a_reply_is_said_recorded_and_replayed() {
    let mut stage = asked();
    let id = ActionId(0);
    stage.now += Duration::from_millis(400);
    let result = Ok(ActionReply {
        outcome: Outcome::Refused,
        fields: [("reason".to_owned(), Pii::new("已发货".to_owned()))].into(),
    });
    let told = stage.tell(SessionInput::Conversation(Input::Acted { id, result }));
    assert_eq!(told, ["say action.refused"]);
    let records = stage.machine.records().iter();
    let events: Vec<&CallEvent> = records.map(|record| &record.event).collect();
    assert!(events.contains(&&CallEvent::ActionRequested {
        id,
        action: lookup(),
        slots: vec![("order".to_owned(), Pii::new("12345678".to_owned()))],
    }));
    assert!(events.iter().any(|event| matches!(
        event,
        CallEvent::ActionReplied {
            outcome: Outcome::Refused,
            took_ms: 400,
            ..
        }
    )));
    stage.check_replay();
}

#[test]
fn without_systems_the_staff_is_told() {
    let mut stage = asked();
    let told = stage.tell(SessionInput::Conversation(Input::Acted {
        id: ActionId(0),
        result: Err(ActionFailure::NotConfigured),
    }));
    assert_eq!(told, ["say action.noted"]);
    assert!(stage.records().contains(&"noted".to_owned()));
    stage.check_replay();
}

#[test]
fn nobody_waits_for_a_reply_for_ever() {
    let mut stage = asked();
    assert_eq!(stage.wait(), ["say trouble.filler"]);
    assert_eq!(stage.wait(), ["say action.noted"]);
    assert!(stage.records().contains(&"action_failed".to_owned()));
    stage.check_replay();
}

#[test]
fn settings_without_plans_are_read() {
    let settings = settings(TransferMode::Bridge, None);
    let mut written =
        serde_json::to_value(JournalSettings::of(&settings, "zh-CN")).expect("settings are JSON");
    let fields = written.as_object_mut().expect("a map");
    assert!(fields.remove("plans").is_some());
    let read: JournalSettings = serde_json::from_value(written).expect("it was complete before");
    assert_eq!(read.plans, ActionPlans::default());
}
