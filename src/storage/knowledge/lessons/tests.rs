//! Lessons on a real database: learned once, settled once, gone with the call's personal data.

use std::sync::Arc;

use uuid::Uuid;

use super::*;
use crate::{
    call::{CallEvent, CallRecord, Disposition, EndCause, Party, SpeechSource},
    clock::Moment,
    entry::{Action, Candidate, Entry, Finding, Validity, Verdict},
    ids::{BaseName, BusinessId, SearchId, SpeechId},
    phone_number::{CallerNumber, NumberKind},
    storage::{
        CallWriter,
        knowledge::{Origin, Signature},
    },
};

const STARTED_MS: i64 = 1_800_000_000_000;

fn id(number: u128) -> CallId {
    CallId(Uuid::from_u128(number))
}

fn entry(id: &str) -> Entry {
    Entry {
        id: EntryId::new(id),
        category: String::new(),
        question: format!("{id}的问题"),
        similar_questions: Vec::new(),
        answer: "七天内可以退。".to_owned(),
        action: Action::Answer,
        name: String::new(),
        validity: Validity::default(),
    }
}

fn turn(question: &str, verdict: Verdict) -> CallEvent {
    CallEvent::Turn {
        utterance: Some(UtteranceId(3)),
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

fn abstained(question: &str) -> CallEvent {
    turn(question, Verdict::Abstain { nearest: None })
}

/// A question, its answer, and that it did not help.
fn dissented(question: &str, id: &str, score: f32) -> Vec<CallEvent> {
    let candidate = Candidate {
        entry: Arc::new(entry(id)),
        score,
        matched: String::new(),
    };
    vec![
        turn(question, Verdict::Answer { candidate }),
        CallEvent::SpeechStarted {
            speech: SpeechId(1),
            text: "七天内可以退。".to_owned(),
            source: SpeechSource::Entry {
                entry: EntryId::new(id),
            },
        },
        CallEvent::Understood {
            utterance: None,
            intent: "dissent".to_owned(),
        },
    ]
}

struct Bench {
    _folder: tempfile::TempDir,
    store: Store,
    writer: CallWriter,
    taught: Taught,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path().join("yingda.db"))
            .await
            .expect("opened");
        let taught = Taught {
            base: BaseId {
                business: BusinessId::new("appliance"),
                name: BaseName::new("faq"),
            },
            lines: vec![LineNumber::new("4008001001")],
        };
        store.ensure_base(&taught.base).await.expect("a base");
        Self {
            _folder: folder,
            writer: store.writer(),
            store,
            taught,
        }
    }

    async fn begin(&self, call: CallId, line: &str) {
        let event = CallEvent::Offered {
            wall_ms: STARTED_MS,
            dialled: line.to_owned(),
            line: Some(LineNumber::new(line)),
            business: Some(self.taught.base.business.clone()),
            caller: Pii::new(CallerNumber {
                canonical: "13800138000".to_owned(),
                kind: NumberKind::Mobile,
                ..CallerNumber::default()
            }),
            source: ([127, 0, 0, 1], 5060).into(),
            sip_call_id: "a@b".to_owned(),
        };
        let record = record(0, event);
        self.writer.begin(call, record).await.expect("begun");
    }

    async fn end(&self, call: CallId, events: Vec<CallEvent>) {
        let ended = CallEvent::Ended {
            by: Party::Bot,
            cause: EndCause::Hangup,
            disposition: Disposition::Contained,
        };
        let last = events.len() as u64 + 1;
        for (seq, event) in (1..).zip(events) {
            let record = record(seq, event);
            self.writer.append(call, record).await.expect("queued");
        }
        let ended = record(last, ended);
        self.writer.finish(call, ended).await.expect("closed");
    }

    async fn call(&self, number: u128, line: &str, events: Vec<CallEvent>) {
        self.begin(id(number), line).await;
        self.end(id(number), events).await;
    }

    async fn collect(&self) -> Collected {
        let bounds = LessonBounds::default();
        let collected = self.store.collect_lessons(&bounds, 100).await;
        collected.expect("collected")
    }

    async fn open(&self) -> Vec<OpenLesson> {
        let open = self.store.open_lessons(&self.taught, None, 100).await;
        open.expect("read")
    }

    async fn questions(&self) -> Vec<String> {
        let open = self.open().await.into_iter();
        open.map(|open| open.lesson.question).collect()
    }
}

fn record(seq: u64, event: CallEvent) -> CallRecord {
    CallRecord {
        seq,
        at: Moment::from_millis(seq * 1_000),
        event,
    }
}

