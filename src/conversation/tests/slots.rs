//! Dialogues in which an action's details are collected, the business's systems asked, and their reply said.

use std::sync::Arc;

use expect_test::{Expect, expect};
use jiff::civil::date;
use proptest::prelude::*;

use super::{
    dialogues::play_on,
    stage::{Stage, ZH},
};
use crate::{
    action::{
        ActionFailure, ActionPlan, ActionPlans, ActionReply, CheckDigit, Outcome, SlotKind,
        SlotPlan,
    },
    conversation::{Input, Listening, Prompts},
    ids::ActionId,
    pii::Pii,
};

const REPLIES: &str = include_str!("../../../prompts/actions.zh-CN.toml");

pub(super) fn plans() -> ActionPlans {
    let slot = |name: &str, label: &str, kind: SlotKind| SlotPlan {
        name: name.to_owned(),
        label: label.to_owned(),
        ask: None,
        kind,
    };
    let order = SlotKind::Digits {
        min: 8,
        max: 12,
        check: CheckDigit::None,
    };
    let options = ["上门安装".to_owned(), "自己安装".to_owned()].into();
    let install = [
        slot("phone", "联系电话", SlotKind::Phone),
        slot("city", "城市", SlotKind::City),
        slot("day", "日期", SlotKind::Date),
        slot("way", "安装方式", SlotKind::Choice { options }),
    ];
    let plan = |action: &str, slots: &[SlotPlan]| {
        let action = action.parse().expect("an action");
        let slots = slots.to_vec();
        (action, ActionPlan { slots })
    };
    ActionPlans::new([
        plan("lookup:order", &[slot("order", "订单号", order)]),
        plan("ticket:install", &install),
        plan(
            "verify:identity",
            &[slot("card", "身份证号", SlotKind::IdCard)],
        ),
        plan(
            "route:nearest_store",
            &[slot("city", "城市", SlotKind::City)],
        ),
    ])
}

/// A stage whose business has systems, on a Wednesday.
pub(super) fn stage(caller: &str) -> Stage {
    let mut stage = Stage::new(ZH, caller);
    let settings = Arc::make_mut(&mut stage.machine.settings);
    settings.plans = Arc::new(plans());
    let prompts = Prompts::parse("zh-CN.toml", ZH).expect("shipped");
    let prompts = prompts.with_replies("actions.zh-CN.toml", REPLIES);
    settings.prompts = Arc::new(prompts.expect("shipped"));
    stage.machine.began = date(2026, 10, 7).at(9, 0, 0, 0);
    stage.hear();
    stage.take_log();
    stage
}

pub(super) fn reply(outcome: Outcome, fields: &str) -> ActionReply {
    let fields = fields.split_whitespace().filter_map(|field| {
        let (name, value) = field.split_once('=')?;
        Some((name.to_owned(), Pii::new(value.to_owned())))
    });
    ActionReply {
        outcome,
        fields: fields.collect(),
    }
}

fn play(stage: &mut Stage, script: &str) {
    for line in script.lines().map(str::trim) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let outcome = match verb {
            "done" => Ok(Outcome::Done),
            "not-found" => Ok(Outcome::NotFound),
            "refused" => Ok(Outcome::Refused),
            "human" => Ok(Outcome::Human),
            "fails" => Err(ActionFailure::Unreachable),
            _ => {
                play_on(stage, line);
                continue;
            }
        };
        let id = stage.acting.expect("a request");
        let result = outcome.map(|outcome| reply(outcome, rest));
        stage.input(Input::Acted { id, result });
        stage.hear();
    }
}

#[track_caller]
fn check(script: &str, expected: Expect) {
    let mut stage = stage("13800138000");
    play(&mut stage, script);
    expected.assert_eq(&stage.take_log());
}

