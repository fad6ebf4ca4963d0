//! Dialogues: what the caller does on the left, what comes of it on the right.

use std::time::Duration;

use expect_test::{Expect, expect};

use super::stage::{EN, Stage, ZH};
use crate::{call::AgentUnavailable, conversation::Input, ids::SpeechId};

/// Plays `script` after the greeting was heard. A line is `what: how`.
pub(super) fn play_on(stage: &mut Stage, script: &str) {
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "say" => {
                stage.says(rest);
                stage.hear();
            }
            // Over the first sentence of the bot, which is audible.
            "over" => {
                stage.begin_to_hear();
                stage.says(rest);
            }
            "say-and-cut" => stage.says(rest),
            "press" => stage.presses(rest),
            "hear" => stage.hear(),
            "wait" => stage.waits(),
            "agent" => {
                stage.input(match rest {
                    "answers" => Input::AgentConnected,
                    "leaves" => Input::AgentLeft,
                    _ => Input::AgentUnavailable {
                        cause: AgentUnavailable::Busy,
                    },
                });
                stage.hear();
            }
            "hold" => stage.input(Input::Held),
            "resume" => stage.input(Input::Resumed),
            other => panic!("`{other}` is no verb of a script"),
        }
    }
}

#[track_caller]
pub(super) fn check(script: &str, expected: Expect) {
    check_in(ZH, script, expected);
}

#[track_caller]
pub(super) fn check_in(prompts: &str, script: &str, expected: Expect) {
    let mut stage = Stage::new(prompts, "13800138000");
    stage.hear();
    stage.take_log();
    play_on(&mut stage, script);
    expected.assert_eq(&stage.take_log());
}

