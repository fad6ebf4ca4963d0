//! Text formats; what needs files made by hand is in `tests/documents`.

use super::{headings::levels, *};

/// A document, one line a part.
fn shown(document: &Document) -> String {
    let mut lines = Vec::new();
    for part in &document.parts {
        match part {
            Part::Heading { level, text, place } => {
                lines.push(format!(
                    "{} {text} ({place})",
                    "#".repeat(usize::from(*level))
                ));
            }
            Part::Paragraph { text, place } => lines.push(format!("{text} ({place})")),
            Part::Table(table) => {
                for row in &table.rows {
                    lines.push(format!("| {} ({})", row.cells.join(" | "), row.place));
                }
            }
            Part::Unreadable { why, place } => lines.push(format!("! {why} ({place})")),
        }
    }
    lines.join("\n")
}

#[track_caller]
fn check(name: &str, content: &str, expected: &str) {
    let limits = DocumentLimits::default();
    let read = read_document(name, content.as_bytes(), &limits, &mut |_| {});
    let read = read.map_or_else(|error| error.to_string(), |document| shown(&document));
    assert_eq!(read, expected, "{name}: {content}");
}

#[test]
fn columns_are_lettered_as_in_a_spreadsheet() {
    for (column, expected) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
        assert_eq!(letters(column), expected);
    }
}

#[test]
fn headings_are_known_by_their_numbers() {
    for (line, expected) in [
        ("第一章 总则", Some(1)),
        ("第2节 退货", Some(2)),
        ("第十条 保修", Some(3)),
        ("第一次使用", None),
        ("一、退换货", Some(2)),
        ("（二）运费", Some(3)),
        ("1. 保修", Some(2)),
        ("1.2 保修期", Some(3)),
        ("2、发票", Some(2)),
        ("3.5元一斤", None),
        ("2026.10.01", None),
        ("1. 我们在七天内退款。", None),
        ("400 电话", None),
        ("一", None),
        ("", None),
    ] {
        assert_eq!(levels(&[line]), [expected], "{line}");
    }
}

#[test]
fn csv_in_its_forms() {
    let rows = "| 问题 | 答案 (line 1)\n| 几点 | 九点 (line 3)";
    check("a.csv", "问题,答案\n,\n几点,九点\n", rows);
    check("a.csv", "问题;答案\r\n;\r\n几点;九点", rows);
    check("a.tsv", "问题\t答案\n\t\n几点\t\"九点\"\n", rows);
    check(
        "a.csv",
        "a,\"b\n,c\"\nd,e",
        "| a | b\n,c (line 1)\n| d | e (line 3)",
    );
    check(
        "a.csv",
        "a,b\n1,2,3\n",
        "| a | b (line 1)\n| 1 | 2 | 3 (line 2)",
    );
    check("a.csv", ",,\n", "a.csv, the file as a whole: holds no text");
}

#[test]
fn plain_text_has_headings_and_paragraphs() {
    check(
        "a.txt",
        "第一章 退货\n七天内可以\n退货。\n\n请保留包装。\n二、运费\nVIP free\nshipping",
        "# 第一章 退货 (line 1)\n七天内可以退货。 (line 2)\n请保留包装。 (line 5)\n## 二、运费 (line 6)\nVIP free shipping (line 7)",
    );
}

#[test]
fn marked_questions_and_answers_become_a_table() {
    check(
        "a.txt",
        "常见问题\n问：几点上班？\n答：九点。\n周末十点。\n\nQ2: 在哪里?\n\nA: 北京\n问：没有答案",
        "常见问题 (line 1)\n| 问题 | 答案 (line 2)\n| 几点上班？ | 九点。周末十点。 (line 2)\n| 在哪里? | 北京 (line 6)\n| 没有答案 (line 9)",
    );
}

#[test]
fn an_answer_goes_on_until_something_else_comes() {
    check(
        "a.txt",
        "一、退货\n问：怎么退？\n答：请按步骤来：\n1. 打开包装\n2. 贴上单子\n\n另外请保留发票。\n\n1. 问：几天？\n答：七天。\n\n\
         以上由客服部提供。\n\n二、运费\n问：谁付？\n答：我们。",
        "## 一、退货 (line 1)\n| 问题 | 答案 (line 2)\n| 怎么退？ | 请按步骤来：1. 打开包装2. 贴上单子另外请保留发票。 (line 2)\n| 几天？ | 七天。 (line 9)\n\
         以上由客服部提供。 (line 12)\n## 二、运费 (line 14)\n| 问题 | 答案 (line 15)\n| 谁付？ | 我们。 (line 15)",
    );
    check(
        "a.md",
        "**问：几点？**\n\n答：九点。\n\n# 其他\n\n- 问：在哪？\n- 答：北京<br>朝阳",
        "| 问题 | 答案 (line 1)\n| 几点？ | 九点。 (line 1)\n# 其他 (line 5)\n| 问题 | 答案 (line 7)\n| 在哪？ | 北京朝阳 (line 7)",
    );
}

#[test]
fn lists_are_no_headings_and_lines_are_joined_within_sentences() {
    check(
        "a.txt",
        "1. 保修\n整机一年，\n主要部件三年。\n人为损坏除外\n\n注意事项：\n1、不要水洗\n2、不要暴晒\n　　另起一段",
        "## 1. 保修 (line 1)\n整机一年，主要部件三年。 (line 2)\n人为损坏除外 (line 4)\n注意事项： (line 6)\n1、不要水洗2、不要暴晒 (line 7)\n另起一段 (line 9)",
    );
}

