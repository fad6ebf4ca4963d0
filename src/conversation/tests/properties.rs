//! Whatever happens, a conversation never falls silent for good.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::{
    slots::{plans, reply},
    stage::{Stage, ZH, finding},
};
use crate::{
    action::{ActionFailure, Outcome},
    call::{AgentUnavailable, GeneratedSentence, GenerationOutcome},
    conversation::Input,
    ids::{ActionId, EntryId, SearchId, SpeechId, UtteranceId},
    pii::Pii,
};

#[derive(Clone, Debug)]
enum Step {
    Say(&'static str),
    Press(char),
    Hear,
    Begin,
    Wait,
    Start,
    Pause(u64, u32),
    GoOn(u64),
    End(u64, u32),
    Recognise(u64, u32, &'static str),
    Fail(u64, u32),
    Sensed,
    Acted(u64, Result<Outcome, ActionFailure>),
    SearchFails(u64),
    Writes(u64),
    WritingEnds(u64),
    Completes(u64),
    SpeechFails(u64),
    SpeechDropped(u64),
    AgentAnswers,
    AgentBusy,
    AgentLeaves,
    Hold,
    Resume,
}

fn words() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "嗯",
        "好的",
        "不用",
        "洗衣机",
        "维修",
        "转人工",
        "再见",
        "等一下",
        "今天天气",
        "我想问一下",
        "再说一遍",
        "幺三八零零幺三八零零零",
        "第二个",
        "12315",
        "报修",
        "挂失",
        "没有了",
        "我家的那个",
        "第一个",
        "不对",
        "知道了",
        "查订单",
        "预约安装",
        "核验",
        "一二三四五六七八",
        "五六",
        "不对，最后一位是六",
        "少了一个八",
        "算了",
        "我在杭州",
        "后天",
        "不知道",
    ])
}

