//! Where a key stands in a configuration file.

use toml::de::{DeTable, DeValue};

/// The line of `key` (`business[0].line[1].dids`) in `text`, 1 for the first. Of a key that is not written, the line of the
/// innermost table that is.
pub(super) fn line_of(text: &str, key: &str) -> usize {
    let Ok(root) = DeTable::parse(text) else {
        return 1;
    };
    let mut value = DeValue::Table(root.into_inner());
    let mut start = 0;
    for step in key.split(['.', '[']) {
        let inner = match step.strip_suffix(']') {
            Some(place) => place
                .parse::<usize>()
                .ok()
                .and_then(|place| value.get(place)),
            None => value.get(step),
        };
        let Some(inner) = inner else { break };
        start = inner.span().start;
        value = inner.get_ref().clone();
    }
    text[..start].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_its_own_table() {
        let text = "\
prompts = \"p\" # 1
[sip]
allow = [
  \"a\",
  \"b\",
]
[[business]]
id = \"x\"
[[business.line]]
number = \"1\"
[[business.line]]
number = \"2\"
[[business]]
id = \"y\"
line = [{ number = \"3\" },
  { number = \"4\" }]
media.threads = 0
";
        let check = |key: &str, line: usize| assert_eq!(line_of(text, key), line, "{key}");
        check("prompts", 1);
        check("sip.allow[1]", 5);
        check("business[0].id", 8);
        check("business[0].line[0].number", 10);
        check("business[0].line[1].number", 12);
        check("business[1].id", 14);
        check("business[1].line[1].number", 16);
        check("business[1].media.threads", 17);
        // Not written: their tables.
        check("sip.advertise", 2);
        check("business[0].line[1].agent", 11);
        check("recognition.slots", 1);
        check("business[2]", 7);
    }
}
