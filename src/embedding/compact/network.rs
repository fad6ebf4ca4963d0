//! The network: token, syllable and place, pre-norm transformer blocks, the mean of what comes out.
//!
//! Shapes: B sentences of at most T tokens, W wide, H heads.

use candle_core::{Device, Result, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};

use super::description::Description;
use crate::embedding::{EncoderError, weights::Weights};

/// As PyTorch's LayerNorm has it.
const EPSILON: f32 = 1e-5;

/// Ids of padding.
const PADDING: u32 = 0;

/// The weights, ready to compute.
pub(super) struct Network {
    width: usize,
    widest: usize,
    heads: usize,
    /// Token by token, what it is and how it sounds, `[tokens * W]`.
    tokens: Vec<f32>,
    /// `[max_tokens * W]`.
    positions: Vec<f32>,
    blocks: Vec<Block>,
    norm: Norm,
}

struct Block {
    attention_norm: Norm,
    qkv: Linear,
    out: Linear,
    feed_forward_norm: Norm,
    up: Linear,
    down: Linear,
}

struct Norm {
    weight: Tensor,
    bias: Tensor,
}

struct Linear {
    /// `[in, out]`.
    weight: Tensor,
    bias: Tensor,
}

impl Network {
    pub(super) fn load(
        description: &Description,
        weights: &Weights<'_>,
    ) -> std::result::Result<Self, EncoderError> {
        let sizes = description.sizes;
        let width = sizes.width;
        let table = |name: &str, rows: usize| -> std::result::Result<Vec<f32>, EncoderError> {
            let tensor = weights.tensor(name, &[rows, width])?;
            weights.computed(name, || tensor.flatten_all()?.to_vec1())
        };
        let norm = |name: String| -> std::result::Result<Norm, EncoderError> {
            Ok(Norm {
                weight: weights.tensor(&format!("{name}.weight"), &[width])?,
                bias: weights.tensor(&format!("{name}.bias"), &[width])?,
            })
        };
        let linear = |name: String, from: usize, to: usize| {
            let weight = weights.tensor(&format!("{name}.weight"), &[to, from])?;
            Ok::<_, EncoderError>(Linear {
                weight: weights.computed(&name, || weight.t()?.contiguous())?,
                bias: weights.tensor(&format!("{name}.bias"), &[to])?,
            })
        };
        let mut tokens = table("token.weight", sizes.tokens)?;
        let syllables = table("syllable.weight", sizes.syllables)?;
        for (token, &syllable) in tokens.chunks_mut(width).zip(&description.token_syllables) {
            let sound = &syllables[syllable * width..][..width];
            token
                .iter_mut()
                .zip(sound)
                .for_each(|(token, sound)| *token += sound);
        }
        let blocks = (0..sizes.layers)
            .map(|layer| {
                let name = |part: &str| format!("layers.{layer}.{part}");
                Ok::<_, EncoderError>(Block {
                    attention_norm: norm(name("attention_norm"))?,
                    qkv: linear(name("qkv"), width, 3 * width)?,
                    out: linear(name("out"), width, width)?,
                    feed_forward_norm: norm(name("ffn_norm"))?,
                    up: linear(name("up"), width, sizes.feed_forward)?,
                    down: linear(name("down"), sizes.feed_forward, width)?,
                })
            })
            .collect::<std::result::Result<_, _>>()?;
        Ok(Self {
            width,
            widest: sizes.feed_forward.max(3 * width),
            heads: sizes.heads,
            tokens,
            positions: table("position.weight", sizes.max_tokens)?,
            blocks,
            norm: norm("norm".to_owned())?,
        })
    }

    /// The most numbers that any layer makes of a token.
    pub(super) const fn widest(&self) -> usize {
        self.widest
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// The mean state of each sentence of `batch`, token ids of the tokeniser that belongs to this network.
    pub(super) fn means(&self, batch: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        let (width, sentences) = (self.width, batch.len());
        let longest = batch.iter().map(|ids| ids.len()).max().unwrap_or(0);
        if longest == 0 {
            return Ok(Vec::new());
        }
        let mut x = self.embedded(batch, longest)?;
        let mask = padding_mask(batch, longest)?;
        for block in &self.blocks {
            let mixed = self.attention(
                &block.qkv.apply(&block.attention_norm.apply(&x)?)?,
                mask.as_ref(),
                (sentences, longest),
            )?;
            x = (x + block.out.apply(&mixed)?)?;
            let inner = block.up.apply(&block.feed_forward_norm.apply(&x)?)?;
            x = (x + block.down.apply(&inner.gelu_erf()?)?)?;
        }
        let states = self.norm.apply(&x)?.flatten_all()?.to_vec1::<f32>()?;
        let mean = |(ids, states): (&&[u32], &[f32])| {
            let mut sum = vec![0.0; width];
            for state in states.chunks(width).take(ids.len()) {
                sum.iter_mut()
                    .zip(state)
                    .for_each(|(sum, value)| *sum += value);
            }
            let count = ids.len().max(1) as f32;
            sum.into_iter().map(|sum| sum / count).collect()
        };
        Ok(batch
            .iter()
            .zip(states.chunks(longest * width))
            .map(mean)
            .collect())
    }

    /// `[B * T, W]`.
    fn embedded(&self, batch: &[&[u32]], longest: usize) -> Result<Tensor> {
        let width = self.width;
        let mut values = Vec::with_capacity(batch.len() * longest * width);
        for ids in batch {
            let padded = ids.iter().chain(std::iter::repeat(&PADDING)).take(longest);
            for (&id, place) in padded.zip(self.positions.chunks(width)) {
                let token = &self.tokens[id as usize * width..][..width];
                values.extend(token.iter().zip(place).map(|(token, place)| token + place));
            }
        }
        Tensor::from_vec(values, (batch.len() * longest, width), &Device::Cpu)
    }

    /// What each token takes from the others: `[B * T, 3 * W]` to `[B * T, W]`.
    fn attention(
        &self,
        qkv: &Tensor,
        mask: Option<&Tensor>,
        (sentences, longest): (usize, usize),
    ) -> Result<Tensor> {
        let (heads, size) = (self.heads, self.width / self.heads);
        let qkv = qkv
            .reshape((sentences, longest, 3, heads, size))?
            .permute((2, 0, 3, 1, 4))?
            .contiguous()?;
        let (q, k, v) = (qkv.get(0)?, qkv.get(1)?, qkv.get(2)?);
        let mut scores = (q.matmul(&k.t()?)? * (size as f64).sqrt().recip())?;
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?;
        }
        softmax_last_dim(&scores)?
            .matmul(&v)?
            .transpose(1, 2)?
            .contiguous()?
            .reshape((sentences * longest, self.width))
    }
}

/// `[B, 1, 1, T]`, to be added to scores: nobody looks at padding. `None` where nothing is padded.
fn padding_mask(batch: &[&[u32]], longest: usize) -> Result<Option<Tensor>> {
    if batch.iter().all(|ids| ids.len() == longest) {
        return Ok(None);
    }
    let values = batch.iter().flat_map(|ids| {
        let hidden = |at| {
            if at < ids.len() {
                0.0
            } else {
                f32::NEG_INFINITY
            }
        };
        (0..longest).map(hidden)
    });
    let shape = (batch.len(), 1, 1, longest);
    Tensor::from_vec(values.collect::<Vec<f32>>(), shape, &Device::Cpu).map(Some)
}

impl Norm {
    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, EPSILON)
    }
}

impl Linear {
    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}