fn collected(calls: u64, lessons: u64, answers: u64) -> Collected {
    Collected {
        calls,
        lessons,
        answers,
        ..Collected::default()
    }
}

fn settlement(outcome: Outcome) -> Settlement {
    Settlement {
        outcome,
        author: "小王".to_owned(),
        at_ms: 7,
    }
}

#[tokio::test]
async fn a_closed_call_is_learned_from_once() {
    let bench = Bench::new().await;
    let line = "4008001001";
    // Begun first and closed last.
    bench.begin(id(1), line).await;
    let events = dissented("我的手机13800138000怎么退货", "A1", 0.5);
    bench.call(2, line, events).await;
    assert_eq!(bench.collect().await, collected(1, 1, 1));
    assert_eq!(bench.collect().await, Collected::default());
    bench.end(id(1), vec![abstained("收不收旧手机")]).await;
    assert_eq!(bench.collect().await, collected(1, 1, 0));
    assert_eq!(bench.collect().await, Collected::default());

    let open = bench.open().await;
    let lesson = &open[1].lesson;
    assert_eq!(lesson.call, id(2));
    assert_eq!(lesson.question, "我的手机138****8000怎么退货");
    let sign = Sign::SaidSo;
    assert_eq!(lesson.kind, LessonKind::NotHelpful { sign });
    assert_eq!(lesson.at_ms, STARTED_MS + 1_000);
    assert_eq!(lesson.utterance, Some(UtteranceId(3)));
    let nearest = lesson.nearest.as_ref().expect("an entry");
    assert_eq!((nearest.entry.as_str(), nearest.score), ("A1", 0.5));
    assert_eq!(open[0].lesson.question, "收不收旧手机");
    assert_eq!(open[0].caller.expose(), "13800138000");
}

#[tokio::test]
async fn erasing_a_call_erases_its_lessons() {
    let bench = Bench::new().await;
    let line = "4008001001";
    bench.call(1, line, dissented("怎么退货", "A1", 0.9)).await;
    bench.call(2, line, vec![abstained("几点上班")]).await;
    bench.collect().await;
    bench.store.erase(id(1)).await.expect("erased");
    assert_eq!(bench.questions().await, ["几点上班"]);
    assert_eq!(bench.collect().await, Collected::default());
    // Erased before it was learned from: what was asked is gone, what was said is not.
    bench.call(3, line, dissented("怎么换货", "A1", 0.9)).await;
    bench.store.erase(id(3)).await.expect("erased");
    assert_eq!(bench.collect().await, collected(1, 0, 1));
    assert_eq!(bench.questions().await, ["几点上班"]);
    let every = UseFilter::default();
    let uses = bench.store.entry_uses(&bench.taught, &every);
    assert_eq!(uses.await.expect("read")[0].answers, 2);
}

#[tokio::test]
async fn lessons_are_settled_once_and_by_their_owner() {
    let bench = Bench::new().await;
    let line = "4008001001";
    let asked = vec![abstained("怎么退货"), abstained("几点上班")];
    bench.call(1, line, asked).await;
    bench
        .call(2, "4008009999", vec![abstained("别的线路")])
        .await;
    bench.collect().await;
    let open = bench.open().await;
    assert_eq!(bench.questions().await, ["几点上班", "怎么退货"]);
    let (hours, refund) = ([open[0].id], open[1].id);
    let put = [DraftChange::Put(Box::new(entry("L001")))];
    let settle = |ids: Vec<LessonId>, taught: Taught| {
        let (store, put) = (bench.store.clone(), put.clone());
        async move {
            let settlement = settlement(Outcome::Entry(EntryId::new("L001")));
            let settling = store.settle_lessons(&taught, &ids, &settlement, Some(0), &put);
            settling.await.map_err(|error| error.to_string())
        }
    };
    // One that is not open: nothing is done.
    let error = settle(vec![refund, LessonId(99)], bench.taught.clone()).await;
    assert_eq!(
        error.expect_err("not open"),
        "of 2 lessons for `appliance/faq` only 1 wait to be settled: the others were settled or erased meanwhile; look again"
    );
    let draft = bench.store.draft(&bench.taught.base).await.expect("read");
    assert_eq!((draft.revision, draft.entries.len()), (0, 0));
    assert_eq!(bench.open().await.len(), 2);
    // Another business's.
    let mut other = bench.taught.clone();
    other.base.business = BusinessId::new("other");
    bench.store.ensure_base(&other.base).await.expect("a base");
    settle(vec![refund], other).await.expect_err("not its own");

    let settled = settle(vec![refund, refund], bench.taught.clone()).await;
    assert_eq!(settled, Ok(1));
    assert_eq!(bench.questions().await, ["几点上班"]);
    settle(vec![refund], bench.taught.clone())
        .await
        .expect_err("the draft has changed");
    let dismissed = settlement(Outcome::Dismissed);
    let dismissing = bench
        .store
        .settle_lessons(&bench.taught, &hours, &dismissed, None, &[]);
    // The draft stays as it was.
    assert_eq!(dismissing.await.expect("settled"), 1);
    assert_eq!(bench.open().await, []);
    let state: Vec<(String, Option<String>, String)> = sqlx::query_as(
        "SELECT state, taken_as, settled_by FROM lessons WHERE state <> 'open' ORDER BY id",
    )
    .fetch_all(&bench.store.pool)
    .await
    .expect("read");
    let row = |state: &str, entry: Option<&str>| {
        (
            state.to_owned(),
            entry.map(str::to_owned),
            "小王".to_owned(),
        )
    };
    assert_eq!(state, [row("entry", Some("L001")), row("dismissed", None)]);
}

