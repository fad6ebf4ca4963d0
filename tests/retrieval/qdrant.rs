//! Against the Qdrant server at `QDRANT_URL` (gRPC, `http://127.0.0.1:6334`; its key, if it wants one, in `QDRANT_KEY`). Without
//! it, each test says so and passes.

use std::{sync::Arc, time::Duration};

use jiff::civil::DateTime;
use yingda::{
    clock::ProcessClock,
    entry::{Candidate, Entry, Verdict},
    ids::{BaseId, BaseName, BusinessId, EntryId, KnowledgeVersion},
    knowledge::KnowledgeBase,
    retrieval::{
        HybridIndex, KnowledgeIndex, LexicalIndex, Query, RetrievalConfig,
        evaluation::{Case, Mishearing, Synthetic, verbatim},
        qdrant::{
            Edition, Local, Outcome, Qdrant, QdrantServer, QdrantSettings, QdrantState, Search,
            ServerConfig, ServerError, ServerKey, Sparse, VectorServer,
        },
    },
};

use super::{businesses, meaning, out_of_scope};

/// Longer than any test waits: what is answered in process says nothing about the server.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A server, and what a test puts there, which is removed at its end.
struct House {
    server: Arc<QdrantServer>,
    qdrant: Qdrant,
    base: BaseId,
    prefix: String,
}

impl House {
    /// `None` without a server.
    fn open(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("QDRANT_URL") else {
            eprintln!("{test}: skipped, because QDRANT_URL names no server");
            return None;
        };
        let key = std::env::var("QDRANT_KEY").ok();
        let server = QdrantServer::new(&ServerConfig {
            url,
            key: key.and_then(|key| ServerKey::new(&key)),
            allow_http: false,
            timeout: TIMEOUT,
        });
        let server = Arc::new(server.unwrap_or_else(|fault| panic!("QDRANT_URL {fault}")));
        let prefix = format!("yingda-test-{}", std::process::id());
        let settings = QdrantSettings {
            prefix: prefix.clone(),
            timeout: TIMEOUT,
            retries: 2,
            from_entries: 0,
        };
        let clock = ProcessClock::start();
        let runtime = tokio::runtime::Handle::current();
        Some(Self {
            qdrant: Qdrant::new(server.clone(), settings, runtime, move || clock.now()),
            base: BaseId {
                business: BusinessId::new("test"),
                name: BaseName::new(test),
            },
            server,
            prefix,
        })
    }

    /// `local`, asked through the server, which holds it.
    async fn index(&self, local: &Local) -> Arc<dyn KnowledgeIndex> {
        let index = self.qdrant.attach(&self.base, local.clone());
        let settled = self.qdrant.settle().await;
        settled.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(self.qdrant.status().state, QdrantState::Ready);
        index
    }

    fn edition(&self, local: &Local) -> Edition {
        Edition::of(&self.prefix, &self.base, local)
    }

    fn count(&self, wanted: Outcome) -> u64 {
        let searches = self.qdrant.status().searches.into_iter();
        let mut counts = searches.filter(|(outcome, _)| *outcome == wanted);
        counts.next().map_or(0, |(_, count)| count)
    }

    /// Nothing but the server has answered; by words alone it finds nothing for what shares none.
    async fn close(self) {
        for outcome in Outcome::ALL {
            if !matches!(outcome, Outcome::Answered | Outcome::Empty) {
                assert_eq!(self.count(outcome), 0, "{outcome:?}");
            }
        }
        let cleared = self.qdrant.clear(&self.base).await;
        cleared.unwrap_or_else(|error| panic!("{error}"));
    }
}

fn hybrid(entries: Vec<Entry>) -> Local {
    let KnowledgeBase { version, entries } = KnowledgeBase::new(entries);
    let index = HybridIndex::build(
        version,
        entries,
        RetrievalConfig::default(),
        meaning::encoder(),
    );
    Local::Hybrid(Arc::new(index.unwrap_or_else(|error| panic!("{error}"))))
}

fn lexical(entries: Vec<Entry>) -> Local {
    let KnowledgeBase { version, entries } = KnowledgeBase::new(entries);
    let index = LexicalIndex::build(version, entries, RetrievalConfig::default());
    Local::Lexical(Arc::new(index))
}

fn chosen(verdict: &Verdict) -> Option<&EntryId> {
    let first: Option<&Candidate> = match verdict {
        Verdict::Answer { candidate } => Some(candidate),
        Verdict::Clarify { candidates } => candidates.first(),
        Verdict::Abstain { .. } => None,
    };
    first.map(|candidate| &candidate.entry.id)
}

