//! When a human is needed, whatever else was said.