#[tokio::test]
async fn a_call_that_cannot_be_read_does_not_stop_the_others() {
    let bench = Bench::new().await;
    let line = "4008001001";
    bench.call(1, line, vec![abstained("怎么退货")]).await;
    bench.call(2, line, vec![abstained("几点上班")]).await;
    sqlx::query("UPDATE events SET record = '{}' WHERE call = ? AND seq = 1")
        .bind(id(1).to_string())
        .execute(&bench.store.pool)
        .await
        .expect("changed");
    let all = bench.collect().await;
    assert_eq!((all.calls, all.lessons), (2, 1));
    assert_eq!(all.unreadable, [id(1)]);
    assert_eq!(bench.collect().await, Collected::default());
}

#[tokio::test]
async fn answers_are_counted_by_entry_and_version() {
    let bench = Bench::new().await;
    let line = "4008001001";
    bench.call(1, line, dissented("怎么退货", "A1", 0.9)).await;
    let mut helpful = dissented("怎么退货", "A1", 0.9);
    helpful.pop();
    bench.call(2, line, helpful).await;
    bench.call(3, line, dissented("几点上班", "A2", 0.9)).await;
    bench.collect().await;
    let uses = async |filter: UseFilter| {
        let uses = bench.store.entry_uses(&bench.taught, &filter).await;
        let uses = uses.expect("read").into_iter();
        let told = uses.map(|one| (one.entry.to_string(), one.answers, one.signs));
        told.collect::<Vec<_>>()
    };
    let said_so = vec![(Sign::SaidSo, 1)];
    let all = [
        ("A1".to_owned(), 2, said_so.clone()),
        ("A2".to_owned(), 1, said_so),
    ];
    assert_eq!(uses(UseFilter::default()).await, all);
    let of_version = |hash: &str| UseFilter {
        versions: Some(vec![KnowledgeVersion::new(hash)]),
        ..UseFilter::default()
    };
    assert_eq!(uses(of_version("v1")).await, all);
    assert_eq!(uses(of_version("v2")).await, []);
    let since = UseFilter {
        since_ms: Some(STARTED_MS + 3_000),
        ..UseFilter::default()
    };
    assert_eq!(uses(since).await, []);
}

#[tokio::test]
async fn an_entry_is_as_old_as_the_first_version_that_had_it() {
    let bench = Bench::new().await;
    let base = &bench.taught.base;
    let publish = async |hash: &str, entries: &[Entry], at_ms: i64| {
        let hash = KnowledgeVersion::new(hash);
        let signature = Signature {
            author: String::new(),
            at_ms,
            note: String::new(),
        };
        let publishing = bench.store.publish(base, None, &hash, entries, &signature);
        publishing.await.expect("published")
    };
    publish("one", &[entry("A1")], 10).await;
    publish("two", &[entry("A1"), entry("A2")], 20).await;
    publish("one", &[entry("A1")], 30).await;
    let since = bench.store.first_published(base).await.expect("read");
    assert_eq!(since.len(), 2);
    assert_eq!(since[&EntryId::new("A1")], 10);
    assert_eq!(since[&EntryId::new("A2")], 20);
    let published = bench.store.published(base).await.expect("read");
    assert_eq!(published.map(|one| one.origin), Some(Origin::File));
}
