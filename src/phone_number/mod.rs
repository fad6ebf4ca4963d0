//! Telephone numbers as carriers write them, and where they come from.

use serde::{Deserialize, Serialize};

/// The number of a caller in canonical form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallerNumber {
    /// Canonical form; empty when withheld.
    pub canonical: String,
}
