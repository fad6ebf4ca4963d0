//! What is heard, what holds, what a correction means, and how it is read back.

use std::sync::Arc;

use jiff::civil::{Date, DateTime, date};
use proptest::prelude::*;

use super::{
    Ears, Fault, Form, Reply, check, cities,
    correct::{Corrected, correct},
    days::{self, When},
    numbers,
    read_back::read_back,
};
use crate::{
    action::{ActionPlan, CheckDigit, SlotKind, SlotPlan},
    conversation::Prompts,
    entry::{Action, Entry},
    ids::EntryId,
};

/// A Wednesday.
fn now() -> DateTime {
    date(2026, 10, 7).at(9, 0, 0, 0)
}

fn today() -> Date {
    now().date()
}

fn digits(min: u8, max: u8) -> SlotKind {
    let check = CheckDigit::None;
    SlotKind::Digits { min, max, check }
}

fn prompts() -> Prompts {
    let text = include_str!("../../../prompts/zh-CN.toml");
    Prompts::parse("zh-CN.toml", text).expect("shipped")
}

fn form(kind: SlotKind, question: &str, prompts: &Prompts) -> Form {
    let entry = Entry {
        id: EntryId::new("A1"),
        category: String::new(),
        question: String::new(),
        similar_questions: Vec::new(),
        answer: String::new(),
        action: Action::Lookup("order".to_owned()),
        name: String::new(),
        validity: Default::default(),
    };
    let slots = vec![SlotPlan {
        name: "x".to_owned(),
        label: "号码".to_owned(),
        ask: None,
        kind,
    }];
    let ears = Ears {
        vocabulary: prompts.vocabulary(),
        now: now(),
    };
    Form::new(
        Arc::new(entry),
        Arc::new(ActionPlan { slots }),
        question,
        ears,
    )
}

#[test]
fn numbers_are_heard_alone_and_in_sentences() {
    let check = |kind: SlotKind, text: &str, expected: Option<&str>| {
        assert_eq!(numbers::heard(&kind, text).as_deref(), expected, "{text}");
    };
    let order = || digits(8, 12);
    check(order(), "一二三四五六七八", Some("12345678"));
    check(order(), "我的订单号是一二三四五六七八", Some("12345678"));
    check(
        order(),
        "订单号幺二三四，五六七八麻烦你看看",
        Some("12345678"),
    );
    check(order(), "12345678这个订单", Some("12345678"));
    check(order(), "一二三四", Some("1234"));
    check(order(), "八", Some("8"));
    check(order(), "双六三个八", Some("66888"));
    check(order(), "洞拐勾", Some("079"));
    check(
        order(),
        "三个工作日了还没到，一二三四五六七八",
        Some("12345678"),
    );
    check(order(), "三个工作日", None);
    check(order(), "我要查一下", None);
    check(order(), "一二三四和五六七八", None);
    check(order(), "", None);
    check(
        SlotKind::Phone,
        "我电话幺三八零零幺三八零零零",
        Some("13800138000"),
    );
    check(
        SlotKind::Phone,
        "零五七一杠八八幺五五五五五",
        Some("057188155555"),
    );
    check(
        SlotKind::IdCard,
        "幺幺零幺零五幺九四九幺二三幺零零二叉",
        Some("11010519491231002X"),
    );
    check(
        SlotKind::IdCard,
        "11010519491231002x",
        Some("11010519491231002X"),
    );
    check(SlotKind::IdCard, "零零二艾克斯", Some("002X"));
    check(SlotKind::IdCard, "叉。", Some("X"));
    check(order(), "叉", None);
}

#[test]
fn only_numbers_that_can_be_are_taken() {
    let check = |kind: SlotKind, heard: &str, expected: Result<&str, Fault>| {
        let found = check::number(&kind, heard, today());
        assert_eq!(found.as_deref(), expected.as_deref(), "{heard}");
    };
    check(digits(8, 12), "12345678", Ok("12345678"));
    check(digits(8, 12), "1234567", Err(Fault::Length));
    check(digits(8, 12), "1234567890123", Err(Fault::Length));
    let guarded = |check| SlotKind::Digits {
        min: 4,
        max: 20,
        check,
    };
    check(guarded(CheckDigit::Luhn), "79927398713", Ok("79927398713"));
    check(
        guarded(CheckDigit::Luhn),
        "79927398710",
        Err(Fault::CheckDigit),
    );
    check(guarded(CheckDigit::Mod11), "079X", Ok("079X"));
    check(guarded(CheckDigit::Mod11), "0790", Err(Fault::CheckDigit));
    check(digits(4, 4), "079X", Err(Fault::CheckDigit));
    check(SlotKind::Phone, "13800138000", Ok("13800138000"));
    check(SlotKind::Phone, "057188155555", Ok("057188155555"));
    check(SlotKind::Phone, "8613800138000", Ok("13800138000"));
    check(SlotKind::Phone, "12800138000", Err(Fault::Implausible));
    check(SlotKind::Phone, "1380013", Err(Fault::Length));
    check(
        SlotKind::IdCard,
        "11010519491231002X",
        Ok("11010519491231002X"),
    );
    check(
        SlotKind::IdCard,
        "440524188001010014",
        Err(Fault::Implausible),
    );
    check(
        SlotKind::IdCard,
        "110105194912310021",
        Err(Fault::CheckDigit),
    );
    check(SlotKind::IdCard, "1101051949123100", Err(Fault::Length));
    check(
        SlotKind::BankCard,
        "6222020000000000000",
        Ok("6222020000000000000"),
    );
    check(
        SlotKind::BankCard,
        "4111111111111111",
        Ok("4111111111111111"),
    );
    check(
        SlotKind::BankCard,
        "4111111111111112",
        Err(Fault::CheckDigit),
    );
    check(SlotKind::BankCard, "411111111111111", Err(Fault::Length));
}

