//! Searches against a server in memory that fails, falls silent, forgets and lies.

mod upkeep;

use std::sync::atomic::AtomicU64;

use jiff::civil::DateTime;

use super::*;
use crate::{
    embedding::fake::FakeEncoder,
    entry::{Entry, Finding},
    ids::{BaseName, BusinessId, KnowledgeVersion},
    retrieval::{
        HybridIndex, IndexOptions, LexicalIndex, Query, RetrievalConfig, evaluation::Synthetic,
    },
};

const NOON: DateTime = DateTime::constant(2026, 10, 1, 12, 0, 0, 0);

fn faq() -> BaseId {
    BaseId {
        business: BusinessId::new("appliance"),
        name: BaseName::new("faq"),
    }
}

/// 200 entries with three phrasings each, so three batches.
fn entries() -> Vec<Entry> {
    Synthetic::new(3, 200, 3, 0).entries
}

fn words(version: &str, entries: Vec<Entry>) -> Local {
    let version = KnowledgeVersion::new(version);
    let index = LexicalIndex::build_with(version, entries, IndexOptions::default());
    Local::Lexical(Arc::new(index))
}

fn meaning(version: &str, entries: Vec<Entry>) -> Local {
    let version = KnowledgeVersion::new(version);
    let encoder = Arc::new(FakeEncoder::default());
    let index = HybridIndex::build(version, entries, RetrievalConfig::default(), encoder);
    Local::Hybrid(Arc::new(index.expect("built")))
}

struct House {
    server: Arc<FakeServer>,
    qdrant: Qdrant,
    /// In milliseconds.
    time: Arc<AtomicU64>,
}

impl House {
    fn new(timeout_ms: u64) -> Self {
        let server = Arc::new(FakeServer::default());
        let settings = QdrantSettings {
            prefix: "yingda".to_owned(),
            timeout: Duration::from_millis(timeout_ms),
            retries: 1,
            from_entries: 65,
        };
        let time = Arc::new(AtomicU64::new(0));
        let now = {
            let time = time.clone();
            move || Moment::from_millis(time.load(Ordering::Relaxed))
        };
        Self {
            qdrant: Qdrant::new(server.clone(), settings, Handle::current(), now),
            server,
            time,
        }
    }

    /// As patient as no test waits.
    fn patient() -> Self {
        Self::new(60_000)
    }

    async fn round(&self) -> Result<(), ServerError> {
        self.qdrant.settle().await
    }

    fn pass(&self, seconds: u64) {
        self.time.fetch_add(1_000 * seconds, Ordering::Relaxed);
    }

    /// What became of searches, but those of which there were none.
    fn outcomes(&self) -> Vec<(Outcome, u64)> {
        let mut outcomes = self.qdrant.status().searches;
        outcomes.retain(|&(_, count)| count > 0);
        outcomes
    }

    fn collection(&self, local: &Local) -> String {
        Edition::of("yingda", &faq(), local).collection
    }
}

