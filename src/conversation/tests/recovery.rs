//! Dialogues in which something goes wrong: what the caller said is kept, and nobody is left in silence.

use expect_test::expect;

use super::stage::{Stage, ZH};
use crate::{call::AgentUnavailable, conversation::Input, ids::SpeechId};

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
