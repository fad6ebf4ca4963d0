//! Whole documents into entries and reports.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::{
    entry::Entry,
    knowledge::{
        LONGEST_ANSWER,
        import::{Outcome, Place, Row, Table},
        parse_csv,
    },
};

fn table(rows: &[&[&str]]) -> Part {
    let rows = (1u64..).zip(rows).map(|(number, cells)| Row {
        place: Place {
            row: Some(number),
            ..Place::default()
        },
        cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
    });
    Part::Table(Table {
        rows: rows.collect(),
    })
}

/// A document of lines: `# …` is a heading, `page 3` the start of a page.
fn text(lines: &str) -> Document {
    let mut page = None;
    let mut parts = Vec::new();
    for (number, line) in (1u64..).zip(lines.lines()) {
        let place = Place {
            page,
            line: Some(number),
            ..Place::default()
        };
        let level = line.bytes().take_while(|byte| *byte == b'#').count() as u8;
        if let Some(number) = line.strip_prefix("page ") {
            page = number.parse().ok();
        } else if level > 0 {
            let text = line[usize::from(level)..].trim().to_owned();
            parts.push(Part::Heading { level, text, place });
        } else if !line.is_empty() {
            let text = line.to_owned();
            parts.push(Part::Paragraph { text, place });
        }
    }
    Document { parts }
}

/// Every field that is not empty, a line an entry.
fn shown(entries: &[Entry]) -> String {
    let mut shown = String::new();
    for entry in entries {
        let id = match entry.id.as_str() {
            id if id.starts_with("q-") && id.len() == 10 => "q-",
            id => id,
        };
        let _ = write!(shown, "{id}");
        if !entry.category.is_empty() {
            let _ = write!(shown, " [{}]", entry.category);
        }
        let _ = write!(shown, " {}", entry.question);
        for phrasing in &entry.similar_questions {
            let _ = write!(shown, " | {phrasing}");
        }
        let _ = write!(shown, " -> {}", entry.answer);
        if entry.action != Default::default() {
            let _ = write!(shown, " ({})", entry.action);
        }
        if !entry.name.is_empty() {
            let _ = write!(shown, " as {}", entry.name);
        }
        if let Some(from) = entry.validity.takes_effect {
            let _ = write!(shown, " from {from}");
        }
        if let Some(until) = entry.validity.expires {
            let _ = write!(shown, " until {until}");
        }
        shown.push('\n');
    }
    shown
}

fn told(imported: &Imported) -> String {
    let mut told = String::new();
    for line in &imported.report.lines {
        let outcome = match &line.outcome {
            Outcome::Taken => "taken".to_owned(),
            Outcome::Changed { how } => format!("changed: {}", how.join("; ")),
            Outcome::Refused { why } => format!("refused: {why}"),
        };
        let _ = writeln!(told, "{}: {outcome}", line.place);
    }
    told
}

#[track_caller]
fn check(document: &Document, entries: &str, report: &str) {
    let imported = entries_of("faq", document);
    let lines = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect()
    };
    assert_eq!(lines(&shown(&imported.entries)), lines(entries));
    assert_eq!(lines(&told(&imported)), lines(report));
    assert_eq!(imported, entries_of("faq", document), "must be repeatable");
}

#[track_caller]
fn check_rows(rows: &[&[&str]], entries: &str, report: &str) {
    let parts = vec![table(rows)];
    check(&Document { parts }, entries, report);
}

