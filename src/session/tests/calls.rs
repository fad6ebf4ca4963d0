//! Whole calls, with and without an agent.

use super::*;
use crate::call::{AgentUnavailable, CallEvent, Disposition, EndCause, Party};

const AGENT: Option<&str> = Some("sip:agent@127.0.0.1:5090");

fn ended(stage: &Stage) -> (Party, EndCause, Disposition) {
    match stage.machine.records().last().map(|record| &record.event) {
        Some(CallEvent::Ended {
            by,
            cause,
            disposition,
        }) => (*by, *cause, *disposition),
        other => panic!("the call goes on: {other:?}"),
    }
}

fn offer(stage: &Stage) -> OfferId {
    let offered = stage.machine.records().iter().rev();
    offered
        .filter_map(|record| match &record.event {
            CallEvent::AgentOffered { offer, .. } | CallEvent::Referred { offer, .. } => {
                Some(*offer)
            }
            _ => None,
        })
        .next()
        .expect("an offer")
}

#[test]
fn an_unknown_number_is_refused_and_recorded() {
    let mut stage = Stage::new(None);
    assert_eq!(
        stage.tell(offered(None)),
        ["reject 404", "HangUp", "Finished"]
    );
    assert_eq!(stage.records(), ["offered", "rejected", "ended"]);
    assert_eq!(ended(&stage).1, EndCause::Rejected);
    assert_eq!(ended(&stage).2, Disposition::Refused);
    stage.check_replay();
}

#[test]
fn a_call_that_cannot_be_taken_is_refused_after_it_was_looked_at() {
    let no_media = Refusal::NoMedia {
        problem: "no port".to_owned(),
    };
    let not_acceptable = Refusal::NotAcceptable {
        problem: "no codec".to_owned(),
    };
    for (refusal, told) in [
        (Refusal::Draining, "reject 503"),
        (no_media, "reject 503"),
        (not_acceptable, "reject 488"),
    ] {
        let mut stage = Stage::new(Some(settings(TransferMode::Bridge, AGENT)));
        assert_eq!(stage.tell(offered(Some("4008001001"))), ["Accept"]);
        assert_eq!(
            stage.tell(SessionInput::Refused(refusal)),
            [told, "HangUp", "Finished"]
        );
        stage.check_replay();
    }
}

#[test]
fn a_call_is_recorded_from_when_the_caller_has_been_told() {
    // How much of label and notice was heard, and whether the recording began.
    let check = |heard: [bool; 2], recorded: bool| {
        let mut stage = Stage::new(Some(settings(TransferMode::Bridge, AGENT)));
        stage.slow = true;
        stage.tell(offered(Some("4008001001")));
        let codec = "PCMA".to_owned();
        let told = stage.tell(SessionInput::Confirmed { codec });
        assert_eq!(
            told,
            [
                "say greeting.label",
                "say greeting.recording",
                "say greeting.invite"
            ]
        );
        let sentences = std::mem::take(&mut stage.waiting);
        let mut told = Vec::new();
        for ((speech, _), complete) in sentences.into_iter().zip(heard) {
            let length = Duration::from_secs(2);
            let played = if complete { length } else { length / 2 };
            stage.now += played;
            for input in [
                conversation::Input::PlayStarted { speech, length },
                conversation::Input::PlayEnded {
                    speech,
                    played,
                    length,
                    complete,
                },
            ] {
                told = stage.tell(SessionInput::Conversation(input));
            }
        }
        let expected: &[&str] = if recorded { &["StartRecording"] } else { &[] };
        assert_eq!(told, expected, "{heard:?}");
        let file = "2026-11-24/call.wav".to_owned();
        stage.tell(SessionInput::RecordingStarted { file });
        let begun = stage
            .machine
            .records()
            .iter()
            .rev()
            .find_map(|record| match record.event {
                CallEvent::RecordingStarted { offset_ms, .. } => Some(offset_ms),
                _ => None,
            });
        assert_eq!(
            begun,
            Some(stage.now.as_millis()),
            "the offset of the first sample"
        );
        stage.check_replay();
    };
    check([true, true], true);
    check([false, true], true);
    check([true, false], false);
    check([false, false], false);
}

#[test]
fn a_caller_who_gives_up_before_the_answer_has_abandoned_the_call() {
    let mut stage = Stage::new(Some(settings(TransferMode::Bridge, AGENT)));
    stage.tell(offered(Some("4008001001")));
    let cause = EndCause::Cancelled;
    assert_eq!(
        stage.tell(SessionInput::CallerGone { cause }),
        ["HangUp", "Finished"]
    );
    assert_eq!(
        ended(&stage),
        (Party::Caller, cause, Disposition::Abandoned)
    );
    stage.check_replay();
}

#[test]
fn an_answer_that_is_never_confirmed_ends_the_call() {
    let mut stage = Stage::new(Some(settings(TransferMode::Bridge, AGENT)));
    stage.tell(offered(Some("4008001001")));
    assert_eq!(stage.wait(), ["HangUp", "Finished"]);
    assert_eq!(stage.now, Moment::ORIGIN + Duration::from_secs(40));
    assert_eq!(ended(&stage).0, Party::System);
    assert_eq!(ended(&stage).1, EndCause::NotConfirmed);
    stage.check_replay();
}

