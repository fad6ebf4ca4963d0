//! A business's documents into entries.