#[test]
fn an_order_is_looked_up() {
    check(
        "say 查订单\nsay 一二三四五六七八\nwait\nhear\nsay 对\ndone status=已发货 eta=明天\nsay 再说一遍",
        expect![[r#"
            commit
            turn 查订单 -> answer
            say L1
            say slot.ask_number
            say slot.confirm
            filled order=12345678
            act lookup:order order=12345678
            replied Done
            say reply: 帮您查到了，12345678这个订单，已发货，预计明天送到。
            commit
            understood repeat
            say reply: 帮您查到了，12345678这个订单，已发货，预计明天送到。
        "#]],
    );
}

#[test]
fn a_number_comes_in_groups_and_by_keys() {
    check(
        "say 查订单\nsay 我的订单号是一二三四\nsay 五六\npress 78#\nhear\npress 1",
        expect![[r#"
            commit
            turn 查订单 -> answer
            say L1
            say slot.ask_number
            say slot.confirm
            filled order=12345678
            act lookup:order order=12345678
        "#]],
    );
    check(
        "say 查订单\npress 123\npress *\nhear\npress 123456789012\nhear\npress 2\nhear\npress 0",
        expect![[r#"
            commit
            turn 查订单 -> answer
            say L1
            say slot.ask_number
            say slot.ask_number
            say slot.confirm
            missed order: denied
            say slot.again
        "#]],
    );
}

#[test]
fn what_the_question_told_is_only_confirmed() {
    check(
        "say 查订单一二三四五六七八到哪了\nsay 对",
        expect![[r#"
        commit
        turn 查订单一二三四五六七八到哪了 -> answer
        say L1
        say slot.confirm
        filled order=12345678
        act lookup:order order=12345678
    "#]],
    );
    check(
        "say 杭州的附近门店",
        expect![[r#"
        commit
        turn 杭州的附近门店 -> answer
        say R1
        filled city=杭州
        say slot.taken
        act route:nearest_store city=杭州
    "#]],
    );
}

#[test]
fn a_correction_is_read_back_again() {
    check(
        "say 查订单\nsay 一二三四五六七八\nwait\nhear\nsay 不对，最后一位是六\nsay 第三位是五不是三\nsay 是的",
        expect![[r#"
            commit
            turn 查订单 -> answer
            say L1
            say slot.ask_number
            say slot.confirm
            say slot.confirm
            say slot.confirm
            filled order=12545676
            act lookup:order order=12545676
        "#]],
    );
}

#[test]
fn two_tries_in_vain_bring_a_human() {
    check(
        "say 查订单\nsay 一二三\nwait\nhear\nsay 今天天气",
        expect![[r#"
            commit
            turn 查订单 -> answer
            say L1
            say slot.ask_number
            missed order: length
            say slot.bad_length
            turn 今天天气 -> abstain
            missed order: not_understood
            say slot.failed
            escalate slot_failed | 来电，尾号八零零零，机器人没有听清业务信息。客户说，今天天气。
        "#]],
    );
    check(
        "say 查订单\nwait\nhear\nwait",
        expect![[r#"
        commit
        turn 查订单 -> answer
        say L1
        say slot.ask_number
        silence 1
        missed order: silent
        say slot.unclear_number
        silence 2
        missed order: silent
        say slot.failed
        escalate slot_failed | 来电，尾号八零零零，机器人没有听清业务信息。客户说，查订单。
    "#]],
    );
    check(
        "say 查订单\nsay 一二三四五六七八\nwait\nhear\nsay 不对\nsay 一二三四五六七九\nwait\nhear\nsay 不对\nagent busy",
        expect![[r#"
            commit
            turn 查订单 -> answer
            say L1
            say slot.ask_number
            say slot.confirm
            missed order: denied
            say slot.again
            say slot.confirm
            missed order: denied
            say slot.failed
            escalate slot_failed | 来电，尾号八零零零，机器人没有听清业务信息。客户说，查订单。
            say handover.unavailable
            say callback.offer
        "#]],
    );
    check(
        "say 查订单\nsay 我找不到了",
        expect![[r#"
        commit
        turn 查订单 -> answer
        say L1
        say slot.ask_number
        missed order: unable
        say slot.unable
        escalate slot_failed | 来电，尾号八零零零，机器人没有听清业务信息。客户说，查订单。
    "#]],
    );
}

#[test]
fn a_form_can_be_left_and_gone_back_to() {
    check(
        "say 查订单\nsay 算了",
        expect![[r#"
        commit
        turn 查订单 -> answer
        say L1
        say slot.ask_number
        commit
        say slot.cancelled
    "#]],
    );
    check(
        "say 查订单\nsay 洗衣机怎么修\nsay 一二三四五六七八\nwait\nhear\nsay 冰箱",
        expect![[r#"
            commit
            turn 查订单 -> answer
            say L1
            say slot.ask_number
            commit
            turn 洗衣机怎么修 -> answer
            say A1
            say slot.ask_number
            say slot.confirm
            commit
            turn 冰箱 -> answer
            say A2
        "#]],
    );
    check(
        "say 查订单\nsay 再说一遍\nsay 等一下\nsay 转人工",
        expect![[r#"
            commit
            turn 查订单 -> answer
            say L1
            say slot.ask_number
            commit
            understood repeat
            say slot.ask_number
            understood wait
            say answer.waiting
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户说，查订单。
        "#]],
    );
    check(
        "say 查订单\nsay 我要投诉到消协",
        expect![[r#"
        commit
        turn 查订单 -> answer
        say L1
        say slot.ask_number
        say handover.connecting
        escalate must_escalate | 来电，尾号八零零零，客户提到，消协。客户说，我要投诉到消协。
    "#]],
    );
}

#[test]
fn an_appointment_takes_four_details() {
    check(
        "say 预约安装\nsay 可以\nsay 我在宁波\nsay 不对，是杭州\nsay 后天\nsay 对\nsay 第一个\ndone ticket=4821",
        expect![[r#"
            commit
            turn 预约安装 -> answer
            say T1
            say slot.offer
            filled phone=13800138000
            say slot.ask_words
            filled city=宁波
            say slot.taken
            say slot.ask_words
            filled city=杭州
            say slot.taken
            say slot.ask_words
            say slot.confirm_words
            filled day=2026-10-09
            say slot.ask_choice
            filled way=上门安装
            say slot.taken
            act ticket:install phone=13800138000 city=杭州 day=2026-10-09 way=上门安装
            replied Done
            say reply: 好的，已经为您预约安装，单号4821，师傅会提前给您打电话。
        "#]],
    );
    check(
        "say 预约安装\nsay 不用\nsay 幺三九幺二三四五六七八\nsay 嗯对\nsay 苏州\nsay 下周三\nsay 改成下周四\npress 1\npress 2\nrefused",
        expect![[r#"
            commit
            turn 预约安装 -> answer
            say T1
            say slot.offer
            say slot.ask_number
            commit
            say slot.confirm
            filled phone=13912345678
            say slot.ask_words
            filled city=苏州
            say slot.taken
            say slot.ask_words
            say slot.confirm_words
            say slot.confirm_words
            filled day=2026-10-15
            say slot.ask_choice
            stop
            filled way=自己安装
            say slot.taken
            act ticket:install phone=13912345678 city=苏州 day=2026-10-15 way=自己安装
            replied Refused without reason
            say action.refused
        "#]],
    );
}

#[test]
fn a_key_alone_takes_the_offer_and_more_keys_are_another_number() {
    for (script, expected) in [
        ("press 1\nwait", Some("filled phone=13800138000")),
        ("press 1#", Some("filled phone=13800138000")),
        ("press 2\nwait", None),
        (
            "press 13912345678\nhear\npress 1",
            Some("filled phone=13912345678"),
        ),
    ] {
        let mut stage = stage("13800138000");
        play(&mut stage, &format!("say 预约安装\nhear\n{script}"));
        let log = stage.take_log();
        let filled = log.lines().find(|line| line.starts_with("filled phone"));
        assert_eq!(filled, expected, "{script}\n{log}");
    }
}

#[test]
fn nothing_found_is_checked_once_more() {
    check(
        "say 查订单一二三四五六七八\nsay 对\nnot-found\nsay 一二三四五六七九\nwait\nhear\nsay 对\nnot-found",
        expect![[r#"
            commit
            turn 查订单一二三四五六七八 -> answer
            say L1
            say slot.confirm
            filled order=12345678
            act lookup:order order=12345678
            replied NotFound
            say reply: 抱歉，没有查到这个订单，我们再核对一遍号码。
            say slot.ask_number
            say slot.confirm
            filled order=12345679
            act lookup:order order=12345679
            replied NotFound
            noted for L1: 订单号12345679；
            say action.human
            escalate action_failed | 来电，尾号八零零零，业务系统要求人工处理。客户说，查订单一二三四五六七八。订单号尾号五六七九。
        "#]],
    );
}

#[test]
fn a_failure_is_left_to_the_staff() {
    check(
        "say 查订单一二三四五六七八\nsay 对\nfails\nsay 没有了",
        expect![[r#"
            commit
            turn 查订单一二三四五六七八 -> answer
            say L1
            say slot.confirm
            filled order=12345678
            act lookup:order order=12345678
            action failed Unreachable
            noted for L1: 订单号12345678；
            say action.noted
            understood goodbye
            say! answer.closing
            hang up Hangup
        "#]],
    );
    check(
        "say 查订单一二三四五六七八\nsay 对\nhuman",
        expect![[r#"
        commit
        turn 查订单一二三四五六七八 -> answer
        say L1
        say slot.confirm
        filled order=12345678
        act lookup:order order=12345678
        replied Human
        noted for L1: 订单号12345678；
        say action.human
        escalate action_failed | 来电，尾号八零零零，业务系统要求人工处理。客户说，查订单一二三四五六七八。订单号尾号五六七八。
    "#]],
    );
    // A reply of which no sentence can be made.
    check(
        "say 查订单一二三四五六七八\nsay 对\ndone status=已发货",
        expect![[r#"
            commit
            turn 查订单一二三四五六七八 -> answer
            say L1
            say slot.confirm
            filled order=12345678
            act lookup:order order=12345678
            replied Done without eta
            noted for L1: 订单号12345678；
            say action.noted
        "#]],
    );
    // None at all.
    check(
        "say 查订单一二三四五六七八\nsay 对\nwait\nhear\nwait\nhear",
        expect![[r#"
            commit
            turn 查订单一二三四五六七八 -> answer
            say L1
            say slot.confirm
            filled order=12345678
            act lookup:order order=12345678
            say trouble.filler
            action failed Timeout
            noted for L1: 订单号12345678；
            say action.noted
        "#]],
    );
}

#[test]
fn who_is_verified_is_not_asked_again() {
    check(
        "say 核验身份\nsay 幺幺零幺零五幺九四九幺二三幺零零二叉\nsay 对\ndone answer=还款日是八号。\nsay 再核验一下\ndone\nsay 转人工",
        expect![[r#"
            commit
            turn 核验身份 -> answer
            say V1
            say slot.ask_number
            commit
            say slot.confirm
            filled card=11010519491231002X
            act verify:identity card=11010519491231002X
            replied Done
            say reply: 好的，身份已经核实。还款日是八号。
            commit
            turn 再核验一下 -> answer
            say V1
            act verify:identity card=11010519491231002X
            replied Done without answer
            say action.verify_done
            commit
            understood human
            say handover.connecting
            escalate requested | 来电，尾号八零零零，客户要求人工。客户说，再核验一下。已核实身份。
        "#]],
    );
    check(
        "say 核验身份\npress 11010519491231002*\nhear\nsay 对\nrefused\nsay 幺幺零幺零五幺九四九幺二三幺零零二叉\nsay 对\nrefused",
        expect![[r#"
            commit
            turn 核验身份 -> answer
            say V1
            say slot.ask_number
            say slot.confirm
            filled card=11010519491231002X
            act verify:identity card=11010519491231002X
            replied Refused
            say reply: 抱歉，信息没有核对上，我们再核对一遍。
            say slot.ask_number
            commit
            say slot.confirm
            filled card=11010519491231002X
            act verify:identity card=11010519491231002X
            replied Refused
            noted for V1: 身份证号11010519491231002X；
            say action.human
            escalate action_failed | 来电，尾号八零零零，业务系统要求人工处理。客户说，核验身份。身份证号尾号零零二。
        "#]],
    );
}

#[test]
fn a_call_knows_with_which_templates_it_was_held() {
    let plain = Prompts::parse("zh-CN.toml", ZH).expect("shipped");
    let hash = plain.hash().to_owned();
    let with = plain.with_replies("actions.zh-CN.toml", REPLIES);
    assert_ne!(with.expect("shipped").hash(), hash);
}

#[test]
fn a_reply_to_nothing_is_nothing() {
    let mut stage = stage("13800138000");
    play(&mut stage, "say 查订单一二三四五六七八\nsay 对");
    let id = stage.acting.expect("a request");
    stage.take_log();
    stage.input(Input::Acted {
        id: ActionId(id.0 + 1),
        result: Ok(reply(Outcome::Done, "status=x eta=y")),
    });
    assert_eq!(stage.take_log(), "");
    play(&mut stage, "say 转人工");
    stage.take_log();
    stage.input(Input::Acted {
        id,
        result: Ok(reply(Outcome::Done, "status=x eta=y")),
    });
    assert_eq!(stage.take_log(), "");
}

#[test]
fn how_to_listen_follows_what_is_asked() {
    let mut stage = stage("anonymous");
    play(&mut stage, "say 预约安装");
    assert_eq!(stage.listening, Some(Listening::Number));
    play(&mut stage, "say 幺三九幺二三四五六七八");
    assert_eq!(stage.listening, Some(Listening::Choice));
    play(&mut stage, "say 对");
    assert_eq!(stage.listening, Some(Listening::Question));
}

#[test]
fn an_action_without_a_plan_is_noted_as_before() {
    let mut stage = stage("13800138000");
    play(&mut stage, "say 我要报修\nsay 三号楼五零二");
    expect![[r#"
        commit
        turn 我要报修 -> answer
        say A3
        turn 三号楼五零二 -> abstain
        noted for A3: 三号楼五零二
        say answer.noted
    "#]]
    .assert_eq(&stage.take_log());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the caller says, a slot is not talked about for ever; the stage holds every number against what was read back.
    #[test]
    fn a_slot_comes_to_an_end(said in prop::collection::vec(prop::sample::select(vec![
        "say 一二三四五六七八", "say 五六", "say 不对", "say 不对，最后一位是六", "say 少了一个八", "say 多了一个零",
        "say 是七不是一", "say 不对，是幺二三", "say 今天天气", "say 第三位错了", "say 冰箱", "wait", "press 12", "press #",
        "say 八七六五四三二一",
    ]), 1..60)) {
        let mut stage = stage("13800138000");
        play(&mut stage, "say 查订单");
        for line in said {
            if stage.acting.is_some() || stage.waiting || stage.over {
                break;
            }
            if line != "wait" || stage.timer.is_some() {
                play(&mut stage, line);
                stage.hear();
            }
            prop_assert!(stage.about_slot < 16, "{}", stage.log);
        }
    }
}