#[test]
fn corrections_are_exact() {
    use Corrected::{Ambiguous, Anew};
    let number = |number: &str| Some(Corrected::Number(number.to_owned()));
    let fits = |digits: &str| digits.len() == 8;
    let check = |value: &str, text: &str, expected: Option<Corrected>| {
        assert_eq!(correct(value, text, fits), expected, "{value} {text}");
    };
    check("12345678", "不对，最后一位是六", number("12345676"));
    check("12345678", "最后两位是九零", number("12345690"));
    check("12345678", "不对后四位是幺二三四", number("12341234"));
    check("12345678", "前三位是九八七", number("98745678"));
    check("12345678", "第三位是五", number("12545678"));
    check("12345678", "第三位是五不是三", number("12545678"));
    check("12345678", "第三位不是三，是五", number("12545678"));
    check("12345678", "第三位是五不是九", Some(Ambiguous));
    check("12345678", "倒数第二位是零", number("12345608"));
    check("12345678", "中间四位是九九八八", number("12998878"));
    check("12345678", "中间三位是九九八", Some(Ambiguous));
    check("13800138000", "中间四位是九九八八", number("13899888000"));
    check("12345678", "尾号是九零", number("12345690"));
    check("12345678", "开头是九零", number("90345678"));
    check("12345678", "第三位是五，第五位是六", number("12546678"));
    check("12345678", "第一个数是九", number("92345678"));
    check("12345678", "第三位错了", Some(Ambiguous));
    check("12345678", "第九位是五", Some(Ambiguous));
    check("12345678", "最后两位是五", Some(Ambiguous));
    check("12345678", "后三位是三个八", number("12345888"));
    check("12345678", "第十位是五", Some(Ambiguous));
    check("1234567", "少了一个八", Some(Ambiguous));
    check("1238567", "少了一个八", number("12388567"));
    check("1238587", "少了一个八", Some(Ambiguous));
    check("1234567", "最后少了一个八", number("12345678"));
    check("1234567", "前面少了一个八", number("81234567"));
    check("1234567", "少了一位", Some(Ambiguous));
    check("123405678", "多了一个零", number("12345678"));
    check("1203405678", "多了一个零", Some(Ambiguous));
    check("120034567", "多了一个零", number("12034567"));
    check("120340", "最后多了一个零", number("12034"));
    check("12345678", "多了一个九", Some(Ambiguous));
    check("12345678", "不对，是七不是一", number("72345678"));
    check("12345678", "不是一，是七", number("72345678"));
    check("12345178", "是七不是一", Some(Ambiguous));
    check("12345678", "是七不是九", Some(Ambiguous));
    check("12345678", "把五改成零", number("12340678"));
    check("12345678", "三四应该是四三", number("12435678"));
    check("12345678", "不对，是八七六五四三二一", number("87654321"));
    check("12345678", "八七六五四三二一", number("87654321"));
    check("12345678", "不对，是八七六", Some(Anew("876".to_owned())));
    check("12345678", "不对，六", Some(Ambiguous));
    check("12345678", "不对", None);
    check("12345678", "对", None);
    check("12345678", "对的没错", None);
    check("12345678", "最后那个不对", None);
    check("12345678", "不是的", None);
    check("12345678", "", None);
}

#[test]
fn a_check_digit_tells_where_a_digit_is_missing() {
    let fits = |digits: &str| check::number(&SlotKind::BankCard, digits, today()).is_ok();
    let found = correct("411111111111111", "少了一个一", fits);
    assert_eq!(
        found,
        Some(Corrected::Number("4111111111111111".to_owned()))
    );
}

