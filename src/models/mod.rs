//! The model files: catalogue, download, verification.
