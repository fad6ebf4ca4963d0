//! What a document of each format is read as.

use std::slice;

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
async fn an_old_workbook_has_numbers_errors_and_merged_cells() {
    let place = |row: u16, column: u16| [row, column, 0].map(u16::to_le_bytes).concat();
    let more = [
        // Number, BoolErr (true, then #DIV/0!), MergeCells ([MS-XLS] §2.4).
        record(
            0x0203,
            &[&place(1, 1)[..], &4_008_001_234_f64.to_le_bytes()].concat(),
        ),
        record(0x0205, &[&place(1, 2)[..], &[1, 0]].concat()),
        record(0x0205, &[&place(2, 1)[..], &[7, 1]].concat()),
        record(0x00e5, &[1_u16, 1, 2, 0, 0].map(u16::to_le_bytes).concat()),
    ]
    .concat();
    let book = xls_stream(
        "甲",
        &[&["问题", "电话", "有效"], &["几点上班"], &["", "", "否"]],
        &more,
    );
    check(
        "a.xls",
        &compound(&book),
        &[
            "! the formula says #DIV/0! (sheet `甲`, row 3, column `B`)",
            "| 问题 | 电话 | 有效 (sheet `甲`, row 1)",
            "| 几点上班 | 4008001234 | 是 (sheet `甲`, row 2)",
            "| 几点上班 |  | 否 (sheet `甲`, row 3)",
        ],
    )
    .await;
}

#[tokio::test]
async fn times_are_rounded_and_macros_left_alone() {
    // Style 1 is a date, style 2 a date and time.
    let data = r#"<sheetData><row r="1">
        <c r="A1" s="2"><v>46296.33333333</v></c><c r="B1" s="2"><v>46296.999999999</v></c>
        <c r="C1" t="d"><v>2026-10-01T00:00:00</v></c><c r="D1"><v>4008001234</v></c>
        <c r="E1"><v>0.1</v></c><c r="F1" s="2"><v>0.5</v></c><c r="G1" t="str"><f>A</f><v>甲&amp;乙</v></c>
      </row></sheetData>"#;
    let parts = xlsx_parts(&[("甲", false, data)], "");
    let mut parts: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    parts.push(("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 Sub AutoOpen()"));
    check(
        "a.xlsm",
        &archive(&parts),
        &["| 2026-10-01 08:00 | 2026-10-02 | 2026-10-01 | 4008001234 | 0.1 | 12:00 | 甲&乙 (sheet `甲`, row 1)"],
    )
    .await;
}

#[tokio::test]
async fn what_hangs_on_a_word_document_is_not_lost() {
    let styles = r#"<w:styles><w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/></w:style>
        <w:style w:type="paragraph" w:styleId="x"><w:name w:val="公司标题"/><w:basedOn w:val="1"/></w:style>
        <w:style w:type="paragraph" w:styleId="loop"><w:name w:val="圈"/><w:basedOn w:val="loop"/></w:style>
        <w:style w:type="paragraph" w:styleId="t"><w:name w:val="toc 1"/></w:style></w:styles>"#;
    let shape = |inner: &str| {
        format!(
            "<w:drawing><wp:inline><a:graphic><a:graphicData><wps:wsp><wps:txbx><w:txbxContent>{inner}</w:txbxContent></wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing>"
        )
    };
    let boxed = format!(
        "<w:p><w:r><w:t>框外</w:t></w:r><w:r><mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>",
        shape(&paragraph("", "框里")),
        paragraph("", "框里"),
    );
    let hidden =
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>藏</w:t></w:r><w:r><w:t>露</w:t></w:r></w:p>";
    let control = format!(
        "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>",
        paragraph("", "控件里")
    );
    let outline =
        r#"<w:p><w:pPr><w:outlineLvl w:val="2"/></w:pPr><w:r><w:t>三级</w:t></w:r></w:p>"#;
    let within = format!(
        "<w:tbl><w:tr><w:tc>{}<w:tbl><w:tr><w:tc>{}</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>",
        paragraph("", "外"),
        paragraph("", "内"),
    );
    let body = [
        paragraph("t", "目录里的标题\t1"),
        paragraph("x", "标题"),
        paragraph("loop", "一段"),
        boxed,
        hidden.to_owned(),
        control,
        outline.to_owned(),
        within,
    ];
    let mut parts = docx_parts(&body.concat());
    for (name, text) in &mut parts {
        if name == "word/styles.xml" {
            *text = styles.to_owned();
        }
    }
    check(
        "a.docx",
        &packed(&parts),
        &[
            "# 标题 (paragraph 1)",
            "一段 (paragraph 2)",
            "框外 (paragraph 3)",
            "框里 (paragraph 4)",
            "露 (paragraph 5)",
            "控件里 (paragraph 6)",
            "### 三级 (paragraph 7)",
            "| 外 (paragraph 8, row 1)",
            "| 内 (paragraph 9, row 1)",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_word_document_without_styles_has_headings_by_their_numbers() {
    let body = [
        "一、退货",
        "七天内可以退。",
        "二、运费",
        "1. 我们付",
        "2. 您付",
    ];
    let body: String = body.iter().map(|text| paragraph("", text)).collect();
    check(
        "a.docx",
        &docx(&body),
        &[
            "## 一、退货 (paragraph 1)",
            "七天内可以退。 (paragraph 2)",
            "## 二、运费 (paragraph 3)",
            "1. 我们付 (paragraph 4)",
            "2. 您付 (paragraph 5)",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_sheet_is_read_in_every_usual_encoding() {
    let text = "问题,答案\r\n\r\n\"几点\n上班\",九点\r\n在哪,北京\r\n";
    let utf16: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let (gb18030, _, _) = encoding_rs::GB18030.encode(text);
    for content in [
        text.as_bytes(),
        format!("\u{feff}{text}").as_bytes(),
        &utf16,
        &gb18030,
    ] {
        check(
            "a.csv",
            content,
            &[
                "| 问题 | 答案 (line 1)",
                "| 几点\n上班 | 九点 (line 3)",
                "| 在哪 | 北京 (line 5)",
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn a_pdf_has_pairs_and_no_running_titles() {
    let page = |number: u32| {
        let (asked, answered) = (
            format!("问：第{number}个问题？"),
            format!("答：第{number}个"),
        );
        drawing(&[
            (9.0, 20.0, "某某公司 产品手册"),
            (12.0, 100.0, &asked),
            (12.0, 116.0, &answered),
            (12.0, 132.0, "答案。"),
            (9.0, 780.0, &format!("第 {number} 页")),
        ])
    };
    let pages: Vec<Vec<u8>> = (9..=11).map(page).collect();
    check(
        "a.pdf",
        &pdf_of(&pages),
        &[
            "| 问题 | 答案 (page 1)",
            "| 第9个问题？ | 第9个答案。 (page 1)",
            "| 第10个问题？ | 第10个答案。 (page 2)",
            "| 第11个问题？ | 第11个答案。 (page 3)",
        ],
    )
    .await;
    // One page has no running title.
    check(
        "a.pdf",
        &pdf_of(slice::from_ref(&pages[0])),
        &[
            "某某公司产品手册 (page 1)",
            "| 问题 | 答案 (page 1)",
            "| 第9个问题？ | 第9个答案。 (page 1)",
            "第 9 页 (page 1)",
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
