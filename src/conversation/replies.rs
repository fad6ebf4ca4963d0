//! How replies of the business's systems are said: the templates of `prompts/actions.<language>.toml`.
//!
//! A template may name the slots of its action and fields of the reply. What a reply holds is known only when it comes, so a
//! template that lacks a value is not said at all; a sentence of the prompt file takes its place. Values come from elsewhere: they
//! are cut to a spoken length and hold nothing but words.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::PromptError;
use crate::{
    action::{ActionReply, Outcome},
    entry::Action,
    pii::Pii,
};

/// The longest value that is spoken, in characters: some forty seconds.
const LONGEST_VALUE: usize = 200;

/// The templates of a language.
#[derive(Clone, Debug, Default)]
pub(super) struct Replies(BTreeMap<(String, Outcome), String>);

/// What became of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// This is said.
    Sentence(String),
    /// Nobody has written a sentence for it.
    NoTemplate,
    /// The template names what the reply does not hold.
    Unfilled(String),
}

impl Filled {
    /// The name that has no value.
    pub(super) fn unfilled(&self) -> Option<String> {
        match self {
            Self::Unfilled(name) => Some(name.clone()),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    done: Option<Spanned<String>>,
    not_found: Option<Spanned<String>>,
    refused: Option<Spanned<String>>,
    human: Option<Spanned<String>>,
}

impl Replies {
    /// Reads `text` as the content of `file`.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, PromptError> {
        let written: BTreeMap<Spanned<String>, Written> =
            toml::from_str(text).map_err(|error| PromptError::Syntax {
                file: file.to_owned(),
                problem: error.to_string().trim_end().to_owned(),
            })?;
        let fault = |at: usize, key: String, problem: &str| PromptError::Key {
            file: file.to_owned(),
            line: text[..at.min(text.len())].matches('\n').count() + 1,
            key,
            problem: problem.to_owned(),
        };
        let mut templates = BTreeMap::new();
        for (name, written) in written {
            let at = name.span().start;
            let name = name.into_inner();
            let acts = name.parse::<Action>().is_ok_and(|action| {
                !matches!(
                    action,
                    Action::Answer | Action::Transfer(_) | Action::Escalate(_)
                )
            });
            if !acts {
                let problem = "is none of lookup:x, ticket:x, route:x, sms:x, verify:x";
                return Err(fault(at, name, problem));
            }
            for (outcome, key, template) in [
                (Outcome::Done, "done", written.done),
                (Outcome::NotFound, "not_found", written.not_found),
                (Outcome::Refused, "refused", written.refused),
                (Outcome::Human, "human", written.human),
            ] {
                let Some(template) = template else {
                    continue;
                };
                let at = template.span().start;
                let template = template.into_inner();
                if let Some(problem) = problem_of(&template) {
                    return Err(fault(at, format!("{name}.{key}"), problem));
                }
                templates.insert((name.clone(), outcome), template);
            }
        }
        Ok(Self(templates))
    }

    /// The sentence for a reply to `action`, for which `slots` were collected.
    pub(super) fn fill(
        &self,
        action: &Action,
        reply: &ActionReply,
        slots: &[(String, Pii<String>)],
    ) -> Filled {
        let Some(template) = self.0.get(&(action.to_string(), reply.outcome)) else {
            return Filled::NoTemplate;
        };
        let value = |name: &str| {
            let of_slots = slots.iter().find(|(slot, _)| slot == name);
            let value = reply
                .fields
                .get(name)
                .or(of_slots.map(|(_, value)| value))?;
            Some(speakable(value.expose())).filter(|value| !value.is_empty())
        };
        let mut sentence = String::with_capacity(template.len());
        let mut rest = template.as_str();
        // Values are not looked into: a brace in one is no placeholder.
        while let Some((before, after)) = rest.split_once('{') {
            sentence.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            match value(name) {
                Some(value) => sentence.push_str(&value),
                None => return Filled::Unfilled(name.to_owned()),
            }
            rest = after;
        }
        sentence.push_str(rest);
        Filled::Sentence(sentence)
    }
}

/// What is wrong with a template.
fn problem_of(template: &str) -> Option<&'static str> {
    if template.trim().is_empty() {
        return Some("is empty");
    }
    let mut rest = template;
    while let Some(open) = rest.find(['{', '}']) {
        let close = rest[open..]
            .find('}')
            .filter(|_| rest[open..].starts_with('{'));
        let Some(close) = close else {
            return Some("has a brace without its partner");
        };
        let name = &rest[open + 1..open + close];
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            return Some("has a placeholder that is not small letters, digits and `_`");
        }
        rest = &rest[open + close + 1..];
    }
    None
}

/// A value as it may be spoken: no markup, no control characters, no story.
fn speakable(value: &str) -> String {
    let mut plain = String::new();
    let mut tag = false;
    for symbol in value.chars() {
        match symbol {
            '<' => tag = true,
            '>' => tag = false,
            _ if tag => {}
            '{' | '}' | '*' | '#' | '`' | '|' | '\\' | '[' | ']' | '~' | '^' | '_' => {}
            _ if symbol.is_control() || symbol.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            // What changes the direction or joins invisibly is not spoken.
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {}
            _ => plain.push(symbol),
        }
    }
    let plain = plain.trim();
    plain.chars().take(LONGEST_VALUE).collect()
}

#[cfg(test)]
mod tests;
