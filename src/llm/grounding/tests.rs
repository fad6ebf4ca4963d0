//! What may be said from three passages, and what may not: the wrong price, the swapped day, the flipped denial.

mod shipped;

use proptest::prelude::*;

use super::*;

fn passages() -> Passages {
    Passages::new([
        (
            "洗衣机保修多久",
            "洗衣机整机保修三年，电机保修十年。保修期内非人为损坏不收费。",
        ),
        (
            "冰箱保修多久",
            "冰箱整机保修1年，压缩机保修六年，凭发票享受。",
        ),
        (
            "定制商品能退货吗",
            "定制商品不支持七天无理由退货。其他商品签收后7天内、没拆没装可以退货，满99元包邮，不满收8元运费。退款3-5天到账，一般原路退回。",
        ),
        (
            "门店几点营业",
            "门店周一至周五9:30开门，周末休息。客服电话是400-800-1001，最近的店在《人民广场》，也卖WiFi插座。",
        ),
        ("会员日能退货吗", "不能，会员日的商品只换不退。"),
        (
            "how do I return a parcel",
            "You can return a parcel within 14 days. Opened items cannot be returned. The fee is usually 5 pounds.",
        ),
        ("多少钱", "标准款99元、豪华款199元。小号比大号便宜。"),
    ])
}

