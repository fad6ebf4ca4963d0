//! What the clients of other people's servers share: which addresses may be asked, and leaving alone what keeps failing.
//!
//! This module does not ask anybody (see `llm`, `webhooks`, `retrieval::qdrant`).

mod address;
mod health;

pub use self::{
    address::{UrlFault, check_url, is_loopback},
    health::{Health, Resting},
};
