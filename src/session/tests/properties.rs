//! Whatever happens in whatever order: one end, no gap, no panic, and the same again.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    call::{AgentUnavailable, CallEvent, EndCause},
    ids::{SpeechId, UtteranceId},
    mood::{Mood, Trend, TurnMood},
    transcript::Recognition,
};

fn input() -> impl Strategy<Value = SessionInput> {
    let offer = (0u64..3).prop_map(OfferId);
    let utterance = (1u64..4).prop_map(UtteranceId);
    let words = prop::sample::select(vec!["转人工", "洗衣机不脱水", "嗯", "再见", "", "是的"]);
    let conversation = prop_oneof![
        utterance
            .clone()
            .prop_map(|utterance| conversation::Input::SpeechStarted {
                utterance,
                over: None
            }),
        (utterance.clone(), 1u32..3).prop_map(|(utterance, revision)| {
            conversation::Input::SpeechEnded {
                utterance,
                revision,
                speech_started: Moment::ORIGIN,
                speech_ended: Moment::ORIGIN,
            }
        }),
        (utterance, 1u32..3, words).prop_map(|(utterance, revision, text)| {
            conversation::Input::Recognised {
                utterance,
                revision,
                recognition: Recognition {
                    text: Pii::new(text.to_owned()),
                    confidence: 0.9,
                    took_ms: 100,
                },
            }
        }),
        (0u64..9).prop_map(|speech| conversation::Input::PlayStarted {
            speech: SpeechId(speech),
            length: Duration::from_secs(3),
        }),
        prop::sample::select(vec!['0', '1', '#'])
            .prop_filter_map("a key", Digit::new)
            .prop_map(|digit| conversation::Input::Digit { digit }),
        Just(conversation::Input::Held),
        Just(conversation::Input::Resumed),
    ];
    prop_oneof![
        8 => conversation.prop_map(SessionInput::Conversation),
        4 => Just(SessionInput::TimerFired),
        1 => offer.clone().prop_map(|offer| SessionInput::AgentAnswered { offer }),
        1 => offer.clone().prop_map(|offer| SessionInput::BriefEnded { offer }),
        1 => offer.clone().prop_map(|offer| SessionInput::AgentGone { offer }),
        1 => offer.clone().prop_map(|offer| SessionInput::AgentFailed {
            offer,
            cause: AgentUnavailable::Busy
        }),
        1 => (offer, prop::sample::select(vec![100u16, 200, 486]))
            .prop_map(|(offer, status)| SessionInput::ReferProgress { offer, status }),
        1 => any::<bool>().prop_map(|held| SessionInput::CallerHold { held }),
        1 => (0u64..4, any::<bool>()).prop_map(|(utterance, upset)| SessionInput::MoodTold {
            utterance: UtteranceId(utterance),
            mood: TurnMood {
                mood: Mood::Angry,
                probability: 0.9,
                evidence: Vec::new(),
                escalate: upset.then(|| "x".to_owned()),
                trend: Trend::Steady,
            },
        }),
        2 => (0u64..9).prop_map(|speech| SessionInput::SpeechDropped { speech: SpeechId(speech) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_order_of_inputs_makes_one_sound_record(
        inputs in prop::collection::vec((0u64..4_000, input(), any::<bool>()), 0..60),
        refer in any::<bool>(),
    ) {
        let mode = if refer { TransferMode::Refer } else { TransferMode::Bridge };
        let mut stage = Stage::talking(mode, Some("sip:agent@127.0.0.1:5090"));
        for (gap_ms, input, slow) in inputs {
            stage.now += Duration::from_millis(gap_ms);
            stage.slow = slow;
            stage.tell(input);
        }
        stage.tell(SessionInput::CallerGone { cause: EndCause::Hangup });
        let records = stage.machine.records();
        for (place, record) in records.iter().enumerate() {
            prop_assert_eq!(record.seq, place as u64);
        }
        prop_assert!(records.is_sorted_by_key(|record| record.at));
        let ends = |record: &CallRecord| matches!(record.event, CallEvent::Ended { .. });
        prop_assert_eq!(records.iter().filter(|record| ends(record)).count(), 1);
        prop_assert!(records.last().is_some_and(ends));
        let begun = records.iter().filter_map(|record| match record.event {
            CallEvent::SpeechStarted { speech, .. } => Some(speech),
            _ => None,
        });
        let over = records.iter().filter_map(|record| match record.event {
            CallEvent::SpeechEnded { speech, .. } => Some(speech),
            _ => None,
        });
        let (begun, over): (BTreeSet<_>, BTreeSet<_>) = (begun.collect(), over.collect());
        prop_assert_eq!(begun, over, "what is heard ends");
        stage.check_replay();
    }

    #[test]
    fn silence_ends_every_call_that_no_human_took(
        inputs in prop::collection::vec((0u64..4_000, input(), any::<bool>()), 0..60),
        refer in any::<bool>(),
    ) {
        let mode = if refer { TransferMode::Refer } else { TransferMode::Bridge };
        let mut stage = Stage::talking(mode, Some("sip:agent@127.0.0.1:5090"));
        for (gap_ms, input, slow) in inputs {
            stage.now += Duration::from_millis(gap_ms);
            stage.slow |= slow;
            if !slow {
                stage.catch_up();
            }
            stage.tell(input);
        }
        stage.catch_up();
        stage.tell(SessionInput::CallerHold { held: false });
        let deadline = stage.now + Duration::from_secs(600);
        while !stage.is_over() && !stage.machine.handover.is_bridged() {
            prop_assert!(stage.timer.is_some(), "it waits for nothing: {:?}", stage.records());
            stage.wait();
            prop_assert!(stage.now < deadline, "it has no end: {:?}", stage.records());
        }
    }
}
