//! Text formats; what needs files made by hand is in `tests/documents`.

use super::{plain::heading_level, *};

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
    for (line, level) in [
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
        assert_eq!(heading_level(line), level, "{line}");
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
        "常见问题 (line 1)\n| 问题 | 答案 (line 2)\n| 几点上班？ | 九点。周末十点。 (line 2)\n| 在哪里? | 北京 (line 6)\n| 没有答案 |  (line 9)",
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
            "a.txt, the file as a whole: has 0 MiB; 0 can be read",
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
