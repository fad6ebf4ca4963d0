//! The talking part of a call: turns, barge-in, prompts, and when to give up and ask for a human.
//!
//! A sans-IO machine: [`Conversation`] takes the moment and an [`Input`], and gives [`Output`]s until there are none. It asks
//! for recognition, search and speech; the driver obtains them. It knows nothing of SIP, RTP or storage.

mod acting;
mod callback;
mod choosing;
mod escalating;
mod filling;
mod floor;
mod generated;
mod io;
mod keys;
mod machine;
mod patience;
mod playout;
mod prompts;
mod reactions;
mod replies;
mod slots;
mod taking_back;
mod turn_taking;
mod unanswered;
mod understanding;
mod words;

pub use io::{Generation, Input, Listening, Output, Speech};
pub use machine::{Conversation, ConversationSettings, Timings};
pub use prompts::{PromptError, Prompts, Sentence};
pub use words::{Intent, Vocabulary};

#[cfg(test)]
mod tests;
