//! What a document prints on its pages beside its text: page numbers, headers and footers, tables of contents.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    collecting::Collecting,
    pairs::{place_of, text_of},
};
use crate::knowledge::import::Part;

/// The longest header or footer, in characters.
const LONGEST_HEADER: usize = 60;

/// The fewest pages on which a header can be told from a repeated sentence.
const FEWEST_PAGES: usize = 3;

/// `parts` without furniture; what was left out is told once for each kind.
pub(super) fn without<'a>(collecting: &mut Collecting, parts: &[&'a Part]) -> Vec<&'a Part> {
    let repeated = repeated(parts);
    let mut left: Vec<&Part> = Vec::new();
    let mut told: BTreeMap<String, (usize, &Part)> = BTreeMap::new();
    let mut contents: Option<u8> = None;
    for part in parts {
        let text = text_of(part).trim();
        if let Part::Heading { level, .. } = part
            && contents.is_some_and(|above| *level <= above)
        {
            contents = None;
        }
        let kind = if is_page_number(text) {
            "page numbers".to_owned()
        } else if repeated.contains(&without_digits(text)) {
            format!("`{text}`, repeated on most pages,")
        } else if is_contents_title(text) {
            contents = Some(match part {
                Part::Heading { level, .. } => *level,
                _ => 0,
            });
            "a table of contents".to_owned()
        } else if is_contents_line(text) || contents.is_some_and(|level| level > 0) {
            "a table of contents".to_owned()
        } else {
            left.push(part);
            continue;
        };
        told.entry(match kind.starts_with('`') {
            true => without_digits(&kind),
            false => kind,
        })
        .or_insert((0, part))
        .0 += 1;
    }
    for (kind, (count, part)) in told {
        let what = match kind.starts_with('`') {
            true => format!("`{}`, repeated on most pages,", text_of(part).trim()),
            false => kind,
        };
        collecting.refuse(
            place_of(part).clone(),
            format!("{what} left out in {count} places"),
        );
    }
    left
}

/// Short texts that stand on more than half of the pages, their digits aside.
fn repeated(parts: &[&Part]) -> BTreeSet<String> {
    let mut pages: BTreeSet<u32> = BTreeSet::new();
    let mut found: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for part in parts {
        let text = text_of(part).trim();
        let Some(page) = place_of(part).page else {
            continue;
        };
        pages.insert(page);
        if !text.is_empty() && text.chars().count() <= LONGEST_HEADER {
            found.entry(without_digits(text)).or_default().insert(page);
        }
    }
    if pages.len() < FEWEST_PAGES {
        return BTreeSet::new();
    }
    found
        .into_iter()
        .filter(|(_, on)| on.len() * 2 > pages.len())
        .map(|(text, _)| text)
        .collect()
}

fn without_digits(text: &str) -> String {
    text.chars()
        .filter(|symbol| !symbol.is_ascii_digit() && !symbol.is_whitespace())
        .collect()
}

/// `12`, `- 12 -`, `12/40`, `第12页 共40页`, `Page 12 of 40`.
fn is_page_number(text: &str) -> bool {
    let lower = text.to_lowercase();
    let bare = lower.trim_matches(|symbol: char| {
        symbol.is_whitespace() || matches!(symbol, '-' | '—' | '–' | '·' | '~')
    });
    let digits = bare.chars().filter(char::is_ascii_digit).count();
    let rest: String = bare
        .chars()
        .filter(|symbol| !symbol.is_ascii_digit() && !symbol.is_whitespace())
        .collect();
    const FORMS: &[&str] = &[
        "",
        "/",
        "第页",
        "第页共页",
        "第页,共页",
        "第页，共页",
        "第页/共页",
        "page",
        "pageof",
        "of",
        "p.",
        "第页（共页）",
    ];
    (1..=8).contains(&digits)
        && FORMS.contains(&rest.as_str())
        // A number alone may be a year or an amount in a list.
        && (!rest.is_empty() || digits <= 3)
}

fn is_contents_title(text: &str) -> bool {
    let bare: String = text
        .chars()
        .filter(|symbol| !symbol.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    matches!(
        bare.as_str(),
        "目录" | "目次" | "contents" | "tableofcontents"
    )
}

/// `退款 ........ 12`: leaders and a page.
fn is_contents_line(text: &str) -> bool {
    let bare =
        text.trim_end_matches(|symbol: char| symbol.is_ascii_digit() || symbol.is_whitespace());
    let leaders = bare
        .chars()
        .rev()
        .take_while(|symbol| {
            matches!(symbol, '.' | '…' | '·' | '．' | '_') || symbol.is_whitespace()
        })
        .filter(|symbol| !symbol.is_whitespace())
        .map(|symbol| if symbol == '…' { 3 } else { 1 })
        .sum::<usize>();
    bare.len() < text.len() && leaders >= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn furniture_is_known_by_its_form() {
        for text in [
            "12",
            "- 12 -",
            "第 12 页 共 40 页",
            "Page 3 of 4",
            "3/40",
            "— 5 —",
        ] {
            assert!(is_page_number(text), "{text}");
        }
        for text in ["2026", "第二页", "12元", "", "24小时", "3、退款"] {
            assert!(!is_page_number(text), "{text}");
        }
        for text in ["退款 ........ 12", "第一章 总则……………… 3", "A · · · · · 3"]
        {
            assert!(is_contents_line(text), "{text}");
        }
        for text in ["退款 12", "等等……", "共计....", "3.5"] {
            assert!(!is_contents_line(text), "{text}");
        }
        assert!(is_contents_title("目 录"));
    }
}
