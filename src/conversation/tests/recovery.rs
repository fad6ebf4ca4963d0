//! Dialogues in which something goes wrong: what the caller said is kept, and nobody is left in silence.

use std::time::Duration;

use expect_test::{Expect, expect};

use super::{
    dialogues::play_on,
    stage::{Stage, ZH},
};
use crate::{
    call::AgentUnavailable,
    conversation::{Input, Listening},
    ids::{SearchId, SpeechId, UtteranceId},
};

fn greeted() -> Stage {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    stage.take_log();
    stage
}

/// The first sentence that is not yet heard cannot be made.
fn voice_fails(stage: &mut Stage) -> SpeechId {
    let (speech, ..) = stage.playing.remove(0);
    stage.input(Input::SpeechFailed {
        speech,
        error: "gone".to_owned(),
    });
    speech
}

#[test]
fn a_sentence_that_cannot_be_made_is_made_up_for() {
    let mut stage = greeted();
    stage.says("维修");
    voice_fails(&mut stage);
    stage.hear();
    stage.says("冰箱");
    voice_fails(&mut stage);
    expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        synthesis failed
        say trouble.say_again
        commit
        chosen A2
        say A2
        synthesis failed
        say trouble.engine
        escalate engine_failure | 来电，尾号八零零零，系统故障。客户说，维修。
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn an_answer_that_is_never_heard_twice_brings_a_human() {
    let mut stage = greeted();
    for _ in 0..2 {
        stage.says("洗衣机坏了");
        voice_fails(&mut stage);
        stage.hear();
    }
    expect![[r#"
        commit
        turn 洗衣机坏了 -> answer
        say A1
        synthesis failed
        say trouble.say_again
        commit
        turn 洗衣机坏了 -> answer
        say A1
        synthesis failed
        say trouble.engine
        escalate engine_failure | 来电，尾号八零零零，系统故障。客户说，洗衣机坏了。
    "#]]
    .assert_eq(&stage.take_log());

    // One that is heard between them makes up for the first.
    let mut stage = greeted();
    stage.says("洗衣机坏了");
    voice_fails(&mut stage);
    stage.hear();
    stage.says("冰箱");
    stage.hear();
    stage.take_log();
    stage.says("洗衣机坏了");
    voice_fails(&mut stage);
    expect![[r#"
        commit
        turn 洗衣机坏了 -> answer
        say A1
        synthesis failed
        say trouble.say_again
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn what_is_said_next_makes_up_for_what_failed() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.take_log();
    voice_fails(&mut stage);
    assert_eq!(stage.take_log(), "synthesis failed\n");
}

#[test]
fn a_voice_that_is_gone_is_not_asked_for_ever() {
    let mut stage = greeted();
    stage.says("洗衣机坏了");
    let mut failures = 0;
    while !stage.over && failures < 20 {
        while !stage.playing.is_empty() {
            voice_fails(&mut stage);
            failures += 1;
        }
        match stage.waiting {
            true => stage.input(Input::AgentUnavailable {
                cause: AgentUnavailable::NotConfigured,
            }),
            false => stage.waits(),
        }
    }
    expect![[r#"
        commit
        turn 洗衣机坏了 -> answer
        say A1
        synthesis failed
        say trouble.say_again
        synthesis failed
        say trouble.engine
        escalate engine_failure | 来电，尾号八零零零，系统故障。客户说，洗衣机坏了。
        synthesis failed
        say handover.unavailable
        say callback.offer
        synthesis failed
        synthesis failed
        silence 1
        say callback.offer
        synthesis failed
        silence 2
        say silence.second
        synthesis failed
        say! silence.goodbye
        hang up Silence
    "#]]
    .assert_eq(&stage.take_log());
}

/// Nobody comes, so the caller is offered a call back.
fn offered(script: &str, expected: Expect) {
    let mut stage = greeted();
    play_on(&mut stage, "say 转人工\nagent busy");
    stage.take_log();
    play_on(&mut stage, script);
    expected.assert_eq(&stage.take_log());
}

#[test]
fn a_number_is_asked_for_twice_whoever_offered_the_first() {
    offered(
        "say 好\nsay 不对\nsay 幺三九\nwait\nhear\nsay 幺三九\nwait\nhear",
        expect![[r#"
        understood yes
        say callback.confirm
        understood no
        say callback.ask_number
        say callback.bad_number
        say callback.failed
    "#]],
    );
    offered(
        "say 好\nsay 不对\nsay 幺三九幺二三四五六七八\nsay 不对\nsay 幺三九幺二三四五六七九\nsay 不对",
        expect![[r#"
        understood yes
        say callback.confirm
        understood no
        say callback.ask_number
        say callback.confirm
        understood no
        say callback.ask_number
        say callback.confirm
        understood no
        say callback.failed
    "#]],
    );
}

#[test]
fn a_question_puts_off_the_offer_of_a_call_back_once() {
    offered(
        "say 洗衣机坏了\nsay 冰箱\nsay 好的",
        expect![[r#"
        commit
        turn 洗衣机坏了 -> answer
        say A1
        say callback.offer
        commit
        turn 冰箱 -> answer
        say A2
        understood yes
        say answer.anything_else
    "#]],
    );
    offered(
        "say 好\nsay 洗衣机坏了\nsay 对",
        expect![[r#"
        understood yes
        say callback.confirm
        commit
        turn 洗衣机坏了 -> answer
        say A1
        say callback.confirm
        understood yes
        callback 13800138000
        say callback.noted
    "#]],
    );
    offered(
        "say 好\nsay 不对\nsay 洗衣机坏了\nsay 幺三九幺二三四五六七八",
        expect![[r#"
        understood yes
        say callback.confirm
        understood no
        say callback.ask_number
        commit
        turn 洗衣机坏了 -> answer
        say A1
        say callback.ask_number
        say callback.confirm
    "#]],
    );
    // Through a choice, through details to note, through a choice of nothing.
    offered(
        "say 维修\nsay 第二个\nsay 好的",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        commit
        chosen A2
        say A2
        say callback.offer
        understood yes
        say callback.confirm
    "#]],
    );
    offered(
        "say 报修\nsay 三号楼五零二\nsay 不用",
        expect![[r#"
        commit
        turn 报修 -> answer
        say A3
        turn 三号楼五零二 -> abstain
        noted for A3: 三号楼五零二
        say answer.noted
        say callback.offer
        understood no
        say callback.declined
    "#]],
    );
    offered(
        "say 报修\nsay 没有\nsay 不用",
        expect![[r#"
        commit
        turn 报修 -> answer
        say A3
        understood no
        say callback.offer
        understood no
        say callback.declined
    "#]],
    );
    offered(
        "say 维修\nsay 都不是\nsay 不用",
        expect![[r#"
        turn 维修 -> clarify
        say clarify.two
        understood no
        say abstain.first
        say callback.offer
        understood no
        say callback.declined
    "#]],
    );
}

/// The caller says `我家洗衣机漏水`, and nothing is found for it yet.
fn spoken(engines: bool, recognised: bool) -> (Stage, UtteranceId) {
    let mut stage = greeted();
    stage.engines = engines;
    let utterance = stage.starts();
    stage.ends(utterance, 1);
    if recognised {
        stage.recognised(utterance, 1, "我家洗衣机漏水");
    }
    (stage, utterance)
}

#[test]
fn words_before_a_key_reach_the_record_and_the_agent() {
    // Known, and not yet looked up.
    let (mut stage, _) = spoken(false, true);
    stage.presses("0");
    assert_eq!(stage.heard, ["我家洗衣机漏水"]);
    expect![[r#"
        say handover.connecting
        escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户说，我家洗衣机漏水。
    "#]]
    .assert_eq(&stage.take_log());

    // Still being recognised: they come while the agent's phone rings.
    let (mut stage, utterance) = spoken(true, false);
    stage.presses("0");
    stage.recognised(utterance, 1, "我家洗衣机漏水");
    stage.recognised(utterance, 1, "我家洗衣机漏水");
    assert_eq!(stage.heard, ["我家洗衣机漏水"]);
    expect![[r#"
        say handover.connecting
        escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户还没有说问题。
        brief 来电，尾号八零零零，客户按零转人工。客户说，我家洗衣机漏水。
    "#]]
    .assert_eq(&stage.take_log());

    // Still being spoken: the key falls into the middle.
    let mut stage = greeted();
    let utterance = stage.starts();
    stage.now += Duration::from_millis(500);
    stage.presses("0");
    stage.ends(utterance, 1);
    stage.recognised(utterance, 1, "我家洗衣机漏水");
    assert_eq!(stage.heard, ["我家洗衣机漏水"]);
    expect![[r#"
        say handover.connecting
        escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户还没有说问题。
        brief 来电，尾号八零零零，客户按零转人工。客户说，我家洗衣机漏水。
    "#]]
    .assert_eq(&stage.take_log());

    // The tone of the key itself.
    let mut stage = greeted();
    let utterance = stage.starts();
    stage.presses("0");
    stage.ends(utterance, 1);
    stage.recognised(utterance, 1, "啊");
    assert!(stage.heard.is_empty());

    // Half a sentence, and its pause.
    let mut stage = greeted();
    stage.engines = false;
    stage.says("我家洗衣机那个");
    let utterance = stage.starts();
    stage.pauses(utterance, 1);
    stage.recognised(utterance, 1, "漏水");
    stage.presses("0");
    assert_eq!(stage.heard, ["我家洗衣机那个", "漏水"]);
    expect![[r#"
        commit
        say handover.connecting
        escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户说，我家洗衣机那个漏水。
    "#]]
    .assert_eq(&stage.take_log());

    // No question: the agent is not told that the caller said 转人工.
    let mut stage = greeted();
    let utterance = stage.starts();
    stage.ends(utterance, 1);
    stage.presses("0");
    stage.recognised(utterance, 1, "转人工");
    assert_eq!(stage.heard, ["转人工"]);
    expect![[r#"
        say handover.connecting
        escalate key_zero | 来电，尾号八零零零，客户按零转人工。客户还没有说问题。
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn a_question_before_the_wish_for_a_human_reaches_the_agent() {
    let mut stage = greeted();
    let first = stage.starts();
    stage.ends(first, 1);
    let second = stage.starts();
    stage.pauses(second, 1);
    stage.recognised(second, 1, "转人工");
    stage.recognised(first, 1, "我家洗衣机漏水");
    assert_eq!(stage.heard, ["转人工", "我家洗衣机漏水"]);
    expect![[r#"
        commit
        understood human
        say handover.connecting
        escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
        brief 来电，尾号八零零零，客户要求人工。客户说，我家洗衣机漏水。
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn words_at_the_bridge_on_hold_and_at_the_end_reach_the_record() {
    let agent_comes = |stage: &mut Stage| {
        stage.presses("0");
        stage.hear();
    };
    for recognised in [true, false] {
        let mut stage = greeted();
        agent_comes(&mut stage);
        stage.engines = false;
        let utterance = stage.starts();
        stage.ends(utterance, 1);
        if recognised {
            stage.recognised(utterance, 1, "我家洗衣机漏水");
        }
        stage.input(Input::AgentConnected);
        stage.recognised(utterance, 1, "我家洗衣机漏水");
        assert_eq!(stage.heard, ["我家洗衣机漏水"], "{recognised}");
        assert_eq!(stage.listening, Some(Listening::Question));
    }

    for end in [Input::Held, Input::Ended] {
        let (mut stage, utterance) = spoken(false, true);
        stage.input(end);
        stage.recognised(utterance, 1, "我家洗衣机漏水");
        assert_eq!(stage.heard, ["我家洗衣机漏水"]);
    }

    // Nothing is found in time, or at all.
    let (mut stage, _) = spoken(false, true);
    stage.waits();
    stage.hear();
    stage.waits();
    assert_eq!(stage.heard, ["我家洗衣机漏水"]);
    let (mut stage, _) = spoken(false, true);
    stage.input(Input::SearchFailed {
        search: SearchId(0),
        error: "gone".to_owned(),
    });
    assert_eq!(stage.heard, ["我家洗衣机漏水"]);
}

/// The caller pauses after `first` and is answered, but has spoken on already.
fn spoke_on(first: &str) -> (Stage, UtteranceId) {
    let mut stage = greeted();
    let utterance = stage.starts();
    stage.pauses(utterance, 1);
    stage.recognised(utterance, 1, first);
    stage.input(Input::SpeechResumed { utterance });
    (stage, utterance)
}

#[test]
fn an_answer_to_a_pause_that_was_none_is_taken_back() {
    // The whole means something else.
    let (mut stage, utterance) = spoke_on("洗衣机");
    assert!(stage.playing.is_empty(), "nobody is talked over");
    stage.pauses(utterance, 2);
    stage.recognised(utterance, 2, "洗衣机还是冰箱维修");
    stage.ends(utterance, 2);
    assert_eq!(stage.heard, ["洗衣机", "还是冰箱维修"]);
    expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        stop
        turn 洗衣机还是冰箱维修 -> clarify
        say clarify.two
    "#]]
    .assert_eq(&stage.take_log());

    // It was a noise.
    let (mut stage, utterance) = spoke_on("洗衣机");
    stage.ends(utterance, 2);
    stage.recognised(utterance, 2, "洗衣机");
    assert_eq!(stage.heard, ["洗衣机"]);
    expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        stop
        turn 洗衣机 -> answer
        say A1
    "#]]
    .assert_eq(&stage.take_log());

    // That it went on is known only from its end.
    let mut stage = greeted();
    let utterance = stage.starts();
    stage.pauses(utterance, 1);
    stage.recognised(utterance, 1, "洗衣机");
    stage.ends(utterance, 2);
    stage.recognised(utterance, 2, "洗衣机，不，冰箱维修");
    assert_eq!(stage.heard, ["洗衣机", "不，冰箱维修"]);
    expect![[r#"
        commit
        turn 洗衣机 -> answer
        say A1
        stop
        turn 洗衣机，不，冰箱维修 -> clarify
        say clarify.two
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn what_an_answer_changed_is_taken_back_with_it() {
    // It asked for details, but was heard wrong: the rest is none.
    let (mut stage, utterance) = spoke_on("报修");
    stage.ends(utterance, 2);
    stage.recognised(utterance, 2, "包修多少钱");
    expect![[r#"
        commit
        turn 报修 -> answer
        say A3
        stop
        turn 包修多少钱 -> abstain
        say abstain.first
    "#]]
    .assert_eq(&stage.take_log());

    // It was a choice.
    let mut stage = greeted();
    stage.says("维修");
    stage.hear();
    stage.take_log();
    let utterance = stage.starts();
    stage.pauses(utterance, 1);
    stage.recognised(utterance, 1, "第一个");
    stage.input(Input::SpeechResumed { utterance });
    stage.ends(utterance, 2);
    stage.recognised(utterance, 2, "第二个");
    expect![[r#"
        commit
        chosen A1
        say A1
        stop
        chosen A2
        say A2
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn a_human_who_was_asked_for_in_a_pause_still_comes() {
    let (mut stage, utterance) = spoke_on("转人工");
    stage.ends(utterance, 2);
    stage.recognised(utterance, 2, "转人工我家洗衣机漏水");
    assert_eq!(stage.heard, ["转人工", "我家洗衣机漏水"]);
    expect![[r#"
        commit
        understood human
        say handover.connecting
        escalate requested | 来电，尾号八零零零，客户要求人工。客户还没有说问题。
        stop
        understood human
    "#]]
    .assert_eq(&stage.take_log());
}

#[test]
fn a_wait_that_is_over_is_not_gone_back_to() {
    let mut stage = greeted();
    stage.says("转人工");
    stage.hear();
    let utterance = stage.starts();
    stage.pauses(utterance, 1);
    stage.recognised(utterance, 1, "洗衣机坏了");
    stage.input(Input::AgentUnavailable {
        cause: AgentUnavailable::Busy,
    });
    stage.hear();
    stage.take_log();
    stage.input(Input::SpeechResumed { utterance });
    stage.waits();
    expect![[r#"
        silence 1
        say callback.offer
    "#]]
    .assert_eq(&stage.take_log());
}
