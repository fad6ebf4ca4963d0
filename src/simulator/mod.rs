//! Simulated callers, scenarios and their reports.
