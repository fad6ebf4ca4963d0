//! The caller's words before, beside and after an agent.

use super::*;
use crate::{call::CallEvent, ids::UtteranceId, transcript::Recognition};

fn started(utterance: u64) -> SessionInput {
    SessionInput::Conversation(conversation::Input::SpeechStarted {
        utterance: UtteranceId(utterance),
        over: None,
    })
}

fn ended(utterance: u64) -> SessionInput {
    SessionInput::Conversation(conversation::Input::SpeechEnded {
        utterance: UtteranceId(utterance),
        revision: 1,
        speech_started: Moment::from_millis(utterance * 1_000),
        speech_ended: Moment::from_millis(utterance * 1_000 + 500),
    })
}

fn recognised(utterance: u64, text: &str) -> SessionInput {
    SessionInput::Conversation(conversation::Input::Recognised {
        utterance: UtteranceId(utterance),
        revision: 1,
        recognition: Recognition {
            text: Pii::new(text.to_owned()),
            confidence: 0.9,
            took_ms: 40,
        },
    })
}

fn words(stage: &Stage) -> Vec<String> {
    let records = stage.machine.records().iter();
    records
        .filter_map(|record| match &record.event {
            CallEvent::UtteranceRecognised { text, .. } => Some(text.expose().clone()),
            _ => None,
        })
        .collect()
}

fn brief(stage: &Stage) -> String {
    let answered = stage.machine.records().iter();
    answered
        .filter_map(|record| match &record.event {
            CallEvent::AgentAnswered { brief, .. } => Some(brief.expose().clone()),
            _ => None,
        })
        .next_back()
        .expect("an agent answered")
}

/// A call whose agent's phone rings.
fn ringing() -> Stage {
    let mut stage = Stage::talking(TransferMode::Bridge, Some("sip:agent@127.0.0.1:5090"));
    stage.key('0');
    stage
}

fn bridge(stage: &mut Stage) {
    let offer = OfferId::default();
    stage.tell(SessionInput::AgentAnswered { offer });
    stage.tell(SessionInput::BriefEnded { offer });
}

#[test]
fn an_agent_is_told_what_was_said_before_the_key() {
    let mut stage = Stage::talking(TransferMode::Bridge, Some("sip:agent@127.0.0.1:5090"));
    stage.tell(started(1));
    stage.tell(ended(1));
    stage.key('0');
    stage.tell(recognised(1, "我家洗衣机漏水"));
    bridge(&mut stage);
    assert_eq!(words(&stage), ["我家洗衣机漏水"]);
    assert!(
        brief(&stage).contains("我家洗衣机漏水"),
        "{}",
        brief(&stage)
    );
    stage.check_replay();
}

#[test]
fn words_are_recorded_once_wherever_the_bridge_falls() {
    // Recognised, ended and begun beside the agent.
    let mut stage = ringing();
    stage.tell(started(1));
    stage.tell(ended(1));
    bridge(&mut stage);
    stage.tell(recognised(1, "漏水"));
    assert_eq!(words(&stage), ["漏水"]);
    stage.check_replay();

    let mut stage = ringing();
    stage.tell(started(1));
    bridge(&mut stage);
    stage.tell(ended(1));
    stage.tell(recognised(1, "漏水"));
    assert_eq!(words(&stage), ["漏水"]);
    stage.check_replay();

    // Recognised and ended after the agent left.
    for leaves_first in [false, true] {
        let mut stage = ringing();
        bridge(&mut stage);
        let offer = OfferId::default();
        stage.tell(started(1));
        if leaves_first {
            stage.tell(SessionInput::AgentGone { offer });
        }
        stage.tell(ended(1));
        stage.tell(SessionInput::AgentGone { offer });
        stage.tell(recognised(1, "喂"));
        assert_eq!(words(&stage), ["喂"]);
        stage.check_replay();
    }
}

#[test]
fn words_that_are_known_are_recorded_when_the_caller_hangs_up() {
    let mut stage = Stage::talking(TransferMode::Bridge, None);
    stage.tell(started(1));
    stage.tell(ended(1));
    stage.tell(recognised(1, "我家洗衣机漏水"));
    let cause = crate::call::EndCause::Hangup;
    stage.tell(SessionInput::CallerGone { cause });
    assert_eq!(words(&stage), ["我家洗衣机漏水"]);
    stage.check_replay();
}
