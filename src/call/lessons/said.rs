//! What stands in the words of a question beside the question: that the answer before did not help.
//!
//! Most of what is no question never becomes one (see `conversation`, which knows 不对 and 转人工). What is left is said in
//! words that are looked up like any question: 还是没解决, 不对，我问的是冰箱. This module compares words only.

/// What a caller says to an answer that did not help, without what stands around it.
const COMPLAINTS: &[&str] = &[
    "没解决",
    "没有解决",
    "没解决问题",
    "没有解决问题",
    "没解决我的问题",
    "没有解决我的问题",
    "问题没解决",
    "问题没有解决",
    "解决不了",
    "解决不了问题",
    "没用",
    "没有用",
    "没什么用",
    "不管用",
    "不好使",
    "不行",
    "不对",
    "不是",
    "不是的",
    "错了",
    "说错了",
    "答错了",
    "听错了",
    "理解错了",
    "搞错了",
    "不是这个",
    "不是这个问题",
    "不是这个意思",
    "不是问这个",
    "不是说这个",
    "不是这样",
    "不是这样的",
    "不是我问的",
    "不是我要的",
    "不是我想问的",
    "没听懂",
    "没明白我的意思",
    "答非所问",
    "没回答我的问题",
    "没有回答我的问题",
    "没帮到我",
    "没帮上忙",
    "没有帮助",
    "白说",
    "等于没说",
];

/// What may stand before a complaint, longest first where one begins another.
const BEFORE: &[&str] = &[
    "按你说的做了",
    "按您说的做了",
    "照你说的做了",
    "我都试过了",
    "都试过了",
    "我试过了",
    "试过了",
    "我试了",
    "试了",
    "你这个",
    "你说的",
    "您说的",
    "你根本",
    "你这",
    "可是",
    "但是",
    "这个",
    "这样",
    "根本",
    "完全",
    "还是",
    "不不",
    "那",
    "这",
    "可",
    "但",
    "都",
    "也",
    "还",
    "就",
    "我",
    "你",
    "您",
    "啊",
    "哎",
    "唉",
    "嗯",
    "呃",
];

/// What may stand after one.
const AFTER: &[char] = &['啊', '呀', '呢', '吧', '的', '哦', '嘛', '了', '诶', '哎'];

/// After these words comes what was meant.
const MEANT: &[&str] = &[
    "我问的是",
    "我问的不是这个是",
    "我说的是",
    "我要问的是",
    "我想问的是",
    "我是问",
    "我是想问",
    "我是说",
];

/// The marks at which recognition ends a clause.
const MARKS: &[char] = &['，', '。', '？', '！', '；', '、', ',', '?', '!', ';', '…'];

/// The words of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Whether they say that the answer before did not help.
    pub complains: bool,
    /// What they ask, if that is anything.
    pub question: Option<String>,
}

/// Takes `text` apart.
pub(super) fn said(text: &str) -> Said {
    let clauses = text.split(MARKS).map(str::trim);
    let clauses: Vec<&str> = clauses.filter(|clause| !clause.is_empty()).collect();
    // Only at the beginning: 洗衣机插上电，没用，怎么办 tells of the machine. 我试过了 leads to one and is none.
    let complaints = clauses
        .iter()
        .take_while(|clause| is_complaint(clause) || is_lead(clause))
        .enumerate()
        .filter(|(_, clause)| is_complaint(clause))
        .last()
        .map_or(0, |(place, _)| place + 1);
    let rest = clauses[complaints..].join("，");
    // The last of them, as callers correct themselves.
    let meant = MEANT
        .iter()
        .filter_map(|words| rest.rfind(words).map(|at| at + words.len()))
        .max();
    let question = meant.map_or(rest.as_str(), |at| &rest[at..]);
    let question = question.trim_matches(|symbol: char| MARKS.contains(&symbol) || symbol == ' ');
    Said {
        complains: complaints > 0 || meant.is_some(),
        question: has_words(question).then(|| question.to_owned()),
    }
}

fn is_complaint(clause: &str) -> bool {
    // Not only the barest form: 还是 begins 还是不行, and 不是的 ends like 的.
    let mut rest = clause;
    loop {
        let bare = rest.trim_end_matches(AFTER);
        if [rest, bare].iter().any(|words| COMPLAINTS.contains(words)) {
            return true;
        }
        let Some(shorter) = BEFORE.iter().find_map(|word| rest.strip_prefix(word)) else {
            // 不对不对
            return is_twice(bare);
        };
        rest = shorter.trim_start();
    }
}

/// Whether nothing but words that may stand before a complaint.
fn is_lead(clause: &str) -> bool {
    let mut rest = clause;
    while let Some(shorter) = BEFORE.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = shorter.trim_start();
    }
    rest.trim_start_matches(AFTER).is_empty()
}

fn is_twice(words: &str) -> bool {
    let (half, rest) = words.split_at(words.floor_char_boundary(words.len() / 2));
    half == rest && COMPLAINTS.contains(&half)
}

/// Whether there is something to look up: one symbol or a hidden number is nothing.
fn has_words(text: &str) -> bool {
    text.chars().filter(|symbol| symbol.is_alphabetic()).count() > 1
}

/// The share of character pairs that two texts have in common (Dice's coefficient), 0 to 1.
pub(super) fn alike(a: &str, b: &str) -> f32 {
    let pairs = |text: &str| -> Vec<(char, char)> {
        let symbols: Vec<char> = text.chars().filter(|one| one.is_alphanumeric()).collect();
        symbols.windows(2).map(|pair| (pair[0], pair[1])).collect()
    };
    let (a, mut b) = (pairs(a), pairs(b));
    let all = a.len() + b.len();
    if all == 0 {
        return 0.0;
    }
    let mut shared = 0;
    for pair in &a {
        if let Some(place) = b.iter().position(|other| other == pair) {
            b.swap_remove(place);
            shared += 1;
        }
    }
    2.0 * shared as f32 / all as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_told_from_a_question() {
        #[track_caller]
        fn check(text: &str, complains: bool, question: &str) {
            let expected = Said {
                complains,
                question: (!question.is_empty()).then(|| question.to_owned()),
            };
            assert_eq!(said(text), expected, "{text}");
        }
        check("空调不制冷怎么办？", false, "空调不制冷怎么办");
        check("没解决。", true, "");
        check("还是没解决啊。", true, "");
        check("我试过了，还是不行。", true, "");
        check("不对不对。", true, "");
        check("你说的不是这个。", true, "");
        check("不对，我问的是冰箱。", true, "冰箱");
        check("我问的是洗衣机怎么清洗", true, "洗衣机怎么清洗");
        check("不是这个，冰箱结冰了怎么处理", true, "冰箱结冰了怎么处理");
        check("遥控器不管用怎么办", false, "遥控器不管用怎么办");
        check(
            "洗衣机插上电，没用，怎么办",
            false,
            "洗衣机插上电，没用，怎么办",
        );
        check("是不是要收上门费", false, "是不是要收上门费");
        check("嗯", false, "");
        check("****", false, "");
        check("", false, "");
    }

    #[test]
    fn likeness_is_of_pairs() {
        #[track_caller]
        fn check(a: &str, b: &str, expected: f32) {
            assert!((alike(a, b) - expected).abs() < 1e-6, "{a} {b}");
        }
        check("空调怎么报修", "空调怎么报修？", 1.0);
        check("几点开门", "几点关门", 1.0 / 3.0);
        check("退款", "发票", 0.0);
        check("", "", 0.0);
        check("嗯", "嗯", 0.0);
    }
}