#[test]
fn the_samples_come_out_as_the_strict_reader_gives_them() {
    for (name, content) in [
        (
            "appliance.csv",
            include_str!("../../../../knowledge/appliance.csv"),
        ),
        (
            "ecommerce.csv",
            include_str!("../../../../knowledge/ecommerce.csv"),
        ),
        (
            "service.csv",
            include_str!("../../../../knowledge/service.csv"),
        ),
    ] {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(content.as_bytes());
        let rows: Vec<Vec<String>> = reader
            .records()
            .map(|row| row.expect("sound").iter().map(str::to_owned).collect())
            .collect();
        let rows: Vec<Vec<&str>> = rows
            .iter()
            .map(|row| row.iter().map(String::as_str).collect())
            .collect();
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let imported = entries_of(
            name,
            &Document {
                parts: vec![table(&rows)],
            },
        );
        let strict = parse_csv(name, content.as_bytes()).expect("sound");
        assert_eq!(imported.entries, strict.entries);
        assert_eq!(imported.report.counts(), (30, 0, 0), "{}", told(&imported));
    }
}

#[test]
fn a_sheet_in_chinese_is_taken() {
    check_rows(
        &[
            &["某某公司客服知识库"],
            &[],
            &[
                "*标准问题（必填）",
                "相似问1",
                "相似问2",
                "答案",
                "一级分类",
                "二级分类",
                "生效日期",
                "有效期至",
                "动作",
                "播报名",
                "备注",
            ],
            &[
                "怎么退货",
                "如何退货？",
                "能退吗；我要退",
                "<p>七天内可以退。</p><p>请保留<a href='http://a.cn'>包装</a></p>",
                "售后",
                "退换",
                "2026年10月1日",
                "2026-10-07",
                "ticket:return",
                "退货",
                "张三写的",
            ],
            &["发票怎么开", "", "", "拨打４００－８００", "财务"],
        ],
        "q- [售后/退换] 怎么退货 | 如何退货？ | 能退吗 | 我要退 -> 七天内可以退。请保留包装。 (ticket:return) as 退货 from 2026-10-01T00:00:00 until 2026-10-08T00:00:00
         q- [财务] 发票怎么开 -> 拨打400-800。",
        "row 1: refused: stands above the header
         row 3, column `备注`: refused: is not used
         row 4: changed: column `答案`: HTML was made plain text; column `答案`: line breaks were made ends of sentences; column `答案`: a full stop was added at the end
         row 5: changed: column `答案`: full-width letters and digits were made half-width; column `答案`: a full stop was added at the end",
    );
}

#[test]
fn refused_rows_name_the_column_and_why() {
    let long = "长".repeat(2_000) + "。";
    check_rows(
        &[
            &["编号", "问", "答", "动作", "失效时间"],
            &["1", "", "九点。"],
            &["2", "几点上班", ""],
            &["3", "怎么报修", "请说型号。", "say"],
            &["4", "活动到几时", "到国庆。", "", "下个月"],
            &["5", "太长", &long],
            &["6", "", ""],
            &["7", "在哪里", "在上海。"],
            &["7", "怎么走", "坐地铁。"],
            &["编号", "问", "答", "动作", "失效时间"],
            &["8", "能退吗", "", "say"],
        ],
        "7 在哪里 -> 在上海。",
        "row 2, column `问`: refused: no question
         row 3, column `答`: refused: no answer
         row 4, column `动作`: refused: action `say` is none of answer, lookup:x, ticket:x, transfer:x, route:x, sms:x, verify:x, escalate:x
         row 5, column `失效时间`: refused: `下个月` is not a date (2026-10-01, 2026/10/1, 2026年10月1日 08:00, 20261001)
         row 6, column `答`: refused: has 2001 characters; at most 2000 are taken
         row 7: refused: column `问`: no question; column `答`: no answer
         row 8: taken
         row 9, column `编号`: refused: `7` is the id of `在哪里` (row 8) already
         row 10: refused: repeats the header
         row 11: refused: column `动作`: action `say` is none of answer, lookup:x, ticket:x, transfer:x, route:x, sms:x, verify:x, escalate:x; column `答`: no answer",
    );
}

