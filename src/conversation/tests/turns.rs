//! Dialogues about the floor: pauses, trailing off, noise, and what a sentence leaves open.

use std::time::Duration;

use expect_test::expect;

use super::{
    dialogues::{check, check_in},
    stage::{EN, Stage, ZH},
};
use crate::{
    conversation::{Input, Listening},
    ids::UtteranceId,
};

fn greeted() -> Stage {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.take_log();
    stage
}

/// A stage where the bot is saying an answer and the caller has begun to speak over it.
fn interrupted() -> (Stage, UtteranceId) {
    let mut stage = greeted();
    stage.says("洗衣机坏了");
    stage.begin_to_hear();
    stage.take_log();
    let utterance = stage.starts();
    (stage, utterance)
}

#[test]
fn a_pause_ends_with_the_utterance_that_caused_it() {
    // It never ends: media lost count, or a radio plays.
    let (mut stage, _) = interrupted();
    stage.waits();
    assert_eq!(stage.take_log(), "resume\n");

    // The caller put us on hold in the middle of a word.
    let (mut stage, _) = interrupted();
    stage.input(Input::Held);
    assert_eq!(stage.take_log(), "");
    stage.input(Input::Resumed);
    assert_eq!(stage.take_log(), "resume\n");

    // It cannot be recognised.
    let (mut stage, utterance) = interrupted();
    stage.ends(utterance, 1);
    stage.input(Input::RecognitionFailed {
        utterance,
        revision: 1,
        error: "no slot".to_owned(),
    });
    expect![[r#"
        recognition failed
        stop
        say trouble.say_again
        heard only: 两小时内
    "#]]
    .assert_eq(&stage.take_log());

    // A key takes its place.
    let (mut stage, utterance) = interrupted();
    stage.presses("*");
    stage.ends(utterance, 1);
    expect![[r#"
        stop
        say A1
        heard only: 两小时内
    "#]]
    .assert_eq(&stage.take_log());

    // Words follow that are none.
    let (mut stage, utterance) = interrupted();
    stage.ends(utterance, 1);
    let second = stage.starts();
    stage.recognised(utterance, 1, "");
    stage.ends(second, 1);
    stage.recognised(second, 1, "");
    assert_eq!(stage.take_log(), "resume\n");
}

#[test]
fn the_notice_is_not_interrupted_and_the_question_is_answered_after_it() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.begin_to_hear();
    stage.take_log();
    stage.says("洗衣机坏了");
    stage.hear();
    expect![[r#"
        commit
        stop
        turn 洗衣机坏了 -> answer
        say A1
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn trailing_off_listens_longer_until_speech_goes_on() {
    let mut stage = greeted();
    let utterance = stage.starts();
    stage.pauses(utterance, 1);
    stage.recognised(utterance, 1, "我家的那个");
    assert_eq!(stage.listening, Some(Listening::Unfinished));
    stage.input(Input::SpeechResumed { utterance });
    assert_eq!(stage.listening, Some(Listening::Question));
    stage.pauses(utterance, 2);
    stage.recognised(utterance, 2, "我家的那个洗衣机坏了");
    expect![[r#"
        commit
        turn 我家的那个洗衣机坏了 -> answer
        say A1
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn half_a_sentence_is_no_question() {
    check(
        "say 我想问一下\nsay 洗衣机坏了",
        expect![[r#"
        say answer.more
        commit
        turn 洗衣机坏了 -> answer
        say A1
    "#]],
    );
    check(
        "say 我家的那个\nsay 洗衣机坏了",
        expect![[r#"
        say answer.more
        commit
        turn 我家的那个洗衣机坏了 -> answer
        say A1
    "#]],
    );
    // The rest never comes, or means as little.
    check(
        "say 我家的那个\nwait\nhear\nsay 洗衣机",
        expect![[r#"
        say answer.more
        silence 1
        say silence.first
        commit
        turn 洗衣机 -> answer
        say A1
    "#]],
    );
    check(
        "say 我家的那个\nsay 还有那个",
        expect![[r#"
        say answer.more
        turn 我家的那个还有那个 -> abstain
        say abstain.first
    "#]],
    );
}

#[test]
fn words_that_came_late_are_not_lost() {
    let mut stage = greeted();
    let first = stage.starts();
    stage.ends(first, 1);
    let second = stage.starts();
    stage.ends(second, 1);
    stage.recognised(second, 1, "");
    stage.recognised(first, 1, "洗衣机坏了");
    expect![[r#"
        turn 洗衣机坏了 -> answer
        say A1
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn english_words_keep_their_distance_when_they_are_joined() {
    let mut stage = Stage::new(EN, "13800138000");
    stage.hear();
    stage.take_log();
    let first = stage.starts();
    stage.ends(first, 1);
    let second = stage.starts();
    stage.recognised(first, 1, "talk to a");
    stage.ends(second, 1);
    stage.recognised(second, 1, "human");
    expect![[r#"
        understood human
        say handover.connecting
        escalate requested | Call from a number ending in 8 0 0 0, asks for a person. The caller has not asked anything yet.
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn noise_does_not_put_off_the_silence_prompts() {
    let mut stage = greeted();
    for _ in 0..8 {
        stage.now += Duration::from_secs(1);
        stage.says("");
    }
    stage.waits();
    expect![[r#"
        silence 1
        say silence.first
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn a_timer_that_fires_too_early_is_asked_for_again() {
    let mut stage = greeted();
    let due = stage.timer.take();
    stage.input(Input::TimerFired);
    assert_eq!(stage.timer, due);
    assert_eq!(stage.take_log(), "");
}

#[test]
fn nothing_is_answered_after_the_goodbye_or_beside_an_agent() {
    let mut stage = greeted();
    stage.says("再见");
    stage.take_log();
    stage.says("洗衣机坏了");
    stage.presses("0");
    assert_eq!(stage.take_log(), "");

    let mut stage = greeted();
    stage.says("转人工");
    stage.begin_to_hear();
    stage.take_log();
    stage.input(Input::AgentConnected);
    stage.says("洗衣机坏了");
    stage.presses("*");
    expect![[r#"
        stop
        heard only: 正在为您转接人
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn short_words_after_an_answer() {
    check(
        "say 洗衣机\nsay 知道了\nsay 没有了谢谢再见",
        expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        understood acknowledge
        say answer.anything_else
        understood goodbye
        say! answer.closing
        hang up Hangup
    "#]],
    );
    check(
        "say 洗衣机\nsay 好的\nsay 有的\nsay 冰箱",
        expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        understood yes
        say answer.anything_else
        understood yes
        say answer.more
        commit
        turn 冰箱 -> answer
        say A2
    "#]],
    );
    check(
        "say 洗衣机\nsay 呃",
        expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        backchannel
    "#]],
    );
    check(
        "say 洗衣机\nsay 不对不对",
        expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        understood dissent
        say abstain.first
    "#]],
    );
    check(
        "say 洗衣机\nsay 不是\nsay 答非所问",
        expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        understood dissent
        say abstain.first
        understood dissent
        say abstain.second
        escalate repeated_abstention | 来电，尾号八零零零，机器人两次没有答案。客户说，洗衣机。
    "#]],
    );
    check(
        "say 洗衣机\nsay 不用了\nsay 不用了",
        expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        understood no
        say answer.anything_else
        understood no
        say! answer.closing
        hang up Hangup
    "#]],
    );
    check_in(
        EN,
        "say 洗衣机\nsay I see\nsay no thanks bye",
        expect![[r#"
            commit
            turn 洗衣机 -> answer
            say A1
            understood acknowledge
            say answer.anything_else
            understood goodbye
            say! answer.closing
            hang up Hangup
        "#]],
    );
}

#[test]
fn a_choice_is_waited_for() {
    check(
        "say 维修\nwait\nhear\nsay 2",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        silence 1
        say clarify.two
        commit
        chosen A2
        say A2
    "#]],
    );
    check(
        "say 维修\nsay 好的\nsay 再说一遍\nsay 我选第二个",
        expect![[r#"
            turn 维修 -> clarify
            say clarify.two
            understood yes
            say clarify.again
            commit
            understood repeat
            say clarify.two
            commit
            chosen A2
            say A2
        "#]],
    );
    check(
        "say 维修\nsay 最后一个吧",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        commit
        chosen A2
        say A2
    "#]],
    );
    check(
        "say 维修\nsay 冰箱",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        commit
        chosen A2
        say A2
    "#]],
    );
    check(
        "say 维修\nsay 我要报修",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        commit
        turn 我要报修 -> answer
        say A3
    "#]],
    );
    check(
        "say 维修\nsay 转人工",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        commit
        understood human
        say handover.connecting
        escalate requested | 来电，尾号八零零零，客户要求人工。客户说，维修。
    "#]],
    );
    check(
        "say 维修\npress 0",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        say handover.connecting
        escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户说，维修。
    "#]],
    );
}

#[test]
fn keys_that_mean_nothing_leave_the_answer_alone() {
    check(
        "say-and-cut 洗衣机坏了\npress 5#A",
        expect![[r#"
        commit
        turn 洗衣机坏了 -> answer
        say A1
    "#]],
    );
    check(
        "say-and-cut 洗衣机坏了\npress *",
        expect![[r#"
        commit
        turn 洗衣机坏了 -> answer
        say A1
        stop
        say A1
    "#]],
    );
}

#[test]
fn numbers_for_an_entry_come_by_voice_or_keys() {
    check(
        "say 报修\npress 13800138000#",
        expect![[r#"
        commit
        turn 报修 -> answer
        say A3
        noted for A3: 13800138000
        say answer.noted
    "#]],
    );
    check(
        "say 报修\npress 1234\nwait",
        expect![[r#"
        commit
        turn 报修 -> answer
        say A3
        noted for A3: 1234
        say answer.noted
    "#]],
    );
    check(
        "say 报修\npress 0",
        expect![[r#"
        commit
        turn 报修 -> answer
        say A3
        say handover.connecting
        escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户说，报修。
    "#]],
    );
    check(
        "say 报修\nsay 幺二三幺五六七八",
        expect![[r#"
        commit
        turn 报修 -> answer
        say A3
        noted for A3: 幺二三幺五六七八
        say answer.noted
    "#]],
    );
    check(
        "say 报修\nsay 没有",
        expect![[r#"
        commit
        turn 报修 -> answer
        say A3
        understood no
        say answer.anything_else
    "#]],
    );
}

#[test]
fn a_number_to_call_back_in_any_form() {
    let busy = "say 转人工\nagent busy";
    check(
        &format!("{busy}\nsay 好的谢谢\nsay 对，就打这个"),
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
        &format!("{busy}\nsay 不用了谢谢"),
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
        &format!("{busy}\nsay 打我的手机幺三九幺二三四五六七八\nsay 对"),
        expect![[r#"
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
            say handover.unavailable
            say callback.offer
            say callback.confirm
            understood yes
            callback 13912345678
            say callback.noted
        "#]],
    );
    check(
        &format!("{busy}\npress 12\npress 057188155555#\npress 1"),
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
            callback 057188155555
            say callback.noted
        "#]],
    );
    check(
        &format!("{busy}\npress 12\nhear\npress 0\nwait"),
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
            say handover.connecting
            escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户还没有说问题。
        "#]],
    );
    check(
        &format!("{busy}\npress 12\nsay 幺三九\nsay 不对\nsay 幺三八零零幺三八零零零\nsay 是的"),
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
            understood no
            say callback.ask_number
            say callback.confirm
            understood yes
            callback 13800138000
            say callback.noted
        "#]],
    );
    check(
        &format!("{busy}\nwait\nhear\nsay 再说一遍"),
        expect![[r#"
        commit
        understood human
        say handover.connecting
        escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
        say handover.unavailable
        say callback.offer
        silence 1
        say callback.offer
        commit
        understood repeat
        say callback.offer
    "#]],
    );
    check(
        &format!("{busy}\nsay 洗衣机坏了"),
        expect![[r#"
        commit
        understood human
        say handover.connecting
        escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
        say handover.unavailable
        say callback.offer
        commit
        turn 洗衣机坏了 -> answer
        say A1
        say callback.offer
    "#]],
    );
    check(
        &format!("{busy}\nsay 再见"),
        expect![[r#"
        commit
        understood human
        say handover.connecting
        escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
        say handover.unavailable
        say callback.offer
        understood goodbye
        say! answer.closing
        hang up Hangup
    "#]],
    );
}

#[test]
fn a_withheld_number_is_asked_for() {
    let mut stage = Stage::new(ZH, "anonymous");
    stage.hear();
    stage.says("转人工");
    stage.hear();
    stage.input(Input::AgentUnavailable {
        cause: crate::call::AgentUnavailable::NoAnswer,
    });
    stage.hear();
    stage.take_log();
    stage.says("要");
    assert_eq!(stage.listening, Some(Listening::Number));
    expect![[r#"
        understood yes
        say callback.ask_number
    "#]]
    .assert_eq(&stage.take_log());
}
