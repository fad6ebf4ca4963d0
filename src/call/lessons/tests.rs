//! Events on the left, what they teach on the right.

use std::{fmt::Write, sync::Arc};

use expect_test::{Expect, expect};
use uuid::Uuid;

use super::*;
use crate::{
    call::{Disposition, EndCause, EscalationReason, Party, SpeechSource},
    clock::Moment,
    entry::{Action, Entry, Finding, Validity, Verdict},
    ids::{SearchId, SpeechId},
    phone_number::CallerNumber,
    pii::Pii,
};

fn candidate(id: &str, score: f32) -> Candidate {
    Candidate {
        entry: Arc::new(Entry {
            id: EntryId::new(id),
            category: String::new(),
            question: format!("{id}的问题"),
            similar_questions: Vec::new(),
            answer: "两小时内联系您。".to_owned(),
            action: Action::Answer,
            name: String::new(),
            validity: Validity::default(),
        }),
        score,
        matched: String::new(),
    }
}

fn offered() -> CallEvent {
    CallEvent::Offered {
        wall_ms: 1_000_000,
        dialled: "4008001001".to_owned(),
        line: Some(LineNumber::new("4008001001")),
        business: Some(BusinessId::new("appliance")),
        caller: Pii::new(CallerNumber::default()),
        source: ([127, 0, 0, 1], 5060).into(),
        sip_call_id: "a@b".to_owned(),
    }
}

fn turn(question: &str, verdict: Verdict) -> CallEvent {
    CallEvent::Turn {
        utterance: Some(UtteranceId(7)),
        search: SearchId(1),
        question: Pii::new(question.to_owned()),
        finding: Finding {
            verdict,
            version: KnowledgeVersion::new("v"),
            second: None,
        },
        decision_ms: 1,
    }
}

fn answered(question: &str, id: &str, score: f32) -> CallEvent {
    let candidate = candidate(id, score);
    turn(question, Verdict::Answer { candidate })
}

fn clarified(question: &str, ids: &[&str]) -> CallEvent {
    let candidates = ids.iter().map(|id| candidate(id, 0.4)).collect();
    turn(question, Verdict::Clarify { candidates })
}

fn abstained(question: &str) -> CallEvent {
    let nearest = Some(candidate("N", 0.2));
    turn(question, Verdict::Abstain { nearest })
}

fn says(speech: u64, source: SpeechSource) -> CallEvent {
    CallEvent::SpeechStarted {
        speech: SpeechId(speech),
        text: "两小时内联系您。".to_owned(),
        source,
    }
}

fn says_entry(speech: u64, id: &str) -> CallEvent {
    let entry = EntryId::new(id);
    says(speech, SpeechSource::Entry { entry })
}

fn prompts(speech: u64, key: &str) -> CallEvent {
    let key = key.to_owned();
    says(speech, SpeechSource::Prompt { key })
}

fn heard(speech: u64, heard: &str, complete: bool) -> CallEvent {
    CallEvent::SpeechEnded {
        speech: SpeechId(speech),
        heard: heard.to_owned(),
        played_ms: 1,
        complete,
    }
}

fn whole(speech: u64) -> CallEvent {
    heard(speech, "两小时内联系您。", true)
}

fn understood(intent: &str) -> CallEvent {
    CallEvent::Understood {
        utterance: None,
        intent: intent.to_owned(),
    }
}

fn escalated(reason: EscalationReason) -> CallEvent {
    CallEvent::Escalated { reason }
}

fn hung_up() -> CallEvent {
    CallEvent::Ended {
        by: Party::Caller,
        cause: EndCause::Hangup,
        disposition: Disposition::Contained,
    }
}

/// One event a second after the offer.
fn check(events: Vec<CallEvent>, expected: Expect) {
    let spaced = (1_u64..).map(|second| second * 1_000).zip(events);
    check_at(spaced.collect(), &expected);
}

