//! What servers record, held against what is expected.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    call::{CallEvent, CallRecord, Disposition, EndCause, EscalationReason, Party},
    clock::Moment,
    conversation::Intent,
    entry::{Candidate, Entry, Finding, Verdict as Found},
    ids::{EntryId, KnowledgeVersion, SearchId, SpeechId, UtteranceId},
    pii::Pii,
    simulator::scenario::HumanReason,
};

/// Events as the API would show them.
fn seen(events: Vec<CallEvent>) -> Vec<Seen> {
    (0..)
        .zip(events)
        .map(|(seq, event)| {
            let at = Moment::from_millis(seq * 100);
            let json = serde_json::to_value(CallRecord { seq, at, event });
            Seen::of(json.expect("serialises")).expect("an event")
        })
        .collect()
}

fn candidate(id: &str) -> Candidate {
    Candidate {
        entry: Arc::new(Entry {
            id: EntryId::new(id),
            category: "报修".to_owned(),
            question: "怎么报修".to_owned(),
            similar_questions: Vec::new(),
            answer: "请说型号。".to_owned(),
            action: crate::entry::Action::Answer,
            name: String::default(),
            validity: Default::default(),
        }),
        score: 0.75,
        matched: "怎么报修".to_owned(),
    }
}

fn turn(verdict: Found) -> CallEvent {
    CallEvent::Turn {
        utterance: Some(UtteranceId(1)),
        search: SearchId(1),
        question: Pii::new("怎么报修".to_owned()),
        finding: Finding {
            verdict,
            version: KnowledgeVersion::new("v"),
            second: None,
        },
        decision_ms: 480,
    }
}

fn recognised(text: &str) -> CallEvent {
    CallEvent::UtteranceRecognised {
        utterance: UtteranceId(1),
        text: Pii::new(text.to_owned()),
        confidence: 0.9,
        span_ms: (1, 2),
        recognition_ms: 100,
    }
}

fn answer(id: &str) -> CallEvent {
    turn(Found::Answer {
        candidate: candidate(id),
    })
}

#[test]
fn verdicts_are_read_from_events() {
    let verdict = Verdict::of(&seen(vec![
        recognised(""),
        recognised("怎么报修"),
        CallEvent::BargeIn {
            utterance: UtteranceId(1),
            speech: SpeechId(1),
        },
        answer("A001"),
    ]));
    let expected = Verdict {
        recognised: Some("怎么报修".to_owned()),
        verdict: Some("answer".to_owned()),
        entry: Some("A001".to_owned()),
        score: Some(0.75),
        barge_in: true,
        decision_ms: Some(480),
        ..Verdict::default()
    };
    assert_eq!(verdict, expected);

    let name = |events| Verdict::of(&seen(events)).verdict;
    let check = |event: CallEvent, expected: &str| {
        assert_eq!(name(vec![event]).as_deref(), Some(expected));
    };
    check(turn(Found::Abstain { nearest: None }), "abstain");
    check(CallEvent::SilenceReprompt { count: 2 }, "reprompt");
    check(
        CallEvent::Backchannel {
            utterance: UtteranceId(1),
        },
        "backchannel",
    );
    check(
        CallEvent::Escalated {
            reason: EscalationReason::KeyZero,
        },
        "human",
    );
    check(
        CallEvent::Understood {
            utterance: None,
            intent: "repeat".to_owned(),
        },
        "repeat",
    );
    assert_eq!(name(vec![recognised("啊")]), None);
}

#[test]
fn a_silence_is_broken_by_any_sound() {
    let check = |silence, broken_ms, expected: &[&str]| {
        let expect = Expectation {
            silence,
            ..Expectation::default()
        };
        let failures = Verdict::of(&seen(vec![answer("A001")])).failures(&expect, None, broken_ms);
        assert_eq!(failures, expected, "{silence} {broken_ms:?}");
    };
    check(true, None, &[]);
    check(false, None, &[]);
    check(
        true,
        Some(700),
        &["expected silence for 3000 ms, got answer A001 and no words, and a sound after 700 ms"],
    );
}

