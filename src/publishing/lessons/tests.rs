//! From calls to changes of a draft, on a real database.

use std::{collections::BTreeMap, sync::Arc};

use uuid::Uuid;

use super::*;
use crate::{
    call::{CallEvent, CallRecord, Disposition, EndCause, Party, SpeechSource},
    clock::Moment,
    entry::{Action, Candidate, Entry, Finding, Validity, Verdict},
    ids::{BaseName, BusinessId, CallId, KnowledgeVersion, SearchId, SpeechId},
    knowledge::KnowledgeBase,
    phone_number::{CallerNumber, NumberKind},
    pii::Pii,
    retrieval::Synonyms,
    storage::knowledge::{Draft, Signature},
};

fn base() -> BaseId {
    BaseId {
        business: BusinessId::new("appliance"),
        name: BaseName::new("faq"),
    }
}

fn entry(id: &str, question: &str) -> Entry {
    Entry {
        id: EntryId::new(id),
        category: String::new(),
        question: question.to_owned(),
        similar_questions: Vec::new(),
        answer: "七天内可以退。".to_owned(),
        action: Action::Answer,
        name: String::new(),
        validity: Validity::default(),
    }
}

fn turn(question: &str, verdict: Verdict) -> CallEvent {
    CallEvent::Turn {
        utterance: None,
        search: SearchId(1),
        question: Pii::new(question.to_owned()),
        finding: Finding {
            verdict,
            version: KnowledgeVersion::new("v1"),
            second: None,
        },
        decision_ms: 1,
    }
}

fn candidate(id: &str, score: f32) -> Candidate {
    Candidate {
        entry: Arc::new(entry(id, "怎么退货")),
        score,
        matched: String::new(),
    }
}

fn abstained(question: &str) -> CallEvent {
    let nearest = Some(candidate("A1", 0.2));
    turn(question, Verdict::Abstain { nearest })
}

fn by() -> Decision {
    Decision {
        author: "小王".to_owned(),
        at_ms: 7,
    }
}

struct School {
    _folder: tempfile::TempDir,
    store: Store,
    room: Classroom,
}

impl School {
    /// A published base of one entry, and calls of one question each: the caller's number and the question.
    async fn new(calls: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path().join("yingda.db"))
            .await
            .expect("opened");
        store.ensure_base(&base()).await.expect("a base");
        let plan = BasePlan {
            id: base(),
            file: "knowledge/faq.csv".into(),
            seed: KnowledgeBase::new(vec![entry("A1", "怎么退货"), entry("L001", "保修多久")]),
            lines: vec![LineNumber::new("4008001001")],
            synonyms: Synonyms::default(),
            known: crate::knowledge::check::Known::default(),
            voices: Vec::new(),
        };
        let signature = Signature {
            author: String::new(),
            at_ms: 5,
            note: String::new(),
        };
        let KnowledgeBase { version, entries } = &plan.seed;
        let base = base();
        let published = store.publish(&base, None, version, entries, &signature);
        published.await.expect("published");
        let room = Classroom::new(store.clone(), &[plan], None);
        let school = Self {
            _folder: folder,
            store,
            room,
        };
        for (number, (caller, question)) in (1..).zip(calls) {
            school.call(number, caller, vec![abstained(question)]).await;
        }
        school.room.collect().await.expect("collected");
        school
    }

    async fn call(&self, number: u128, caller: &str, events: Vec<CallEvent>) {
        let call = CallId(Uuid::from_u128(number));
        let offered = CallEvent::Offered {
            wall_ms: number as i64 * 1_000_000,
            dialled: "4008001001".to_owned(),
            line: Some(LineNumber::new("4008001001")),
            business: Some(base().business),
            caller: Pii::new(CallerNumber {
                canonical: caller.to_owned(),
                kind: NumberKind::Mobile,
                ..CallerNumber::default()
            }),
            source: ([127, 0, 0, 1], 5060).into(),
            sip_call_id: "a@b".to_owned(),
        };
        let ended = CallEvent::Ended {
            by: Party::Bot,
            cause: EndCause::Hangup,
            disposition: Disposition::Contained,
        };
        let record = |seq: u64, event: CallEvent| CallRecord {
            seq,
            at: Moment::from_millis(seq),
            event,
        };
        let writer = self.store.writer();
        let last = events.len() as u64 + 1;
        writer.begin(call, record(0, offered)).await.expect("begun");
        for (seq, event) in (1..).zip(events) {
            let appended = writer.append(call, record(seq, event)).await;
            appended.expect("queued");
        }
        let closed = writer.finish(call, record(last, ended)).await;
        closed.expect("closed");
    }

    async fn groups(&self) -> Vec<LessonGroup> {
        let lessons = self.room.clusters(&base(), None).await;
        lessons.expect("grouped").groups
    }

    async fn draft(&self) -> Draft {
        self.store.draft(&base()).await.expect("a draft")
    }
}