#[track_caller]
fn check(rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(sentence, expected)| (sentence, expected, outcome(sentence)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(sentence, expected, found)| format!("{sentence}: {found}, not {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn outcome(sentence: &str) -> String {
    match passages().check(sentence) {
        Ok(supported) => format!("{} {}", supported.passage + 1, supported.text),
        Err(Unsupported::Fact(what)) => format!("fact {what}"),
        Err(Unsupported::Name(what)) => format!("name {what}"),
        Err(Unsupported::Word(what)) => format!("word {what}"),
        Err(Unsupported::Promise(what)) => format!("promise {what}"),
        Err(Unsupported::Negation(what)) => format!("negation {what}"),
        Err(Unsupported::Torn(_)) => "torn".to_owned(),
        Err(Unsupported::Condition(what)) => format!("condition {what}"),
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn what_a_passage_says_may_be_said() {
    check(&[
        ("洗衣机整机保修三年[1]。", "1 洗衣机整机保修三年。"),
        ("洗衣机整机保修3年。[1]", "1 洗衣机整机保修3年。"),
        (
            "冰箱整机保修一年，凭发票享受【2】。",
            "2 冰箱整机保修一年，凭发票享受。",
        ),
        // One of two passages is enough, whichever was named first.
        (
            "您的冰箱整机保修1年，凭发票享受[1][2]。",
            "2 您的冰箱整机保修1年，凭发票享受。",
        ),
        (
            "定制商品不支持七天无理由退货[3]。",
            "3 定制商品不支持七天无理由退货。",
        ),
        (
            "其他商品签收后七天内没拆没装可以退货[3]。",
            "3 其他商品签收后七天内没拆没装可以退货。",
        ),
        ("满九十九元包邮[3]。", "3 满九十九元包邮。"),
        (
            "退款三到五天到账，一般原路退回[3]。",
            "3 退款三到五天到账，一般原路退回。",
        ),
        (
            "门店星期一到星期五九点半开门[4]。",
            "4 门店星期一到星期五九点半开门。",
        ),
        ("客服电话是4008001001[4]。", "4 客服电话是4008001001。"),
        ("会员日的商品只换不退[5]。", "5 会员日的商品只换不退。"),
        (
            "You can return a parcel within 14 days[6].",
            "6 You can return a parcel within 14 days.",
        ),
        (
            "Opened items cannot be returned [6].",
            "6 Opened items cannot be returned .",
        ),
    ]);
}

#[test]
fn a_wrong_fact_is_not_said() {
    // A price, a duration, a day, a time, a telephone number.
    check(&[
        ("洗衣机整机保修五年[1]。", "fact 五年"),
        ("满89元包邮[3]。", "fact 八十九元"),
        ("不满收18块运费[3]。", "fact 十八元"),
        ("门店周一至周六9:30开门[4]。", "fact 周一~周六"),
        ("门店周一至周日九点半开门[4]。", "fact 周一~周日"),
        ("门店周一至周五十点半开门[4]。", "fact 十点半"),
        ("客服电话是4008001002[4]。", "fact 四零零八零零一零零二"),
        ("打95588[4]。", "fact 九五五八八"),
        // Months for years, hours for days, one end of a range.
        ("洗衣机整机保修三个月[1]。", "fact 三个月"),
        ("签收后七小时内可以退货[3]。", "fact 七小时"),
        ("退款三天到账，一般原路退回[3]。", "fact 三天"),
        // A number that is hidden from the eye.
        (
            "洗衣机整机保修1\u{200b}3年[1]。",
            "Unspeakable('\\u{200b}')",
        ),
        // What a question asks is not what is answered.
        ("You can return a parcel within 30 days[6].", "fact 三十day"),
    ]);
}

#[test]
fn two_products_are_not_mixed() {
    check(&[
        ("冰箱整机保修三年[1][2]。", "name 冰箱"),
        ("冰箱整机保修三年[2]。", "fact 三年"),
        ("洗衣机电机保修六年[1][2]。", "fact 六年"),
        ("洗衣机压缩机保修六年，凭发票享受[2]。", "name 洗衣机"),
        ("空调整机保修三年[1]。", "name 空调"),
        // Nor the parts of one: within a sentence, over sentences, over commas.
        ("洗衣机整机保修十年[1]。", "torn"),
        ("洗衣机整机，保修十年[1]。", "torn"),
        ("电机，保修三年[1]。", "torn"),
        (
            "洗衣机整机保修三年，电机保修十年[1]。",
            "1 洗衣机整机保修三年，电机保修十年。",
        ),
        ("电机保修十年，洗衣机整机保修三年[1]。", "torn"),
        ("电机保修三年，洗衣机整机保修十年[1]。", "torn"),
        (
            "标准款九十九元、豪华款一百九十九元[7]。",
            "7 标准款九十九元、豪华款一百九十九元。",
        ),
        ("标准款199元、豪华款99元[7]。", "torn"),
        ("豪华款一百九十九元[7]。", "torn"),
        ("标准款199元[7]。", "torn"),
        ("豪华款99元[7]。", "torn"),
        ("豪华款199元、标准款99元[7]。", "torn"),
        ("大号比小号便宜[7]。", "torn"),
        (
            "洗衣机整机保修三年电机保修十年[1]。",
            "1 洗衣机整机保修三年电机保修十年。",
        ),
        ("洗衣机整机保修十年电机保修三年[1]。", "torn"),
    ]);
}

#[test]
fn a_denial_is_not_turned() {
    check(&[
        ("定制商品支持七天无理由退货[3]。", "negation 支持"),
        ("定制商品可以退货[3]。", "negation 退货"),
        ("其他商品签收后7天内不可以退货[3]。", "negation 不可"),
        ("会员日的商品能退[5]。", "condition 会员日的商品能退"),
        ("保修期内非人为损坏收费[1]。", "negation 收费"),
        ("Opened items can be returned[6].", "negation returned"),
        (
            "You cannot return a parcel within 14 days[6].",
            "negation cannot ",
        ),
        ("可以，定制商品不支持七天无理由退货[3]。", "word 可以"),
        ("不可以，其他商品签收后7天内、没拆没装可以退货[3]。", "torn"),
        // The question is no answer to itself.
        ("会员日能退货[5]。", "condition 会员日能退货"),
    ]);
}

#[test]
fn nothing_is_torn_out_of_a_clause() {
    check(&[
        ("商品不支持七天无理由退货[3]。", "torn"),
        ("其他商品签收后7天内可以退货[3]。", "torn"),
        ("收8元运费[3]。", "negation 收八"),
        ("保修期内不收费[1]。", "negation 不收"),
        ("保修期内损坏收费[1]。", "negation 损坏"),
        ("整机保修三年[1]。", "torn"),
    ]);
}

#[test]
fn no_condition_is_added() {
    check(&[
        (
            "门店周一至周五9:30前开门[4]。",
            "condition 门店周一至周五九点半前开门",
        ),
        (
            "洗衣机整机大约保修三年[1]。",
            "condition 洗衣机整机大约保修三年",
        ),
        (
            "洗衣机整机需要保修三年[1]。",
            "condition 洗衣机整机需要保修三年",
        ),
        ("如果洗衣机整机保修三年[1]。", "1 如果洗衣机整机保修三年。"),
        ("洗衣机整机都保修三年[1]。", "word 都"),
    ]);
}

#[test]
fn a_condition_is_not_left_out() {
    check(&[
        ("订单包邮[3]。", "name 订单"),
        ("包邮[3]。", "condition 包邮"),
        ("没拆没装可以退货[3]。", "condition 没拆没装可以退货"),
        (
            "冰箱整机保修一年，凭发票享受[2]。",
            "2 冰箱整机保修一年，凭发票享受。",
        ),
        ("The fee is 5 pounds[6].", "condition the fee is 五 pounds"),
        ("原路退回[3]。", "condition 原路退回"),
        (
            "You can return a parcel[6].",
            "condition you can return a parcel",
        ),
    ]);
}

#[test]
fn nothing_is_promised_beyond_a_passage() {
    check(&[
        ("洗衣机整机保证保修三年[1]。", "promise 保证"),
        ("洗衣机整机免费保修三年[1]。", "promise 免费"),
        ("我帮您登记洗衣机保修[1]。", "promise 我帮您"),
        ("保修期内非人为损坏一定不收费[1]。", "promise 一定"),
        ("退款3-5天马上到账[3]。", "promise 马上"),
        (
            "You can always return a parcel within 14 days[6].",
            "promise always",
        ),
    ]);
}

#[test]
fn names_and_words_come_from_the_passage() {
    check(&[
        ("也卖《智能》插座[4]。", "name 智能"),
        ("也卖NFC插座[4]。", "name nfc"),
        ("也卖wifi插座[4]。", "4 也卖wifi插座。"),
        ("门店在北京[4]。", "name 北京"),
        ("洗衣机整机维修三年[1]。", "word 维修"),
        ("洗衣机整机三年换新[1]。", "name 换"),
    ]);
}

#[test]
fn a_sentence_names_what_it_rests_on() {
    check(&[
        ("洗衣机整机保修三年。", "NoCitation"),
        ("洗衣机整机保修三年[8]。", "UnknownPassage(8)"),
        ("洗衣机整机保修三年[0]。", "UnknownPassage(0)"),
        ("洗衣机整机保修三年[1][99]。", "UnknownPassage(99)"),
        (
            "洗衣机整机保修三年[18446744073709551616]。",
            "Unspeakable('[')",
        ),
        ("[1]", "Empty"),
        ("好的，您好[1]。", "Empty"),
        ("", "Empty"),
        (&format!("{}[1]", "洗衣机保修三年".repeat(30)), "TooLong"),
    ]);
}

#[test]
fn what_cannot_be_spoken_is_not_said() {
    check(&[
        (
            "洗衣机保修三年，见https://a.example[1]。",
            "Unspeakable('/')",
        ),
        ("**洗衣机**保修三年[1]。", "Unspeakable('*')"),
        ("电话是〔号码〕[4]。", "Unspeakable('〔')"),
        ("写信到a@b.example[1]。", "Unspeakable('@')"),
    ]);
}

#[test]
fn a_caller_hears_what_an_answer_is_about() {
    let passages = passages();
    let check = |passage: usize, asked: &str, text: &str, expected: bool| {
        assert_eq!(
            passages.is_named(passage - 1, asked, text),
            expected,
            "{asked} {text}"
        );
    };
    check(1, "洗衣机保修几年", "整机保修三年。", true);
    check(1, "冰箱保修几年", "整机保修三年。", false);
    check(1, "冰箱保修几年", "洗衣机整机保修三年。", true);
    check(9, "冰箱保修几年", "整机保修三年。", false);
}

proptest! {
    #[test]
    fn no_sentence_with_another_number_is_supported(number in 1_u32..100_000) {
        let said = [1, 3, 10];
        prop_assume!(!said.contains(&number));
        let sentence = format!("洗衣机整机保修{number}年[1]。");
        prop_assert!(passages().check(&sentence).is_err());
    }

    #[test]
    fn nothing_panics(sentence in "[洗衣机冰箱不没三五年天周一日内退货满元~到至第几百分之，。\\[\\]1-9a-z \"《》]{0,40}") {
        let _ = passages().check(&sentence);
    }

    /// Words that no passage has never pass, whatever is around them.
    #[test]
    fn foreign_words_are_not_said(before in "[的是您请可以]{0,3}", after in "[的了呢。]{0,3}") {
        let sentence = format!("{before}空调十五天上门{after}[1]");
        prop_assert!(passages().check(&sentence).is_err());
    }
}
