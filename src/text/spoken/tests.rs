//! What is written, and what is said.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(written, expected)| (written, expected, to_spoken(written)))
        .filter(|(_, expected, spoken)| spoken != *expected)
        .map(|(written, expected, spoken)| format!("{written}: {spoken}, not {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers() {
    check(&[
        ("0", "零"),
        ("5", "五"),
        ("10", "十"),
        ("12", "十二"),
        ("20", "二十"),
        ("101", "一百零一"),
        ("110元", "一百一十元"),
        ("200", "二百"),
        ("1001", "一千零一"),
        ("1010", "一千零一十"),
        ("2000", "两千"),
        ("2024个", "两千零二十四个"),
        ("10000", "一万"),
        ("12345元", "一万两千三百四十五元"),
        ("10050元", "一万零五十元"),
        ("20000元", "两万元"),
        ("100000", "十万"),
        ("1000000", "一百万"),
        ("1050000元", "一百零五万元"),
        ("10000500元", "一千万零五百元"),
        ("200000000元", "两亿元"),
        ("100030000元", "一亿零三万元"),
        ("12,500元", "一万两千五百元"),
        ("3.5", "三点五"),
        ("0.05", "零点零五"),
        ("-5", "负五"),
        ("第2", "第二"),
        ("第15名", "第十五名"),
    ]);
}

#[test]
fn counting_and_two() {
    check(&[
        ("2个", "两个"),
        ("2天", "两天"),
        ("2小时", "两小时"),
        ("2月", "二月"),
        ("2号", "二号"),
        ("2楼", "二楼"),
        ("2元", "两元"),
        ("12个", "十二个"),
        ("22个", "二十二个"),
        ("3-5天", "三到五天"),
        ("1~2个", "一到两个"),
        ("10%-20%", "百分之十到百分之二十"),
        ("1/3", "三分之一"),
    ]);
}

#[test]
fn money_and_percent() {
    check(&[
        ("¥199.90", "一百九十九点九元"),
        ("¥199.00", "一百九十九元"),
        ("￥2", "两元"),
        ("$20", "二十美元"),
        ("100元", "一百元"),
        ("50%", "百分之五十"),
        ("3.5%", "百分之三点五"),
        ("5‰", "千分之五"),
        ("¥ 30元", "三十元"),
    ]);
}

#[test]
fn dates_and_times() {
    check(&[
        ("2026-11-24", "二零二六年十一月二十四日"),
        ("2026/1/2", "二零二六年一月二日"),
        ("2026年11月8日", "二零二六年十一月八日"),
        ("2026年", "二零二六年"),
        ("9:00", "九点"),
        ("18:05", "十八点零五分"),
        ("14:30", "十四点半"),
        ("9:00-17:30", "九点到十七点半"),
        ("2:15", "两点十五分"),
        ("11月2日", "十一月二日"),
        ("2024.5.1", "二零二四年五月一日"),
    ]);
}

#[test]
fn telephone_numbers_and_codes() {
    check(&[
        ("13800138000", "幺三八，零零幺三，八零零零"),
        ("400-800-1234", "四零零，八零零，幺二三四"),
        ("4008001234", "四零零，八零零，幺二三四"),
        ("010-62551234", "零幺零，六二五五幺二三四"),
        ("95588", "九五五八八"),
        ("12315", "幺二三幺五"),
        ("打110", "打幺幺零"),
        ("110个", "一百一十个"),
        ("订单号202611081375", "订单号二零二六幺幺零八幺三七五"),
        ("0571", "零五七幺"),
        ("尾号8000", "尾号八千"),
        ("10086", "幺零零八六"),
    ]);
}

#[test]
fn units() {
    check(&[
        ("5kg", "五公斤"),
        ("2L", "两升"),
        ("26℃", "二十六摄氏度"),
        ("1500W", "一千五百瓦"),
        ("3km", "三公里"),
        ("100m²", "一百平方米"),
        ("60*60*85cm", "六十乘六十乘八十五厘米"),
        ("500ml", "五百毫升"),
        ("220V", "二百二十伏"),
        ("-18℃", "负十八摄氏度"),
        ("1.5kWh", "一点五度"),
        ("55%的", "百分之五十五的"),
    ]);
}

#[test]
fn letters_codes_and_addresses() {
    check(&[
        ("下载APP", "下载APP"),
        ("VIP会员", "V I P会员"),
        ("KFR-35GW", "K F R 三五 G W"),
        ("iPhone 15", "iPhone 十五"),
        ("A12", "A一二"),
        ("5G网络", "五 G网络"),
        ("WiFi", "WiFi"),
        ("www.abc.com", "www点abc点com"),
        ("a1@b.cn", "a幺艾特b点cn"),
        ("3C认证", "三 C认证"),
        ("按#键", "按井号键"),
        ("Ａ１２％", "A一二百分号"),
    ]);
}

#[test]
fn marks_stay() {
    check(&[
        ("您好，请说。", "您好，请说。"),
        ("（一）", "（一）"),
        ("", ""),
    ]);
}

proptest! {
    #[test]
    fn nothing_panics_and_no_figure_is_left(text in "[0-9a-zA-Z元年月%¥:./~*# -]{0,24}") {
        let spoken = to_spoken(&text);
        prop_assert!(!spoken.contains(|symbol: char| symbol.is_ascii_digit()), "{text} -> {spoken}");
    }

    #[test]
    fn a_cardinal_reads_back(number in 0u64..1_000_000_000_000) {
        use chinese_reading::value;
        prop_assert_eq!(value(&cardinal(&number.to_string())), Some(number));
    }
}

/// A reader of Chinese cardinals, written apart from the writer.
mod chinese_reading {
    pub(super) fn value(text: &str) -> Option<u64> {
        let (mut total, mut section, mut digit) = (0u64, 0u64, 0u64);
        for symbol in text.chars() {
            let unit = match symbol {
                '十' => 10,
                '百' => 100,
                '千' => 1_000,
                '万' | '亿' => {
                    let scale = if symbol == '万' { 10_000 } else { 100_000_000 };
                    section += digit;
                    // 万亿: the whole before it is scaled again.
                    match section {
                        0 => total *= scale,
                        _ if symbol == '亿' && total > 0 => total = (total + section) * scale,
                        _ => total += section * scale,
                    }
                    (section, digit) = (0, 0);
                    continue;
                }
                _ => {
                    digit = "零一二三四五六七八九"
                        .chars()
                        .position(|known| known == symbol)
                        .or((symbol == '两').then_some(2))? as u64;
                    continue;
                }
            };
            section += digit.max(u64::from(symbol == '十' && digit == 0)) * unit;
            digit = 0;
        }
        Some(total + section + digit)
    }
}
