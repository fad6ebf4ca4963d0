//! Which column holds what, by the usual names in Chinese and English.

use std::{collections::HashMap, sync::LazyLock};

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

impl Column {
    /// By its name in `names.txt`.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "running_number" => Self::RunningNumber,
            "question" => Self::Question,
            "similar" => Self::Similar,
            "answer" => Self::Answer,
            "action" => Self::Action,
            "name" => Self::Name,
            "takes_effect" => Self::TakesEffect,
            "expires" => Self::Expires,
            "span" => Self::Span,
            name => Self::Category(name.strip_prefix("category_")?.parse().ok()?),
        })
    }
}

/// What columns are called, in the form of [`plain`].
static NAMES: LazyLock<HashMap<&str, Column>> = LazyLock::new(|| {
    let lines = include_str!("headers/names.txt").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    let named = lines.filter_map(|line| {
        let (column, names) = line.split_once(':')?;
        let column = Column::of(column)?;
        Some(names.split_whitespace().map(move |name| (name, column)))
    });
    named.flatten().collect()
});

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
    NAMES.get(name).copied()
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

    #[test]
    fn every_line_of_names_is_read() {
        for line in include_str!("headers/names.txt").lines().skip(1) {
            let (column, names) = line.split_once(':').expect("a column");
            let column = Column::of(column);
            assert!(column.is_some(), "{line}");
            for name in names.split_whitespace() {
                assert_eq!(column_of(name), column, "{name}");
            }
        }
    }

    fn row(cells: &[&str]) -> Row {
        Row {
            place: Place::default(),
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
        }
    }

    /// The header's place, what its columns hold, the names of those that are not used.
    type Expected<'a> = (usize, &'a [Option<Column>], &'a [&'a str]);

    #[track_caller]
    fn check(rows: &[&[&str]], expected: Option<Expected>) {
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