#[test]
fn cities_are_those_of_the_table() {
    let check = |text: &str, expected: Result<Option<&str>, Fault>| {
        let expected = expected.map(|city| city.map(str::to_owned));
        assert_eq!(cities::city(text), expected, "{text}");
    };
    check("我在杭州", Ok(Some("杭州")));
    check("浙江省杭州市西湖区", Ok(Some("杭州")));
    check("吉林长春", Ok(Some("长春")));
    check("吉林", Ok(Some("吉林")));
    check("江苏苏州", Ok(Some("苏州")));
    check("苏州", Ok(Some("苏州")));
    check("航州", Ok(Some("杭州")));
    check("从上海到杭州", Err(Fault::Ambiguous));
    check("火星", Ok(None));
    check("", Ok(None));
    assert_eq!(cities::with_province("杭州"), "浙江杭州");
    assert_eq!(cities::with_province("北京"), "北京");
}

#[test]
fn days_are_told_from_today() {
    let check = |text: &str, expected: Result<Option<&str>, Fault>| {
        let found = days::day(text, today()).map(|day| day.map(|day| day.to_string()));
        let expected = expected.map(|day| day.map(str::to_owned));
        assert_eq!(found, expected, "{text}");
    };
    check("明天", Ok(Some("2026-10-08")));
    check("后天上午吧", Ok(Some("2026-10-09")));
    check("大后天", Ok(Some("2026-10-10")));
    check("今天", Ok(Some("2026-10-07")));
    check("三天后", Ok(Some("2026-10-10")));
    check("十五天以后", Ok(Some("2026-10-22")));
    check("周五", Ok(Some("2026-10-09")));
    check("周一", Ok(Some("2026-10-12")));
    check("这周六", Ok(Some("2026-10-10")));
    check("下周三", Ok(Some("2026-10-14")));
    check("下下个星期天", Ok(Some("2026-10-25")));
    check("礼拜天", Ok(Some("2026-10-11")));
    check("周末", Ok(Some("2026-10-10")));
    check("这周一", Err(Fault::Past));
    check("十月八号", Ok(Some("2026-10-08")));
    check("10月20日", Ok(Some("2026-10-20")));
    check("十二月三十一号", Ok(Some("2026-12-31")));
    check("一月三号", Ok(Some("2027-01-03")));
    check("二十号", Ok(Some("2026-10-20")));
    check("三号", Ok(Some("2026-11-03")));
    check("下个月八号", Ok(Some("2026-11-08")));
    check("二月三十号", Err(Fault::Implausible));
    check("四十号", Err(Fault::Implausible));
    check("二零二五年三月一号", Err(Fault::Past));
    check("2028年3月1日", Err(Fault::Implausible));
    check("随便", Ok(None));
}

#[test]
fn times_take_a_day() {
    let check = |text: &str, expected: Result<Option<&str>, Fault>| {
        let found = days::when(text, None, now()).map(|when| {
            when.map(|when| match when {
                When::Day(day) => day.to_string(),
                When::Moment(at) => at.strftime("%Y-%m-%dT%H:%M").to_string(),
            })
        });
        let expected = expected.map(|day| day.map(str::to_owned));
        assert_eq!(found, expected, "{text}");
    };
    check("明天下午两点半", Ok(Some("2026-10-08T14:30")));
    check("明天下午三点", Ok(Some("2026-10-08T15:00")));
    check("后天上午十点", Ok(Some("2026-10-09T10:00")));
    check("明天晚上八点一刻", Ok(Some("2026-10-08T20:15")));
    check("明天十四点二十", Ok(Some("2026-10-08T14:20")));
    check("明天14:30", Ok(Some("2026-10-08T14:30")));
    check("明天三点", Ok(Some("2026-10-08T15:00")));
    check("明天早上六点", Ok(Some("2026-10-08T06:00")));
    check("明天中午十二点", Ok(Some("2026-10-08T12:00")));
    check("下午四点", Ok(Some("2026-10-07T16:00")));
    check("早上八点", Ok(Some("2026-10-08T08:00")));
    check("今天早上八点", Err(Fault::Past));
    check("明天", Ok(Some("2026-10-08")));
    check("明天二十五点", Err(Fault::Implausible));
    check("什么时候都行", Ok(None));
}

