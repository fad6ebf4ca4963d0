//! What a heading lets people ask.

use super::super::questions::is_question;
use crate::knowledge::normal::is_hanzi;

/// Chinese numerals, as chapters are counted with.
const NUMERALS: &str = "一二三四五六七八九十百零〇两0123456789";

/// A heading without its number: 第三章 退款, 二、退款, （三）退款, `1.2 退款` are 退款.
pub(in super::super) fn bare(heading: &str) -> String {
    let mut text = heading.split_whitespace().collect::<Vec<_>>().join(" ");
    // A chapter's number may be followed by a section's.
    for _ in 0..2 {
        match without_number(&text) {
            Some(rest) => text = rest.to_owned(),
            None => break,
        }
    }
    text.trim_matches(['：', ':', '#', '*', ' ', '。'])
        .to_owned()
}

/// Whether a paragraph begins with the number or the mark of a list's item.
pub(super) fn is_numbered(text: &str) -> bool {
    text.starts_with([
        '①', '②', '③', '④', '⑤', '⑥', '⑦', '⑧', '⑨', '•', '·', '-', '▪', '●', '◆', '■',
    ]) || without_number(text).is_some()
}

fn without_number(text: &str) -> Option<&str> {
    let numeral = |symbol: char| NUMERALS.contains(symbol);
    if let Some(rest) = text.strip_prefix('第') {
        let after = rest
            .trim_start_matches([' '])
            .trim_start_matches(numeral)
            .trim_start();
        if after.len() < rest.len() {
            let unit = ["部分", "章", "节", "条", "篇", "款", "讲"];
            let after = unit.iter().find_map(|unit| after.strip_prefix(unit))?;
            return Some(after.trim_start_matches([' ', '、', '：', ':', '.']));
        }
    }
    if let Some(inside) = text.strip_prefix(['（', '(']) {
        let after = inside.trim_start_matches(numeral);
        let closed = after.strip_prefix(['）', ')'])?;
        return (after.len() < inside.len()).then(|| closed.trim_start_matches([' ', '、']));
    }
    let after = text.trim_start_matches(|symbol| numeral(symbol) || symbol == '.');
    let number = &text[..text.len() - after.len()];
    let is_numbered = !number.is_empty()
        && (after.starts_with(['、', '．', ' ', ')', '）'])
            || number.ends_with('.') && !after.is_empty()
            // 1.2退款, but not 3天 or 一次.
            || number.contains('.') && number.starts_with(|symbol: char| symbol.is_ascii_digit()));
    is_numbered.then(|| after.trim_start_matches(['、', '．', ' ', ')', '）', '.']))
}

/// Headings that say nothing without the one above.
const GENERIC: &[&str] = &[
    "概述",
    "简介",
    "介绍",
    "说明",
    "总则",
    "其他",
    "其它",
    "注意事项",
    "备注",
    "前言",
    "流程",
    "步骤",
    "条件",
    "范围",
    "时间",
    "费用",
    "材料",
    "定义",
    "要求",
    "规则",
    "方式",
    "方法",
    "地址",
    "价格",
    "期限",
    "标准",
    "操作步骤",
    "操作流程",
    "办理流程",
    "办理条件",
    "所需材料",
    "收费标准",
    "适用范围",
    "温馨提示",
    "特别说明",
    "常见问题",
    "问题",
    "使用方法",
    "使用说明",
    "overview",
    "introduction",
    "notes",
    "steps",
    "procedure",
    "requirements",
    "price",
    "fees",
];

/// The question that passage `number` (1 for the first) of a section answers. `is_taken` says of a question that it has
/// another answer already.
pub(super) fn question(
    path: &[String],
    passage: &str,
    number: usize,
    is_taken: impl Fn(&str) -> bool,
) -> String {
    let heading = match path {
        [.., parent, last] if GENERIC.contains(&last.to_lowercase().as_str()) => {
            beside(parent, "", last)
        }
        [.., last] => last.clone(),
        [] => String::new(),
    };
    let phrase = key_phrase(passage);
    let about_more = |heading: &str| match heading.is_empty() {
        true => phrase.clone(),
        false => beside(heading, "：", &phrase),
    };
    let mut forms = Vec::new();
    if number == 1 && !heading.is_empty() {
        forms.push(heading.clone());
        if let [.., parent, last] = path {
            forms.push(beside(parent, "：", last));
        }
    }
    forms.push(about_more(&heading));
    if let Some(form) = forms
        .iter()
        .find(|form| !form.is_empty() && !is_taken(form))
    {
        return form.clone();
    }
    let last = forms.pop().unwrap_or_default();
    (number.max(2)..)
        .map(|number| format!("{last}（{number}）"))
        .find(|form| !is_taken(form))
        // There are more numbers than passages.
        .unwrap_or(last)
}

