//! HTML in a cell as plain text: tags go, blocks become lines, entities become what they stand for.

use scraper::{Html, Node};

/// Elements whose content is not shown.
const HIDDEN: &[&str] = &[
    "script", "style", "head", "title", "template", "noscript", "iframe",
];

/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "br",
    "tr",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "dl",
    "dt",
    "dd",
    "section",
    "article",
    "header",
    "footer",
    "blockquote",
    "pre",
    "hr",
];

/// Further elements by which text is known for HTML.
const INLINE: &[&str] = &[
    "a", "b", "i", "u", "s", "em", "strong", "span", "font", "small", "big", "sub", "sup", "img",
    "td", "th", "tbody", "thead", "label", "code", "del", "ins", "mark", "center", "html", "body",
    "input", "button", "video", "audio", "o:p",
];

/// Whether `text` has a tag or an entity that HTML knows. `温度<5` has none.
pub(in crate::knowledge) fn is_html(text: &str) -> bool {
    let last_end = text.rfind('>').unwrap_or_default();
    let has_tag = text.match_indices('<').any(|(place, _)| {
        let rest = text[place + 1..].trim_start_matches('/');
        let name: String = rest
            .chars()
            .take_while(|symbol| symbol.is_ascii_alphanumeric() || *symbol == ':')
            .take(12)
            .flat_map(char::to_lowercase)
            .collect();
        let known = [HIDDEN, BLOCKS, INLINE]
            .iter()
            .any(|names| names.contains(&name.as_str()));
        let after = &rest[name.len()..];
        known && after.starts_with(['>', ' ', '/', '\t', '\n']) && place < last_end
            || rest.starts_with("!--")
    });
    has_tag || has_entity(text)
}

fn has_entity(text: &str) -> bool {
    const NAMES: &[&str] = &[
        "nbsp", "lt", "gt", "amp", "quot", "apos", "ldquo", "rdquo", "lsquo", "rsquo", "mdash",
        "ndash", "hellip", "middot", "times", "yen", "deg", "ensp", "emsp", "bull", "copy", "reg",
    ];
    /// The longest entity that is looked for, in bytes.
    const LONGEST: usize = 12;
    text.match_indices('&').any(|(place, _)| {
        let rest = &text[place + 1..];
        let end = rest.bytes().take(LONGEST).position(|byte| byte == b';');
        end.is_some_and(|end| {
            let name = &rest[..end];
            let number = name.strip_prefix('#');
            NAMES.contains(&name)
                || number.is_some_and(|number| {
                    let digits = number.trim_start_matches(['x', 'X']);
                    (1..=6).contains(&digits.len())
                        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
                })
        })
    })
}

/// The text of a piece of HTML, a line a block, and whether it held a picture.
pub(super) fn plain(html: &str) -> (String, bool) {
    let page = Html::parse_fragment(html);
    let mut text = String::with_capacity(html.len());
    let mut has_picture = false;
    let mut hidden = 0usize;
    let mut preformatted = 0usize;
    // Step by step and not by recursion: strangers nest as deeply as they like.
    let mut at = Some((page.tree.root(), true));
    while let Some((node, opens)) = at {
        at = match opens {
            true => Some(
                node.first_child()
                    .map_or((node, false), |child| (child, true)),
            ),
            false => node
                .next_sibling()
                .map(|next| (next, true))
                .or_else(|| node.parent().map(|parent| (parent, false))),
        };
        match node.value() {
            Node::Element(element) => {
                let name = element.name();
                if HIDDEN.contains(&name) {
                    hidden = if opens {
                        hidden + 1
                    } else {
                        hidden.saturating_sub(1)
                    };
                }
                if name == "pre" {
                    preformatted = if opens {
                        preformatted + 1
                    } else {
                        preformatted.saturating_sub(1)
                    };
                }
                if BLOCKS.contains(&name) {
                    text.push('\n');
                }
                if matches!(name, "td" | "th") && opens {
                    text.push(' ');
                }
                has_picture |= matches!(name, "img" | "video" | "audio");
            }
            // White space in HTML is one space, lines too.
            Node::Text(words) if opens && hidden == 0 => match preformatted {
                0 => text.extend(words.text.chars().map(|symbol| match symbol {
                    '\n' | '\r' | '\t' => ' ',
                    symbol => symbol,
                })),
                _ => text.push_str(&words.text),
            },
            _ => {}
        }
    }
    (text.trim().to_owned(), has_picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_known_by_its_tags_and_entities() {
        for (text, expected) in [
            ("a<br>b", true),
            ("<P class='x'>a</P>", true),
            ("a&nbsp;b", true),
            ("&#8220;a", true),
            ("<!-- a -->b", true),
            ("温度<5℃", false),
            ("a < b > c", false),
            ("AT&T；好", false),
            ("<name>", false),
            ("{b}", false),
        ] {
            assert_eq!(is_html(text), expected, "{text}");
        }
    }

    #[test]
    fn blocks_are_lines_and_what_is_hidden_goes() {
        #[track_caller]
        fn check(html: &str, expected: &str) {
            let lines: Vec<String> = plain(html)
                .0
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .filter(|line| !line.is_empty())
                .collect();
            assert_eq!(lines.join("|"), expected);
        }
        check("<p>一</p><p>二</p>", "一|二");
        check("一<br/>二<br>三", "一|二|三");
        check("<ul><li>一<li>二</ul>", "一|二");
        check("<style>p{}</style>好<script>alert(1)</script>", "好");
        check("点<a href='http://a.cn'>这\n里</a>&amp;看", "点这 里&看");
        check("<table><tr><td>甲</td><td>乙</td></tr></table>", "甲 乙");
        check(&"<b>".repeat(3000), "");
        check("a<b", "a");
    }
}
