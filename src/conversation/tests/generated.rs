//! Answers of a language model: said where the bot would ask back or not know, and nowhere else.

use std::{sync::Arc, time::Duration};

use super::{
    super::Input,
    stage::{Stage, ZH, entry, finding},
};
use crate::{
    call::{GeneratedSentence, GenerationOutcome},
    entry::Action,
    ids::EntryId,
    pii::Pii,
};

/// A conversation whose greeting was heard, with a language model.
fn talking() -> Stage {
    let mut stage = Stage::new(ZH, "13800138000");
    let settings = Arc::make_mut(&mut stage.machine.settings);
    settings.timings.generation = Some(Duration::from_millis(900));
    stage.hear();
    stage.take_log();
    stage
}

#[track_caller]
fn check(stage: &mut Stage, expected: &str) {
    let expected: String = expected
        .trim()
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect();
    assert_eq!(stage.take_log(), expected);
}

impl Stage {
    fn writes(&mut self, text: &str, id: &str) {
        let search = self.generating.expect("a model was asked");
        let sentence = GeneratedSentence {
            text: text.to_owned(),
            entry: EntryId::new(id),
        };
        self.input(Input::Generated { search, sentence });
    }

    fn stops_writing(&mut self, outcome: GenerationOutcome) {
        let search = self.generating.expect("a model was asked");
        self.input(Input::GenerationEnded { search, outcome });
    }
}

#[test]
fn sentences_are_said_as_they_come_and_repeated_together() {
    let mut stage = talking();
    stage.says("维修多少钱");
    check(
        &mut stage,
        "turn 维修多少钱 -> clarify
         generate 维修多少钱 from [\"A1\", \"A2\"]",
    );
    stage.writes("洗衣机两小时内联系您。", "A1");
    check(&mut stage, "say written from A1");
    stage.begin_to_hear();
    stage.writes("冰箱明天上门。", "A2");
    stage.stops_writing(GenerationOutcome::Answered);
    check(
        &mut stage,
        "say written from A2
         generated answered 2",
    );
    stage.hear();
    stage.says("再说一遍");
    check(
        &mut stage,
        "commit
         understood repeat
         say written from A1",
    );
    let said = stage.playing.last().map(|speech| speech.1.as_str());
    assert_eq!(said, Some("洗衣机两小时内联系您。冰箱明天上门。"));
}

#[test]
fn without_a_sentence_the_plain_way_goes_on() {
    for outcome in [
        GenerationOutcome::Declined,
        GenerationOutcome::Ungrounded,
        GenerationOutcome::Slow,
        GenerationOutcome::Orders,
        GenerationOutcome::NothingNear,
        GenerationOutcome::Busy,
        GenerationOutcome::Resting,
        GenerationOutcome::Failed,
    ] {
        let mut stage = talking();
        stage.says("维修");
        stage.take_log();
        stage.stops_writing(outcome);
        check(
            &mut stage,
            &format!("generated {} 0\nsay clarify.two", outcome.name()),
        );
        stage.hear();
        stage.says("第二个");
        check(&mut stage, "commit\nchosen A2\nsay A2");
    }
}

#[test]
fn a_driver_that_tells_nothing_is_not_waited_for() {
    let mut stage = talking();
    stage.says("维修");
    stage.take_log();
    let asked = stage.now;
    stage.waits();
    assert_eq!(stage.now.since(asked), Duration::from_millis(1_200));
    check(
        &mut stage,
        "stop generating
         generated slow 0
         say clarify.two",
    );
    // What comes after that is late.
    stage.writes("洗衣机两小时内联系您。", "A1");
    stage.stops_writing(GenerationOutcome::Answered);
    check(&mut stage, "");
}

#[test]
fn an_entry_that_answers_is_never_left_to_a_model() {
    let mut stage = talking();
    for question in ["洗衣机坏了", "冰箱坏了", "我要报修", "我要挂失"] {
        stage.says(question);
        let log = stage.take_log();
        assert!(log.contains("-> answer"), "{log}");
        assert!(!log.contains("generate"), "{log}");
    }
}

#[test]
fn no_model_no_question() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.take_log();
    stage.says("维修");
    check(&mut stage, "turn 维修 -> clarify\nsay clarify.two");
    // With one, and with nothing that it could answer from.
    let mut stage = talking();
    stage.says("今天天气");
    check(&mut stage, "turn 今天天气 -> abstain\nsay abstain.first");
}

#[test]
fn who_speaks_on_is_heard_first() {
    let mut stage = talking();
    stage.says("维修");
    stage.take_log();
    let utterance = stage.starts();
    check(&mut stage, "stop generating\ngenerated interrupted 0");
    stage.pauses(utterance, 1);
    stage.recognised(utterance, 1, "洗衣机");
    stage.ends(utterance, 1);
    check(
        &mut stage,
        "turn 维修洗衣机 -> clarify\ngenerate 维修洗衣机 from [\"A1\", \"A2\"]",
    );
}