fn check_at(events: Vec<(u64, CallEvent)>, expected: &Expect) {
    let events = std::iter::once((0, offered())).chain(events);
    let records: Vec<CallRecord> = (0_u64..)
        .zip(events)
        .map(|(seq, (ms, event))| CallRecord {
            seq,
            at: Moment::from_millis(ms),
            event,
        })
        .collect();
    let call = CallId(Uuid::from_u128(1));
    let learned = Learned::from_records(call, &records, &LessonBounds::default());
    let mut text = String::new();
    for lesson in &learned.lessons {
        let nearest = lesson.nearest.as_ref();
        let nearest = nearest.map_or("-".to_owned(), |near| {
            format!("{} {}", near.entry, near.score)
        });
        let kind = match &lesson.kind {
            LessonKind::Clarified { chosen } => {
                let chosen = chosen.as_ref().map_or("nothing", EntryId::as_str);
                format!("clarified, {chosen} chosen")
            }
            LessonKind::NotHelpful { sign } => format!("not helpful, {sign}"),
            kind => kind.as_str().to_owned(),
        };
        let Lesson { seq, question, .. } = lesson;
        writeln!(text, "{seq} {question}: {kind} ({nearest})").expect("strings take text");
    }
    for answer in &learned.answers {
        let sign = answer.sign.map_or("", Sign::as_str);
        writeln!(text, "{} said {} {sign}", answer.seq, answer.entry).expect("strings take text");
    }
    expected.assert_eq(&text);
}

