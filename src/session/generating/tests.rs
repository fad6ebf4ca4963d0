//! A language model asked for a call: what the machine is told, and what leaves the house.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::State, routing::post};

use super::*;
use crate::{
    entry::{Action, Entry},
    ids::SearchId,
    llm::{FakeModel, LanguageModel, OpenAiClient, OpenAiConfig, WriterPrompts, WriterSettings},
    pii::Pii,
    retrieval::fake::FakeIndex,
};

const SEARCH: SearchId = SearchId(7);

fn settings() -> WriterSettings {
    WriterSettings {
        answer: true,
        rewrite: true,
        first_sentence: Duration::from_millis(900),
        proposals: Duration::from_secs(5),
        max_tokens: 100,
        most_sentences: 4,
        floor: 0.12,
    }
}

fn writer(model: Arc<dyn LanguageModel>, settings: WriterSettings) -> Arc<GroundedWriter> {
    let file = include_str!("../../../prompts/llm.toml");
    let prompts = WriterPrompts::parse("llm.toml", file).expect("shipped");
    Arc::new(GroundedWriter::new(model, Arc::new(prompts), settings))
}

fn washer() -> Entry {
    FakeIndex::entry("A1", "洗衣机保修多久", "洗衣机整机保修三年，电机保修十年。")
}

fn fridge() -> Entry {
    FakeIndex::entry("A2", "冰箱保修多久", "冰箱整机保修一年。")
}

fn candidate(entry: Entry, score: f32) -> Candidate {
    Candidate {
        matched: entry.question.clone(),
        entry: Arc::new(entry),
        score,
    }
}

fn wanted(question: &str, before: Option<(&str, &str)>, candidates: Vec<Candidate>) -> Generation {
    Generation {
        search: SEARCH,
        question: Pii::new(question.to_owned()),
        before: before.map(|(question, answer)| (Pii::new(question.to_owned()), answer.to_owned())),
        candidates,
    }
}

/// What the machine is told, a line each.
async fn told(writer: Arc<GroundedWriter>, index: FakeIndex, wanted: Generation) -> Vec<String> {
    let job = Job {
        writer,
        index: Arc::new(index),
        language: "zh-CN".to_owned(),
        now: Moment::ORIGIN,
        local: jiff::civil::DateTime::default(),
    };
    let (sender, mut receiver) = mpsc::channel(ON_THE_WAY);
    let running = tokio::spawn(async move { job.run(wanted, &sender).await });
    let mut lines = Vec::new();
    while let Some(input) = receiver.recv().await {
        lines.push(match input {
            Input::Generated { search, sentence } => {
                assert_eq!(search, SEARCH);
                format!("{}: {}", sentence.entry, sentence.text)
            }
            Input::GenerationEnded { search, outcome } => {
                assert_eq!(search, SEARCH);
                outcome.name().to_owned()
            }
            Input::Rewritten {
                question, finding, ..
            } => match finding.verdict {
                Verdict::Answer { candidate } => {
                    format!("{} is {}", question.expose(), candidate.entry.id)
                }
                other => panic!("{other:?} is no answer"),
            },
            other => panic!("{other:?} is not of a model"),
        });
    }
    running.await.expect("it does not panic");
    lines
}

#[tokio::test]
async fn an_answer_comes_sentence_by_sentence() {
    let model = FakeModel::saying(&["洗衣机整机保修三年[1]。", "冰箱整机保修一年[2]。"]);
    let writer = writer(Arc::new(model), settings());
    let candidates = vec![candidate(washer(), 0.3), candidate(fridge(), 0.28)];
    let wanted = wanted("洗衣机和冰箱保修", None, candidates);
    assert_eq!(
        told(writer, FakeIndex::new(), wanted).await,
        [
            "A1: 洗衣机整机保修三年。",
            "A2: 冰箱整机保修一年。",
            "answered"
        ]
    );
}

#[tokio::test]
async fn entries_below_the_floor_and_those_with_actions_are_not_answered_from() {
    let model = Arc::new(FakeModel::saying(&["洗衣机整机保修三年[1]。"]));
    let mut ticket = fridge();
    ticket.action = Action::Ticket("repair".to_owned());
    let candidates = vec![candidate(ticket, 0.4), candidate(washer(), 0.05)];
    let wanted = wanted("保修", None, candidates);
    let told = told(writer(model.clone(), settings()), FakeIndex::new(), wanted).await;
    assert_eq!(told, ["nothing_near"]);
    assert!(model.chats().is_empty());
}

