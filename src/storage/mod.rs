//! What is kept: calls, events, CDRs, inputs, in SQLite.
