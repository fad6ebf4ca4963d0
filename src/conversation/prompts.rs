//! The sentences of a language, and the words it understands without a knowledge base: a file of `prompts/`.
//!
//! Keys and placeholders are fixed; a file that lacks one or has one too many is refused, with its line.

use std::{collections::BTreeMap, ops::Range};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use super::{
    replies::Replies,
    words::{Fillers, Understood, Vocabulary, WordLists, Words},
};

/// Every sentence there is, with the placeholders it may hold.
const SENTENCES: &[(&str, &[&str])] = &[
    ("greeting.label", &["business"]),
    ("greeting.recording", &[]),
    ("greeting.invite", &[]),
    ("answer.closing", &[]),
    ("answer.nothing_to_repeat", &[]),
    ("answer.robot", &[]),
    ("answer.hello", &[]),
    ("answer.thanks", &[]),
    ("answer.slower", &[]),
    ("answer.louder", &[]),
    ("answer.waiting", &[]),
    ("answer.more", &[]),
    ("answer.noted", &[]),
    ("answer.anything_else", &[]),
    ("clarify.two", &["first", "second"]),
    ("clarify.three", &["first", "second", "third"]),
    ("clarify.again", &[]),
    ("abstain.first", &[]),
    ("abstain.second", &[]),
    ("silence.first", &[]),
    ("silence.second", &[]),
    ("silence.goodbye", &[]),
    ("trouble.filler", &[]),
    ("trouble.say_again", &[]),
    ("trouble.engine", &[]),
    ("handover.connecting", &[]),
    ("handover.unavailable", &[]),
    ("handover.left", &[]),
    ("callback.offer", &[]),
    ("callback.confirm", &["number"]),
    ("callback.ask_number", &[]),
    ("callback.bad_number", &[]),
    ("callback.noted", &[]),
    ("callback.declined", &[]),
    ("callback.failed", &[]),
    ("slot.ask_own", &["ask"]),
    ("slot.ask_number", &["label"]),
    ("slot.ask_words", &["label"]),
    ("slot.ask_choice", &["label", "options"]),
    ("slot.option", &["number", "name"]),
    ("slot.ask_hour", &[]),
    ("slot.offer", &["label", "tail"]),
    ("slot.confirm", &["label", "value"]),
    ("slot.confirm_words", &["label", "value"]),
    ("slot.taken", &["value"]),
    ("slot.noted", &[]),
    ("slot.bad_length", &["label"]),
    ("slot.bad_number", &["label"]),
    ("slot.past", &[]),
    ("slot.which_city", &[]),
    ("slot.again", &["label"]),
    ("slot.unclear_number", &["label"]),
    ("slot.unclear", &["label"]),
    ("slot.failed", &[]),
    ("slot.unable", &[]),
    ("slot.cancelled", &[]),
    ("action.ticket_done", &[]),
    ("action.sms_done", &[]),
    ("action.verify_done", &[]),
    ("action.not_found", &[]),
    ("action.nothing_found", &[]),
    ("action.not_verified", &[]),
    ("action.refused", &[]),
    ("action.human", &[]),
    ("action.noted", &[]),
    ("agent.noted", &["label", "value"]),
    ("agent.brief_slot", &["label", "value"]),
    ("agent.brief_slot_tail", &["label", "value"]),
    ("agent.brief_verified", &[]),
    ("agent.brief", &["caller", "reason", "question"]),
    ("agent.brief_number", &["tail"]),
    ("agent.brief_no_number", &[]),
    ("agent.brief_question", &["question"]),
    ("agent.brief_no_question", &[]),
];

/// Every reason an agent can be told.
const REASONS: &[(&str, &[&str])] = &[
    ("requested", &[]),
    ("key_zero", &[]),
    ("repeated_abstention", &[]),
    ("must_escalate", &["phrase"]),
    ("entry_action", &[]),
    ("engine_failure", &[]),
    ("slot_failed", &[]),
    ("action_failed", &[]),
    ("sensed", &["cause"]),
];

/// Why a prompt file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// It is not TOML, or a value has the wrong type.
    #[error("{file}: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// With line, column and key.
        problem: String,
    },
    /// A key is wrong.
    #[error("{file}, line {line}: `{key}` {problem}")]
    Key {
        /// The file.
        file: String,
        /// Where the key stands; the last line for a key that is missing.
        line: usize,
        /// The key, from the root.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(String),
    Paced { text: String, speed: f32 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: String,
    say: BTreeMap<String, BTreeMap<String, Spanned<Written>>>,
    reason: BTreeMap<String, Spanned<Written>>,
    understood: Understood,
    must_escalate: Words,
    fillers: Fillers,
}

/// A sentence with its pace.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// What is said.
    pub text: String,
    /// 1.0 is normal; smaller is slower.
    pub speed: f32,
}

/// The sentences and words of one language.
#[derive(Clone, Debug)]
pub struct Prompts {
    language: String,
    hash: String,
    sentences: BTreeMap<String, Sentence>,
    reasons: BTreeMap<String, Sentence>,
    replies: Replies,
    vocabulary: Vocabulary,
}

