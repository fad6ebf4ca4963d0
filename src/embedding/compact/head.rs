//! A classification head: what a sentence is, by the mean of its hidden states.

use crate::embedding::{EncoderError, weights::Weights};

/// Labels, and a linear layer that gives each a probability.
#[derive(Debug)]
pub struct Head {
    name: String,
    labels: Vec<String>,
    /// Rows by label.
    rows: Vec<Vec<f32>>,
    bias: Vec<f32>,
}

impl Head {
    pub(super) fn load(
        name: &str,
        labels: &[String],
        width: usize,
        weights: &Weights<'_>,
    ) -> Result<Self, EncoderError> {
        let tensor = |part: &str, shape: &[usize]| -> Result<Vec<f32>, EncoderError> {
            let name = format!("heads.{name}.{part}");
            let tensor = weights.tensor(&name, shape)?;
            weights.computed(&name, || tensor.flatten_all()?.to_vec1())
        };
        let rows = tensor("weight", &[labels.len(), width])?;
        Ok(Self {
            name: name.to_owned(),
            labels: labels.to_vec(),
            rows: rows.chunks(width).map(<[f32]>::to_vec).collect(),
            bias: tensor("bias", &[labels.len()])?,
        })
    }

    /// What it tells (`mood`).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it can say.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The probability of each label, in their order; they sum to 1. `mean` is one of `CompactModel::means`.
    pub fn probabilities(&self, mean: &[f32]) -> Vec<f32> {
        let logits: Vec<f32> = self
            .rows
            .iter()
            .zip(&self.bias)
            .map(|(row, bias)| crate::embedding::likeness(row, mean) + bias)
            .collect();
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let parts: Vec<f32> = logits.iter().map(|logit| (logit - highest).exp()).collect();
        let sum: f32 = parts.iter().sum();
        parts.into_iter().map(|part| part / sum).collect()
    }
}
