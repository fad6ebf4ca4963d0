//! Dialogues played line by line, and properties of any conversation.

mod asking;
mod dialogues;
mod generated;
mod prompt_files;
mod properties;
mod recovery;
mod slots;
mod stage;
mod turns;
mod vocabulary;
