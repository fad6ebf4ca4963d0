//! Text as it may leave the house: no number, card or address of a person.
//!
//! What `pii` hides in part is hidden here whole, as a placeholder: the ends of a number are nobody else's business. Of what a
//! caller said, every longer row of digits goes too, whatever it is.

use crate::pii::{is_dictation, mask_text};

/// What stands for a number.
const NUMBER: &str = "〔号码〕";
/// What stands for a mail address.
const ADDRESS: &str = "〔邮箱〕";

/// The fewest digits in a caller's words that are hidden, known form or not: orders, cards, codes.
const ROW: usize = 5;

/// What a caller said, without personal data.
pub(super) fn said(words: &str) -> String {
    if is_dictation(words) {
        // Nothing but digits: a part of a number.
        return NUMBER.to_owned();
    }
    hide_rows(&hide(words))
}

/// What a business wrote, without personal data. Its own short numbers (95588, 4008001001) stay.
pub(super) fn written(text: &str) -> String {
    hide(text)
}

/// Puts placeholders where `pii` finds something.
fn hide(text: &str) -> String {
    let symbols: Vec<char> = text.chars().collect();
    // In place, symbol by symbol.
    let masked: Vec<char> = mask_text(text).chars().collect();
    let mut hidden = String::with_capacity(text.len());
    let mut at = 0;
    while at < symbols.len() {
        let end = end_of_hidden(&symbols, &masked, at);
        match end {
            Some((end, placeholder)) => {
                hidden.push_str(placeholder);
                at = end;
            }
            None => {
                hidden.push(symbols[at]);
                at += 1;
            }
        }
    }
    hidden
}

/// If a hidden number or address begins at `at`: where it ends, and what stands for it.
fn end_of_hidden(symbols: &[char], masked: &[char], at: usize) -> Option<(usize, &'static str)> {
    let run = |belongs: fn(char) -> bool| {
        let length = symbols[at..]
            .iter()
            .take_while(|symbol| belongs(**symbol))
            .count();
        let changed = (at..at + length).any(|place| symbols.get(place) != masked.get(place));
        changed.then_some(at + length)
    };
    if let Some(end) = run(is_of_address)
        && symbols[at..end].contains(&'@')
    {
        return Some((end, ADDRESS));
    }
    if !is_digit(symbols[at]) && symbols[at] != '+' && symbols[at] != '＋' {
        return None;
    }
    let end = run(is_of_number)?;
    // The mark after a number is none of it.
    let trailing = symbols[at..end]
        .iter()
        .rev()
        .take_while(|symbol| !is_digit(**symbol))
        .count();
    Some((end - trailing, NUMBER))
}

/// Puts a placeholder for each longer row of digits, written or dictated.
fn hide_rows(text: &str) -> String {
    let symbols: Vec<char> = text.chars().collect();
    let mut hidden = String::with_capacity(text.len());
    let mut at = 0;
    while at < symbols.len() {
        let length = symbols[at..]
            .iter()
            .take_while(|symbol| is_digit(**symbol) || **symbol == '-')
            .count();
        let digits = symbols[at..at + length]
            .iter()
            .filter(|symbol| is_digit(**symbol));
        match digits.count() >= ROW {
            true => hidden.push_str(NUMBER),
            false => hidden.extend(&symbols[at..at + length.max(1)]),
        }
        at += length.max(1);
    }
    hidden
}

fn is_digit(symbol: char) -> bool {
    symbol.is_ascii_digit()
        || matches!(symbol, '０'..='９')
        || "零〇一二三四五六七八九幺两洞拐勾双妖腰".contains(symbol)
        || matches!(symbol, 'x' | 'X' | 'Ｘ' | '叉')
}

fn is_of_number(symbol: char) -> bool {
    is_digit(symbol)
        || symbol.is_whitespace()
        || "个-－–—杠.．()（）+＋，、,。嗯呃额啊*".contains(symbol)
}

fn is_of_address(symbol: char) -> bool {
    symbol.is_ascii_alphanumeric() || matches!(symbol, '.' | '_' | '%' | '+' | '-' | '@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_of_persons_become_placeholders() {
        let check = |words: &str, expected: &str| assert_eq!(said(words), expected, "{words}");
        check("我的号码是13800138000。", "我的号码是〔号码〕。");
        check("打+86 138-0013-8000，谢谢", "打〔号码〕，谢谢");
        check("幺三八零零幺三八零零零", "〔号码〕");
        check("零零幺三", "〔号码〕");
        check("身份证11010519491231002X能办吗", "身份证〔号码〕能办吗");
        check("卡号6222 0212 3456 7894丢了", "卡号〔号码〕丢了");
        check("座机0571-8815555打不通", "座机〔号码〕打不通");
        check("发到zhang.san@example.com吧", "发到〔邮箱〕吧");
        check("订单2024010100012到哪了", "订单〔号码〕到哪了");
        check("13800138000，13900139000", "〔号码〕");
        // What is nobody's.
        check("冰箱保修几年，三天能到吗", "冰箱保修几年，三天能到吗");
        check("第一个", "第一个");
        check("满99元包邮吗", "满99元包邮吗");
    }

    #[test]
    fn a_business_keeps_its_own_numbers() {
        let check = |text: &str, expected: &str| assert_eq!(written(text), expected, "{text}");
        check("请拨打4008001001，或95588。", "请拨打4008001001，或95588。");
        check("找张师傅13800138000。", "找张师傅〔号码〕。");
        check("三至五天到账，满99元包邮。", "三至五天到账，满99元包邮。");
    }

    proptest! {
        #[test]
        fn no_mobile_number_is_left(before in "[我的号码是打 ]{0,6}", second in 3_u64..10, rest in 0_u64..1_000_000_000, after in "[，。吧谢]{0,3}") {
            let number = format!("1{second}{rest:09}");
            let shown = said(&format!("{before}{number}{after}"));
            prop_assert!(shown.contains("〔号码〕"), "{}", shown);
            prop_assert!(!shown.chars().any(|symbol| symbol.is_ascii_digit()), "{}", shown);
        }

        #[test]
        fn nothing_panics(text in ".{0,40}") {
            said(&text);
            written(&text);
        }
    }
}
