//! Which column holds what, by the usual names in Chinese and English.

use super::cells::{Use, tidy};
use crate::knowledge::import::Row;

/// How many rows from the top may stand above the header.
const DEEPEST_HEADER: usize = 10;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    /// A stable id.
    Id,
    /// 序号: counts the rows, so that it names another row once one is put in above.
    RunningNumber,
    /// A category; 1 for the uppermost level.
    Category(u8),
    Question,
    Similar,
    Answer,
    Action,
    Name,
    TakesEffect,
    Expires,
    /// 有效期: both ends in one cell.
    Span,
}

/// Names in the form of [`plain`].
const NAMES: &[(Column, &[&str])] = &[
    (
        Column::Id,
        &[
            "id",
            "编号",
            "知识编号",
            "知识id",
            "问题编号",
            "问题id",
            "条目编号",
            "编码",
            "知识编码",
            "faqid",
            "entryid",
            "标识",
            "唯一标识",
        ],
    ),
    (
        Column::RunningNumber,
        &["序号", "序", "no", "number", "index", "行号", "num"],
    ),
    (
        Column::Category(1),
        &[
            "类目",
            "分类",
            "类别",
            "类型",
            "目录",
            "栏目",
            "业务分类",
            "业务类型",
            "业务类别",
            "问题分类",
            "问题类型",
            "问题类别",
            "知识分类",
            "知识类目",
            "知识目录",
            "所属分类",
            "所属类目",
            "所属目录",
            "分类名称",
            "类目名称",
            "分类路径",
            "category",
            "type",
            "class",
            "topic",
            "一级分类",
            "一级类目",
            "一级类别",
            "一级目录",
            "大类",
            "模块",
            "场景",
            "categories",
            "group",
            "categorypath",
        ],
    ),
    (
        Column::Category(2),
        &[
            "二级分类",
            "二级类目",
            "二级类别",
            "二级目录",
            "中类",
            "子分类",
            "子类",
            "小类",
            "子类目",
            "subcategory",
        ],
    ),
    (
        Column::Category(3),
        &["三级分类", "三级类目", "三级类别", "三级目录"],
    ),
    (
        Column::Category(4),
        &["四级分类", "四级类目", "四级类别", "四级目录"],
    ),
    (
        Column::Question,
        &[
            "标准问",
            "标准问题",
            "标准问法",
            "标准问句",
            "标准提问",
            "标准话术问题",
            "问题",
            "问",
            "提问",
            "主问题",
            "主问",
            "主问法",
            "问题内容",
            "问题描述",
            "问题名称",
            "问题标题",
            "用户问题",
            "客户问题",
            "常见问题",
            "知识标题",
            "知识点",
            "标题",
            "问句",
            "问法",
            "q",
            "question",
            "questions",
            "standardquestion",
            "mainquestion",
            "title",
            "query",
        ],
    ),
    (
        Column::Similar,
        &[
            "相似问",
            "相似问题",
            "相似问法",
            "相似问句",
            "相似说法",
            "相似句",
            "扩展问",
            "扩展问法",
            "扩展问题",
            "扩展问句",
            "拓展问",
            "拓展问法",
            "拓展问题",
            "同义问",
            "同义问法",
            "同义问题",
            "同义句",
            "别名问法",
            "别名",
            "其他问法",
            "其它问法",
            "更多问法",
            "泛化问",
            "泛化问法",
            "问题变体",
            "用户问法",
            "近似问",
            "近似问法",
            "近似问题",
            "similarquestions",
            "similarquestion",
            "similar",
            "similars",
            "variants",
            "variant",
            "variations",
            "alternatives",
            "alternativequestions",
            "synonyms",
            "paraphrases",
            "paraphrase",
            "aliases",
            "alias",
            "extendedquestions",
            "otherquestions",
            "utterances",
        ],
    ),
    (
        Column::Answer,
        &[
            "答案",
            "答复",
            "回复",
            "回答",
            "标准答案",
            "标准答复",
            "标准回复",
            "标准回答",
            "答",
            "答案内容",
            "回复内容",
            "回答内容",
            "答复内容",
            "问题答案",
            "答案文本",
            "文本答案",
            "话术",
            "标准话术",
            "回复话术",
            "应答话术",
            "解答",
            "解决方案",
            "知识内容",
            "机器人回复",
            "a",
            "answer",
            "answers",
            "reply",
            "response",
            "content",
            "standardanswer",
            "solution",
        ],
    ),
    (
        Column::Action,
        &[
            "动作",
            "操作",
            "执行动作",
            "后续动作",
            "触发动作",
            "action",
            "actions",
        ],
    ),
    (
        Column::Name,
        &[
            "简称",
            "播报名",
            "播报名称",
            "短名",
            "短名称",
            "短标题",
            "name",
            "shortname",
            "spokenname",
            "label",
        ],
    ),
    (
        Column::TakesEffect,
        &[
            "生效时间",
            "生效日期",
            "生效日",
            "开始时间",
            "开始日期",
            "起始时间",
            "起始日期",
            "有效期开始",
            "有效期起",
            "上线时间",
            "takeseffect",
            "effectivefrom",
            "effectivedate",
            "validfrom",
            "startdate",
            "starttime",
            "start",
            "from",
        ],
    ),
    (
        Column::Expires,
        &[
            "失效时间",
            "失效日期",
            "失效日",
            "结束时间",
            "结束日期",
            "截止时间",
            "截止日期",
            "终止时间",
            "到期时间",
            "到期日期",
            "到期日",
            "有效期至",
            "有效期结束",
            "有效期止",
            "过期时间",
            "下线时间",
            "expires",
            "expiry",
            "expirydate",
            "expiresat",
            "expirationdate",
            "validto",
            "validuntil",
            "enddate",
            "endtime",
            "end",
            "until",
            "to",
        ],
    ),
    (
        Column::Span,
        &[
            "有效期",
            "有效期限",
            "有效时间",
            "有效日期",
            "起止时间",
            "起止日期",
            "validity",
        ],
    ),
];