impl Prompts {
    /// Reads `text` as the content of `file`.
    pub fn parse(file: &str, text: &str) -> Result<Self, PromptError> {
        let parsed: File = toml::from_str(text).map_err(|error| PromptError::Syntax {
            file: file.to_owned(),
            problem: error.to_string().trim_end().to_owned(),
        })?;
        let written = parsed.say.into_iter().flat_map(|(group, sentences)| {
            sentences
                .into_iter()
                .map(move |(name, sentence)| (format!("{group}.{name}"), sentence))
        });
        let source = Source { file, text };
        let words = WordLists {
            understood: parsed.understood,
            must_escalate: parsed.must_escalate,
            fillers: parsed.fillers,
        };
        if let Some((span, key)) = words.empty_word() {
            return Err(source.fault(span, key, "holds a word without a letter or digit"));
        }
        Ok(Self {
            sentences: source.take("say", written.collect(), SENTENCES)?,
            reasons: source.take("reason", parsed.reason, REASONS)?,
            replies: Replies::default(),
            vocabulary: Vocabulary::new(&parsed.language, words),
            hash: hash_of(&[text]),
            language: parsed.language,
        })
    }

    /// The same with the templates of `text`, the content of `file`, for what the business's systems reply.
    pub fn with_replies(self, file: &str, text: &str) -> Result<Self, PromptError> {
        Ok(Self {
            replies: Replies::parse(file, text)?,
            hash: hash_of(&[&self.hash, text]),
            ..self
        })
    }

    pub(super) const fn replies(&self) -> &Replies {
        &self.replies
    }

    /// BCP 47 language (`zh-CN`).
    pub fn language(&self) -> &str {
        &self.language
    }

    /// SHA-256 of the file or files, in hexadecimal. A call replays only with the sentences it was held with.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What is understood without a knowledge base.
    pub const fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The sentence `key` with its placeholders filled.
    pub fn sentence(&self, key: &str, values: &[(&str, &str)]) -> Sentence {
        fill(self.sentences.get(key), values)
    }

    /// A reason in words, for the agent.
    pub fn reason(&self, key: &str, values: &[(&str, &str)]) -> String {
        fill(self.reasons.get(key), values).text
    }

    /// Every sentence that can be synthesised before a call, for a business of this name.
    pub fn fixed_sentences(&self, business: &str) -> Vec<Sentence> {
        SENTENCES
            .iter()
            .filter(|(_, places)| places.iter().all(|place| *place == "business"))
            .map(|(key, _)| self.sentence(key, &[("business", business)]))
            .collect()
    }
}

fn hash_of(texts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    texts.iter().for_each(|text| hasher.update(text));
    let hash = hasher.finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fill(sentence: Option<&Sentence>, values: &[(&str, &str)]) -> Sentence {
    // Parsing refused files without one of the keys, so only a key that is in no table could be missing.
    let mut sentence = sentence
        .cloned()
        .unwrap_or_else(|| unreachable!("keys are those of the tables"));
    for (name, value) in values {
        sentence.text = sentence.text.replace(&format!("{{{name}}}"), value);
    }
    sentence
}

struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn take(
        &self,
        root: &str,
        mut written: BTreeMap<String, Spanned<Written>>,
        table: &[(&str, &[&str])],
    ) -> Result<BTreeMap<String, Sentence>, PromptError> {
        let mut taken = BTreeMap::new();
        for (key, allowed) in table {
            let full = format!("{root}.{key}");
            let Some(value) = written.remove(*key) else {
                let end = self.text.len()..self.text.len();
                return Err(self.fault(end, full, "is missing"));
            };
            let span = value.span();
            let sentence = match value.into_inner() {
                Written::Plain(text) => Sentence { text, speed: 1.0 },
                Written::Paced { text, speed } => Sentence { text, speed },
            };
            if sentence.text.trim().is_empty() {
                return Err(self.fault(span, full, "is empty"));
            }
            if !(0.5..=1.5).contains(&sentence.speed) {
                return Err(self.fault(span, full, "has a speed that is not between 0.5 and 1.5"));
            }
            if let Some(problem) = placeholder_fault(&sentence.text, allowed) {
                return Err(self.fault(span, full, &problem));
            }
            taken.insert((*key).to_owned(), sentence);
        }
        match written.into_iter().next() {
            Some((key, value)) => Err(self.fault(
                value.span(),
                format!("{root}.{key}"),
                "is not a key that is used",
            )),
            None => Ok(taken),
        }
    }

    fn fault(&self, span: Range<usize>, key: String, problem: &str) -> PromptError {
        let before = &self.text[..span.start.min(self.text.len())];
        PromptError::Key {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            key,
            problem: problem.to_owned(),
        }
    }
}

/// What is wrong with the placeholders of `text`; each that is allowed must be there, too.
fn placeholder_fault(text: &str, allowed: &[&str]) -> Option<String> {
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let after = &rest[open + 1..];
        let close = after.find('}').filter(|_| rest[open..].starts_with('{'));
        let Some(close) = close else {
            return Some("has a brace without its partner".to_owned());
        };
        let name = &after[..close];
        if !allowed.contains(&name) {
            return Some(format!(
                "has the placeholder {{{name}}}, which has no value here"
            ));
        }
        rest = &after[close + 1..];
    }
    allowed
        .iter()
        .find(|name| !text.contains(&format!("{{{name}}}")))
        .map(|name| format!("lacks the placeholder {{{name}}}"))
}
