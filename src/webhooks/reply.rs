//! What a system says, read strictly: anything else than the protocol is no reply.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    action::{ActionReply, Outcome},
    pii::Pii,
};

/// The longest reply, in bytes.
pub const LONGEST_REPLY: u64 = 64 * 1024;

/// The most fields of a reply.
pub const MOST_FIELDS: usize = 32;

/// The longest value of a field, in characters: about a minute of speech.
const LONGEST_VALUE: usize = 240;

/// What is wrong with a reply. Its words are not repeated: they may be a caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReplyFault {
    #[error("it is not JSON with `outcome` and `fields`")]
    Shape,
    #[error("it has more than {MOST_FIELDS} fields")]
    TooMany,
    #[error("a field has a name that is none")]
    Name,
    #[error("a field is neither text nor number, or too long")]
    Value,
}

#[derive(Deserialize)]
struct Reply {
    outcome: Outcome,
    #[serde(default)]
    fields: BTreeMap<String, serde_json::Value>,
}

/// Reads the body of a reply.
pub(super) fn parse(body: &[u8]) -> Result<ActionReply, ReplyFault> {
    let reply: Reply = serde_json::from_slice(body).map_err(|_| ReplyFault::Shape)?;
    if reply.fields.len() > MOST_FIELDS {
        return Err(ReplyFault::TooMany);
    }
    let mut fields = BTreeMap::new();
    for (name, value) in reply.fields {
        if !is_name(&name) {
            return Err(ReplyFault::Name);
        }
        let text = match value {
            // Nothing that can be said: a template that names it is not said.
            serde_json::Value::Null | serde_json::Value::Bool(_) => continue,
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                return Err(ReplyFault::Value);
            }
        };
        if text.chars().count() > LONGEST_VALUE {
            return Err(ReplyFault::Value);
        }
        fields.insert(name, Pii::new(speakable(&text)));
    }
    Ok(ActionReply {
        outcome: reply.outcome,
        fields,
    })
}

/// Names of fields are those of placeholders.
fn is_name(name: &str) -> bool {
    let symbols = |symbol: char| symbol.is_ascii_lowercase() || symbol.is_ascii_digit();
    (1..=40).contains(&name.len()) && name.chars().all(|one| symbols(one) || one == '_')
}

/// Without line breaks, controls and what would be markup or a placeholder elsewhere.
fn speakable(text: &str) -> String {
    let plain = text.chars().map(|symbol| match symbol {
        '<' | '>' | '{' | '}' => ' ',
        symbol if symbol.is_control() => ' ',
        symbol => symbol,
    });
    let plain: String = plain.collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read() {
        #[track_caller]
        fn check(body: &str, outcome: Outcome, fields: &[(&str, &str)]) {
            let reply = parse(body.as_bytes()).expect("a reply");
            assert_eq!(reply.outcome, outcome);
            let read: Vec<(&str, &str)> = reply
                .fields
                .iter()
                .map(|(name, value)| (name.as_str(), value.expose().as_str()))
                .collect();
            assert_eq!(read, fields);
        }
        check(r#"{"outcome":"not_found"}"#, Outcome::NotFound, &[]);
        check(
            r#"{"outcome":"done","fields":{"status":" 已\n发货 <b>","amount":12.5,"paid":true,"note":null},"more":1}"#,
            Outcome::Done,
            &[("amount", "12.5"), ("status", "已 发货 b")],
        );
    }

    #[test]
    fn anything_else_is_no_reply() {
        let long = format!(
            r#"{{"outcome":"done","fields":{{"a":"{}"}}}}"#,
            "长".repeat(241)
        );
        let many: Vec<String> = (0..33).map(|at| format!(r#""f{at}":1"#)).collect();
        let many = format!(r#"{{"outcome":"done","fields":{{{}}}}}"#, many.join(","));
        for (body, fault) in [
            ("", ReplyFault::Shape),
            ("OK", ReplyFault::Shape),
            ("[]", ReplyFault::Shape),
            (r#"{"fields":{}}"#, ReplyFault::Shape),
            (r#"{"outcome":"maybe"}"#, ReplyFault::Shape),
            (r#"{"outcome":"done","fields":[]}"#, ReplyFault::Shape),
            (
                r#"{"outcome":"done","fields":{"Status":"x"}}"#,
                ReplyFault::Name,
            ),
            (r#"{"outcome":"done","fields":{"":"x"}}"#, ReplyFault::Name),
            (
                r#"{"outcome":"done","fields":{"a":{"b":1}}}"#,
                ReplyFault::Value,
            ),
            (
                r#"{"outcome":"done","fields":{"a":[1]}}"#,
                ReplyFault::Value,
            ),
            (&long, ReplyFault::Value),
            (&many, ReplyFault::TooMany),
        ] {
            assert_eq!(parse(body.as_bytes()), Err(fault), "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_strange(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            // Whatever comes, it is a reply or a fault.
            let _ = parse(&body);
        }
    }
}
