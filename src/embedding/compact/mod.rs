//! The compact encoder, `yingda-compact-1`: a small transformer over characters and how they sound.
//!
//! One safetensors file holds all of it: the weights, and in its metadata the sizes, the tokens and the name. The same
//! network with classification heads tells moods; heads read the mean of the hidden states, which [`CompactModel::means`] gives.
//! `scripts/train/encoder` trains and writes such files.

mod description;
mod head;
mod network;
mod tokens;

use std::path::Path;

pub use head::Head;

use self::{description::Description, network::Network, tokens::Tokeniser};
use super::{
    EmbedError, EncoderError, TextEncoder,
    one_thread::OneThread,
    unit,
    weights::{Weights, read_bounded},
};

/// The bundled file has 10 MB.
const LARGEST_FILE: u64 = 512 << 20;

/// Sentences that are computed together: enough to keep a core busy, few enough to stay in its cache.
const BATCH: usize = 16;

/// A compact model, loaded.
pub struct CompactModel {
    name: String,
    version: String,
    tokeniser: Tokeniser,
    network: Network,
    heads: Vec<Head>,
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
        let heads = description
            .heads
            .iter()
            .map(|(name, labels)| Head::load(name, labels, description.sizes.width, &weights))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            tokeniser: Tokeniser::new(&description.tokens, description.sizes.max_tokens),
            name: description.name,
            version: description.version,
            network,
            heads,
            thread: OneThread::start()?,
        })
    }

    /// The mean of the hidden states of each of `texts`, which heads read. Not normalised.
    pub fn means(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let ids: Vec<Vec<u32>> = texts.iter().map(|text| self.tokeniser.ids(text)).collect();
        // Sentences of a length share a batch, so that little is padded.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&at| ids[at].len());
        let mut means = vec![Vec::new(); ids.len()];
        for group in order.chunks(BATCH) {
            let batch: Vec<&[u32]> = group.iter().map(|&at| ids[at].as_slice()).collect();
            let found = self
                .thread
                .run(|| self.network.means(&batch))
                .map_err(|error| EmbedError::new(&self.name, error))?;
            for (&at, mean) in group.iter().zip(found) {
                means[at] = mean;
            }
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
        let vectors = self.means(texts)?.into_iter().map(unit);
        vectors
            .collect::<Option<_>>()
            .ok_or_else(|| EmbedError::new(&self.name, "a vector has no direction"))
    }
}

#[cfg(test)]
mod tests;