const TRADE_IN: [(&str, &str); 5] = [
    ("13800138000", "旧空调可以回收吗"),
    ("13800138000", "请问旧空调可以回收吗？"),
    ("13900139000", "旧空调可以上门回收吗"),
    ("", "我的电话13700137000旧空调可以回收吗"),
    ("", "能不能开专票"),
];

#[tokio::test]
async fn a_group_has_counts_examples_and_the_nearest_entry() {
    let school = School::new(&TRADE_IN).await;
    let lessons = school.room.clusters(&base(), None).await.expect("grouped");
    assert_eq!((lessons.open, lessons.noise, lessons.is_cut), (5, 0, false));
    let [trade_in, invoice] = &lessons.groups[..] else {
        panic!("two groups: {lessons:?}");
    };
    assert_eq!(trade_in.question, "旧空调可以回收吗");
    assert_eq!(
        (trade_in.count, trade_in.calls, trade_in.callers),
        (4, 4, 3)
    );
    assert_eq!(
        (trade_in.first_ms, trade_in.last_ms),
        (1_000_001, 4_000_001)
    );
    assert_eq!(trade_in.kinds, BTreeMap::from([("unanswered", 4)]));
    let nearest = trade_in.nearest.as_ref().expect("one");
    assert_eq!((nearest.entry.as_str(), nearest.count), ("A1", 4));
    assert!(nearest.in_draft);
    assert_eq!(trade_in.examples.len(), 4);
    assert_eq!(invoice.question, "能不能开专票");
    let json = serde_json::to_value(&lessons).expect("JSON").to_string();
    assert!(json.contains("00000000000000000000000000000001"), "{json}");
    assert!(!json.contains("13700137000") && !json.contains("13800138000"));

    let since = school.room.clusters(&base(), Some(5_000_000)).await;
    assert_eq!(since.expect("grouped").groups.len(), 1);
    let unknown = BaseId {
        name: BaseName::new("none"),
        ..base()
    };
    let error = school.room.clusters(&unknown, None).await;
    assert_eq!(
        error.expect_err("unknown").to_string(),
        "there is no knowledge base `appliance/none`"
    );
}

#[tokio::test]
async fn a_group_becomes_an_entry_that_waits_for_its_answer() {
    let school = School::new(&TRADE_IN).await;
    let groups = school.groups().await;
    let new = NewEntry::default();
    let taken = school
        .room
        .make_entry(&base(), &groups[0].lessons, &new, &by())
        .await
        .expect("taken");
    assert_eq!((taken.settled, taken.unwritten), (4, true));
    // L001 is taken.
    assert_eq!(taken.entry.as_str(), "L002");
    let draft = school.draft().await;
    assert_eq!(draft.revision, taken.revision);
    let made = draft.entries.last().expect("one");
    assert_eq!(made.question, "旧空调可以回收吗");
    assert_eq!(made.answer, "");
    let mut similar = made.similar_questions.clone();
    similar.sort();
    assert_eq!(
        similar,
        ["我的电话旧空调可以回收吗", "旧空调可以上门回收吗"]
    );
    assert_eq!(school.groups().await.len(), 1);
    // A second time it is settled.
    let again = school
        .room
        .make_entry(&base(), &groups[0].lessons, &new, &by())
        .await
        .expect_err("settled");
    assert!(again.to_string().starts_with("of 4 lessons"), "{again}");
    assert_eq!(school.draft().await, draft);
}

