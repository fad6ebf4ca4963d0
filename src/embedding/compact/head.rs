//! A classification head: what a sentence is, by the mean of its hidden states and the phrases in it.

use super::Reading;
use crate::embedding::{EncoderError, likeness, weights::Weights};

/// Labels, and a linear layer that gives each a probability.
#[derive(Clone, Debug)]
pub struct Head {
    name: String,
    labels: Vec<String>,
    /// Rows by label.
    rows: Vec<Vec<f32>>,
    bias: Vec<f32>,
    /// Rows by phrase: what it adds to each label.
    phrases: Vec<Vec<f32>>,
}

impl Head {
    pub(super) fn load(
        name: &str,
        labels: &[String],
        width: usize,
        phrases: usize,
        weights: &Weights<'_>,
    ) -> Result<Self, EncoderError> {
        let tensor = |part: &str, shape: &[usize]| -> Result<Vec<f32>, EncoderError> {
            let name = format!("heads.{name}.{part}");
            let tensor = weights.tensor(&name, shape)?;
            weights.computed(&name, || tensor.flatten_all()?.to_vec1())
        };
        let added = match phrases {
            0 => Vec::new(),
            count => tensor("phrases", &[count, labels.len()])?,
        };
        let rows = tensor("weight", &[labels.len(), width])?;
        Ok(Self {
            name: name.to_owned(),
            labels: labels.to_vec(),
            rows: rows.chunks(width).map(<[f32]>::to_vec).collect(),
            bias: tensor("bias", &[labels.len()])?,
            phrases: added.chunks(labels.len()).map(<[f32]>::to_vec).collect(),
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

    /// The probability of each label, in their order; they sum to 1.
    pub fn probabilities(&self, reading: &Reading) -> Vec<f32> {
        let mut logits: Vec<f32> = self
            .rows
            .iter()
            .zip(&self.bias)
            .map(|(row, bias)| likeness(row, &reading.mean) + bias)
            .collect();
        for &phrase in &reading.phrases {
            for (logit, added) in logits.iter_mut().zip(&self.phrases[phrase]) {
                *logit += added * reading.weight();
            }
        }
        softmax(&logits)
    }

    /// The phrase of `reading` that speaks most for `label` over the other labels, and by how much (log-odds).
    /// Only phrases that are `telling` to a person.
    pub(super) fn most_telling(
        &self,
        reading: &Reading,
        label: usize,
        telling: impl Fn(usize) -> bool,
    ) -> Option<(usize, f32)> {
        let gain = |&phrase: &usize| {
            let row = &self.phrases[phrase];
            let mean = row.iter().sum::<f32>() / row.len() as f32;
            (phrase, (row[label] - mean) * reading.weight())
        };
        let gains = reading
            .phrases
            .iter()
            .filter(|row| telling(**row))
            .map(gain);
        gains.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Probabilities in proportion to the exponentials of `logits`.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let parts: Vec<f32> = logits.iter().map(|logit| (logit - highest).exp()).collect();
    let sum: f32 = parts.iter().sum();
    parts.into_iter().map(|part| part / sum).collect()
}
