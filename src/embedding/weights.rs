//! Weights from a safetensors file, each with the shape that it must have.
//!
//! Nothing of the file is believed: its size, its names, its shapes and its values are checked before anything is computed.

use std::{fs::File, io::Read, path::Path};

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors};

use super::EncoderError;

/// Reads all of `file`, unless it has more than `most` bytes.
pub(super) fn read_bounded(file: &Path, most: u64) -> Result<Vec<u8>, EncoderError> {
    let read = |error| EncoderError::Read {
        file: file.to_owned(),
        error,
    };
    let mut content = Vec::new();
    let opened = File::open(file).map_err(read)?;
    // One byte more, so that a file which grows is noticed.
    opened
        .take(most + 1)
        .read_to_end(&mut content)
        .map_err(read)?;
    if content.len() as u64 > most {
        return Err(EncoderError::content(
            file,
            format!("it has more than {most} bytes"),
        ));
    }
    Ok(content)
}

/// The tensors of a file.
pub(super) struct Weights<'a> {
    file: &'a Path,
    tensors: SafeTensors<'a>,
}

impl<'a> Weights<'a> {
    /// The tensors that `content`, read from `file`, holds.
    pub(super) fn of(file: &'a Path, content: &'a [u8]) -> Result<Self, EncoderError> {
        let tensors = SafeTensors::deserialize(content).map_err(|error| {
            EncoderError::content(file, format!("it is no safetensors file: {error}"))
        })?;
        Ok(Self { file, tensors })
    }

    /// A tensor as 32-bit floats. It must be there, of this shape, and finite.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, EncoderError> {
        let refuse = |problem: String| self.refuse(problem);
        let view = self
            .tensors
            .tensor(name)
            .map_err(|_| refuse(format!("tensor `{name}` is missing")))?;
        if view.shape() != shape {
            return Err(refuse(format!(
                "tensor `{name}` is {:?} instead of {shape:?}",
                view.shape()
            )));
        }
        let kind = match view.dtype() {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            other => {
                return Err(refuse(format!(
                    "tensor `{name}` is {other:?}, not floats of 16 or 32 bits"
                )));
            }
        };
        let read = || -> candle_core::Result<Option<Tensor>> {
            let tensor = Tensor::from_raw_buffer(view.data(), kind, shape, &Device::Cpu)?
                .to_dtype(DType::F32)?;
            let finite = tensor
                .flatten_all()?
                .to_vec1::<f32>()?
                .iter()
                .all(|value| value.is_finite());
            Ok(finite.then_some(tensor))
        };
        self.computed(name, read)?
            .ok_or_else(|| refuse(format!("tensor `{name}` holds what is no number")))
    }

    /// The file is not what it should be.
    pub(super) fn refuse(&self, problem: String) -> EncoderError {
        EncoderError::content(self.file, problem)
    }

    /// What is made of tensor `name` at load.
    pub(super) fn computed<T>(
        &self,
        name: &str,
        compute: impl FnOnce() -> candle_core::Result<T>,
    ) -> Result<T, EncoderError> {
        compute()
            .map_err(|error| EncoderError::content(self.file, format!("tensor `{name}`: {error}")))
    }
}
