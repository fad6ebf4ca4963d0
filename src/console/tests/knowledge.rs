//! The API on knowledge: who may change it, what it refuses, and a whole round from an entry to a version and back.

use serde_json::{Value, json};

use super::*;
use crate::{
    ids::{BaseId, BaseName},
    knowledge::check::Known,
    publishing::{BasePlan, IndexMaker, Voice, lessons::Classroom, reading::Reader, seed},
    retrieval::{RetrievalConfig, Synonyms, fake::FakeIndex},
    tts::{cache::Keep, fake::FakeSynthesizer},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const BASE: &str = "/api/knowledge/appliance/faq";

fn plan() -> BasePlan {
    let entries = vec![FakeIndex::entry("A1", "你们几点上班", "九点。")];
    BasePlan {
        id: BaseId {
            business: BusinessId::new("appliance"),
            name: BaseName::new("faq"),
        },
        file: "knowledge/faq.csv".into(),
        seed: crate::knowledge::KnowledgeBase::new(entries),
        lines: vec![LineNumber::new(LINE)],
        voices: vec![Voice {
            language: "zh-CN".to_owned(),
            voice: String::new(),
        }],
        synonyms: Synonyms::default(),
        known: Known::default(),
    }
}

pub(super) fn desk(store: &Store, folder: &Path) -> KnowledgeDesk {
    let maker = IndexMaker {
        config: RetrievalConfig::default(),
        encoder: None,
        folder: None,
    };
    let engine = Arc::new(FakeSynthesizer::default());
    let speech = PhraseCache::open(&folder.join("speech"), Keep::Prefetched, 10, engine);
    KnowledgeDesk {
        token: Some(TOKEN.to_owned()),
        desk: Desk::new(
            store.clone(),
            vec![plan()],
            maker,
            Reader::new("/nowhere".into()),
        ),
        classroom: Classroom::new(store.clone(), &[plan()], None),
        speech: Arc::new(speech.expect("a cache")),
        published: Box::new(|| {}),
        now_ms: Box::new(|| 1_800_000_000_000),
    }
}

impl Console {
    async fn with_base() -> Self {
        let console = Self::new(true).await;
        let store = Store::open(console.folder.path().join("yingda.db")).await;
        let store = store.expect("opened");
        seed(&store, &plan(), 1).await.expect("seeded");
        store.close().await;
        console
    }

    async fn edit(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Answer {
        let url = format!("http://{}{BASE}{path}", self.address);
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Value::Null => Vec::new(),
            body => {
                request = request.header("content-type", "application/json");
                body.to_string().into_bytes()
            }
        };
        self.send(request.body(body).expect("a request")).await
    }

    /// Waits for the end of a publication, by asking as a page does.
    async fn end_of_publishing(&self) -> Value {
        loop {
            let step = self.get(&format!("{BASE}/publishing")).await.json();
            match step["step"].as_str() {
                Some("indexing" | "speaking") => tokio::task::yield_now().await,
                _ => return step,
            }
        }
    }
}

fn entry(id: &str, question: &str) -> Value {
    json!({
        "id": id, "category": "", "question": question, "similar_questions": [], "answer": "可以。", "action": "answer",
    })
}

#[tokio::test]
async fn only_who_shows_the_token_changes_something() {
    let console = Console::with_base().await;
    let put = entry("A2", "怎么退货");
    for token in [None, Some("wrong"), Some(&TOKEN[1..]), Some("")] {
        let answer = console.edit("PUT", "/draft/entries/A2", token, &put).await;
        assert_eq!(answer.status, 401, "{token:?}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    for (method, path) in [
        ("DELETE", "/draft/entries/A1"),
        ("POST", "/test"),
        ("POST", "/publishing"),
        ("POST", "/rollback"),
        ("POST", "/rulings"),
    ] {
        let answer = console.edit(method, path, None, &json!({})).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    let draft = console.get(&format!("{BASE}/draft")).await.json();
    assert_eq!(draft["revision"], 1);
}

#[tokio::test]
async fn from_an_entry_to_a_version_and_back() {
    let console = Console::with_base().await;
    let token = Some(TOKEN);
    let put = entry("A2", "怎么退货");
    let answer = console
        .edit("PUT", "/draft/entries/A2?revision=1", token, &put)
        .await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "revision": 2 }))
    );

    let ask = json!({ "questions": ["怎么退货"] });
    let findings = console.edit("POST", "/test", token, &ask).await.json();
    assert_eq!(findings[0]["verdict"], "answer");
    let ask = json!({ "questions": ["怎么退货"], "published": true });
    let findings = console.edit("POST", "/test", token, &ask).await.json();
    assert_eq!(findings[0]["verdict"], "abstain");

    let order = json!({ "revision": 2, "author": "小王", "note": "加一条" });
    let answer = console.edit("POST", "/publishing", token, &order).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let step = console.end_of_publishing().await;
    assert_eq!(step, json!({ "step": "done", "version": 2 }));

    let answer = console
        .edit("POST", "/rollback", token, &json!({ "author": "小李" }))
        .await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(console.end_of_publishing().await["version"], 3);
    let versions = console.get(&format!("{BASE}/versions")).await.json();
    let shown: Vec<_> = versions
        .as_array()
        .expect("a list")
        .iter()
        .map(|version| {
            (
                version["number"].clone(),
                version["author"].clone(),
                version["restores"].clone(),
            )
        })
        .collect();
    assert_eq!(shown[0], (json!(3), json!("小李"), json!(1)));
    assert_eq!(shown[1], (json!(2), json!("小王"), Value::Null));
    let entries = console.get(&format!("{BASE}/versions/2")).await.json();
    assert_eq!(entries.as_array().map(Vec::len), Some(2));
    let bases = console.get("/api/knowledge").await.json();
    assert_eq!(bases[0]["published"]["number"], 3);
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let console = Console::with_base().await;
    let put = entry("A2", "怎么退货");
    for (method, path, body, status, message) in [
        (
            "PUT",
            "/draft/entries/A2?revision=7",
            put.clone(),
            409,
            "the draft of `appliance/faq` was changed meanwhile: it is at revision 1, not 7; look at it and try again",
        ),
        (
            "PUT",
            "/draft/entries/A3",
            put.clone(),
            400,
            "the entry is `A2`, the address says `A3`",
        ),
        (
            "DELETE",
            "/draft/entries/A9",
            Value::Null,
            404,
            "the draft of `appliance/faq` has no entry `A9`",
        ),
        (
            "POST",
            "/publishing",
            json!({ "author": "x" }),
            409,
            "the draft of `appliance/faq` is what is published already, as version 1",
        ),
        (
            "POST",
            "/rollback",
            json!({ "author": "x" }),
            409,
            "`appliance/faq` has no version before this one",
        ),
        (
            "POST",
            "/rollback",
            json!({ "author": "x", "to": 9 }),
            404,
            "knowledge base `appliance/faq` has no version 9",
        ),
        (
            "POST",
            "/test",
            json!({ "questions": [], "version": 1, "published": true }),
            400,
            "either `version` or `published`",
        ),
    ] {
        let answer = console.edit(method, path, Some(TOKEN), &body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(
            answer.json()["error"]["message"],
            message,
            "{method} {path}"
        );
    }
    let wrong = console
        .edit(
            "PUT",
            "/draft/entries/A2",
            Some(TOKEN),
            &json!({ "id": "A2" }),
        )
        .await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("missing field"), "{}", wrong.text());
    for path in ["/draft", "/versions", "/versions/1"] {
        let answer = console
            .get(&format!("/api/knowledge/other/faq{path}"))
            .await;
        assert_eq!(answer.status, 404, "{path}");
    }
}