#[test]
fn the_greeting_names_the_machine_and_the_recording() {
    let stage = Stage::new(ZH, "13800138000");
    expect![[r#"
        say! greeting.label @0.80
        say! greeting.recording @0.90
        say greeting.invite
    "#]]
    .assert_eq(&stage.log);
    let notice = format!("{}{}", stage.playing[0].1, stage.playing[1].1);
    for word in ["安心家电", "人工智能", "合成", "录音"] {
        assert!(notice.contains(word), "{notice} lacks {word}");
    }
}

#[test]
fn a_question_is_answered_in_the_pause() {
    check(
        "say 洗衣机坏了",
        expect![[r#"
            commit
            turn 洗衣机坏了 -> answer
            say A1
        "#]],
    );
}

#[test]
fn what_trails_off_waits_for_its_end() {
    check(
        "say 我家洗衣机那个",
        expect![[r#"
        turn 我家洗衣机那个 -> answer
        say A1
    "#]],
    );
}

#[test]
fn entries_are_offered_by_their_short_names() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.says("手续");
    let offered = &stage.playing.last().expect("an offer").1;
    assert!(
        offered.contains("保修手续") && offered.contains("退货手续"),
        "{offered}"
    );
    check(
        "say 手续\nsay 退货手续",
        expect![[r#"
        turn 手续 -> clarify
        say clarify.two
        commit
        chosen A6
        say A6
    "#]],
    );
}

#[test]
fn keys_and_names_choose() {
    check(
        "say 维修\npress 2",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        chosen A2
        say A2
    "#]],
    );
    check(
        "say 维修\nsay 第一个",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        commit
        chosen A1
        say A1
    "#]],
    );
    check(
        "say 维修\nsay 冰箱怎么修",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        commit
        chosen A2
        say A2
    "#]],
    );
    check(
        "say 维修\nsay 都不是",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        understood no
        say abstain.first
    "#]],
    );
    check(
        "say 维修\nsay 今天天气\nsay 今天天气",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        turn 今天天气 -> abstain
        say clarify.again
        turn 今天天气 -> abstain
        say abstain.first
    "#]],
    );
    check(
        "say 维修\npress 7",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        say clarify.again
    "#]],
    );
}

#[test]
fn two_abstentions_bring_a_human() {
    check(
        "say 今天天气\nsay 股票",
        expect![[r#"
            turn 今天天气 -> abstain
            say abstain.first
            turn 股票 -> abstain
            say abstain.second
            escalate repeated_abstention | 来电，尾号八零零零，机器人两次没有答案。客户说，股票。
        "#]],
    );
    check(
        "say 今天天气\nsay 洗衣机\nsay 股票",
        expect![[r#"
        turn 今天天气 -> abstain
        say abstain.first
        commit
        turn 洗衣机 -> answer
        say A1
        turn 股票 -> abstain
        say abstain.first
    "#]],
    );
}

#[test]
fn a_human_by_word_key_or_phrase() {
    check(
        "say 转人工",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
        "#]],
    );
    check(
        "say 不用转人工洗衣机坏了",
        expect![[r#"
        commit
        turn 不用转人工洗衣机坏了 -> answer
        say A1
    "#]],
    );
    check(
        "say 你是真人吗",
        expect![[r#"
        commit
        understood robot
        say answer.robot
    "#]],
    );
    check(
        "press 0",
        expect![[r#"
            say handover.connecting
            escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户还没有说问题。
        "#]],
    );
    check(
        "say 再不修我就打12315",
        expect![[r#"
            say handover.connecting
            escalate must_escalate | 来电，尾号八零零零，客户提到，12315。客户说，再不修我就打12315。
        "#]],
    );
    check(
        "say 我在工信部上班洗衣机坏了",
        expect![[r#"
        commit
        turn 我在工信部上班洗衣机坏了 -> answer
        say A1
    "#]],
    );
    check(
        "say 我要挂失",
        expect![[r#"
            commit
            turn 我要挂失 -> answer
            say A4
            say handover.connecting
            escalate entry_action | 来电，尾号八零零零，业务需要人工办理。客户说，我要挂失。
        "#]],
    );
}

#[test]
fn key_zero_works_over_the_greeting() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.begin_to_hear();
    stage.take_log();
    stage.presses("0");
    expect![[r#"
        stop
        say handover.connecting
        escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户还没有说问题。
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn speech_over_the_bot_is_judged_by_its_words() {
    check(
        "say-and-cut 洗衣机坏了\nover 嗯好的",
        expect![[r#"
        commit
        turn 洗衣机坏了 -> answer
        say A1
        backchannel
        resume
    "#]],
    );
    check(
        "say-and-cut 洗衣机坏了\nover 不是我问的是冰箱",
        expect![[r#"
            commit
            turn 洗衣机坏了 -> answer
            say A1
            commit
            stop
            barge-in
            turn 不是我问的是冰箱 -> answer
            say A2
            heard only: 两小时内
        "#]],
    );
    check(
        "say-and-cut 洗衣机坏了\nover 等一下",
        expect![[r#"
        commit
        turn 洗衣机坏了 -> answer
        say A1
        stop
        barge-in
        understood wait
        say answer.waiting
        heard only: 两小时内
    "#]],
    );
    check(
        "say-and-cut 洗衣机坏了\nover ",
        expect![[r#"
        commit
        turn 洗衣机坏了 -> answer
        say A1
        resume
    "#]],
    );
}

#[test]
fn a_pause_does_not_last_while_words_are_missing() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.says("洗衣机坏了");
    stage.begin_to_hear();
    stage.take_log();
    let utterance = stage.starts();
    stage.ends(utterance, 1);
    stage.waits();
    stage.waits();
    stage.recognised(utterance, 1, "嗯");
    expect![[r#"
        resume
        backchannel
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn late_and_old_results_change_nothing() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.take_log();
    let utterance = stage.starts();
    stage.pauses(utterance, 1);
    stage.input(Input::SpeechResumed { utterance });
    stage.recognised(utterance, 1, "洗衣机");
    stage.ends(utterance, 2);
    stage.recognised(utterance, 1, "洗衣机");
    stage.recognised(utterance, 2, "洗衣机还是冰箱维修");
    stage.recognised(utterance, 2, "洗衣机");
    expect![[r#"
        turn 洗衣机还是冰箱维修 -> clarify
        say clarify.two
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn words_that_were_overtaken_are_carried_over() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.take_log();
    let first = stage.starts();
    stage.ends(first, 1);
    let second = stage.starts();
    stage.recognised(first, 1, "我家洗衣机");
    stage.ends(second, 1);
    stage.recognised(second, 1, "坏了");
    expect![[r#"
        turn 我家洗衣机坏了 -> answer
        say A1
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn silence_is_asked_about_twice() {
    check(
        "wait\nhear\nwait\nhear\nwait",
        expect![[r#"
        silence 1
        say silence.first
        silence 2
        say silence.second
        say! silence.goodbye
        hang up Silence
    "#]],
    );
    check(
        "say 洗衣机\nwait\nhear\nsay 没有了",
        expect![[r#"
            commit
            turn 洗衣机 -> answer
            say A1
            silence 1
            say answer.anything_else
            understood goodbye
            say! answer.closing
            hang up Hangup
        "#]],
    );
}

#[test]
fn control_words() {
    check(
        "say 再说一遍",
        expect![[r#"
        commit
        understood repeat
        say answer.nothing_to_repeat
    "#]],
    );
    check(
        "say 洗衣机\nsay 再说一遍\nsay 说慢一点\nsay 冰箱",
        expect![[r#"
            commit
            turn 洗衣机 -> answer
            say A1
            commit
            understood repeat
            say A1
            commit
            understood slower
            say answer.slower @0.75
            say A1 @0.75
            commit
            turn 冰箱 -> answer
            say A2 @0.75
        "#]],
    );
    check(
        "say 洗衣机\nsay 大声一点",
        expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        commit
        understood louder
        say answer.louder
        say A1
    "#]],
    );
    check(
        "say 等一下\nwait",
        expect![[r#"
        understood wait
        say answer.waiting
        silence 1
        say silence.first
    "#]],
    );
    check(
        "say 谢谢\nsay 不用了",
        expect![[r#"
        understood thanks
        say answer.thanks
        understood no
        say! answer.closing
        hang up Hangup
    "#]],
    );
    check(
        "say 你好",
        expect![[r#"
        understood hello
        say answer.hello
    "#]],
    );
    check(
        "say 再见",
        expect![[r#"
        understood goodbye
        say! answer.closing
        hang up Hangup
    "#]],
    );
    check(
        "say 在建",
        expect![[r#"
        understood goodbye
        say! answer.closing
        hang up Hangup
    "#]],
    );
    check(
        "press *",
        expect![[r#"
        say answer.nothing_to_repeat
    "#]],
    );
}

#[test]
fn details_for_an_entry_are_noted() {
    check(
        "say 空调报修\nsay 三号楼五零二\nsay 没有了",
        expect![[r#"
        commit
        turn 空调报修 -> answer
        say A3
        turn 三号楼五零二 -> abstain
        noted for A3: 三号楼五零二
        say answer.noted
        understood goodbye
        say! answer.closing
        hang up Hangup
    "#]],
    );
    check(
        "say 空调报修\nsay 洗衣机",
        expect![[r#"
        commit
        turn 空调报修 -> answer
        say A3
        commit
        turn 洗衣机 -> answer
        say A1
    "#]],
    );
}

#[test]
fn an_agent_comes_and_goes() {
    check(
        "say 转人工\nagent answers\nagent leaves\nsay 洗衣机",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
            say handover.left
            commit
            turn 洗衣机 -> answer
            say A1
        "#]],
    );
    check(
        "say 转人工\nsay 洗衣机\nsay 再见",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
            commit
            turn 洗衣机 -> answer
            understood goodbye
            say! answer.closing
            hang up Hangup
        "#]],
    );
}

#[test]
fn a_callback_when_nobody_comes() {
    check(
        "say 转人工\nagent busy\nsay 好的\nsay 对",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
            say handover.unavailable
            say callback.offer
            understood yes
            say callback.confirm
            understood yes
            callback 13800138000
            say callback.noted
        "#]],
    );
    check(
        "say 转人工\nagent busy\nsay 不用",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
            say handover.unavailable
            say callback.offer
            understood no
            say callback.declined
        "#]],
    );
    check(
        "say 转人工\nagent busy\npress 1\npress 2\nsay 幺三九\nsay 幺二三四五六七八\nsay 对的",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
            say handover.unavailable
            say callback.offer
            say callback.confirm
            stop
            say callback.ask_number
            stop
            barge-in
            say callback.confirm
            understood yes
            callback 13912345678
            say callback.noted
        "#]],
    );
    check(
        "say 转人工\nagent busy\npress 12\npress 13912345678\npress 1",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
            say handover.unavailable
            say callback.offer
            say callback.confirm
            stop
            say callback.ask_number
            stop
            say callback.confirm
            stop
            callback 13912345678
            say callback.noted
        "#]],
    );
    check(
        "say 转人工\nagent busy\nsay 好\nsay 不对\nsay 幺三九\nwait\nhear\nsay 幺二",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
            say handover.unavailable
            say callback.offer
            understood yes
            say callback.confirm
            understood no
            say callback.ask_number
            say callback.bad_number
        "#]],
    );
    check(
        "say 转人工\nagent busy\nsay 今天天气",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
            say handover.unavailable
            say callback.offer
            turn 今天天气 -> abstain
            say callback.offer
        "#]],
    );
}

#[test]
fn engines_that_fail_have_a_sentence() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.take_log();
    for _ in 0..2 {
        let utterance = stage.starts();
        stage.ends(utterance, 1);
        let error = "no slot".to_owned();
        stage.input(Input::RecognitionFailed {
            utterance,
            revision: 1,
            error,
        });
        stage.hear();
    }
    expect![[r#"
        recognition failed
        say trouble.say_again
        recognition failed
        say trouble.engine
        escalate engine_failure | 来电，尾号八零零零，系统故障。客户还没有说问题。
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn engines_that_never_answer_have_a_deadline() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.take_log();
    let utterance = stage.starts();
    stage.ends(utterance, 1);
    stage.waits();
    stage.hear();
    stage.waits();
    expect![[r#"
        say trouble.filler
        recognition failed
        say trouble.engine
        escalate engine_failure | 来电，尾号八零零零，系统故障。客户还没有说问题。
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn a_voice_that_fails_twice_brings_a_human() {
    let mut stage = Stage::new(ZH, "");
    stage.take_log();
    for speech in [SpeechId(1), SpeechId(2)] {
        stage.input(Input::SpeechFailed {
            speech,
            error: "gone".to_owned(),
        });
    }
    expect![[r#"
        synthesis failed
        synthesis failed
        say trouble.engine
        escalate engine_failure | 来电，未显示号码，系统故障。客户还没有说问题。
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn nobody_is_asked_while_on_hold() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.take_log();
    stage.input(Input::Held);
    stage.now += Duration::from_secs(600);
    stage.input(Input::TimerFired);
    assert_eq!(stage.take_log(), "");
    stage.input(Input::Resumed);
    stage.waits();
    expect![[r#"
        silence 1
        say silence.first
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn english_works_the_same() {
    check_in(
        EN,
        "say can you say that again",
        expect![[r#"
        commit
        understood repeat
        say answer.nothing_to_repeat
    "#]],
    );
    check_in(
        EN,
        "say I want to talk to a human",
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | Call from a number ending in 8 0 0 0, asks for a person. The caller has not asked anything yet.
        "#]],
    );
    check_in(
        EN,
        "say goodbye",
        expect![[r#"
        understood goodbye
        say! answer.closing
        hang up Hangup
    "#]],
    );
    check_in(
        EN,
        "say 洗衣机",
        expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
    "#]],
    );
}
