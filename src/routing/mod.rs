//! Which line a call belongs to.