#[test]
fn rows_go_on_from_the_one_above() {
    check_rows(
        &[
            &["问题", "相似问", "答案"],
            // Merged cells, as readers repeat them.
            &["怎么退货", "如何退货", "七天内可以退。"],
            &["怎么退货", "能退吗", "七天内可以退。"],
            // Blank ones.
            &["", "我要退", ""],
            &["", "我要退", ""],
            &["", "退一下", "别的。"],
            &["", "退吧", ""],
            // Another answer.
            &["怎么退货？", "", "不能退。"],
            &["售后", "售后", "售后"],
            &["", "谁", ""],
            &["怎么换货", "怎么换货？|换一个", "打电话。"],
        ],
        "q- 怎么退货 | 如何退货 | 能退吗 | 我要退 -> 七天内可以退。
         q-82fdffdb-2 怎么退货？ -> 不能退。
         q- [售后] 怎么换货 | 换一个 -> 打电话。",
        "row 2: taken
         row 3: changed: goes on from row 2: 1 phrasing added
         row 4: changed: goes on from row 2: 1 phrasing added
         row 5: refused: says nothing that is not said already (row 2)
         row 6, column `问题`: refused: no question
         row 7: refused: column `问题`: no question; column `答案`: no answer
         row 8: changed: says something else than `q-82fdffdb` (row 2), which answers the same question; kept as an entry of its own
         row 9: refused: is a title across the columns
         row 10: refused: column `问题`: no question; column `答案`: no answer
         row 11: changed: `怎么换货？` was left out: it is there already",
    );
}

#[test]
fn a_sheet_of_phrasings_adds_to_the_sheet_of_answers() {
    let parts = vec![
        table(&[&["问题", "答案"], &["怎么退货", "七天内。"]]),
        table(&[
            &["标准问", "相似问"],
            &["怎么退货", "能退吗"],
            &["几点上班", "上班时间"],
        ]),
    ];
    let imported = entries_of("faq", &Document { parts });
    assert_eq!(
        shown(&imported.entries),
        "q- 怎么退货 | 能退吗 -> 七天内。\n"
    );
    assert_eq!(imported.report.counts(), (1, 1, 1));
}

#[test]
fn tables_without_headers_are_read_if_their_left_column_asks() {
    check_rows(
        &[&["1", "怎么退货？", "七天内。"], &["2", "能换吗", "能。"]],
        "q- 怎么退货？ -> 七天内。
         q- 能换吗 -> 能。",
        "row 1: changed: has no header; the left column was taken for questions, the right one for answers
         row 1: taken
         row 2: taken",
    );
    check_rows(
        &[&["型号", "功率"], &["X1", "80W"]],
        "",
        "row 1: refused: a table of 2 rows without a column of questions and one of answers cannot be spoken",
    );
}

#[test]
fn a_table_goes_on_after_a_page() {
    let page = |number: u32, part: Part| match part {
        Part::Table(mut table) => {
            table
                .rows
                .iter_mut()
                .for_each(|row| row.place.page = Some(number));
            Part::Table(table)
        }
        other => other,
    };
    let parts = vec![
        page(
            1,
            table(&[&["类目", "问题", "答案"], &["售后", "怎么退货", "七天内。"]]),
        ),
        page(2, table(&[&["售后", "怎么换货", "打电话。"]])),
    ];
    check(
        &Document { parts },
        "q- [售后] 怎么退货 -> 七天内。
         q- [售后] 怎么换货 -> 打电话。",
        "page 1, row 2: taken
         page 2, row 1: changed: has no header; read with that of the table before
         page 2, row 1: taken",
    );
}

#[test]
fn a_heading_is_the_category_of_the_table_below() {
    let mut parts = text("# 手册\n## 二、退换").parts;
    parts.push(table(&[
        &["问题", "答案"],
        &["怎么退", "七天内。"],
        &["换货", "换货"],
        &["怎么换", "打电话。"],
    ]));
    check(
        &Document { parts },
        "q- [退换] 怎么退 -> 七天内。
         q- [换货] 怎么换 -> 打电话。",
        "row 2: taken
         row 3: refused: is a title across the columns
         row 4: taken",
    );
}

