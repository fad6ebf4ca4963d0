//! Moods that become known: for the record always, for a human when they tell so.

use super::*;
use crate::{
    call::{AgentUnavailable, CallEvent, EscalationReason},
    ids::{OfferId, UtteranceId},
    mood::{Mood, Trend, TurnMood},
};

fn told(escalate: Option<&str>) -> SessionInput {
    SessionInput::MoodTold {
        utterance: UtteranceId(1),
        mood: TurnMood {
            mood: Mood::Angry,
            probability: 0.8,
            evidence: vec!["在喊".to_owned()],
            escalate: escalate.map(str::to_owned),
            trend: Trend::Worse,
        },
    }
}

fn reasons(stage: &Stage) -> Vec<EscalationReason> {
    let records = stage.machine.records().iter();
    let escalated = records.filter_map(|record| match &record.event {
        CallEvent::Escalated { reason } => Some(reason.clone()),
        _ => None,
    });
    escalated.collect()
}

fn moods(stage: &Stage) -> usize {
    let records = stage.machine.records().iter();
    records
        .filter(|record| matches!(record.event, CallEvent::Mood { .. }))
        .count()
}

#[test]
fn a_mood_by_itself_is_recorded_and_changes_nothing() {
    let mut stage = Stage::talking(TransferMode::Bridge, Some("sip:agent@127.0.0.1:5090"));
    let done = stage.tell(told(None));
    assert!(
        !done.iter().any(|output| output.contains("call agent")),
        "{done:?}"
    );
    assert_eq!((moods(&stage), reasons(&stage)), (1, Vec::new()));
    stage.check_replay();
}

#[test]
fn an_upset_caller_is_brought_to_a_human_once_and_the_human_is_told_why() {
    let mut stage = Stage::talking(TransferMode::Bridge, Some("sip:agent@127.0.0.1:5090"));
    stage.tell(told(Some("客户发火了")));
    stage.tell(told(Some("客户发火了")));
    let cause = "客户发火了".to_owned();
    assert_eq!(reasons(&stage), [EscalationReason::Sensed { cause }]);
    assert_eq!(moods(&stage), 2);
    stage.check_replay();
}

#[test]
fn while_a_call_back_is_noted_nobody_is_called_again() {
    let mut stage = Stage::talking(TransferMode::Bridge, Some("sip:agent@127.0.0.1:5090"));
    stage.key('0');
    stage.tell(SessionInput::AgentFailed {
        offer: OfferId::default(),
        cause: AgentUnavailable::Busy,
    });
    stage.tell(told(Some("客户发火了")));
    assert_eq!(reasons(&stage), [EscalationReason::KeyZero]);
}
