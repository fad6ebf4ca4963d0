//! Events on the left, the lines a reader sees on the right.

use std::sync::Arc;

use std::fmt::Write;

use expect_test::{Expect, expect};

use super::*;
use crate::{
    call::{Digit, Disposition, EndCause, EscalationReason, Party, SpeechSource},
    entry::{Action, Entry},
    ids::{KnowledgeVersion, SearchId},
};

fn candidate(id: &str, question: &str) -> Candidate {
    Candidate {
        entry: Arc::new(Entry {
            id: EntryId::new(id),
            category: String::new(),
            question: question.to_owned(),
            similar_questions: Vec::new(),
            answer: "答".to_owned(),
            action: Action::Answer,
            name: String::default(),
            validity: Default::default(),
        }),
        score: 0.82,
        matched: question.to_owned(),
    }
}

fn speech(id: u64, text: &str) -> CallEvent {
    CallEvent::SpeechStarted {
        speech: SpeechId(id),
        text: text.to_owned(),
        source: SpeechSource::Prompt {
            key: "x".to_owned(),
        },
    }
}

fn heard(id: u64, heard: &str, complete: bool) -> CallEvent {
    CallEvent::SpeechEnded {
        speech: SpeechId(id),
        heard: heard.to_owned(),
        played_ms: 1,
        complete,
    }
}

fn words(id: u64, span_ms: (u64, u64), text: &str) -> CallEvent {
    CallEvent::UtteranceRecognised {
        utterance: UtteranceId(id),
        text: Pii::new(text.to_owned()),
        confidence: 0.9,
        span_ms,
        recognition_ms: 150,
    }
}

fn turn(utterance: Option<u64>, verdict: Verdict) -> CallEvent {
    CallEvent::Turn {
        utterance: utterance.map(UtteranceId),
        search: SearchId(1),
        question: Pii::new(String::new()),
        finding: Finding {
            verdict,
            version: KnowledgeVersion::new("v"),
            second: None,
        },
        decision_ms: 320,
    }
}

fn key(symbol: char) -> CallEvent {
    CallEvent::Digit {
        digit: Pii::new(Digit::new(symbol).expect("a key")),
    }
}

fn check(events: Vec<(u64, CallEvent)>, expected: Expect) {
    let records: Vec<_> = (0_u64..)
        .zip(events)
        .map(|(seq, (ms, event))| CallRecord {
            seq,
            at: Moment::from_millis(ms),
            event,
        })
        .collect();
    let mut text = String::new();
    for line in Transcript::masked_from_records(&records).lines {
        write!(
            text,
            "{}-{} {:?} {}",
            line.at_ms,
            line.end_ms,
            line.speaker,
            line.text.expose()
        )
        .expect("strings take text");
        if let Some(detail) = &line.detail {
            write!(text, " ({detail})").expect("strings take text");
        }
        if let Some(decision) = &line.decision {
            let entry = decision.entry.as_ref().map_or("-", EntryId::as_str);
            write!(text, " {} {entry} {:?}", decision.verdict, decision.choices)
                .expect("strings take text");
        }
        writeln!(text, " {:?} {:?}", line.reply_ms, line.flags).expect("strings take text");
    }
    expected.assert_eq(&text);
}

