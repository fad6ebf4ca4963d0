//! Identifiers. Each is its own type so that two of them cannot be confused.
//!
//! This module does not generate identifiers from the clock or from randomness; drivers do that.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps `value` unchanged.
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! counter_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The identifier after this one.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

text_id!(
    /// A tenant, as named in the configuration.
    BusinessId
);
text_id!(
    /// A 400 number of a business, ten digits (`4008001234`).
    LineNumber
);
text_id!(
    /// An entry of a knowledge base, unique within it.
    EntryId
);
text_id!(
    /// A knowledge base of a business, unique within it.
    BaseName
);
text_id!(
    /// The version of a knowledge base: the hash of its content.
    KnowledgeVersion
);

/// A knowledge base: its owner and its name. Nothing is looked up by the name alone, so that no data crosses businesses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BaseId {
    /// Who owns it.
    pub business: BusinessId,
    /// Which of the owner's.
    pub name: BaseName,
}

impl fmt::Display for BaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.business, self.name)
    }
}

counter_id!(
    /// One thing the bot says in one call. Audio of an old speech is dropped at playout.
    SpeechId
);
counter_id!(
    /// One stretch of caller speech in one call.
    UtteranceId
);
counter_id!(
    /// One look into the knowledge base in one call.
    SearchId
);
counter_id!(
    /// One attempt to bring in an agent in one call.
    OfferId
);
counter_id!(
    /// One request to the business's systems in one call.
    ActionId
);

/// A call, from INVITE to CDR. Time-ordered (UUID version 7), so that it sorts by start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub Uuid);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_simple())
    }
}

impl std::str::FromStr for CallId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}