#[test]
fn a_question_without_an_answer() {
    check(
        vec![
            abstained("你们收不收旧手机？"),
            prompts(1, "abstain.first"),
            abstained("旧手机回收。"),
            prompts(2, "abstain.second"),
            escalated(EscalationReason::RepeatedAbstention),
        ],
        expect![[r#"
            1 你们收不收旧手机: unanswered (N 0.2)
            3 旧手机回收: unanswered (N 0.2)
        "#]],
    );
}

#[test]
fn a_number_is_masked_and_a_number_alone_is_no_question() {
    check(
        vec![
            abstained("我的手机13800138000收不到验证码"),
            abstained("幺三八零零幺三"),
            abstained("嗯。"),
        ],
        expect![[r#"
            1 我的手机138****8000收不到验证码: unanswered (N 0.2)
        "#]],
    );
}

#[test]
fn two_questions_of_one_utterance_are_two_answers() {
    let mut both = answered("怎么退货还有运费谁出", "A", 0.9);
    if let CallEvent::Turn { finding, .. } = &mut both {
        finding.second = Some(candidate("B", 0.8));
    }
    check(
        vec![
            both,
            says_entry(1, "A"),
            whole(1),
            says_entry(2, "B"),
            whole(2),
            // Said again at the caller's wish.
            understood("repeat"),
            says_entry(3, "A"),
            says_entry(4, "B"),
        ],
        expect![[r#"
            1 said A 
            1 said B 
        "#]],
    );
}

#[test]
fn details_and_replies_to_choices_are_no_questions() {
    check(
        vec![
            answered("我的快递到哪了", "E1", 0.9),
            says_entry(1, "E1"),
            whole(1),
            abstained("在家里的那个单子"),
            CallEvent::Noted {
                entry: EntryId::new("E1"),
                text: Pii::new("在家里的那个单子".to_owned()),
            },
            clarified("退款", &["A", "B"]),
            prompts(2, "clarify.two"),
            abstained("就是上次那个"),
            prompts(3, "clarify.again"),
            CallEvent::Chosen {
                candidate: candidate("B", 0.4),
            },
            says_entry(4, "B"),
            whole(4),
            abstained("我姓王"),
            prompts(5, "callback.unclear"),
        ],
        expect![[r#"
            6 退款: clarified, B chosen (B 0.4)
            1 said E1 
            10 said B 
        "#]],
    );
}

#[test]
fn a_clarified_question_and_what_was_chosen() {
    check(
        vec![
            clarified("保修", &["A", "B"]),
            understood("no"),
            clarified("保修多久", &["A", "B", "C"]),
            answered("冰箱保修多久", "C", 0.9),
            says_entry(1, "C"),
            whole(1),
            understood("thanks"),
            clarified("上门", &["A"]),
            says_entry(2, "A"),
            whole(2),
        ],
        expect![[r#"
            1 保修: clarified, nothing chosen (A 0.4)
            3 保修多久: clarified, C chosen (C 0.4)
            8 上门: unsure (A 0.4)
            4 said C 
            8 said A 
        "#]],
    );
}

#[test]
fn an_unsure_answer() {
    check(
        vec![
            answered("空调漏水", "A", 0.64),
            says_entry(1, "A"),
            whole(1),
            understood("repeat"),
            says_entry(2, "A"),
            whole(2),
            understood("acknowledge"),
            answered("安装多少钱", "B", 0.65),
            says_entry(3, "B"),
            whole(3),
            hung_up(),
        ],
        expect![[r#"
            1 空调漏水: unsure (A 0.64)
            1 said A 
            8 said B 
        "#]],
    );
}

#[test]
fn the_caller_says_that_it_did_not_help() {
    let told = |words: CallEvent, expected: Expect| {
        let events = vec![
            answered("空调不制冷", "A", 0.9),
            says_entry(1, "A"),
            whole(1),
            words,
        ];
        check(events, expected);
    };
    told(
        understood("dissent"),
        expect![[r#"
            1 空调不制冷: not helpful, said_so (A 0.9)
            1 said A said_so
        "#]],
    );
    told(
        abstained("我试了，还是没解决。"),
        expect![[r#"
            1 空调不制冷: not helpful, said_so (A 0.9)
            1 said A said_so
        "#]],
    );
    told(
        abstained("不对，我问的是冰箱不制冷。"),
        expect![[r#"
            1 空调不制冷: not helpful, said_so (A 0.9)
            4 冰箱不制冷: unanswered (N 0.2)
            1 said A said_so
        "#]],
    );
    told(
        abstained("上门要收费吗"),
        expect![[r#"
            4 上门要收费吗: unanswered (N 0.2)
            1 said A 
        "#]],
    );
}

#[test]
fn the_same_question_again() {
    check(
        vec![
            answered("你们几点开门？", "A", 0.9),
            says_entry(1, "A"),
            whole(1),
            answered("几点关门？", "A", 0.9),
            says_entry(2, "A"),
            whole(2),
            answered("我问几点关门呀", "A", 0.9),
            says_entry(3, "A"),
            whole(3),
        ],
        expect![[r#"
            4 几点关门: not helpful, asked_again (A 0.9)
            1 said A 
            4 said A asked_again
            7 said A 
        "#]],
    );
}

#[test]
fn a_human_right_after_an_answer() {
    let asked = |gap_ms: u64, reason: EscalationReason, expected: &Expect| {
        let events = vec![
            (1_000, answered("怎么退货", "A", 0.5)),
            (1_100, says_entry(1, "A")),
            (4_000, whole(1)),
            (4_000 + gap_ms, escalated(reason)),
        ];
        check_at(events, expected);
    };
    let unsure = expect![[r#"
        1 怎么退货: unsure (A 0.5)
        1 said A 
    "#]];
    let not_helpful = expect![[r#"
        1 怎么退货: not helpful, asked_for_human (A 0.5)
        1 said A asked_for_human
    "#]];
    asked(30_000, EscalationReason::Requested, &not_helpful);
    asked(2_000, EscalationReason::KeyZero, &not_helpful);
    asked(30_001, EscalationReason::Requested, &unsure);
    let object = "card_loss".to_owned();
    asked(0, EscalationReason::EntryAction { object }, &unsure);
}

#[test]
fn who_is_content_is_not_counted() {
    check(
        vec![
            answered("怎么退货", "A", 0.9),
            says_entry(1, "A"),
            whole(1),
            understood("thanks"),
            escalated(EscalationReason::Requested),
            hung_up(),
        ],
        expect![[r#"
            1 said A 
        "#]],
    );
}

#[test]
fn who_hangs_up_before_half_of_an_answer() {
    let left = |part: &str, expected: Expect| {
        let events = vec![
            answered("怎么退货", "A", 0.9),
            says_entry(1, "A"),
            heard(1, part, false),
            hung_up(),
        ];
        check(events, expected);
    };
    left(
        "两小时",
        expect![[r#"
            1 怎么退货: not helpful, hung_up (A 0.9)
            1 said A hung_up
        "#]],
    );
    left(
        "两小时内",
        expect![[r#"
            1 said A 
        "#]],
    );
}

#[test]
fn an_answer_that_was_never_heard_is_none() {
    check(
        vec![
            answered("怎么退货", "A", 0.9),
            understood("dissent"),
            hung_up(),
        ],
        expect![""],
    );
}

#[test]
fn a_call_to_no_line_teaches_nothing() {
    let call = CallId(Uuid::from_u128(1));
    let mut event = offered();
    if let CallEvent::Offered { line, .. } = &mut event {
        *line = None;
    }
    let events = [event, abstained("退款怎么退")];
    let records: Vec<CallRecord> = (0_u64..)
        .zip(events)
        .map(|(seq, event)| CallRecord {
            seq,
            at: Moment::from_millis(seq),
            event,
        })
        .collect();
    let learned = Learned::from_records(call, &records, &LessonBounds::default());
    assert_eq!(learned, Learned::default());
}