/// Two phrases side by side, Latin ones with a space between.
fn beside(one: &str, mark: &str, next: &str) -> String {
    let one = one.trim_end_matches(['？', '?', '。']);
    let is_chinese = |symbol: Option<char>| symbol.is_some_and(is_hanzi);
    match is_chinese(one.chars().next_back()) || is_chinese(next.chars().next()) {
        true => format!("{one}{mark}{next}"),
        false if mark.is_empty() => format!("{one} {next}"),
        false => format!("{one}: {next}"),
    }
}

/// The longest key phrase, in characters.
const LONGEST_PHRASE: usize = 12;

/// What a passage is about: the topic of its first clause, or as much of the clause as is short.
fn key_phrase(passage: &str) -> String {
    const STOPS: &[char] = &[
        '，', ',', '。', '；', ';', '：', ':', '！', '？', '!', '?', '、', '（', '(', '\n', '.',
    ];
    /// What stands before a topic.
    const BEFORE: &[&str] = &[
        "如果您",
        "如果",
        "如您",
        "如需",
        "若您",
        "若",
        "您",
        "请您",
        "请",
        "对于",
        "关于",
        "另外",
        "此外",
        "同时",
        "首先",
        "其次",
        "但是",
        "但",
        "其中",
        "因此",
        "所以",
        "然后",
        "最后",
        "当您",
        "当",
        "凡",
        "我们",
        "我司",
        "本公司",
        "需要",
        "可以",
        "The ",
        "If you ",
        "You can ",
        "You ",
        "We ",
        "Please ",
    ];
    /// What ends a topic.
    const AFTER: &[&str] = &[
        "是指", "是", "为", "需要", "需", "要", "可以", "可", "应当", "应", "将", "会", "不", "有",
        "包括", "由", "在", "均", "必须", "须", "自", "按", " is ", " are ", " can ", " will ",
        " must ", " should ", " takes ",
    ];
    let mut text = without_number(passage.trim()).unwrap_or(passage.trim());
    while let Some(rest) = BEFORE
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .filter(|rest| {
            rest.chars().filter(|symbol| is_hanzi(*symbol)).count() >= 2 || !rest.contains(is_hanzi)
        })
        .filter(|rest| !rest.trim().is_empty())
    {
        text = rest.trim_start_matches(['，', ',', ' ']);
    }
    let clause = text.split(STOPS).find(|clause| !clause.trim().is_empty());
    let clause = clause.unwrap_or(text).trim();
    let topic = AFTER
        .iter()
        .filter_map(|word| clause.find(word))
        .filter(|at| (2..=LONGEST_PHRASE).contains(&clause[..*at].chars().count()))
        .min()
        .map_or(clause, |at| &clause[..at])
        .trim_end_matches('的');
    match topic.chars().any(is_hanzi) {
        true => topic.chars().take(LONGEST_PHRASE).collect(),
        // Of Latin words no halves.
        false => topic
            .split_whitespace()
            .take(6)
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// Other ways to ask for what a heading names, where they are natural: 退货流程 is 怎么退货.
pub(super) fn variations(heading: &str) -> Vec<String> {
    let heading = heading.trim_end_matches(['？', '?']);
    for (start, other) in [("如何", "怎么"), ("怎样", "怎么"), ("怎么", "如何")] {
        if let Some(rest) = heading.strip_prefix(start) {
            return vec![format!("{other}{rest}")];
        }
    }
    if is_question(heading) || heading.contains(['：', '与', '和', '及', '、']) {
        return Vec::new();
    }
    /// Endings of a heading and what is asked: `{}` is what stands before, `{+}` the heading.
    const FORMS: &[(&[&str], &[&str])] = &[
        (
            &[
                "办理流程",
                "操作流程",
                "操作步骤",
                "操作方法",
                "流程",
                "步骤",
                "方法",
                "方式",
                "办法",
                "指南",
                "指引",
                "教程",
            ],
            &["怎么{}", "如何{}"],
        ),
        (&["地址", "地点", "位置"], &["{+}在哪里"]),
        (
            &["营业时间", "上班时间", "服务时间", "工作时间"],
            &["{+}是几点到几点"],
        ),
        (&["时间"], &["什么时候{}", "{+}是多久"]),
        (&["时效", "期限", "周期", "时限", "时长"], &["{+}是多久"]),
        (
            &["费用", "价格", "收费标准", "资费", "手续费", "运费", "费"],
            &["{+}是多少"],
        ),
        (&["电话", "热线", "号码", "邮箱"], &["{+}是多少"]),
        (
            &["条件", "材料", "资料", "要求", "范围", "渠道"],
            &["{+}有哪些", "{+}是什么"],
        ),
        (&["政策", "规定", "规则", "标准"], &["{+}是什么"]),
        (&["定义", "概念", "简介", "介绍"], &["什么是{}"]),
        (&["原因"], &["为什么{}"]),
    ];
    FORMS
        .iter()
        .find_map(|(endings, forms)| {
            let rest = endings
                .iter()
                .find_map(|ending| heading.strip_suffix(ending))?;
            let stem = rest.trim_end_matches('的');
            let is_natural = (2..=10).contains(&stem.chars().count()) && stem.chars().all(is_hanzi);
            is_natural.then(|| {
                forms
                    .iter()
                    .map(|form| form.replace("{+}", heading).replace("{}", stem))
                    .collect()
            })
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_headings_go() {
        for (heading, expected) in [
            ("第三章 退款", "退款"),
            ("第 12 条　退款时限", "退款时限"),
            ("二、退款", "退款"),
            ("（三）退款：", "退款"),
            ("1.2 退款", "退款"),
            ("1.2.3退款", "退款"),
            ("3. 退款", "退款"),
            ("第一章 1.1 退款", "退款"),
            ("3天无理由退货", "3天无理由退货"),
            ("一次性付款", "一次性付款"),
            ("第一次使用", "第一次使用"),
            ("第三条", ""),
            ("5G套餐", "5G套餐"),
        ] {
            assert_eq!(bare(heading), expected, "{heading}");
        }
    }

    #[test]
    fn a_passage_is_asked_for_by_its_heading() {
        let path = |headings: &[&str]| -> Vec<String> {
            headings
                .iter()
                .map(|heading| (*heading).to_owned())
                .collect()
        };
        let check =
            |headings: &[&str], passage: &str, number: usize, taken: &[&str], expected: &str| {
                let question = question(&path(headings), passage, number, |form| {
                    taken.contains(&form)
                });
                assert_eq!(question, expected);
            };
        check(&["售后", "退款"], "七天内可退。", 1, &[], "退款");
        check(&["退款", "说明"], "七天内可退。", 1, &[], "退款说明");
        check(
            &["退款"],
            "到账时间为三天。",
            2,
            &["退款"],
            "退款：到账时间",
        );
        check(&["售后", "退款"], "七天内。", 1, &["退款"], "售后：退款");
        check(
            &["退款"],
            "七天内退。",
            2,
            &["退款：七天内退"],
            "退款：七天内退（2）",
        );
        check(&[], "如果您的包裹破损，请拒收。", 1, &[], "的包裹破损");
        check(
            &["Refunds"],
            "The money is sent in 3 days.",
            2,
            &[],
            "Refunds: money",
        );
        check(&["怎么退款？"], "到账要三天。", 2, &[], "怎么退款：到账");
    }

    #[test]
    fn headings_are_asked_for_where_that_is_natural() {
        for (heading, expected) in [
            ("退货流程", &["怎么退货", "如何退货"][..]),
            ("如何退货", &["怎么退货"]),
            ("发货时间", &["什么时候发货", "发货时间是多久"]),
            ("安装费用", &["安装费用是多少"]),
            ("门店地址", &["门店地址在哪里"]),
            ("办卡材料", &["办卡材料有哪些", "办卡材料是什么"]),
            ("年金的定义", &["什么是年金"]),
            ("流程", &[]),
            ("退货与换货流程", &[]),
            ("退货能退吗", &[]),
            ("关于我们", &[]),
        ] {
            assert_eq!(variations(heading), expected, "{heading}");
        }
    }
}