#[test]
fn running_numbers_are_no_ids() {
    check_rows(
        &[&["序号", "问题", "答案"], &["1", "怎么退货", "七天内。"]],
        "q- 怎么退货 -> 七天内。",
        "row 1, column `序号`: refused: is not used: a running number names another row once one is put in above; ids are made of the questions
         row 2: taken",
    );
}

#[test]
fn pairs_in_running_text_are_taken() {
    check(
        &text(
            "# 售后
问：怎么退货？
答：七天内可以退。
请保留包装
Q2. 能换吗
A: 能
问题：要运费吗？ 答：不要。
几点上班？
答：九点。
问：没有答案
## 其他
本文档由客服部维护。",
        ),
        "q- [售后] 怎么退货？ -> 七天内可以退。请保留包装。
         q- [售后] 能换吗 -> 能。
         q- [售后] 要运费吗？ -> 不要。
         q- [售后] 几点上班？ -> 九点。
         q- [售后] 售后其他 -> 本文档由客服部维护。",
        "line 2: changed: answer: line breaks were made ends of sentences; answer: a full stop was added at the end
         line 5: changed: answer: a full stop was added at the end
         line 7: taken
         line 7: taken
         line 10: refused: no answer to `没有答案`
         line 12: taken",
    );
}

#[test]
fn text_is_cut_into_passages_under_its_headings() {
    let filler = "甲".repeat(50);
    check(
        &text(&format!(
            "# 客服手册
## 第一章 退货流程
请先在订单里申请。其中定制商品不能退。
审核通过后，师傅上门取件。
## 2. 到账时限
{filler}。
原路退回银行卡要三到五天。但是节假日会晚一些。
## 空的"
        )),
        &format!(
            "q- [客服手册] 退货流程 | 怎么退货 | 如何退货 -> 请先在订单里申请。其中定制商品不能退。审核通过后，师傅上门取件。
             q- [客服手册] 到账时限 | 到账时限是多久 -> {filler}。
             q- [客服手册] 到账时限：原路退回银行卡 -> 原路退回银行卡要三到五天。但是节假日会晚一些。"
        ),
        "line 3: taken
         line 6: changed: part 1 of 2 of `到账时限`
         line 7: changed: part 2 of 2 of `到账时限`
         line 8: refused: a heading without text",
    );
}

#[test]
fn lists_keep_what_leads_them_in() {
    let item = "材料".repeat(10);
    check(
        &text(&format!(
            "# 材料\n请带：\n{item}一；\n{item}二；\n{item}三；\n{item}四。\n其他人不用带。"
        )),
        &format!(
            "q- 材料 -> 请带：{item}一。{item}二。
             q- 材料：{} -> 请带：{item}三。{item}四。其他人不用带。",
            "材料".repeat(6)
        ),
        "line 2: changed: part 1 of 2 of `材料`
         line 5: changed: part 2 of 2 of `材料`; `请带：` is said again before the rest of its list",
    );
}

#[test]
fn long_sentences_are_cut_at_commas_or_refused() {
    let (a, b, c) = ("甲".repeat(40), "乙".repeat(40), "丙".repeat(70));
    check(
        &text(&format!("# 条款\n{a}，{b}。\n{c}。")),
        &format!("q- 条款 -> {a}。\nq- 条款：{} -> {b}。", "乙".repeat(12)),
        &format!(
            "line 2: changed: part 1 of 2 of `条款`; a sentence of 82 characters was cut at commas
             line 2: changed: part 2 of 2 of `条款`; a sentence of 82 characters was cut at commas
             line 3: refused: a sentence of 71 characters cannot be spoken in 15 s and has no commas to be cut at: {}…",
            "丙".repeat(20)
        ),
    );
}

