//! Two questions in one utterance, and what a question follows.

use expect_test::expect;

use super::{
    dialogues::{check, play_on},
    stage::{Stage, ZH},
};

#[test]
fn two_answers_are_said_one_after_the_other() {
    check(
        "say 洗衣机怎么修还有冰箱怎么修",
        expect![[r#"
            commit
            turn 洗衣机怎么修还有冰箱怎么修 -> answer
            say A1
            say A2
        "#]],
    );
}

#[test]
fn both_answers_are_said_again() {
    check(
        "say 洗衣机怎么修还有冰箱怎么修\nsay 再说一遍\nsay 冰箱\nsay 再说一遍",
        expect![[r#"
            commit
            turn 洗衣机怎么修还有冰箱怎么修 -> answer
            say A1
            say A2
            commit
            understood repeat
            say A1
            say A2
            commit
            turn 冰箱 -> answer
            say A2
            commit
            understood repeat
            say A2
        "#]],
    );
}

#[test]
fn what_asks_for_something_comes_last() {
    check(
        "say 我要报修还有冰箱怎么修",
        expect![[r#"
            commit
            turn 我要报修还有冰箱怎么修 -> answer
            say A2
            say A3
        "#]],
    );
}

#[test]
fn a_human_is_brought_in_at_once() {
    check(
        "say 洗衣机怎么修还有我要挂失",
        expect![[r#"
            commit
            turn 洗衣机怎么修还有我要挂失 -> answer
            say A4
            say handover.connecting
            escalate entry_action | 来电，尾号八零零零，业务需要人工办理。客户说，洗衣机怎么修还有我要挂失。
        "#]],
    );
}

#[test]
fn a_question_follows_the_answer_before() {
    let mut stage = Stage::new(ZH, "13800138000");
    stage.hear();
    play_on(
        &mut stage,
        "say 洗衣机怎么修
         say 那冰箱呢
         say 天气怎么样
         say 冰箱怎么修",
    );
    let followed: Vec<Option<&str>> = stage.followed.iter().map(Option::as_deref).collect();
    assert_eq!(followed, [None, Some("A1"), Some("A2"), None]);
}
