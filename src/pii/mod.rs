//! Personal data: callers' numbers and words.
//!
//! [`Pii`] keeps its content out of logs: `Debug` and `Display` show a mask. Code that has the right to the content says
//! so by calling [`Pii::expose`]. [`mask_text`] finds numbers and addresses inside text.
//! This module does not find names or places.

mod mask;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use mask::{hide, is_dictation, mask_json, mask_number, mask_read_back, mask_text, mask_words};

/// A value that says something about a person (个人信息保护法 Art. 4).
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Marks `value` as personal.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Never pass it to a log.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Gives the value up.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<personal>")
    }
}

impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<personal>")
    }
}

impl<T> From<T> for Pii<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_shows_only_on_request() {
        let number = Pii::new("13800138000".to_owned());
        assert_eq!(format!("{number} {number:?}"), "<personal> <personal>");
        assert_eq!(number.expose(), "13800138000");
    }
}