#[test]
fn a_barge_in_drops_the_rest() {
    let mut stage = talking();
    stage.says("维修");
    stage.writes("洗衣机两小时内联系您。", "A1");
    stage.begin_to_hear();
    stage.take_log();
    stage.says("冰箱坏了");
    check(
        &mut stage,
        "commit
         stop
         barge-in
         turn 冰箱坏了 -> answer
         say A2
         stop generating
         generated interrupted 1
         heard only: 洗衣机两小",
    );
    stage.writes("冰箱明天上门。", "A2");
    stage.stops_writing(GenerationOutcome::Answered);
    check(&mut stage, "");
}

#[test]
fn a_new_question_takes_the_place_of_the_answer_to_the_old() {
    let mut stage = talking();
    stage.says("维修");
    let old = stage.generating.expect("a model was asked");
    stage.writes("洗衣机两小时内联系您。", "A1");
    stage.begin_to_hear();
    stage.take_log();
    stage.says("维修要钱吗");
    check(
        &mut stage,
        "stop
         barge-in
         turn 维修要钱吗 -> clarify
         stop generating
         generated interrupted 1
         generate 维修要钱吗 from [\"A1\", \"A2\"] after 维修 洗衣机两小时内联系您。
         heard only: 洗衣机两小",
    );
    let outcome = GenerationOutcome::Answered;
    stage.input(Input::GenerationEnded {
        search: old,
        outcome,
    });
    check(&mut stage, "");
    stage.stops_writing(GenerationOutcome::Declined);
    check(&mut stage, "generated declined 0\nsay clarify.two");
}

#[test]
fn a_nod_does_not() {
    let mut stage = talking();
    stage.says("维修");
    stage.writes("洗衣机两小时内联系您。", "A1");
    stage.begin_to_hear();
    stage.take_log();
    stage.says("嗯");
    stage.writes("冰箱明天上门。", "A2");
    stage.stops_writing(GenerationOutcome::Answered);
    check(
        &mut stage,
        "backchannel
         resume
         say written from A2
         generated answered 2",
    );
}

#[test]
fn a_key_takes_the_place_of_the_answer() {
    for begun in [false, true] {
        let mut stage = talking();
        stage.says("维修");
        if begun {
            stage.writes("洗衣机两小时内联系您。", "A1");
        }
        stage.take_log();
        stage.presses("0");
        let log = stage.take_log();
        assert!(log.contains("escalate key_zero"), "{log}");
        let ended = format!("generated interrupted {}", usize::from(begun));
        assert!(log.contains(&ended), "{log}");
        stage.writes("冰箱明天上门。", "A2");
        check(&mut stage, "");
    }
}

#[test]
fn a_follow_up_is_looked_up_as_it_was_completed() {
    let mut stage = talking();
    stage.says("洗衣机坏了");
    stage.hear();
    stage.take_log();
    stage.says("那电视呢");
    check(
        &mut stage,
        "turn 那电视呢 -> abstain
         generate 那电视呢 from [] after 洗衣机坏了 两小时内联系您。",
    );
    let search = stage.generating.expect("a model was asked");
    // One that no entry answers is none.
    stage.input(Input::Rewritten {
        search,
        question: Pii::new("维修电视".to_owned()),
        finding: finding("维修"),
    });
    check(&mut stage, "");
    stage.input(Input::Rewritten {
        search,
        question: Pii::new("冰箱坏了".to_owned()),
        finding: finding("冰箱坏了"),
    });
    check(&mut stage, "rewritten 冰箱坏了\nsay A2");
    stage.stops_writing(GenerationOutcome::Answered);
    check(&mut stage, "");
}

#[test]
fn entries_that_need_more_than_an_answer_are_not_given_to_a_model() {
    // The stage's clarifying entries answer; those with actions are left out.
    let action = Action::Ticket("repair".to_owned());
    let mut found = finding("维修");
    if let crate::entry::Verdict::Clarify { candidates } = &mut found.verdict {
        candidates[0] = entry("A9", "报修", "请说型号。", action);
    }
    let mut stage = talking();
    stage.engines = false;
    stage.says("随便问问");
    let search = crate::ids::SearchId(0);
    stage.input(Input::Found {
        search,
        finding: found,
    });
    let log = stage.take_log();
    assert!(log.contains("generate 随便问问 from [\"A2\"]"), "{log}");
}

#[test]
fn the_end_of_the_call_is_recorded_with_what_was_written() {
    let mut stage = talking();
    stage.says("维修");
    stage.writes("洗衣机两小时内联系您。", "A1");
    stage.take_log();
    stage.input(Input::Ended);
    let log = stage.take_log();
    assert!(log.contains("generated interrupted 1"), "{log}");
}