/// Asks both engines each question, and wants 99 in 100 to be the same.
async fn agree(house: &House, local: &Local, questions: &[Case]) {
    let index = house.index(local).await;
    let (mut same, mut different) = (0, Vec::new());
    for case in questions {
        let query = Query::new(case.question.as_str(), DateTime::MIN);
        let (server, process) = (
            index.search(query.clone()).await,
            local.of_calls().search(query).await,
        );
        let (server, process) = (server.expect("answered"), process.expect("answered"));
        if chosen(&server.verdict) == chosen(&process.verdict) {
            same += 1;
        } else {
            different.push(&case.question);
        }
    }
    println!("{same} of {} the same: {different:#?}", questions.len());
    assert!(same * 100 >= questions.len() * 99, "{different:#?}");
    assert!(house.count(Outcome::Answered) >= same as u64 / 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_give_the_samples_the_same_answers() {
    let Some(house) = House::open("samples") else {
        return;
    };
    let all: Vec<Entry> = businesses().concat();
    let known = verbatim(&all);
    let language: String = known.iter().map(|case| case.question.as_str()).collect();
    let mut mishearing = Mishearing::new(1, &language, 0.1, 0.04);
    let heard = known.iter().map(|case| Case {
        question: mishearing.of(&case.question),
        expected: case.expected.clone(),
    });
    let heard: Vec<Case> = heard.collect();
    let questions = [known.clone(), heard, out_of_scope()].concat();
    agree(&house, &hybrid(all.clone()), &questions).await;
    agree(&house, &lexical(all), &questions).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_agree_on_a_large_base() {
    let Some(house) = House::open("large") else {
        return;
    };
    let made = Synthetic::new(5, 2_000, 3, 200);
    agree(&house, &lexical(made.entries), &made.questions).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_switched_and_removed() {
    let Some(house) = House::open("versions") else {
        return;
    };
    let all: Vec<Entry> = businesses().concat();
    let versions: Vec<Local> = (0..3)
        .map(|without| lexical(all[without..].to_vec()))
        .collect();
    for local in &versions {
        house.index(local).await;
    }
    let editions: Vec<Edition> = versions.iter().map(|local| house.edition(local)).collect();
    let holdings = house.server.holdings(&editions[2]).await.expect("listed");
    let holds = |edition: &Edition| holdings.collections.contains(&edition.collection);
    assert_eq!(
        editions.iter().map(holds).collect::<Vec<_>>(),
        [false, true, true]
    );
    assert_eq!(holdings.alias.as_ref(), Some(&editions[2].collection));
    let missing = house.server.count(&editions[0]).await;
    assert!(
        matches!(missing, Err(ServerError::Missing(_))),
        "{missing:?}"
    );

    // Whoever comes later finds that it is all there.
    let later = Qdrant::new(
        house.server.clone(),
        QdrantSettings {
            prefix: house.prefix.clone(),
            timeout: TIMEOUT,
            retries: 0,
            from_entries: 0,
        },
        tokio::runtime::Handle::current(),
        || yingda::clock::Moment::ORIGIN,
    );
    later.attach(&house.base, versions[2].clone());
    later.settle().await.expect("settled");
    assert_eq!(later.status().state, QdrantState::Ready);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_business_base_or_version_is_found() {
    let Some(house) = House::open("filters") else {
        return;
    };
    let all: Vec<Entry> = businesses().concat();
    let local = hybrid(all.clone());
    house.index(&local).await;
    let vector = meaning::encoder().embed_question(&all[0].question);
    let vector = vector.unwrap_or_else(|error| panic!("{error}"));
    let found = async |change: fn(&mut Edition)| {
        let mut edition = house.edition(&local);
        change(&mut edition);
        let search = Search {
            edition,
            now: None,
            meaning: Some(vector.clone()),
            words: Sparse::default(),
            characters: Sparse::default(),
            sounds: Sparse::default(),
            limit: 64,
        };
        let found = house.server.search(Arc::new(search)).await;
        found.unwrap_or_else(|error| panic!("{error}")).len()
    };
    assert_eq!(found(|_| {}).await, 64);
    let foreign: [fn(&mut Edition); 3] = [
        |edition| edition.base.business = BusinessId::new("another"),
        |edition| edition.base.name = BaseName::new("another"),
        |edition| edition.version = KnowledgeVersion::new("another"),
    ];
    for change in foreign {
        assert_eq!(found(change).await, 0);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_found_while_they_are_true() {
    let Some(house) = House::open("validity") else {
        return;
    };
    let mut all: Vec<Entry> = businesses().concat();
    let question = all[3].question.clone();
    all[3].validity.takes_effect = "2026-10-01T00:00:00".parse().ok();
    all[3].validity.expires = "2026-10-08T00:00:00".parse().ok();
    let id = all[3].id.clone();
    let index = house.index(&hybrid(all)).await;
    for (now, expected) in [
        ("2026-09-30T23:59:59", false),
        ("2026-10-01T00:00:00", true),
        ("2026-10-07T23:59:59", true),
        ("2026-10-08T00:00:00", false),
    ] {
        let query = Query::new(question.as_str(), now.parse().expect("a time"));
        let found = index.search(query).await.expect("answered").verdict;
        assert_eq!(chosen(&found) == Some(&id), expected, "{now}");
    }
    house.close().await;
}