async fn asked(index: &dyn KnowledgeIndex, question: &str) -> Finding {
    let query = Query::new(question, NOON);
    index.search(query).await.expect("it never fails")
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_agree() {
    let made = Synthetic::new(5, 400, 3, 120);
    for local in [
        words("1", made.entries.clone()),
        meaning("2", made.entries.clone()),
    ] {
        let house = House::patient();
        let index = house.qdrant.attach(&faq(), local.clone());
        house.round().await.expect("it is there");
        let (mut same, mut first) = (0, 0);
        for case in &made.questions {
            let (server, process) = (
                asked(&*index, &case.question).await,
                asked(&*local.of_calls(), &case.question).await,
            );
            same += usize::from(server == process);
            let ranking = local.ranking().rank(&case.question, 1);
            let found = server.verdict;
            let chosen = match &found {
                crate::entry::Verdict::Answer { candidate } => Some(&candidate.entry.id),
                _ => None,
            };
            first +=
                usize::from(chosen.is_none() || chosen == ranking.first().map(|r| &r.entry.id));
        }
        let all = made.questions.len();
        assert_eq!(first, all);
        assert!(same * 100 >= all * 99, "{same} of {all}");
        let outcomes = house.outcomes();
        assert_eq!(
            outcomes.len(),
            1,
            "the server has answered all: {outcomes:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_changes_no_answer_and_is_left_alone() {
    let house = House::patient();
    let local = meaning("1", entries());
    let index = house.qdrant.attach(&faq(), local.clone());
    house.round().await.expect("it is there");
    let question = entries()[7].question.clone();
    let in_process = asked(&*local.of_calls(), &question).await;
    house.pass(10);
    let down = ServerError::Unreachable("connection refused".to_owned());
    house.server.set_down(Some(down.clone()));
    for _ in 0..5 {
        assert_eq!(asked(&*index, &question).await, in_process);
    }
    assert_eq!(
        house.outcomes(),
        [(Outcome::Failed, 3), (Outcome::Resting, 2)]
    );
    let expected = QdrantState::Down {
        since: Moment::from_millis(10_000),
        error: down.to_string(),
    };
    assert_eq!(house.qdrant.status().state, expected);
    house.pass(5);
    assert_eq!(house.round().await, Err(down));
    assert_eq!(house.qdrant.status().state, expected, "since then");

    house.server.set_down(None);
    house.round().await.expect("it is there");
    assert_eq!(house.qdrant.status().state, QdrantState::Ready);
    assert_eq!(asked(&*index, &question).await, in_process);
    assert_eq!(house.outcomes()[0], (Outcome::Answered, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_not_waited_for() {
    let house = House::new(20);
    let local = words("1", entries());
    let index = house.qdrant.attach(&faq(), local.clone());
    house.round().await.expect("it is there");
    house.server.set_silent(true);
    let question = entries()[7].question.clone();
    let in_process = asked(&*local.of_calls(), &question).await;
    for _ in 0..4 {
        assert_eq!(asked(&*index, &question).await, in_process);
    }
    assert_eq!(
        house.outcomes(),
        [(Outcome::Late, 3), (Outcome::Resting, 1)]
    );
    house.server.set_silent(false);
    let slots = &house.qdrant.shared.slots;
    let given_back = async { drop(slots.acquire_many(AT_ONCE as u32).await) };
    let limit = Duration::from_secs(60);
    let given_back = tokio::time::timeout(limit, given_back).await;
    assert!(given_back.is_ok(), "requests that nobody waits for end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_has_used_its_time_does_not_ask_again() {
    let house = House::new(20);
    let local = words("1", entries());
    let base = faq();
    let index = house.qdrant.attached(&base, local);
    house.round().await.expect("it is there");
    let question = entries()[7].question.clone();
    let until = (house.qdrant.shared.now)();
    house.pass(1);
    let ranked = index.rank_until(&question, until);
    assert_eq!(ranked[0].entry.id, entries()[7].id);
    assert_eq!(house.outcomes(), [(Outcome::Late, 1)]);
    assert_eq!(house.server.searches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_searches_than_there_are_slots_are_under_way() {
    let house = House::patient();
    let local = words("1", entries());
    let index = house.qdrant.attach(&faq(), local.clone());
    house.round().await.expect("it is there");
    let slots = house.qdrant.shared.slots.clone();
    let all = slots.acquire_many(AT_ONCE as u32).await.expect("open");
    let question = entries()[7].question.clone();
    let in_process = asked(&*local.of_calls(), &question).await;
    assert_eq!(asked(&*index, &question).await, in_process);
    drop(all);
    assert_eq!(asked(&*index, &question).await, in_process);
    let expected = [(Outcome::Answered, 1), (Outcome::Busy, 1)];
    assert_eq!(house.outcomes(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_or_lies_is_not_believed() {
    let house = House::patient();
    let local = words("1", entries());
    let index = house.qdrant.attach(&faq(), local.clone());
    house.round().await.expect("it is there");
    let question = entries()[7].question.clone();
    let in_process = asked(&*local.of_calls(), &question).await;
    for nonsense in [vec![], vec![600, u32::MAX]] {
        house.server.say(Some(nonsense));
        assert_eq!(asked(&*index, &question).await, in_process);
    }
    assert_eq!(house.outcomes(), [(Outcome::Empty, 2)]);
    house.server.say(None);

    house.server.forget();
    assert_eq!(asked(&*index, &question).await, in_process);
    let state = house.qdrant.status().state;
    assert!(matches!(state, QdrantState::Uploading { .. }), "{state:?}");
    house.round().await.expect("it is there");
    assert_eq!(asked(&*index, &question).await, in_process);
    assert_eq!(house.outcomes()[0], (Outcome::Answered, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_true_now_is_not_found() {
    let mut entries = entries();
    let question = entries[7].question.clone();
    entries[7].validity.expires = Some(NOON);
    let house = House::patient();
    let local = words("1", entries);
    let index = house.qdrant.attach(&faq(), local.clone());
    house.round().await.expect("it is there");
    let in_process = asked(&*local.of_calls(), &question).await;
    assert_eq!(asked(&*index, &question).await, in_process);
    let earlier = Query::new(
        question.as_str(),
        DateTime::constant(2026, 9, 1, 0, 0, 0, 0),
    );
    let before = index.search(earlier).await.expect("it never fails");
    assert_ne!(before, in_process);
    assert_eq!(house.outcomes(), [(Outcome::Answered, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn small_bases_stay_in_process() {
    let house = House::patient();
    let small = words("1", entries()[..64].to_vec());
    let index = house.qdrant.attach(&faq(), small);
    house.round().await.expect("nothing is to be done");
    asked(&*index, "空调").await;
    assert_eq!((house.server.calls(), house.outcomes()), (vec![], vec![]));
    assert_eq!(house.qdrant.status().state, QdrantState::Ready);
}