/// What a column of this name holds.
pub(super) fn column_of(header: &str) -> Option<Column> {
    let name = plain(header);
    // Halves of a name of two languages: `问题 Question`, `答案/Answer`.
    let halves = || {
        let (chinese, latin): (String, String) =
            name.chars().partition(|symbol| !symbol.is_ascii());
        (named(&chinese)? == named(&latin)?)
            .then(|| named(&chinese))
            .flatten()
    };
    named(&name).or_else(halves)
}

fn named(name: &str) -> Option<Column> {
    NAMES
        .iter()
        .find(|(_, names)| names.contains(&name))
        .map(|(column, _)| *column)
}

/// A header without what people put around its name: `*标准问题（必填）` is `标准问题`, `Similar_Questions 2` is
/// `similarquestions`.
fn plain(header: &str) -> String {
    let text = tidy(header, Use::Label).text.to_lowercase();
    let mut depth = 0u32;
    let outside: String = text
        .chars()
        .filter(|symbol| match symbol {
            '(' | '（' | '[' | '【' | '〔' | '<' | '《' => {
                depth += 1;
                false
            }
            ')' | '）' | ']' | '】' | '〕' | '>' | '》' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect();
    let letters = |text: &str| -> String {
        text.chars()
            .filter(|symbol| symbol.is_alphanumeric())
            .collect()
    };
    let name = match letters(&outside) {
        // 【问题】: what is inside is the name.
        name if name.is_empty() => letters(&text),
        name => name,
    };
    let without = ["必填", "选填", "可选", "非必填"]
        .iter()
        .fold(name.clone(), |name, note| match name.strip_suffix(note) {
            Some(rest) => rest.to_owned(),
            None => name,
        });
    let bare = without.trim_end_matches(|symbol: char| symbol.is_ascii_digit());
    match bare.is_empty() {
        true => name,
        false => bare.to_owned(),
    }
}

/// The columns of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// What is used: place among the cells, purpose, name.
    pub(super) columns: Vec<(usize, Column, String)>,
    /// Columns that hold nothing an entry has.
    pub(super) unused: Vec<String>,
    /// The strict columns of this program's own sheets, where similar questions are separated by `|` alone.
    pub(super) is_strict: bool,
}

impl Layout {
    /// The layout that a row names, if it names questions and something for them.
    fn of(row: &Row) -> Option<Self> {
        let mut layout = Self::default();
        let titles: Vec<String> = row
            .cells
            .iter()
            .map(|cell| tidy(cell, Use::Label).text)
            .collect();
        let known: Vec<Option<Column>> = titles.iter().map(|title| column_of(title)).collect();
        // 标准问 beside 问题: the standard one is the question, and the others are ways to ask it.
        let question = (0..titles.len())
            .filter(|&place| known[place] == Some(Column::Question))
            .min_by_key(|&place| {
                !(titles[place].contains("标准") || titles[place].contains('主'))
            })?;
        for (place, (title, column)) in titles.iter().zip(&known).enumerate() {
            let is_taken = |wanted: Column| {
                layout
                    .columns
                    .iter()
                    .any(|(_, column, _)| *column == wanted)
            };
            let column = match column {
                Some(Column::Question) if place != question => Some(Column::Similar),
                // 分类1, 分类2.
                Some(Column::Category(1)) => (1..=9)
                    .map(Column::Category)
                    .find(|level| !is_taken(*level)),
                Some(Column::Similar) => Some(Column::Similar),
                Some(column) if is_taken(*column) => None,
                column => *column,
            };
            match column {
                Some(column) => layout.columns.push((place, column, title.clone())),
                None if !title.is_empty() => layout.unused.push(title.clone()),
                None => {}
            }
        }
        const STRICT: [&str; 6] = [
            "id",
            "category",
            "question",
            "similar_questions",
            "answer",
            "action",
        ];
        layout.is_strict = STRICT
            .iter()
            .all(|name| titles.iter().any(|title| title == name));
        let has = |wanted: Column| {
            layout
                .columns
                .iter()
                .any(|(_, column, _)| *column == wanted)
        };
        (has(Column::Answer) || has(Column::Similar)).then_some(layout)
    }

    /// Question left, answer right, in these places.
    pub(super) fn of_two(question: usize, answer: usize) -> Self {
        let letter = |place: usize| char::from(b'A' + place.min(25) as u8).to_string();
        Self {
            columns: vec![
                (question, Column::Question, letter(question)),
                (answer, Column::Answer, letter(answer)),
            ],
            ..Self::default()
        }
    }

    /// The name of the first column for a purpose.
    pub(super) fn name_of(&self, wanted: Column) -> Option<&str> {
        self.columns
            .iter()
            .find(|(_, column, _)| *column == wanted)
            .map(|(_, _, name)| name.as_str())
    }
}

/// The header among the first rows, and its place.
pub(super) fn find(rows: &[Row]) -> Option<(usize, Layout)> {
    rows.iter()
        .take(DEEPEST_HEADER)
        .enumerate()
        .find_map(|(place, row)| Some((place, Layout::of(row)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::import::Place;

    #[test]
    fn columns_are_known_by_their_usual_names() {
        for (header, expected) in [
            ("*标准问题（必填）", Some(Column::Question)),
            ("标 准 问", Some(Column::Question)),
            ("问题：", Some(Column::Question)),
            ("Ｑ", Some(Column::Question)),
            ("【问题】", Some(Column::Question)),
            ("问题 Question", Some(Column::Question)),
            ("相似问法10", Some(Column::Similar)),
            ("相似问（多个用|隔开）", Some(Column::Similar)),
            ("Similar_Questions 2", Some(Column::Similar)),
            ("别名问法", Some(Column::Similar)),
            ("标准答案*", Some(Column::Answer)),
            ("A", Some(Column::Answer)),
            ("答案（必填，不超过2000字）", Some(Column::Answer)),
            ("一级分类", Some(Column::Category(1))),
            ("二级类目", Some(Column::Category(2))),
            ("生效日期(YYYY-MM-DD)", Some(Column::TakesEffect)),
            ("有效期至", Some(Column::Expires)),
            ("有效期", Some(Column::Span)),
            ("编号", Some(Column::Id)),
            ("序号", Some(Column::RunningNumber)),
            ("No.", Some(Column::RunningNumber)),
            ("动作", Some(Column::Action)),
            ("short name", Some(Column::Name)),
            ("备注", None),
            ("", None),
            ("2026", None),
        ] {
            assert_eq!(column_of(header), expected, "{header}");
        }
    }

    fn row(cells: &[&str]) -> Row {
        Row {
            place: Place::default(),
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
        }
    }

    #[track_caller]
    fn check(rows: &[&[&str]], expected: Option<(usize, &[Option<Column>], &[&str])>) {
        let rows: Vec<Row> = rows.iter().map(|cells| row(cells)).collect();
        let found = find(&rows).map(|(place, layout)| {
            let columns: Vec<Option<Column>> = (0..rows[place].cells.len())
                .map(|cell| {
                    layout
                        .columns
                        .iter()
                        .find(|(at, ..)| *at == cell)
                        .map(|(_, column, _)| *column)
                })
                .collect();
            (place, columns, layout.unused)
        });
        let expected = expected.map(|(place, columns, unused)| {
            let unused: Vec<String> = unused.iter().map(|name| (*name).to_owned()).collect();
            (place, columns.to_vec(), unused)
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn the_header_is_found_below_titles() {
        use Column::*;
        check(
            &[
                &["客服知识库"],
                &["", "2026年版"],
                &["序号", "问题", "答案", "备注"],
            ],
            Some((
                2,
                &[Some(RunningNumber), Some(Question), Some(Answer), None],
                &["备注"],
            )),
        );
        check(
            &[&[
                "一级分类",
                "二级分类",
                "问题",
                "标准问",
                "相似问1",
                "相似问2",
                "回复",
            ]],
            Some((
                0,
                &[
                    Some(Category(1)),
                    Some(Category(2)),
                    Some(Similar),
                    Some(Question),
                    Some(Similar),
                    Some(Similar),
                    Some(Answer),
                ],
                &[],
            )),
        );
        check(
            &[&["问题", "相似问", "相似问", "相似问"]],
            Some((
                0,
                &[Some(Question), Some(Similar), Some(Similar), Some(Similar)],
                &[],
            )),
        );
        check(
            &[&["问题", "答案", "答案2", "分类1", "分类2"]],
            Some((
                0,
                &[
                    Some(Question),
                    Some(Answer),
                    None,
                    Some(Category(1)),
                    Some(Category(2)),
                ],
                &["答案2"],
            )),
        );
        check(&[&["问题", "编号"], &["姓名", "答案"]], None);
        check(&[], None);
    }
}
