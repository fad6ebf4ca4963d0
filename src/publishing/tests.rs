//! Publishing and following, on a real database with a synthesiser that counts.

use std::{
    path::Path,
    sync::{Arc, Mutex, atomic::Ordering},
};

use jiff::civil::DateTime;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{reading::Reader, *};
use crate::{
    entry::{Action, Entry, Validity, Verdict},
    ids::{BaseId, BaseName, BusinessId, EntryId, LineNumber},
    knowledge::{KnowledgeBase, check::Known},
    retrieval::{KnowledgeIndex, RetrievalConfig, Synonyms},
    storage::{
        Store,
        knowledge::{DraftChange, Origin, Signature},
    },
    tts::{
        cache::{Keep, PhraseCache},
        fake::FakeSynthesizer,
    },
};

fn base() -> BaseId {
    BaseId {
        business: BusinessId::new("appliance"),
        name: BaseName::new("faq"),
    }
}

fn entry(id: &str, question: &str, answer: &str) -> Entry {
    Entry {
        id: EntryId::new(id),
        category: String::new(),
        question: question.to_owned(),
        similar_questions: Vec::new(),
        answer: answer.to_owned(),
        action: Action::Answer,
        name: String::new(),
        validity: Validity::default(),
    }
}

fn plan(seed: Vec<Entry>) -> BasePlan {
    BasePlan {
        id: base(),
        file: "knowledge/faq.csv".into(),
        seed: KnowledgeBase::new(seed),
        lines: vec![LineNumber::new("4008001001")],
        voices: vec![Voice {
            language: "zh-CN".to_owned(),
            voice: "f2".to_owned(),
        }],
        synonyms: Synonyms::default(),
        known: Known::default(),
    }
}

fn maker() -> IndexMaker {
    IndexMaker {
        config: RetrievalConfig::default(),
        encoder: None,
        folder: None,
    }
}

fn order(revision: Option<u64>) -> Order {
    Order {
        revision,
        signature: Signature {
            author: "小王".to_owned(),
            at_ms: 2,
            note: "改价".to_owned(),
        },
        now: DateTime::default(),
    }
}

/// What was put where new calls find it.
#[derive(Default)]
struct Put(Mutex<Vec<Arc<dyn KnowledgeIndex>>>, tokio::sync::Notify);

impl Shelf for Put {
    fn put(&self, _: &BasePlan, index: &Arc<dyn KnowledgeIndex>) {
        self.0.lock().expect("sound").push(index.clone());
        self.1.notify_one();
    }
}

struct House {
    _folder: TempDir,
    store: Store,
    engine: Arc<FakeSynthesizer>,
    speech: Arc<PhraseCache>,
    desk: Desk,
    library: Library,
}

fn speech(folder: &Path, engine: &Arc<FakeSynthesizer>) -> Arc<PhraseCache> {
    let cache = PhraseCache::open(folder, Keep::Prefetched, 100, engine.clone());
    Arc::new(cache.expect("a cache"))
}

impl House {
    async fn new(seed: Vec<Entry>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path().join("yingda.db")).await;
        let store = store.expect("opened");
        let engine = Arc::new(FakeSynthesizer::default());
        let speech = speech(folder.path(), &engine);
        let plans = vec![plan(seed)];
        let library = Library::new(store.clone(), plans.clone(), maker(), speech.clone());
        library.seed(1).await.expect("seeded");
        Self {
            desk: Desk::new(
                store.clone(),
                plans,
                maker(),
                Reader::new("/nowhere".into()),
            ),
            library,
            engine,
            speech,
            store,
            _folder: folder,
        }
    }

    async fn put(&self, entry: Entry) {
        let change = DraftChange::Put(Box::new(entry));
        let changed = self.store.change_draft(&base(), None, &[change]).await;
        changed.expect("changed");
    }

    async fn publish(&self) -> Result<u64, DeskError> {
        let told = &mut |_: &Step| {};
        self.desk
            .publish(&base(), &order(None), &self.speech, told)
            .await
    }

    async fn roll_back(&self, to: Option<u64>) -> Result<u64, DeskError> {
        let (order, told) = (order(None), &mut |_: &Step| {});
        self.desk
            .roll_back(&base(), to, &order.signature, &self.speech, told)
            .await
    }

    fn spoken(&self) -> usize {
        self.engine.asked.load(Ordering::Relaxed)
    }
}

fn hours() -> Entry {
    entry("A1", "你们几点上班", "九点。")
}

#[tokio::test]
async fn the_audio_is_there_before_the_version_is() {
    let house = House::new(vec![hours()]).await;
    house.put(entry("A2", "怎么退货", "七天内可以退。")).await;
    assert_eq!(house.spoken(), 0);
    let mut steps = Vec::new();
    let number = house
        .desk
        .publish(&base(), &order(None), &house.speech, &mut |step| {
            steps.push(step.clone());
        })
        .await;
    assert_eq!(number.expect("published"), 2);
    let speaking = |done| Step::Speaking { done, all: 2 };
    assert_eq!(
        steps,
        [
            Step::Indexing,
            speaking(0),
            speaking(1),
            speaking(2),
            Step::Done { version: 2 }
        ]
    );
    assert_eq!(house.spoken(), 2);
    assert_eq!(house.desk.step(&base()), Some(Step::Done { version: 2 }));
    let published = house
        .store
        .published(&base())
        .await
        .expect("read")
        .expect("one");
    assert_eq!((published.origin, published.entries), (Origin::Draft, 2));
    assert_eq!(published.signature, order(None).signature);
}

