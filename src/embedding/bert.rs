//! BERT models as they are published, bge-small-zh above all: a folder with `config.json`, `tokenizer.json` and
//! `model.safetensors`. A sentence's vector is the state of `[CLS]`, normalised, as bge wants it.

use std::path::Path;

use candle_core::{DType, Device, Result as CandleResult, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use sha2::{Digest, Sha256};
use tokenizers::{Encoding, Tokenizer, TruncationParams};

use super::{
    EmbedError, EncoderError, TextEncoder, one_thread::OneThread, unit, weights::read_bounded,
};

/// bge-large has 1.3 GB.
const LARGEST_WEIGHTS: u64 = 4 << 30;
/// The tokenizer of bge-m3 has 17 MB.
const LARGEST_DESCRIPTION: u64 = 64 << 20;
/// Longer sentences are cut; nobody asks in more tokens.
const LONGEST: usize = 128;
/// Sentences that are computed together.
const BATCH: usize = 16;

/// What bge models for Chinese were taught to see before a question that looks for longer texts. Questions that are
/// compared with questions do without.
pub const BGE_INSTRUCTION: &str = "为这个句子生成表示以用于检索相关文章：";

/// A BERT model, loaded.
pub struct BertEncoder {
    name: String,
    version: String,
    dimensions: usize,
    instruction: Option<String>,
    tokenizer: Tokenizer,
    padding: u32,
    model: BertModel,
    thread: OneThread,
}

impl BertEncoder {
    /// Reads and checks the model in `folder`. `instruction` is put before every question, and before nothing else.
    pub fn load(folder: &Path, instruction: Option<&str>) -> Result<Self, EncoderError> {
        let file = folder.join("config.json");
        let content = read_bounded(&file, LARGEST_DESCRIPTION)?;
        let config: Config = serde_json::from_slice(&content)
            .map_err(|error| EncoderError::content(&file, error.to_string()))?;
        check(&config).map_err(|problem| EncoderError::content(&file, problem))?;

        let file = folder.join("tokenizer.json");
        let tokenizer = read_bounded(&file, LARGEST_DESCRIPTION)?;
        let tokenizer = tokenizer_of(&tokenizer, &config)
            .map_err(|problem| EncoderError::content(&file, problem))?;

        let file = folder.join("model.safetensors");
        let content = read_bounded(&file, LARGEST_WEIGHTS)?;
        // Nobody else says what is in the file, so its content is the version.
        let version = Sha256::digest(&content)[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let weights = VarBuilder::from_buffered_safetensors(content, DType::F32, &Device::Cpu)
            .map_err(|error| EncoderError::content(&file, error.to_string()))?;
        let model = BertModel::load(weights, &config)
            .map_err(|error| EncoderError::content(&file, error.to_string()))?;
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        let encoder = Self {
            name: name.to_string_lossy().into_owned(),
            version,
            dimensions: config.hidden_size,
            instruction: instruction.map(str::to_owned),
            tokenizer,
            padding: config.pad_token_id as u32,
            model,
            thread: OneThread::start()?,
        };
        // A sentence at once, so that a model which cannot compute is refused now and not in a call.
        encoder
            .embed_many(&["你好"])
            .map_err(|error| EncoderError::content(&file, error.problem))?;
        Ok(encoder)
    }

    fn tokens(&self, text: &str) -> Result<Encoding, EmbedError> {
        self.tokenizer
            .encode(text, true)
            .map_err(|error| EmbedError::new(&self.name, error))
    }

    /// The states of `[CLS]`, `[B * W]`.
    fn states(&self, batch: &[&Encoding]) -> CandleResult<Vec<f32>> {
        let longest = batch.iter().map(|tokens| tokens.len()).max().unwrap_or(0);
        let shape = (batch.len(), longest);
        let padded = |values: fn(&Encoding) -> &[u32], padding: u32| {
            let rows = batch.iter().flat_map(|tokens| {
                let row = values(tokens).iter().copied();
                row.chain(std::iter::repeat(padding)).take(longest)
            });
            Tensor::from_vec(rows.collect::<Vec<u32>>(), shape, &Device::Cpu)
        };
        let ids = padded(Encoding::get_ids, self.padding)?;
        let types = padded(Encoding::get_type_ids, 0)?;
        let mask = padded(Encoding::get_attention_mask, 0)?;
        let states = self.model.forward(&ids, &types, Some(&mask))?;
        states.narrow(1, 0, 1)?.flatten_all()?.to_vec1()
    }
}

impl TextEncoder for BertEncoder {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed_many(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let tokens = texts.iter().map(|text| self.tokens(text));
        let tokens: Vec<Encoding> = tokens.collect::<Result<_, _>>()?;
        // Sentences of a length share a batch, so that little is padded.
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_by_key(|&at| tokens[at].len());
        let mut vectors = vec![Vec::new(); tokens.len()];
        let groups: Vec<&[usize]> = order.chunks(BATCH).collect();
        let found = self
            .thread
            .each(groups.len(), |number| {
                let batch: Vec<&Encoding> = groups[number].iter().map(|&at| &tokens[at]).collect();
                self.states(&batch)
            })
            .map_err(|error| EmbedError::new(&self.name, error))?;
        for (group, states) in groups.into_iter().zip(found) {
            for (&at, state) in group.iter().zip(states.chunks(self.dimensions)) {
                vectors[at] = unit(state.to_vec())
                    .ok_or_else(|| EmbedError::new(&self.name, "a vector has no direction"))?;
            }
        }
        Ok(vectors)
    }

    fn embed_question(&self, question: &str) -> Result<Vec<f32>, EmbedError> {
        let marked = self
            .instruction
            .as_ref()
            .map(|instruction| format!("{instruction}{question}"));
        self.embed_many(&[marked.as_deref().unwrap_or(question)])?
            .pop()
            .ok_or_else(|| EmbedError::new(&self.name, "it gave no vector"))
    }
}

/// What candle would only notice when it computes, or by a panic.
fn check(config: &Config) -> Result<(), String> {
    for (name, size, most) in [
        ("vocab_size", config.vocab_size, 1_000_000),
        ("hidden_size", config.hidden_size, 8_192),
        ("num_hidden_layers", config.num_hidden_layers, 96),
        ("num_attention_heads", config.num_attention_heads, 128),
        ("intermediate_size", config.intermediate_size, 32_768),
        (
            "max_position_embeddings",
            config.max_position_embeddings,
            65_536,
        ),
        ("type_vocab_size", config.type_vocab_size, 16),
    ] {
        if !(1..=most).contains(&size) {
            return Err(format!("`{name}` is {size}, not 1 to {most}"));
        }
    }
    if !config
        .hidden_size
        .is_multiple_of(config.num_attention_heads)
    {
        return Err(format!(
            "`hidden_size` {} is no multiple of `num_attention_heads` {}",
            config.hidden_size, config.num_attention_heads
        ));
    }
    if config.pad_token_id >= config.vocab_size {
        return Err(format!(
            "`pad_token_id` {} is not below `vocab_size` {}",
            config.pad_token_id, config.vocab_size
        ));
    }
    if config
        .model_type
        .as_deref()
        .is_some_and(|kind| kind != "bert")
    {
        return Err("`model_type` is not `bert`".to_owned());
    }
    Ok(())
}

fn tokenizer_of(content: &[u8], config: &Config) -> Result<Tokenizer, String> {
    let mut tokenizer = Tokenizer::from_bytes(content).map_err(|error| error.to_string())?;
    let highest = tokenizer.get_vocab(true).into_values().max();
    if let Some(highest) = highest
        && highest as usize >= config.vocab_size
    {
        return Err(format!(
            "it has token {highest}, `vocab_size` in config.json says {}",
            config.vocab_size
        ));
    }
    let truncation = TruncationParams {
        max_length: LONGEST.min(config.max_position_embeddings),
        ..TruncationParams::default()
    };
    tokenizer.with_padding(None);
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(|error| error.to_string())?;
    Ok(tokenizer)
}

#[cfg(test)]
mod tests;