#[test]
fn markdown_in_its_forms() {
    check(
        "a.md",
        "# 退货\n\n七天内**可以**退。\n第二行\n\n* 一条\n* 两条\n\n| 问题 | 答案 |\n|---|---|\n| 几点 | 九点 |\n\n```\ncode\n```\n",
        "# 退货 (line 1)\n七天内可以退。第二行 (line 3)\n一条 (line 6)\n两条 (line 7)\n| 问题 | 答案 (line 9)\n| 几点 | 九点 (line 11)\n! code is not read out (line 13)",
    );
}

#[test]
fn markdown_may_hold_html_and_a_head() {
    check(
        "a.md",
        "---\ntitle: x\n---\n\n<div>\n<p>七天</p><script>x</script>\n</div>\n\n![图](a.png) 见图\n\n| a |\n|---|\n| 1<br>2 |\n",
        "七天 (line 5)\n见图 (line 9)\n| a (line 11)\n| 1\n2 (line 13)",
    );
}

#[test]
fn pages_of_old_are_read_too() {
    check(
        "a.html",
        "<table width=100%><tr><td>菜单<td><table><tr><td>问题<td>答案<tr><td>几点<td>九点</table></table>",
        "菜单 (paragraph 1)\n| 问题 | 答案 (paragraph 2, row 1)\n| 几点 | 九点 (paragraph 2, row 2)",
    );
    check(
        "a.html",
        "<table><tr><td colspan=2>甲<td rowspan=3>乙<tr><td>丙<td>丁<tr><td>戊</table><dl><dt>几点？<dd>九点</dl>",
        "| 甲 | 甲 | 乙 (paragraph 1, row 1)\n| 丙 | 丁 | 乙 (paragraph 1, row 2)\n| 戊 |  | 乙 (paragraph 1, row 3)\n\
         | 问题 | 答案 (paragraph 2, row 1)\n| 几点？ | 九点 (paragraph 2, row 1)",
    );
    check(
        "a.html",
        "<header>站名</header><form><article><header><h1>退\n货</h1></header><p>七天内\n  可以退，\nfree of\ncharge。\
         <pre>一\n二</pre></article></form><footer>版权</footer>",
        "# 退货 (paragraph 1)\n七天内可以退，free of charge。 (paragraph 2)\n一 (paragraph 3)\n二 (paragraph 3)",
    );
    let (gbk, _, _) = encoding_rs::GB18030.encode("<meta charset=gb2312><p>营业时间</p>");
    let limits = DocumentLimits::default();
    let read = read_document("a.html", &gbk, &limits, &mut |_| {}).expect("a page");
    assert_eq!(shown(&read), "营业时间 (paragraph 1)");
}

#[test]
fn a_page_is_read_as_it_is_seen() {
    check(
        "a.html",
        "<html><head><title>x</title><style>p{}</style></head><body><nav>菜单</nav><h2>退 货</h2><p>七天<br>可退</p>\
         <div hidden>藏</div><script>x()</script><ul><li>一<li>二</ul>\
         <dl><dt>运费</dt><dd>免</dd></dl>\
         <table><tr><th>问题<th>答案<tr><td rowspan=2>几点<td>九点<tr><td>十点</table></body></html>",
        "## 退 货 (paragraph 1)\n七天 (paragraph 2)\n可退 (paragraph 2)\n一 (paragraph 3)\n二 (paragraph 4)\n| 运费 | 免 (paragraph 5, row 1)\n\
         | 问题 | 答案 (paragraph 6, row 1)\n| 几点 | 九点 (paragraph 6, row 2)\n| 几点 | 十点 (paragraph 6, row 3)",
    );
}

#[test]
fn limits_are_named_with_their_place() {
    let read = |name: &str, content: &str, limits: DocumentLimits| {
        let read = read_document(name, content.as_bytes(), &limits, &mut |_| {});
        read.expect_err("too large").to_string()
    };
    let limits = DocumentLimits {
        file: 40,
        rows: 2,
        columns: 3,
        piece: 5,
        text: 30,
        depth: 1,
        ..DocumentLimits::default()
    };
    for (name, content, expected) in [
        (
            "a.csv",
            "a,b,c,d\n",
            "a.csv, line 1: has 4 columns; 3 can be read",
        ),
        (
            "a.csv",
            "1\n2\n3\n",
            "a.csv, line 3: the document has more than 2 rows",
        ),
        (
            "a.csv",
            "1,123456\n",
            "a.csv, line 1, column `B`: has 6 characters in one piece; 5 can be read",
        ),
        ("a.md", "> > x", "a.md, line 1: lies more than 1 deep"),
        (
            "a.html",
            &"<b>".repeat(12),
            "a.html, line 1: its elements lie more than 10 deep in each other",
        ),
        (
            "a.txt",
            &"长".repeat(20),
            "a.txt, the file as a whole: has 1 MiB; 0 can be read",
        ),
    ] {
        assert_eq!(read(name, content, limits), expected);
    }
}

proptest::proptest! {
    #[test]
    fn anything_is_read_or_refused(content in "[a-z<>/=\"'|#*,;\n\t 问答：第章一、1.]{0,200}") {
        for name in ["a.csv", "a.md", "a.html", "a.txt"] {
            let _ = read_document(name, content.as_bytes(), &DocumentLimits::default(), &mut |_| {});
        }
    }
}
