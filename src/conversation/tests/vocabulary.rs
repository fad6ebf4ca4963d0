//! What is understood without a knowledge base.

use super::{
    super::Intent::{self, *},
    stage::{EN, ZH, settings},
};

#[track_caller]
fn check(prompts: &str, rows: &[(&str, Option<Intent>)]) {
    let settings = settings(prompts);
    for (text, expected) in rows {
        assert_eq!(
            settings.prompts.vocabulary().intent(text),
            *expected,
            "{text}"
        );
    }
}

#[test]
fn intents_in_mandarin() {
    check(
        ZH,
        &[
            ("转人工", Some(Human)),
            ("转人工。", Some(Human)),
            ("请帮我转人工", Some(Human)),
            ("我要找人工客服", Some(Human)),
            ("人工", Some(Human)),
            ("赚人工", Some(Human)),
            ("不用转人工", None),
            ("人工费是多少", None),
            ("你是人工智能吗", Some(Robot)),
            ("你是真人吗", Some(Robot)),
            ("你是机器人吧", Some(Robot)),
            ("再说一遍", Some(Repeat)),
            ("麻烦您再说一遍谢谢", Some(Repeat)),
            ("什么", Some(Repeat)),
            ("什么时候发货", None),
            ("慢一点", Some(Slower)),
            ("您说得太快了", Some(Slower)),
            ("大声一点", Some(Louder)),
            ("等一下", Some(Wait)),
            ("等一下我找一下发票", Some(Wait)),
            ("等一下我问个问题", None),
            ("再见", Some(Goodbye)),
            ("在建", Some(Goodbye)),
            ("再见再见", Some(Goodbye)),
            ("没有了谢谢", Some(Goodbye)),
            ("谢谢", Some(Thanks)),
            ("你好", Some(Hello)),
            ("是的", Some(Yes)),
            ("对对对", Some(Yes)),
            ("不是", Some(No)),
            ("不用了", Some(No)),
            ("洗衣机不脱水", None),
            ("", None),
        ],
    );
}

#[test]
fn intents_in_english() {
    check(
        EN,
        &[
            ("I'd like to talk to a human, please.", Some(Human)),
            ("Agent", Some(Human)),
            ("I don't need a human", None),
            ("Are you a robot?", Some(Robot)),
            ("Could you say that again?", Some(Repeat)),
            ("Goodbye.", Some(Goodbye)),
            ("no thanks", Some(Goodbye)),
            ("Where is my order", None),
        ],
    );
}

#[test]
fn phrases_that_must_reach_a_human_and_their_traps() {
    let settings = settings(ZH);
    let vocabulary = settings.prompts.vocabulary();
    for text in [
        "我要打12315投诉你们",
        "幺二三幺五见",
        "我要起诉你们",
        "机器冒烟了",
        "我卡被盗刷了",
        "我给你们曝光",
        "漏电了",
    ] {
        assert!(vocabulary.must_escalate(text).is_some(), "{text}");
    }
    for text in [
        "我在工信部上班",
        "我的号码是1381231512315",
        "订单号是912315",
        "法院附近有网点吗",
        "洗衣机坏了",
    ] {
        assert_eq!(vocabulary.must_escalate(text), None, "{text}");
    }
}

#[test]
fn backchannels_and_unfinished_sentences() {
    let settings = settings(ZH);
    let vocabulary = settings.prompts.vocabulary();
    for text in ["嗯", "嗯嗯", "好的好的", "对，是的", "哦，知道了"] {
        assert!(vocabulary.is_backchannel(text), "{text}");
    }
    for text in ["", "不是", "好的那冰箱呢", "对了我想问"] {
        assert!(!vocabulary.is_backchannel(text), "{text}");
    }
    for text in ["我想问一下", "我家的那个", "因为", "洗衣机然后"] {
        assert!(vocabulary.is_unfinished(text), "{text}");
    }
    assert!(!vocabulary.is_unfinished("洗衣机坏了"));
}

#[test]
fn places_in_a_list() {
    let settings = settings(ZH);
    let vocabulary = settings.prompts.vocabulary();
    assert_eq!(vocabulary.ordinal("第二个", 3), Some(1));
    assert_eq!(vocabulary.ordinal("第二个吧", 3), Some(1));
    assert_eq!(vocabulary.ordinal("最后一个", 2), Some(1));
    assert_eq!(vocabulary.ordinal("第三个", 2), None);
    assert_eq!(vocabulary.ordinal("洗衣机", 3), None);
    assert_eq!(
        vocabulary.without_fillers("嗯，请问一下洗衣机怎么修啊"),
        "洗衣机怎么修"
    );
}

#[test]
fn what_only_steers_the_call_is_told_from_what_says_more() {
    let settings = settings(ZH);
    let vocabulary = settings.prompts.vocabulary();
    for text in [
        "再说一遍",
        "第二个",
        "嗯嗯",
        "好的",
        "我想问一下",
        "你是谁",
        "再见",
    ] {
        assert!(vocabulary.steers(text), "{text}");
    }
    for text in [
        "转人工",
        "太感谢了",
        "退货",
        "再说一遍你们这帮骗子",
        "第二个订单坏了",
        "",
    ] {
        assert!(!vocabulary.steers(text), "{text}");
    }
}