#[tokio::test]
async fn a_completed_question_goes_through_the_index() {
    let before = Some(("洗衣机保修多久", "洗衣机整机保修三年。"));
    let model = || Arc::new(FakeModel::saying(&["冰箱保修多久"]));
    let index = FakeIndex::new().on_answer("冰箱保修多久", fridge());
    let follow_up = || wanted("那冰箱呢", before, Vec::new());
    let lines = told(writer(model(), settings()), index, follow_up()).await;
    assert_eq!(lines, ["冰箱保修多久 is A2"]);
    // What is not answered then is phrased from what was found for it; this model has nothing to say.
    let index = FakeIndex::new().on_clarify("冰箱保修多久", [fridge(), washer()]);
    let lines = told(writer(model(), settings()), index, follow_up()).await;
    assert_eq!(lines, ["ungrounded"]);
    // Nothing is completed where that is not wanted.
    let only_answers = WriterSettings {
        rewrite: false,
        ..settings()
    };
    let model = model();
    let lines = told(
        writer(model.clone(), only_answers),
        FakeIndex::new(),
        follow_up(),
    )
    .await;
    assert_eq!(lines, ["nothing_near"]);
    assert!(model.chats().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_time_box_holds_for_all_before_the_first_sentence() {
    let before = Some(("洗衣机保修多久", "洗衣机整机保修三年。"));
    let begun = tokio::time::Instant::from_std(ClockOfTest::now());
    let model = Arc::new(FakeModel::silent());
    let wanted = wanted("那冰箱呢", before, vec![candidate(fridge(), 0.3)]);
    let lines = told(writer(model, settings()), FakeIndex::new(), wanted).await;
    assert_eq!(lines, ["slow"]);
    let waited = ClockOfTest::now().duration_since(begun.into_std());
    assert_eq!(waited.as_millis(), 900);
}

/// The paused clock of a test.
struct ClockOfTest;

impl ClockOfTest {
    #[allow(clippy::disallowed_methods)] // The clock is the test's own.
    fn now() -> std::time::Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// A server that keeps what it is sent.
async fn recording() -> (String, Arc<Mutex<Vec<String>>>) {
    async fn keep(State(kept): State<Arc<Mutex<Vec<String>>>>, body: String) -> String {
        kept.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(body);
        let content = "冰箱整机保修一年[1]。";
        let json = serde_json::json!({ "choices": [{ "delta": { "content": content } }] });
        format!("data: {json}\n\ndata: [DONE]\n\n")
    }
    let kept = Arc::new(Mutex::new(Vec::new()));
    let router = Router::new()
        .route("/chat/completions", post(keep))
        .with_state(kept.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, kept)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_data_leaves_the_house() {
    let (url, kept) = recording().await;
    let client = OpenAiClient::new(OpenAiConfig {
        url,
        model: "small".to_owned(),
        key: None,
        allow_http: false,
        total: Duration::from_secs(10),
        slots: 2,
        most_bytes: 1 << 16,
    })
    .expect("a sound address");
    let patient = WriterSettings {
        first_sentence: Duration::from_secs(10),
        ..settings()
    };
    let asked = "我手机13912345678，身份证11010519491231002X，卡6222 0212 3456 7894，邮箱zhang.san@example.com，冰箱保修几年";
    let before = Some(("我座机0571-8815555，洗衣机呢", "请打张师傅13800138000。"));
    let writer = writer(Arc::new(client), patient);
    // A long question is answered, a short one completed first.
    for asked in [asked, "冰箱呢13912345678"] {
        let wanted = wanted(asked, before, vec![candidate(fridge(), 0.3)]);
        let lines = told(writer.clone(), FakeIndex::new(), wanted).await;
        assert_eq!(lines, ["A2: 冰箱整机保修一年。", "answered"], "{asked}");
    }
    let sent = kept.lock().expect("no panic").join("\n");
    assert_eq!(sent.matches("\"model\":\"small\"").count(), 3, "{sent}");
    for secret in [
        "139",
        "5678",
        "1101",
        "002X",
        "6222",
        "7894",
        "zhang",
        "example.com",
        "0571",
        "8815",
        "1380",
        "8000",
    ] {
        assert!(!sent.contains(secret), "{secret} in {sent}");
    }
    assert!(sent.contains("我手机〔号码〕，身份证〔号码〕"), "{sent}");
}
