//! What a document of each format is read as.

use super::{making::*, read, shown};

async fn check(name: &str, content: &[u8], expected: &[&str]) {
    let document = read(name, content)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(shown(&document), expected.join("\n"), "{name}");
}

#[tokio::test]
async fn a_workbook_is_read_as_it_is_shown() {
    let data = r#"<sheetData>
        <row r="1"><c r="A1" t="inlineStr"><is><t>常见问题</t></is></c></row>
        <row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3"><v>12</v></c><c r="C3"><v>1.5</v></c><c r="D3" t="b"><v>1</v></c>
          <c r="E3" s="1"><v>46296</v></c><c r="F3" s="2"><v>46296.333333333336</v></c></row>
        <row r="4"><c r="A4"><f>1+1</f><v>2</v></c><c r="C4" t="e"><v>#DIV/0!</v></c></row>
      </sheetData><mergeCells count="2"><mergeCell ref="A1:C1"/><mergeCell ref="B3:B4"/></mergeCells>"#;
    check(
        "a.xlsx",
        &xlsx(data),
        &[
            "! the formula says #DIV/0! (sheet `问答`, row 4, column `C`)",
            "| 常见问题 | 常见问题 | 常见问题 (sheet `问答`, row 1)",
            "| 共享 | 12 | 1.5 | 是 | 2026-10-01 | 2026-10-01 08:00 (sheet `问答`, row 3)",
            "| 2 | 12 (sheet `问答`, row 4)",
        ],
    )
    .await;
}

#[tokio::test]
async fn hidden_sheets_are_left_out() {
    let one = rows(&[&["一"]]);
    let two = rows(&[&["二"]]);
    let book = packed(&xlsx_parts(
        &[("甲", false, &one), ("乙", true, &two), ("丙", false, &two)],
        "",
    ));
    check(
        "a.xlsx",
        &book,
        &["| 一 (sheet `甲`, row 1)", "| 二 (sheet `丙`, row 1)"],
    )
    .await;
}

#[tokio::test]
async fn an_old_workbook_is_read_too() {
    let book = xls("问答", &[&["问题", "答案"], &["几点上班", "九点"]]);
    check(
        "a.xls",
        &book,
        &[
            "| 问题 | 答案 (sheet `问答`, row 1)",
            "| 几点上班 | 九点 (sheet `问答`, row 2)",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_word_document_has_headings_tables_and_pairs() {
    let cell = |property: &str, text: &str| {
        format!(
            "<w:tc><w:tcPr>{property}</w:tcPr>{}</w:tc>",
            paragraph("", text)
        )
    };
    let table = format!(
        "<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>",
        cell("", "问题"),
        cell("", "答案"),
        cell(r#"<w:vMerge w:val="restart"/>"#, "几点"),
        cell("", "九点"),
        cell("<w:vMerge/>", ""),
        cell("", "十点"),
    );
    let deleted = r#"<w:p><w:del w:id="1" w:author="x"><w:r><w:delText>旧</w:delText></w:r></w:del><w:ins w:id="2" w:author="x"><w:r><w:t>新</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> 的</w:t></w:r></w:p>"#;
    let body = [
        paragraph("a3", "退货"),
        paragraph("2", "怎么退"),
        paragraph("", "七天内可以退。"),
        deleted.to_owned(),
        table,
        paragraph("", "问：在哪里？"),
        paragraph("", "答：北京。"),
    ]
    .concat();
    check(
        "a.docx",
        &docx(&body),
        &[
            "# 退货 (paragraph 1)",
            "## 怎么退 (paragraph 2)",
            "七天内可以退。 (paragraph 3)",
            "新 的 (paragraph 4)",
            "| 问题 | 答案 (paragraph 5, row 1)",
            "| 几点 | 九点 (paragraph 5, row 2)",
            "| 几点 | 十点 (paragraph 5, row 3)",
            "| 问题 | 答案 (paragraph 6)",
            "| 在哪里？ | 北京。 (paragraph 6)",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_pdf_has_paragraphs_again() {
    let first = drawing(&[
        (24.0, 60.0, "退货说明"),
        (12.0, 100.0, "七天内可以退货，请保留"),
        (12.0, 116.0, "包装。"),
        (12.0, 160.0, "运费由我们承担。"),
    ]);
    let second = drawing(&[(12.0, 60.0, "第二页的话。")]);
    check(
        "a.pdf",
        &pdf_of(&[first, b"".to_vec(), second]),
        &[
            "# 退货说明 (page 1)",
            "七天内可以退货，请保留包装。 (page 1)",
            "运费由我们承担。 (page 1)",
            "! holds no text; is it a scanned picture? A program for recognising text must read it first (page 2)",
            "第二页的话。 (page 3)",
        ],
    )
    .await;
}