#[test]
fn furniture_of_pages_is_left_out() {
    check(
        &text(
            "page 1
某某公司内部资料 2026
目录
退款 ......... 2
- 1 -
page 2
某某公司内部资料 2026
# 退款
七天内可以退。
- 2 -
page 3
某某公司内部资料 2026
# 换货
打电话。
- 3 -",
        ),
        "q- 退款 -> 七天内可以退。
         q- 换货 -> 打电话。",
        "page 1, line 2: refused: `某某公司内部资料 2026`, repeated on most pages, left out in 3 places
         page 1, line 3: refused: a table of contents left out in 2 places
         page 1, line 5: refused: page numbers left out in 3 places
         page 2, line 9: taken
         page 3, line 14: taken",
    );
}

#[test]
fn what_cannot_be_read_is_told() {
    let place = Place {
        page: Some(2),
        ..Place::default()
    };
    let parts = vec![Part::Unreadable {
        why: "a picture of text".to_owned(),
        place,
    }];
    check(
        &Document { parts },
        "",
        "page 2: refused: a picture of text",
    );
    check(&Document::default(), "", "");
}

#[test]
fn every_passage_can_be_spoken() {
    let sentences: Vec<String> = (0..200)
        .map(|number| {
            format!(
                "{}第{number}条，其余见门店。",
                "规则说明".repeat(number % 9)
            )
        })
        .collect();
    let imported = entries_of("manual", &text(&format!("# 规则\n{}", sentences.concat())));
    assert!(imported.entries.len() > 20);
    let answers: String = imported
        .entries
        .iter()
        .map(|entry| entry.answer.as_str())
        .collect();
    assert_eq!(answers, sentences.concat());
    let ids: std::collections::HashSet<_> =
        imported.entries.iter().map(|entry| &entry.id).collect();
    assert_eq!(ids.len(), imported.entries.len());
    for entry in &imported.entries {
        assert!(entry.answer.chars().count() <= LONGEST_ANSWER);
        assert!(entry.answer.ends_with('。'));
    }
}

fn cells() -> impl Strategy<Value = String> {
    prop_oneof![
        "[问题答案类目编号怎么退？，。；|<p>&;=' \n1]{0,10}",
        Just("问题".to_owned()),
        Just("答案".to_owned()),
        Just("相似问".to_owned()),
        Just("<p>七天<br>内".to_owned()),
        Just("问：怎么退？答：七天。".to_owned()),
    ]
}

fn parts() -> impl Strategy<Value = Part> {
    let place = |number: u64| Place {
        page: Some((number % 5) as u32),
        line: Some(number),
        ..Place::default()
    };
    prop_oneof![
        (cells(), 0u64..40, 1u8..4).prop_map(move |(text, number, level)| Part::Heading {
            level,
            text,
            place: place(number)
        }),
        (prop::collection::vec(cells(), 0..20), 0u64..40).prop_map(move |(texts, number)| {
            Part::Paragraph {
                text: texts.concat(),
                place: place(number),
            }
        }),
        prop::collection::vec(prop::collection::vec(cells(), 0..5), 0..8).prop_map(|rows| {
            let rows: Vec<Vec<&str>> = rows
                .iter()
                .map(|row| row.iter().map(String::as_str).collect())
                .collect();
            table(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
        }),
    ]
}

proptest! {
    #[test]
    fn any_document_gives_entries_that_can_be_told_apart(parts in prop::collection::vec(parts(), 0..8)) {
        let document = Document { parts };
        let imported = entries_of("any", &document);
        let mut ids = std::collections::HashSet::new();
        for entry in &imported.entries {
            prop_assert!(!entry.question.trim().is_empty() && !entry.answer.trim().is_empty());
            prop_assert!(ids.insert(entry.id.clone()), "{}", entry.id);
        }
        for line in &imported.report.lines {
            if let Some(id) = &line.entry {
                prop_assert!(ids.contains(id));
            }
        }
        prop_assert_eq!(entries_of("any", &document), imported);
    }
}
