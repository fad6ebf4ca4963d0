//! The compact encoder, `yingda-compact-1`: a small transformer over characters and how they sound.
//!
//! One safetensors file holds all of it: the weights, and in its metadata the sizes, the tokens and the name. The same
//! network with classification heads tells moods; heads go by a [`Reading`]: the mean of the hidden states, and the phrases in the text.
//! `scripts/train/encoder` trains and writes such files.

mod description;
mod head;
mod network;
mod phrases;
mod tokens;

use std::path::Path;

pub use head::{Head, softmax};

use self::{description::Description, network::Network, phrases::Phrases, tokens::Tokeniser};
use super::{
    EmbedError, EncoderError, TextEncoder,
    one_thread::OneThread,
    unit,
    weights::{Weights, read_bounded},
};

/// The bundled file has 10 MB.
const LARGEST_FILE: u64 = 512 << 20;

/// Sentences that are computed together at most: enough to keep a core busy, few enough to stay in its cache.
const BATCH: usize = 16;

/// candle has an activation of so many numbers or more computed by threads of its own, which spin while they wait and serve one
/// caller at a time (candle-core 0.11, `PAR_ELEMWISE_MIN`). What is computed together stays below.
const SPREAD_BY_CANDLE: usize = 64 * 1_024;

/// What heads go by.
#[derive(Clone, Debug)]
pub struct Reading {
    mean: Vec<f32>,
    /// Rows of the phrases that the text holds.
    phrases: Vec<usize>,
}

impl Reading {
    /// How much each phrase counts: a long text holds many.
    fn weight(&self) -> f32 {
        (self.phrases.len().max(1) as f32).sqrt().recip()
    }
}

/// A compact model, loaded.
pub struct CompactModel {
    name: String,
    version: String,
    tokeniser: Tokeniser,
    network: Network,
    heads: Vec<Head>,
    phrases: Phrases,
    /// By id.
    tokens: Vec<String>,
    thread: OneThread,
}

impl CompactModel {
    /// Reads and checks `file`.
    pub fn load(file: &Path) -> Result<Self, EncoderError> {
        let content = read_bounded(file, LARGEST_FILE)?;
        let weights = Weights::of(file, &content)?;
        let description =
            Description::of(&content).map_err(|problem| EncoderError::content(file, problem))?;
        let network = Network::load(&description, &weights)?;
        let phrases = Phrases::load(description.phrases, description.sizes.tokens, &weights)?;
        let heads = description
            .heads
            .iter()
            .map(|(name, labels)| {
                let width = description.sizes.width;
                Head::load(name, labels, width, phrases.count(), &weights)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            tokeniser: Tokeniser::new(&description.tokens, description.sizes.max_tokens),
            name: description.name,
            version: description.version,
            network,
            heads,
            phrases,
            tokens: description.tokens,
            thread: OneThread::start()?,
        })
    }

    /// Reads `text` for the heads.
    pub fn read(&self, text: &str) -> Result<Reading, EmbedError> {
        let ids = vec![self.tokeniser.ids(text)];
        let mean = self.means(&ids)?.swap_remove(0);
        let phrases = self.phrases.in_text(&ids[0]);
        Ok(Reading { mean, phrases })
    }

    /// The words of `reading` that speak most for a label of `head`, and by how much (log-odds).
    pub fn most_telling(
        &self,
        head: &Head,
        reading: &Reading,
        label: usize,
    ) -> Option<(String, f32)> {
        let (row, gain) = head.most_telling(reading, label, |row| {
            self.phrases.is_telling(row, &self.tokens)
        })?;
        let words = self
            .phrases
            .words(row)
            .map(|id| self.tokens[id as usize].as_str());
        let words: Vec<&str> = words.collect();
        // English words stand apart, hanzi do not.
        let between = if words.iter().any(|word| word.len() > 1 && word.is_ascii()) {
            " "
        } else {
            ""
        };
        Some((words.join(between), gain))
    }

    /// The mean of the hidden states of each text, by its token ids. Not normalised.
    fn means(&self, ids: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, EmbedError> {
        // Sentences of a length share a batch, so that little is padded.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&at| ids[at].len());
        // From the longest, so that a group's first says how wide it is.
        order.reverse();
        let rows = (SPREAD_BY_CANDLE - 1) / self.network.widest();
        let mut groups: Vec<&[usize]> = Vec::new();
        let mut rest = order.as_slice();
        while let Some(&longest) = rest.first() {
            let count = (rows / ids[longest].len().max(1)).clamp(1, BATCH);
            let (group, after) = rest.split_at(count.min(rest.len()));
            groups.push(group);
            rest = after;
        }
        let found = self
            .thread
            .each(groups.len(), |number| {
                let group = groups[number].iter();
                let batch: Vec<&[u32]> = group.map(|&at| ids[at].as_slice()).collect();
                self.network.means(&batch)
            })
            .map_err(|error| EmbedError::new(&self.name, error))?;
        let mut means = vec![Vec::new(); ids.len()];
        for (&at, mean) in order.iter().zip(found.into_iter().flatten()) {
            means[at] = mean;
        }
        Ok(means)
    }

    /// The classification heads, by name; none in a file that is only for retrieval.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }
}

impl TextEncoder for CompactModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn dimensions(&self) -> usize {
        self.network.width()
    }

    fn embed_many(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let ids: Vec<Vec<u32>> = texts.iter().map(|text| self.tokeniser.ids(text)).collect();
        let vectors = self.means(&ids)?.into_iter().map(unit);
        vectors
            .collect::<Option<_>>()
            .ok_or_else(|| EmbedError::new(&self.name, "a vector has no direction"))
    }
}

#[cfg(test)]
mod tests;
