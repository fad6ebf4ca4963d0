//! What a compact model's file says of itself, in the metadata of its header.

use std::collections::{BTreeMap, HashMap};

use safetensors::SafeTensors;
use serde::{Deserialize, de::DeserializeOwned};

const ARCHITECTURE: &str = "yingda-compact-1";

/// The first tokens of every vocabulary: padding, unknown, start, masked.
const SPECIAL: [&str; 4] = ["[PAD]", "[UNK]", "[CLS]", "[MASK]"];

/// The most that a size may be. They keep a wrong file from asking for more memory than there is.
const MOST: Sizes = Sizes {
    width: 2_048,
    layers: 48,
    heads: 64,
    feed_forward: 8_192,
    max_tokens: 1_024,
    tokens: 250_000,
    syllables: 10_000,
};

/// The most phrases.
const MOST_PHRASES: usize = 1_000_000;

/// The sizes of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Sizes {
    pub width: usize,
    pub layers: usize,
    pub heads: usize,
    pub feed_forward: usize,
    pub max_tokens: usize,
    pub tokens: usize,
    pub syllables: usize,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Description {
    pub name: String,
    pub version: String,
    pub sizes: Sizes,
    /// By id.
    pub tokens: Vec<String>,
    /// By token: the syllable it sounds like.
    pub token_syllables: Vec<usize>,
    /// Labels of each classification head.
    pub heads: BTreeMap<String, Vec<String>>,
    /// How many phrases the heads know.
    pub phrases: usize,
}

impl Description {
    /// Of a file's content; otherwise what is wrong with it.
    pub(super) fn of(content: &[u8]) -> Result<Self, String> {
        let (_, header) = SafeTensors::read_metadata(content).map_err(|error| error.to_string())?;
        let metadata = header.metadata().as_ref().ok_or("it has no metadata")?;
        let architecture = text(metadata, "architecture")?;
        if architecture != ARCHITECTURE {
            return Err(format!(
                "its architecture is `{architecture}`, not `{ARCHITECTURE}`"
            ));
        }
        let description = Self {
            name: text(metadata, "name")?.to_owned(),
            version: text(metadata, "version")?.to_owned(),
            sizes: json(metadata, "config")?,
            tokens: json(metadata, "tokens")?,
            token_syllables: json(metadata, "token_syllables")?,
            heads: match metadata.contains_key("heads") {
                true => json(metadata, "heads")?,
                false => BTreeMap::new(),
            },
            phrases: match metadata.contains_key("phrases") {
                true => json(metadata, "phrases")?,
                false => 0,
            },
        };
        description.check()?;
        Ok(description)
    }

    fn check(&self) -> Result<(), String> {
        let sizes = &self.sizes;
        for (name, size, most) in [
            ("width", sizes.width, MOST.width),
            ("layers", sizes.layers, MOST.layers),
            ("heads", sizes.heads, MOST.heads),
            ("feed_forward", sizes.feed_forward, MOST.feed_forward),
            ("max_tokens", sizes.max_tokens, MOST.max_tokens),
            ("tokens", sizes.tokens, MOST.tokens),
            ("syllables", sizes.syllables, MOST.syllables),
        ] {
            if !(1..=most).contains(&size) {
                return Err(format!("`config.{name}` is {size}, not 1 to {most}"));
            }
        }
        if !sizes.width.is_multiple_of(sizes.heads) {
            return Err(format!(
                "`config.width` {} is no multiple of `config.heads` {}",
                sizes.width, sizes.heads
            ));
        }
        for (name, length) in [
            ("tokens", self.tokens.len()),
            ("token_syllables", self.token_syllables.len()),
        ] {
            if length != sizes.tokens {
                return Err(format!(
                    "`{name}` has {length} items, `config.tokens` says {}",
                    sizes.tokens
                ));
            }
        }
        if !self.tokens.iter().zip(SPECIAL).all(|(a, b)| a == b) || sizes.tokens < SPECIAL.len() {
            return Err(format!(
                "`tokens` does not begin with {}",
                SPECIAL.join(" ")
            ));
        }
        if let Some(wrong) = self
            .token_syllables
            .iter()
            .find(|&&syllable| syllable >= sizes.syllables)
        {
            return Err(format!(
                "`token_syllables` holds {wrong}, `config.syllables` says {}",
                sizes.syllables
            ));
        }
        if self.phrases > MOST_PHRASES {
            return Err(format!(
                "`phrases` is {}, not at most {MOST_PHRASES}",
                self.phrases
            ));
        }
        if let Some((name, _)) = self.heads.iter().find(|(_, labels)| labels.is_empty()) {
            return Err(format!("head `{name}` has no labels"));
        }
        Ok(())
    }
}

fn text<'a>(metadata: &'a HashMap<String, String>, key: &str) -> Result<&'a str, String> {
    let value = metadata.get(key).map(String::as_str);
    value.ok_or_else(|| format!("its metadata has no `{key}`"))
}

fn json<T: DeserializeOwned>(metadata: &HashMap<String, String>, key: &str) -> Result<T, String> {
    serde_json::from_str(text(metadata, key)?)
        .map_err(|error| format!("`{key}` in its metadata: {error}"))
}