#[test]
fn a_question_its_verdict_and_the_reply() {
    check(
        vec![
            (100, speech(1, "您好")),
            (900, heard(1, "您好", true)),
            (2_900, words(1, (1_000, 2_000), "洗衣机怎么修")),
            (
                2_901,
                turn(
                    Some(1),
                    Verdict::Answer {
                        candidate: candidate("A1", "洗衣机"),
                    },
                ),
            ),
            (2_950, speech(2, "两小时内联系您。")),
            (4_000, heard(2, "两小时", false)),
        ],
        expect![[r#"
            100-900 Bot 您好 None []
            1000-2000 Caller 洗衣机怎么修 answer A1 [] Some(950) []
            2950-4000 Bot 两小时 None [Interrupted]
        "#]],
    );
}

#[test]
fn flags_find_their_line_whichever_comes_first() {
    check(
        vec![
            (
                100,
                CallEvent::Backchannel {
                    utterance: UtteranceId(1),
                },
            ),
            (101, words(1, (50, 90), "嗯")),
            (200, words(2, (150, 190), "再说一遍")),
            (
                201,
                CallEvent::Understood {
                    utterance: Some(UtteranceId(2)),
                    intent: "repeat".to_owned(),
                },
            ),
            (300, words(3, (250, 290), "维修")),
            (
                301,
                turn(
                    Some(3),
                    Verdict::Clarify {
                        candidates: vec![candidate("A1", "洗衣机"), candidate("A2", "冰箱")],
                    },
                ),
            ),
            (400, words(4, (350, 390), "天气")),
            (401, turn(Some(4), Verdict::Abstain { nearest: None })),
            (
                402,
                CallEvent::Escalated {
                    reason: EscalationReason::RepeatedAbstention,
                },
            ),
        ],
        expect![[r#"
            50-90 Caller 嗯 None [Backchannel]
            150-190 Caller 再说一遍 None [Repeated]
            250-290 Caller 维修 clarify A1 ["洗衣机", "冰箱"] None [Clarified]
            350-390 Caller 天气 abstain - [] None [Abstained, Escalated]
            402-402 System escalated (repeated_abstention) None []
        "#]],
    );
}

#[test]
fn the_answer_to_a_second_question_is_shown() {
    let answer = Verdict::Answer {
        candidate: candidate("A1", "洗衣机"),
    };
    let mut asked = turn(Some(3), answer);
    if let CallEvent::Turn { finding, .. } = &mut asked {
        finding.second = Some(candidate("A2", "冰箱"));
    }
    let events = [words(3, (250, 290), "洗衣机和冰箱"), asked];
    let records: Vec<_> = (0_u64..)
        .zip(events)
        .map(|(seq, event)| CallRecord {
            seq,
            at: Moment::from_millis(300 + seq),
            event,
        })
        .collect();
    let lines = Transcript::from_records(&records).lines;
    let decision = lines[0].decision.as_ref().expect("decided");
    assert_eq!(decision.question.as_deref(), Some("洗衣机"));
    assert_eq!(decision.also.as_deref(), Some("冰箱"));
}

#[test]
fn keys_are_gathered_and_numbers_masked() {
    let mut events: Vec<_> = (0_u64..)
        .zip("13800138000".chars())
        .map(|(place, symbol)| (place * 200, key(symbol)))
        .collect();
    // The gap that the conversation allows inside a number.
    events.push((6_000, key('7')));
    events.push((12_000, key('1')));
    events.push((
        12_001,
        CallEvent::Chosen {
            candidate: candidate("A1", "洗衣机"),
        },
    ));
    let number = Pii::new("13800138000".to_owned());
    events.push((12_500, CallEvent::CallbackRequested { number }));
    let text = Pii::new("4821".to_owned());
    let entry = EntryId::new("A1");
    events.push((12_600, CallEvent::Noted { entry, text }));
    check(
        events,
        expect![[r#"
            0-6000 Caller ************ None [Keys]
            12000-12000 Caller * answer A1 [] None [Keys]
            12500-12500 System callback_requested (138****8000) None []
            12600-12600 System noted (****) None []
        "#]],
    );
}

#[test]
fn what_was_never_heard_is_not_in_the_transcript() {
    check(
        vec![
            (100, speech(1, "您好")),
            (101, heard(1, "", false)),
            (200, words(1, (100, 190), "")),
            (
                300,
                CallEvent::Ended {
                    by: Party::Caller,
                    cause: EndCause::Hangup,
                    disposition: Disposition::Abandoned,
                },
            ),
        ],
        expect![[r#"
            300-300 System ended (hangup) None []
        "#]],
    );
}

#[test]
fn a_sentence_without_an_end_is_cut_short_once_the_call_is_over() {
    let mut events = vec![
        (100, speech(1, "您好")),
        (900, heard(1, "您好", true)),
        (1_000, speech(2, "请问有什么可以帮您？")),
    ];
    check(
        events.clone(),
        expect![[r#"
            100-900 Bot 您好 None []
            1000-1000 Bot 请问有什么可以帮您？ None []
        "#]],
    );
    events.push((
        1_500,
        CallEvent::Ended {
            by: Party::System,
            cause: EndCause::System,
            disposition: Disposition::Abandoned,
        },
    ));
    check(
        events,
        expect![[r#"
            100-900 Bot 您好 None []
            1000-1000 Bot 请问有什么可以帮您？ None [Interrupted]
            1500-1500 System ended (system) None []
        "#]],
    );
}