#[test]
fn an_agent_hears_the_brief_then_the_caller_and_may_leave() {
    let mut stage = Stage::talking(TransferMode::Bridge, AGENT);
    let told = stage.key('0');
    assert!(
        told.contains(&"call 0 sip:agent@127.0.0.1:5090".to_owned()),
        "{told:?}"
    );
    assert_eq!(told.last().map(String::as_str), Some("music"));
    let offer = offer(&stage);
    stage.tell(SessionInput::AgentRinging { offer });
    assert_eq!(
        stage.tell(SessionInput::AgentAnswered { offer }),
        ["brief 0"]
    );
    let told = stage.tell(SessionInput::BriefEnded { offer });
    assert!(told.contains(&"bridge 0".to_owned()), "{told:?}");
    let told = stage.tell(SessionInput::AgentGone { offer });
    assert_eq!(told[..2], ["end agent 0", "say handover.left"]);
    let cause = EndCause::Hangup;
    stage.tell(SessionInput::CallerGone { cause });
    assert_eq!(
        ended(&stage),
        (Party::Caller, cause, Disposition::HandedOver)
    );
    let records = stage.records();
    for event in [
        "escalated",
        "agent_offered",
        "agent_answered",
        "bridged",
        "agent_left",
    ] {
        let count = records.iter().filter(|name| *name == event).count();
        assert_eq!(count, 1, "{event} in {records:?}");
    }
    stage.check_replay();
}

#[test]
fn a_caller_on_hold_is_heard_again_whoever_brought_them_back() {
    // Hold at each of four moments around the bridge, resume at each later one; the bot listens and waits in the end.
    let check = |held: usize, resumed: usize| {
        let mut stage = Stage::talking(TransferMode::Bridge, AGENT);
        stage.key('0');
        let offer = offer(&stage);
        let inputs = [
            SessionInput::AgentAnswered { offer },
            SessionInput::BriefEnded { offer },
            SessionInput::AgentGone { offer },
        ];
        for place in 0..=inputs.len() {
            if place == held {
                stage.tell(SessionInput::CallerHold { held: true });
            }
            if place == resumed {
                stage.tell(SessionInput::CallerHold { held: false });
            }
            if let Some(input) = inputs.get(place) {
                stage.tell(input.clone());
            }
        }
        assert_eq!(
            stage.listening,
            Some(conversation::Listening::Question),
            "held {held}, resumed {resumed}"
        );
        assert_eq!(stage.wait(), ["say silence.first"]);
        stage.check_replay();
    };
    for held in 0..4 {
        for resumed in held..4 {
            check(held, resumed);
        }
    }
}

#[test]
fn an_agent_who_cannot_hear_the_brief_gets_the_caller_all_the_same() {
    let mut stage = Stage::talking(TransferMode::Bridge, AGENT);
    stage.key('0');
    let offer = offer(&stage);
    stage.now += Duration::from_secs(19);
    stage.tell(SessionInput::AgentAnswered { offer });
    // On hold at once: the end of the brief never comes.
    let answered = stage.now;
    let mut told = Vec::new();
    while !told.contains(&"bridge 0".to_owned()) {
        told = stage.wait();
    }
    assert_eq!(stage.now.since(answered), Duration::from_secs(30));
    assert!(stage.tell(SessionInput::BriefEnded { offer }).is_empty());
    assert_eq!(stage.timer, None);
    stage.check_replay();
}

#[test]
fn a_caller_who_leaves_while_the_phone_rings_ends_the_agents_leg() {
    let mut stage = Stage::talking(TransferMode::Bridge, AGENT);
    stage.key('0');
    let cause = EndCause::Hangup;
    assert_eq!(
        stage.tell(SessionInput::CallerGone { cause }),
        ["end agent 0", "HangUp", "Finished"]
    );
    stage.check_replay();
}

#[test]
fn an_agent_who_does_not_come_leads_to_a_callback() {
    let check = |cause: Option<AgentUnavailable>| {
        let mut stage = Stage::talking(TransferMode::Bridge, AGENT);
        stage.key('0');
        let offer = offer(&stage);
        let told = match cause {
            Some(cause) => stage.tell(SessionInput::AgentFailed { offer, cause }),
            // Twenty seconds of ringing.
            None => {
                let began = stage.now;
                let mut told = Vec::new();
                while !told.contains(&"end agent 0".to_owned()) {
                    told = stage.wait();
                }
                assert_eq!(stage.now.since(began), Duration::from_secs(20));
                told
            }
        };
        assert_eq!(
            told[..5],
            [
                "end agent 0",
                "stop music",
                "stop all=false",
                "say handover.unavailable",
                "say callback.offer"
            ],
            "{cause:?}"
        );
        // A late answer of the same offer is hung up.
        assert_eq!(
            stage.tell(SessionInput::AgentAnswered { offer }),
            ["end agent 0"]
        );
        stage.check_replay();
    };
    check(Some(AgentUnavailable::Declined));
    check(Some(AgentUnavailable::Busy));
    check(Some(AgentUnavailable::Unreachable));
    check(None);
}

