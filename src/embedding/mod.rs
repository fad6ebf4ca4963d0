//! Sentences into vectors: the [`TextEncoder`] seam and its engines.
//!
//! [`compact`] reads the small encoder that comes with the program, [`bert`] a folder with a BERT model such as bge-small-zh.
//! Both compute on one thread each, so that questions of many calls never take more cores than there are encoders; whoever has
//! hundreds of sentences at once, as an import has, is given two threads beside it.
//!
//! This module does not search (see `retrieval`) and does not decide what to say.

pub mod bert;
pub mod compact;
pub mod fake;
mod one_thread;
mod remembering;
mod weights;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub use remembering::Remembering;

/// Turns sentences into unit vectors; the nearer two are, the more alike the sentences mean.
pub trait TextEncoder: Send + Sync {
    /// The model's name.
    fn name(&self) -> &str;

    /// Changes whenever the vectors of the same sentences may.
    fn version(&self) -> &str;

    /// The length of every vector.
    fn dimensions(&self) -> usize;

    /// The vectors of `texts`, in their order.
    fn embed_many(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// The vector of a question. Some models want questions marked, others do not care.
    fn embed_question(&self, question: &str) -> Result<Vec<f32>, EmbedError> {
        self.embed_many(&[question])?
            .pop()
            .ok_or_else(|| EmbedError::new(self.name(), "it gave no vector"))
    }
}

/// Reads the encoder at `path`: a folder is a BERT model, a file a compact one.
pub fn load(path: &Path) -> Result<Arc<dyn TextEncoder>, EncoderError> {
    Ok(match path.is_dir() {
        true => Arc::new(bert::BertEncoder::load(path, None)?),
        false => Arc::new(compact::CompactModel::load(path)?),
    })
}

/// Why an encoder was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// The file cannot be read.
    #[error("encoder file {file}: {error}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is not what it should be.
    #[error("encoder file {file}: {problem}")]
    Content {
        /// The file.
        file: PathBuf,
        /// In words.
        problem: String,
    },
    /// Its thread cannot be started.
    #[error("the encoder's thread cannot be started: {0}")]
    Thread(String),
}

impl EncoderError {
    fn content(file: &Path, problem: impl Into<String>) -> Self {
        Self::Content {
            file: file.to_owned(),
            problem: problem.into(),
        }
    }
}

/// Why a sentence got no vector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("encoder `{encoder}` failed: {problem}")]
pub struct EmbedError {
    /// The model's name.
    pub encoder: String,
    /// In words.
    pub problem: String,
}

impl EmbedError {
    /// A failure of the model of this name.
    pub fn new(encoder: &str, problem: impl ToString) -> Self {
        Self {
            encoder: encoder.to_owned(),
            problem: problem.to_string(),
        }
    }
}

/// How alike two unit vectors of one encoder are: their cosine, -1 to 1.
pub fn likeness(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums beside each other, so that the compiler can use wide registers; a single sum fixes the order.
    let mut sums = [0.0f32; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// `vector` with length 1; `None` when it has no direction or is not finite.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = likeness(&vector, &vector).sqrt();
    if !length.is_normal() {
        return None;
    }
    vector.iter_mut().for_each(|value| *value /= length);
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_the_cosine_of_unit_vectors() {
        let vector = |seed: usize| -> Vec<f32> {
            let values = (0..19).map(|at| ((at * seed + seed) % 7) as f32 - 3.0);
            unit(values.collect()).expect("it has a direction")
        };
        let (a, b) = (vector(2), vector(3));
        let plain: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        assert!((likeness(&a, &b) - plain).abs() < 1e-6);
        assert!((likeness(&a, &a) - 1.0).abs() < 1e-6);
        assert_eq!(unit(vec![0.0; 4]), None);
        assert_eq!(unit(vec![f32::NAN, 1.0]), None);
        assert_eq!(unit(vec![f32::MAX, f32::MAX]), None);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let problem = |path: &str| load(Path::new(path)).err().map(|error| error.to_string());
        let told = problem("nowhere/encoder.safetensors").expect("refused");
        assert!(
            told.starts_with("encoder file nowhere/encoder.safetensors: "),
            "{told}"
        );
        let told = problem("src").expect("refused");
        assert!(told.starts_with("encoder file src/config.json: "), "{told}");
    }
}