#[tokio::test]
async fn a_version_whose_answers_cannot_be_spoken_is_not_published() {
    let house = House::new(vec![hours()]).await;
    house.put(entry("A2", "怎么退货", "七天内可以退。")).await;
    house.engine.broken.store(true, Ordering::Relaxed);
    let error = house.publish().await.expect_err("mute");
    assert!(matches!(error, DeskError::Speech(_)), "{error}");
    let Some(Step::Failed { why }) = house.desk.step(&base()) else {
        panic!("it failed");
    };
    assert_eq!(why, error.to_string());
    let published = house
        .store
        .published(&base())
        .await
        .expect("read")
        .expect("one");
    assert_eq!(published.number, 1);
    house.engine.broken.store(false, Ordering::Relaxed);
    assert_eq!(house.publish().await.expect("published"), 2);
}

#[tokio::test]
async fn what_cannot_be_published_says_why() {
    let house = House::new(vec![hours()]).await;
    assert_eq!(
        house.publish().await.expect_err("the same").to_string(),
        "the draft of `appliance/faq` is what is published already, as version 1"
    );
    assert_eq!(
        house
            .roll_back(None)
            .await
            .expect_err("the first")
            .to_string(),
        "`appliance/faq` has no version before this one"
    );
    let late = house
        .desk
        .publish(&base(), &order(Some(7)), &house.speech, &mut |_| {})
        .await;
    assert_eq!(
        late.expect_err("late").to_string(),
        "the draft of `appliance/faq` was changed meanwhile: it is at revision 1, not 7; look at it and try again"
    );
    let clear = [DraftChange::Clear];
    house
        .store
        .change_draft(&base(), None, &clear)
        .await
        .expect("cleared");
    assert_eq!(
        house.publish().await.expect_err("empty").to_string(),
        "the draft of `appliance/faq` holds no entry"
    );
}

#[tokio::test]
async fn going_back_twice_goes_back_two_versions() {
    let house = House::new(vec![hours()]).await;
    for (id, question) in [("A2", "怎么退货"), ("A3", "怎么换货")] {
        house.put(entry(id, question, "可以。")).await;
        house.publish().await.expect("published");
    }
    for (number, restores) in [(4, 2), (5, 1)] {
        assert_eq!(house.roll_back(None).await.expect("back"), number);
        let published = house
            .store
            .published(&base())
            .await
            .expect("read")
            .expect("one");
        assert_eq!(published.restores, Some(restores));
    }
    assert!(matches!(
        house.roll_back(None).await,
        Err(DeskError::NothingBefore(_))
    ));
    assert_eq!(house.roll_back(Some(3)).await.expect("forward"), 6);
    let entries = house
        .desk
        .entries(&base(), Which::Published)
        .await
        .expect("read");
    assert_eq!(entries.len(), 3);
}

#[tokio::test]
async fn a_draft_can_be_tried_before_callers_get_it() {
    let house = House::new(vec![hours()]).await;
    house.put(entry("A2", "怎么退货", "七天内可以退。")).await;
    let ask = async |which| {
        let questions = ["怎么退货".to_owned()];
        let now = DateTime::default();
        let findings = house.desk.test(&base(), which, &questions, now).await;
        findings.expect("found").remove(0).verdict
    };
    assert!(matches!(
        ask(Which::Published).await,
        Verdict::Abstain { .. }
    ));
    assert!(
        matches!(ask(Which::Draft).await, Verdict::Answer { candidate } if candidate.entry.id.as_str() == "A2")
    );
}

#[tokio::test]
async fn new_calls_get_what_another_process_published() {
    let house = House::new(vec![hours()]).await;
    let first = house
        .library
        .open(&base(), |_, _| {})
        .await
        .expect("opened");
    assert_eq!(house.library.state()[0].version, 1);
    let (shelf, stop) = (Put::default(), CancellationToken::new());
    let following = house.library.follow(&shelf, stop.clone());
    let publishing = async {
        house.put(entry("A2", "怎么退货", "七天内可以退。")).await;
        house.publish().await.expect("published");
        house.library.look();
        shelf.1.notified().await;
        stop.cancel();
    };
    tokio::join!(following, publishing);
    let put = shelf.0.into_inner().expect("sound");
    assert_eq!(put.len(), 1);
    assert_ne!(put[0].version(), first.version());
    let state = house.library.state().remove(0);
    assert_eq!((state.version, state.entries, state.failed), (2, 2, None));
}

#[tokio::test]
async fn a_file_leads_until_somebody_publishes_otherwise() {
    let house = House::new(vec![hours()]).await;
    let start = async |seed: Vec<Entry>| {
        seed_again(&house.store, seed).await;
        let published = house
            .store
            .published(&base())
            .await
            .expect("read")
            .expect("one");
        (published.number, published.origin)
    };
    // Unchanged, then changed.
    assert_eq!(start(vec![hours()]).await, (1, Origin::File));
    let later = entry("A1", "你们几点上班", "十点。");
    assert_eq!(start(vec![later.clone()]).await, (2, Origin::File));
    // Work that is not published is not lost.
    house.put(entry("A2", "怎么退货", "七天内可以退。")).await;
    assert_eq!(start(vec![hours()]).await, (2, Origin::File));
    house.publish().await.expect("published");
    assert_eq!(start(vec![hours()]).await, (3, Origin::Draft));
}

async fn seed_again(store: &Store, entries: Vec<Entry>) {
    seed(store, &plan(entries), 1).await.expect("seeded");
}