#[test]
fn a_sentence_that_was_dropped_before_it_was_heard_holds_nothing_up() {
    let mut stage = Stage::talking(TransferMode::Bridge, AGENT);
    stage.slow = true;
    stage.key('0');
    let offer = offer(&stage);
    // No port is free for the agent's leg: it fails before the announcement has its audio.
    let cause = AgentUnavailable::Unreachable;
    stage.tell(SessionInput::AgentFailed { offer, cause });
    stage.catch_up();
    let records = stage.machine.records().iter();
    let heard = records.filter(|record| {
        matches!(&record.event, CallEvent::SpeechStarted { source, .. }
            if *source == crate::call::SpeechSource::Prompt { key: "handover.connecting".to_owned() })
    });
    assert_eq!(heard.count(), 0, "a dropped sentence is not in the record");
    // The caller stays silent: asked again twice, then the line ends.
    assert_eq!(stage.wait(), ["say callback.offer"]);
    assert_eq!(stage.wait(), ["say silence.second"]);
    stage.wait();
    assert_eq!(ended(&stage).1, EndCause::Silence);
    stage.check_replay();
}

#[test]
fn without_an_agent_the_conversation_carries_on() {
    let mut stage = Stage::talking(TransferMode::Bridge, None);
    let told = stage.key('0');
    assert!(told.contains(&"say callback.offer".to_owned()), "{told:?}");
    assert!(stage.records().contains(&"agent_unavailable".to_owned()));
    stage.check_replay();
}

#[test]
fn a_transfer_succeeds_or_the_call_is_taken_back() {
    let mut stage = Stage::talking(TransferMode::Refer, AGENT);
    let told = stage.key('0');
    assert!(
        told.contains(&"refer 0 sip:agent@127.0.0.1:5090".to_owned()),
        "{told:?}"
    );
    assert_eq!(told.last().map(String::as_str), Some("music"));
    let offer = offer(&stage);
    assert!(
        stage
            .tell(SessionInput::ReferProgress { offer, status: 100 })
            .is_empty()
    );
    let told = stage.tell(SessionInput::ReferProgress { offer, status: 486 });
    assert_eq!(told[..2], ["end agent 0", "stop music"], "{told:?}");
    assert!(told.contains(&"say callback.offer".to_owned()), "{told:?}");
    stage.check_replay();

    let mut stage = Stage::talking(TransferMode::Refer, AGENT);
    stage.key('0');
    let offer = self::offer(&stage);
    stage.tell(SessionInput::ReferProgress { offer, status: 200 });
    assert_eq!(ended(&stage).1, EndCause::Transferred);
    stage.check_replay();
}

#[test]
fn what_was_not_heard_when_the_call_ends_is_not_in_the_record() {
    // Milliseconds that the sentence has been audible, held meanwhile or not, and what share of it was heard.
    let check = |audible_ms: u64, held_ms: u64, share: f64| {
        let mut stage = Stage::talking(TransferMode::Bridge, None);
        stage.slow = true;
        stage.key('0');
        let (speech, _) = stage.waiting[0];
        let length = Duration::from_secs(2);
        let started = conversation::Input::PlayStarted { speech, length };
        stage.tell(SessionInput::Conversation(started));
        stage.tell(SessionInput::CallerHold { held: true });
        stage.now += Duration::from_millis(held_ms);
        stage.tell(SessionInput::CallerHold { held: false });
        stage.now += Duration::from_millis(audible_ms);
        let cause = EndCause::Hangup;
        stage.tell(SessionInput::CallerGone { cause });
        let records = stage.machine.records();
        let text = records.iter().rev().find_map(|record| match &record.event {
            CallEvent::SpeechStarted { text, .. } => Some(text.clone()),
            _ => None,
        });
        let text = text.expect("it began");
        let count = (text.chars().count() as f64 * share) as usize;
        let [.., ended, _] = records else {
            panic!("the call has more events")
        };
        assert_eq!(
            ended.event,
            CallEvent::SpeechEnded {
                speech,
                heard: text.chars().take(count).collect(),
                played_ms: (2_000.0 * share) as u64,
                complete: false,
            },
        );
        stage.check_replay();
    };
    check(0, 0, 0.0);
    check(1_000, 0, 0.5);
    check(1_000, 7_000, 0.5);
    check(60_000, 0, 1.0);
}

#[test]
fn the_end_of_the_process_ends_the_call() {
    let mut stage = Stage::talking(TransferMode::Bridge, AGENT);
    let told = stage.tell(SessionInput::Shutdown);
    assert_eq!(told, ["HangUp", "Finished"]);
    assert_eq!(ended(&stage).0, Party::System);
    assert!(
        stage.tell(SessionInput::TimerFired).is_empty(),
        "nothing follows"
    );
    stage.check_replay();
}