fn outcome() -> impl Strategy<Value = Result<Outcome, ActionFailure>> {
    prop::sample::select(vec![
        Ok(Outcome::Done),
        Ok(Outcome::NotFound),
        Ok(Outcome::Refused),
        Ok(Outcome::Human),
        Err(ActionFailure::Busy),
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => words().prop_map(Step::Say),
        2 => prop::sample::select("0123456789*#".chars().collect::<Vec<_>>()).prop_map(Step::Press),
        4 => Just(Step::Hear),
        2 => Just(Step::Begin),
        3 => Just(Step::Wait),
        2 => Just(Step::Start),
        2 => (0u64..6, 0u32..3).prop_map(|(u, r)| Step::Pause(u, r)),
        2 => (0u64..6).prop_map(Step::GoOn),
        2 => (0u64..6, 0u32..3).prop_map(|(u, r)| Step::End(u, r)),
        2 => (0u64..6, 0u32..3, words()).prop_map(|(u, r, w)| Step::Recognise(u, r, w)),
        1 => (0u64..6, 0u32..3).prop_map(|(u, r)| Step::Fail(u, r)),
        1 => Just(Step::Sensed),
        2 => (0u64..4, outcome()).prop_map(|(id, outcome)| Step::Acted(id, outcome)),
        1 => (0u64..4).prop_map(Step::SearchFails),
        2 => (0u64..4).prop_map(Step::Writes),
        1 => (0u64..4).prop_map(Step::WritingEnds),
        1 => (0u64..4).prop_map(Step::Completes),
        1 => (0u64..8).prop_map(Step::SpeechFails),
        1 => (0u64..8).prop_map(Step::SpeechDropped),
        1 => Just(Step::AgentAnswers),
        1 => Just(Step::AgentBusy),
        1 => Just(Step::AgentLeaves),
        1 => Just(Step::Hold),
        1 => Just(Step::Resume),
    ]
}

fn take(stage: &mut Stage, step: &Step) {
    let at = UtteranceId;
    let error = || "gone".to_owned();
    match *step {
        Step::Say(text) => stage.says(text),
        Step::Press(key) => stage.presses(key.encode_utf8(&mut [0; 4])),
        Step::Hear => stage.hear(),
        Step::Begin => stage.begin_to_hear(),
        Step::Wait => {
            if stage.timer.is_some() {
                stage.waits();
            }
        }
        Step::Start => {
            stage.starts();
        }
        Step::Pause(utterance, revision) => stage.pauses(at(utterance), revision),
        Step::GoOn(utterance) => stage.input(Input::SpeechResumed {
            utterance: at(utterance),
        }),
        Step::End(utterance, revision) => stage.ends(at(utterance), revision),
        Step::Recognise(utterance, revision, text) => {
            stage.recognised(at(utterance), revision, text)
        }
        Step::Fail(utterance, revision) => stage.input(Input::RecognitionFailed {
            utterance: at(utterance),
            revision,
            error: error(),
        }),
        Step::Acted(id, outcome) => stage.input(Input::Acted {
            id: ActionId(id),
            result: outcome.map(|outcome| reply(outcome, "status=已发货 eta=明天")),
        }),
        Step::Sensed => stage.input(Input::Sensed {
            cause: "在喊".to_owned(),
        }),
        Step::SearchFails(search) => stage.input(Input::SearchFailed {
            search: SearchId(search),
            error: error(),
        }),
        Step::Writes(search) => stage.input(Input::Generated {
            search: SearchId(search),
            sentence: GeneratedSentence {
                text: "明天上门。".to_owned(),
                entry: EntryId::new("A2"),
            },
        }),
        Step::WritingEnds(search) => stage.input(Input::GenerationEnded {
            search: SearchId(search),
            outcome: GenerationOutcome::Answered,
        }),
        Step::Completes(search) => stage.input(Input::Rewritten {
            search: SearchId(search),
            question: Pii::new("冰箱坏了".to_owned()),
            finding: finding("冰箱坏了"),
        }),
        Step::SpeechFails(speech) => {
            let speech = SpeechId(speech);
            stage.playing.retain(|playing| playing.0 != speech);
            stage.input(Input::SpeechFailed {
                speech,
                error: error(),
            });
        }
        // What waits for its audio and is dropped ends before it begins.
        Step::SpeechDropped(speech) => {
            let speech = SpeechId(speech);
            stage.playing.retain(|playing| playing.0 != speech);
            stage.input(Input::PlayEnded {
                speech,
                played: Duration::ZERO,
                length: Duration::ZERO,
                complete: false,
            });
        }
        // An agent answers once, and can be busy only before that.
        Step::AgentAnswers if stage.waiting && !stage.with_agent => {
            stage.input(Input::AgentConnected);
        }
        Step::AgentBusy if stage.waiting && !stage.with_agent => {
            let cause = AgentUnavailable::Busy;
            stage.input(Input::AgentUnavailable { cause });
        }
        Step::AgentLeaves if stage.waiting => stage.input(Input::AgentLeft),
        Step::AgentAnswers | Step::AgentBusy | Step::AgentLeaves => {}
        Step::Hold => stage.input(Input::Held),
        Step::Resume => stage.input(Input::Resumed),
    }
}

fn played(steps: &[Step], engines: bool, model: bool) -> Stage {
    let mut stage = Stage::new(ZH, "13800138000");
    Arc::make_mut(&mut stage.machine.settings).plans = Arc::new(plans());
    if model {
        let settings = Arc::make_mut(&mut stage.machine.settings);
        settings.timings.generation = Some(Duration::from_millis(900));
    }
    stage.engines = engines;
    for step in steps {
        take(&mut stage, step);
    }
    stage
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_same_inputs_give_the_same_outputs(steps in prop::collection::vec(step(), 0..60), model: bool) {
        prop_assert_eq!(played(&steps, true, model).log, played(&steps, true, model).log);
    }

    #[test]
    fn it_speaks_ends_or_waits_for_a_human(steps in prop::collection::vec(step(), 0..60), engines: bool, model: bool) {
        let mut stage = played(&steps, engines, model);
        stage.input(Input::Resumed);
        stage.hear();
        let deadline = stage.now + Duration::from_secs(600);
        // With nobody saying a word, every way leads to the end or to a human.
        while !stage.over && !stage.waiting {
            prop_assert!(stage.timer.is_some(), "silent for good after {steps:?}:\n{}", stage.log);
            stage.waits();
            stage.hear();
            prop_assert!(stage.now < deadline, "talks for ever after {steps:?}:\n{}", stage.log);
        }
    }
}
