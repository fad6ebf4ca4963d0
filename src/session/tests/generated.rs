//! Answers of a language model in a whole call, and its replay.

use super::*;
use crate::{
    call::{CallEvent, GeneratedSentence, GenerationOutcome, SpeechSource},
    conversation::Input,
    entry::Verdict,
    ids::{EntryId, UtteranceId},
    retrieval::fake::FakeIndex,
    transcript::Recognition,
};

/// A call in which an open question was not answered by an entry, with a language model or without.
fn asked(generation: Option<Duration>) -> (Stage, Vec<String>) {
    let mut settings = settings(TransferMode::Bridge, None);
    let conversation = Arc::make_mut(&mut settings.conversation);
    conversation.timings.generation = generation;
    let mut stage = Stage::new(Some(settings));
    stage.tell(offered(Some("4008001001")));
    stage.tell(SessionInput::Confirmed {
        codec: "PCMA".to_owned(),
    });
    stage.now += Duration::from_secs(5);
    let utterance = UtteranceId(1);
    let (speech_started, speech_ended) = (stage.now, stage.now);
    let recognition = Recognition {
        text: Pii::new("保修多久呀".to_owned()),
        confidence: 0.9,
        took_ms: 40,
    };
    let mut told = Vec::new();
    for input in [
        Input::SpeechStarted {
            utterance,
            over: None,
        },
        Input::SpeechEnded {
            utterance,
            revision: 1,
            speech_started,
            speech_ended,
        },
        Input::Recognised {
            utterance,
            revision: 1,
            recognition,
        },
    ] {
        told = stage.tell(SessionInput::Conversation(input));
    }
    assert!(told[0].starts_with("Search"), "{told:?}");
    let found = FakeIndex::new().on_clarify(
        "保修",
        [
            FakeIndex::entry("A1", "洗衣机保修", "三年。"),
            FakeIndex::entry("A2", "冰箱保修", "一年。"),
        ],
    );
    let finding = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(crate::retrieval::KnowledgeIndex::search(
            &found,
            crate::retrieval::Query::new("保修", jiff::civil::DateTime::default()),
        ))
        .expect("it is found");
    assert!(matches!(finding.verdict, Verdict::Clarify { .. }));
    let search = crate::ids::SearchId(0);
    let told = stage.tell(SessionInput::Conversation(Input::Found { search, finding }));
    (stage, told)
}

#[test]
fn what_was_written_is_said_recorded_and_replayed() {
    let (mut stage, told) = asked(Some(Duration::from_millis(900)));
    assert!(told[0].starts_with("Generate"), "{told:?}");
    let search = crate::ids::SearchId(0);
    stage.now += Duration::from_millis(400);
    let sentence = GeneratedSentence {
        text: "洗衣机保修三年。".to_owned(),
        entry: EntryId::new("A1"),
    };
    let input = Input::Generated {
        search,
        sentence: sentence.clone(),
    };
    let told = stage.tell(SessionInput::Conversation(input));
    assert_eq!(told, ["written from A1"]);
    stage.now += Duration::from_millis(100);
    let outcome = GenerationOutcome::Answered;
    stage.tell(SessionInput::Conversation(Input::GenerationEnded {
        search,
        outcome,
    }));
    let records = stage.machine.records().iter();
    let events: Vec<&CallEvent> = records.map(|record| &record.event).collect();
    assert!(events.contains(&&CallEvent::Generated {
        search,
        outcome,
        sentences: vec![sentence],
        first_ms: Some(400),
        total_ms: 500,
    }));
    let from_model = |event: &&&CallEvent| matches!(event, CallEvent::SpeechStarted { source: SpeechSource::Generated { entry }, .. } if entry.as_str() == "A1");
    assert_eq!(events.iter().filter(from_model).count(), 1);
    stage.check_replay();
}

#[test]
fn a_call_without_a_model_asks_back_at_once() {
    let (stage, told) = asked(None);
    assert_eq!(told, ["say clarify.two"]);
    assert!(!stage.records().contains(&"generated".to_owned()));
    stage.check_replay();
}