#[tokio::test]
async fn a_written_entry_has_its_own_words() {
    let school = School::new(&TRADE_IN).await;
    let groups = school.groups().await;
    let new = NewEntry {
        question: Some("旧机回收".to_owned()),
        answer: Some(" 可以上门回收。".to_owned()),
        category: Some("回收".to_owned()),
    };
    let taken = school
        .room
        .make_entry(&base(), &groups[0].lessons, &new, &by())
        .await
        .expect("taken");
    assert!(!taken.unwritten);
    let draft = school.draft().await;
    let made = draft.entries.last().expect("one");
    assert_eq!(made.question, "旧机回收");
    assert_eq!(
        (made.answer.as_str(), made.category.as_str()),
        ("可以上门回收。", "回收")
    );
    assert_eq!(made.similar_questions.len(), 3);
    let new = NewEntry {
        question: Some("请问怎么退货？".to_owned()),
        ..NewEntry::default()
    };
    let known = school
        .room
        .make_entry(&base(), &groups[1].lessons, &new, &by())
        .await
        .expect_err("there");
    assert_eq!(
        known.to_string(),
        "entry `A1` of the draft of `appliance/faq` has the question already: 请问怎么退货？"
    );
}

#[tokio::test]
async fn a_group_becomes_phrasings() {
    let school = School::new(&TRADE_IN).await;
    let groups = school.groups().await;
    let entry = EntryId::new("A1");
    let taken = school
        .room
        .add_phrasing(&base(), &groups[0].lessons, &entry, &by())
        .await
        .expect("taken");
    assert_eq!((taken.added.len(), taken.settled), (3, 4));
    assert!(!taken.unwritten);
    let draft = school.draft().await;
    assert_eq!(draft.entries[0].similar_questions, taken.added);
    assert_eq!(draft.entries[0].similar_questions[0], "旧空调可以回收吗");
    let nobody = school
        .room
        .add_phrasing(&base(), &groups[1].lessons, &EntryId::new("X"), &by())
        .await
        .expect_err("no X");
    assert_eq!(
        nobody.to_string(),
        "the draft of `appliance/faq` has no entry `X`"
    );
    assert_eq!(school.groups().await.len(), 1);
    // What one entry has is not given to another.
    school
        .call(9, "", vec![abstained("旧空调可以回收吗")])
        .await;
    school.room.collect().await.expect("collected");
    let groups = school.groups().await;
    let again = groups
        .iter()
        .find(|group| group.question == "旧空调可以回收吗")
        .expect("asked again");
    let other = school
        .room
        .add_phrasing(&base(), &again.lessons, &EntryId::new("L001"), &by())
        .await;
    assert!(matches!(other, Err(LessonError::Known { .. })), "{other:?}");
    let same = school
        .room
        .add_phrasing(&base(), &again.lessons, &entry, &by())
        .await
        .expect("settled");
    assert_eq!((same.added.len(), same.settled), (0, 1));
    assert_eq!(school.draft().await.revision, taken.revision);
}

#[tokio::test]
async fn a_group_is_dismissed() {
    let school = School::new(&TRADE_IN).await;
    let groups = school.groups().await;
    let before = school.draft().await;
    let dismissed = school
        .room
        .dismiss(&base(), &groups[0].lessons, &by())
        .await;
    assert_eq!(dismissed.expect("dismissed"), 4);
    assert_eq!(school.groups().await.len(), 1);
    assert_eq!(school.draft().await, before);
    assert_eq!(school.room.collect().await.expect("nothing").calls, 0);
}

#[tokio::test]
async fn what_is_said_and_what_never_is() {
    let school = School::new(&[]).await;
    let candidate = candidate("A1", 0.9);
    let said = vec![
        turn("怎么退货", Verdict::Answer { candidate }),
        CallEvent::SpeechStarted {
            speech: SpeechId(1),
            text: "七天内可以退。".to_owned(),
            source: SpeechSource::Entry {
                entry: EntryId::new("A1"),
            },
        },
        CallEvent::Escalated {
            reason: crate::call::EscalationReason::Requested,
        },
    ];
    school.call(1, "", said).await;
    school.room.collect().await.expect("collected");
    let usage = async |range: VersionRange| {
        let usage = school.room.usage(&base(), &range).await;
        usage.expect("counted")
    };
    let all = usage(VersionRange::default()).await;
    assert_eq!(
        (all.answers, all.said.len(), all.unhelpful.len()),
        (1, 1, 1)
    );
    assert_eq!(all.said[0].asked_for_human, Rate::new(1, 1));
    assert_eq!(all.said[0].question.as_deref(), Some("怎么退货"));
    let never: Vec<(&str, i64)> = all
        .never
        .iter()
        .map(|one| (one.entry.as_str(), one.since_ms))
        .collect();
    assert_eq!(never, [("L001", 5)]);
    // The answer was found in another version.
    let range = VersionRange {
        from: Some(1),
        ..VersionRange::default()
    };
    let first = usage(range).await;
    assert_eq!((first.answers, first.never.len()), (0, 2));
}