#[test]
fn values_are_read_back_in_groups() {
    let check = |kind: SlotKind, value: &str, expected: &str, english: &str| {
        assert_eq!(read_back(&kind, value, true), expected);
        assert_eq!(read_back(&kind, value, false), english);
    };
    check(
        SlotKind::Phone,
        "13800138000",
        "幺三八，零零幺三，八零零零",
        "1 3 8 0, 0 1 3 8, 0 0 0",
    );
    check(
        digits(8, 8),
        "12345678",
        "幺二三四，五六七八",
        "1 2 3 4, 5 6 7 8",
    );
    check(
        digits(9, 9),
        "123456789",
        "幺二三四，五六七八九",
        "1 2 3 4, 5 6 7 8 9",
    );
    check(digits(4, 4), "1234", "幺二三四", "1 2 3 4");
    check(digits(1, 1), "1", "幺", "1");
    check(
        SlotKind::IdCard,
        "11010519491231002X",
        "幺幺零幺，零五幺九，四九幺二，三幺零零，二X",
        "1 1 0 1, 0 5 1 9, 4 9 1 2, 3 1 0 0, 2 X",
    );
    check(SlotKind::City, "苏州", "江苏苏州", "江苏苏州");
    check(
        SlotKind::Date,
        "2026-10-08",
        "10月8日，星期四",
        "Thursday, October 8",
    );
    check(
        SlotKind::Time,
        "2026-10-08T14:30",
        "10月8日，星期四，14:30",
        "Thursday, October 8 at 14:30",
    );
}

#[test]
fn a_question_tells_what_it_holds() {
    let prompts = prompts();
    let told = |kind: SlotKind, question: &str| form(kind, question, &prompts).take_told();
    assert_eq!(
        told(digits(8, 12), "订单一二三四五六七八到哪了").as_deref(),
        Some("12345678")
    );
    assert_eq!(told(digits(1, 12), "订了三个还没到"), None);
    assert_eq!(told(SlotKind::City, "我在杭州").as_deref(), Some("杭州"));
    assert_eq!(told(SlotKind::City, "从上海到杭州"), None);
    assert_eq!(told(SlotKind::Text, "我在杭州"), None);
    assert_eq!(
        told(SlotKind::Date, "明天能装吗").as_deref(),
        Some("2026-10-08")
    );
}

#[test]
fn digits_are_taken_back_while_they_are_said() {
    let prompts = prompts();
    let mut form = form(digits(8, 8), "", &prompts);
    let ears = Ears {
        vocabulary: prompts.vocabulary(),
        now: now(),
    };
    let heard = |form: &Form, text: &str| match form.hear_number(text, ears) {
        Some(Reply::Digits { digits, anew, full }) => Some((digits, anew, full)),
        _ => None,
    };
    assert_eq!(
        heard(&form, "一二三四"),
        Some(("1234".to_owned(), false, false))
    );
    form.add("1234", false, false);
    assert_eq!(
        heard(&form, "五六七八"),
        Some(("5678".to_owned(), false, true))
    );
    assert_eq!(
        heard(&form, "不对，一二三五"),
        Some(("1235".to_owned(), true, false))
    );
    // The whole once more, to be sure.
    assert_eq!(
        heard(&form, "一二三四五六七八"),
        Some(("12345678".to_owned(), true, true))
    );
    assert_eq!(form.hear_number("不对", ears), Some(Reply::No));
}

fn said() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "不对",
        "是",
        "不是",
        "最后",
        "第",
        "倒数第",
        "中间",
        "前",
        "后",
        "位",
        "个",
        "少了",
        "多了",
        "改成",
        "一",
        "二",
        "三",
        "四",
        "五",
        "六",
        "七",
        "八",
        "九",
        "零",
        "双",
        "，",
        "十",
        "两",
        "X",
        "叉",
        "月",
        "号",
        "周",
        "点",
        "半",
        "年",
        "天后",
        "下",
        "明天",
        "杭州",
        ":",
        "99999999999999999999",
    ]);
    prop::collection::vec(words, 0..12).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn nothing_that_is_said_breaks_anything(text in said(), any in "\\PC{0,40}", value in "[0-9]{4,19}") {
        for text in [text, any] {
            for kind in [SlotKind::Phone, digits(4, 19), SlotKind::IdCard, SlotKind::BankCard] {
                let fits = |digits: &str| check::number(&kind, digits, today()).is_ok();
                if let Some(Corrected::Number(number)) = correct(&value, &text, fits) {
                    prop_assert!(number.bytes().all(|byte| byte.is_ascii_digit()));
                }
                if let Some(heard) = numbers::heard(&kind, &text) {
                    prop_assert!(!heard.is_empty());
                    prop_assert!(heard.bytes().all(|byte| byte.is_ascii_digit() || byte == b'X'));
                }
            }
            let _ = cities::city(&text);
            if let Ok(Some(day)) = days::day(&text, today()) {
                prop_assert!(day >= today());
            }
            if let Ok(Some(When::Moment(at))) = days::when(&text, None, now()) {
                prop_assert!(at > now());
            }
        }
    }

    /// What is read back is what is taken: every digit is said, in its order.
    #[test]
    fn a_number_is_read_back_whole(value in "[0-9]{1,19}") {
        let spoken = read_back(&digits(1, 19), &value, true);
        let heard = numbers::heard(&digits(1, 19), &spoken);
        prop_assert_eq!(heard.as_deref(), Some(value.as_str()));
    }
}
