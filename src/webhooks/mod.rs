//! Asking a business's own systems: a signed HTTP request for what was collected in a call, and the reply, read strictly.
//!
//! The request is a `POST` of JSON, signed as Standard Webhooks 1.0 wants it (`webhook-id`, `webhook-timestamp`,
//! `webhook-signature: v1,<base64 of HMAC-SHA-256 over id.timestamp.body>`). The id is that of the request for ever: a second
//! try, or a second delivery by anything in between, has the same, and the system does what is asked once. The caller waits, so
//! all tries together have one short time limit, and a system that keeps failing is left alone for a while.
//!
//! ```text
//! {"type":"action.requested","business":"appliance","call":"0190...","caller":"13800138000","action":"lookup:order",
//!  "entry":"A012","question":"我的订单到哪了","slots":{"order":"12345678"}}
//! -> 200 {"outcome":"done","fields":{"status":"已发货","eta":"明天"}}
//! ```
//!
//! `outcome` is `done`, `not_found`, `refused` or `human`; what is said of it is a template of `prompts/`. This module does not
//! collect (see `conversation`), does not say anything, and logs nothing of a caller.

mod client;
mod event;
mod reply;
mod signature;
mod systems;

pub use self::{
    client::{Standing, Target, WebhookClient},
    event::Event,
    reply::{LONGEST_REPLY, MOST_FIELDS},
    signature::{Secret, Secrets, SecretsError},
    systems::{System, Systems},
};