#[test]
fn what_is_not_as_expected_is_a_failure() {
    let check = |events: Vec<CallEvent>, expect: Expectation, words: &[&str]| {
        let failures = Verdict::of(&seen(events)).failures(&expect, Some(900), None);
        assert_eq!(failures.len(), words.len(), "{failures:?}");
        for (failure, word) in failures.iter().zip(words) {
            assert!(failure.contains(word), "{failure} has no {word}");
        }
    };
    let wants = |entry: &str| Expectation {
        answer: Some(entry.to_owned()),
        ..Expectation::default()
    };
    check(vec![answer("A001")], Expectation::default(), &[]);
    check(vec![answer("A001")], wants("A001"), &[]);
    check(
        vec![answer("A001")],
        wants("A002"),
        &["expected answer A002, got answer A001"],
    );
    check(
        vec![recognised("啊")],
        wants("A002"),
        &["got nothing on `啊`"],
    );
    let clarify = || {
        turn(Found::Clarify {
            candidates: vec![candidate("A001"), candidate("A002")],
        })
    };
    let offers = |entries: &[&str]| Expectation {
        clarify: Some(entries.iter().map(ToString::to_string).collect()),
        ..Expectation::default()
    };
    check(vec![clarify()], offers(&[]), &[]);
    check(vec![clarify()], offers(&["A002", "A001"]), &[]);
    check(vec![clarify()], offers(&["A003"]), &["clarify A003"]);
    check(vec![answer("A001")], offers(&[]), &["clarify"]);
    let chosen = CallEvent::Chosen {
        candidate: candidate("A002"),
    };
    let chooses = Expectation {
        chosen: Some("A002".to_owned()),
        understood: Some(Intent::Repeat),
        human: Some(HumanReason::Requested),
        ..Expectation::default()
    };
    check(vec![chosen], chooses, &["requested", "repeat"]);
    let rest = Expectation {
        recognised: Some("二".to_owned()),
        abstain: Some(true),
        reprompt: Some(1),
        barge_in: Some(true),
        backchannel: Some(false),
        within_ms: Some(800),
        ..Expectation::default()
    };
    check(
        vec![recognised("一")],
        rest,
        &["`二`", "abstain", "re-prompt 1", "interrupted", "900 ms"],
    );
}

#[test]
fn ends_are_judged() {
    let events = seen(vec![
        CallEvent::Escalated {
            reason: EscalationReason::MustEscalate {
                phrase: "漏电".to_owned(),
            },
        },
        CallEvent::Ended {
            by: Party::Caller,
            cause: EndCause::Hangup,
            disposition: Disposition::HandedOver,
        },
    ]);
    let facts = CallFacts {
        events: &events,
        greeting_ms: Some(120),
        has_recording: true,
        ..CallFacts::default()
    };
    let fields = |reason: &str| Some([("reason".to_owned(), json!(reason))].into());
    let good = Outcome {
        disposition: Some(Disposition::HandedOver),
        ended_by: Some(Party::Caller),
        cause: Some(EndCause::Hangup),
        events: [("escalated".to_owned(), fields("must_escalate"))].into(),
        absent: vec!["bridged".to_owned()],
        recording: Some(true),
        greeting_within_ms: Some(300),
        agent_answered: Some(false),
        status: None,
    };
    assert_eq!(facts.failures(&good), Vec::<String>::new());
    let bad = Outcome {
        status: Some(404),
        disposition: Some(Disposition::Contained),
        ended_by: Some(Party::Bot),
        cause: Some(EndCause::Silence),
        events: [("escalated".to_owned(), fields("key_zero"))].into(),
        absent: vec!["ended".to_owned()],
        recording: Some(false),
        greeting_within_ms: Some(100),
        agent_answered: Some(true),
    };
    assert_eq!(facts.failures(&bad).len(), 9, "{:?}", facts.failures(&bad));
    let refused = CallFacts {
        status: Some(503),
        ..CallFacts::default()
    };
    assert_eq!(
        refused.failures(&Outcome::default()),
        ["the call was refused with 503"]
    );
    let expects = Outcome {
        status: Some(503),
        ..Outcome::default()
    };
    assert!(refused.failures(&expects).is_empty());
}
