//! A call again, from its recorded inputs: the same machine, the same moments, the same record.

use std::sync::Arc;

use super::{JournalEntry, JournalSettings, SessionMachine};
use crate::{
    call::{CallRecord, Cdr},
    clock::Moment,
    conversation::Prompts,
    ids::CallId,
};

/// Why a call cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The journal is empty or does not begin with the settings.
    #[error("the call's inputs were not recorded from its beginning")]
    NoBeginning,
    /// An input cannot be read.
    #[error("input {seq} of the call cannot be read: {error}")]
    Unreadable {
        /// Which one.
        seq: u64,
        /// Why.
        error: serde_json::Error,
    },
    /// The sentences are others than in the call.
    #[error(
        "the call was made with other sentences ({language}, hash {wanted}); those at hand have the hash {found}"
    )]
    OtherPrompts {
        /// Language.
        language: String,
        /// Hash in the call.
        wanted: String,
        /// Hash at hand, or `none`.
        found: String,
    },
}

/// What a replay gave.
#[derive(Debug)]
pub struct Replayed {
    /// The record.
    pub records: Vec<CallRecord>,
    /// The billing record of an ended call.
    pub cdr: Option<Cdr>,
}

/// Replays the journal of `call`: sequence number, moment and JSON of each input. `prompts` finds the sentences of a language.
pub fn replay<'a>(
    call: CallId,
    journal: impl IntoIterator<Item = (u64, Moment, &'a str)>,
    prompts: impl Fn(&str) -> Option<Arc<Prompts>>,
) -> Result<Replayed, ReplayError> {
    let mut machine = None;
    for (seq, at, json) in journal {
        let entry =
            serde_json::from_str(json).map_err(|error| ReplayError::Unreadable { seq, error })?;
        match (entry, &mut machine) {
            (JournalEntry::Settings { settings }, None) => {
                let settings = settings
                    .map(|settings| known(settings, &prompts))
                    .transpose()?;
                machine = Some(SessionMachine::new(settings));
            }
            (JournalEntry::Input { input }, Some(machine)) => {
                machine.handle(at, input);
                while machine.poll_output().is_some() {}
            }
            _ => return Err(ReplayError::NoBeginning),
        }
    }
    let records = machine.ok_or(ReplayError::NoBeginning)?.records().to_vec();
    Ok(Replayed {
        cdr: Cdr::from_records(call, &records),
        records,
    })
}

fn known(
    settings: JournalSettings,
    prompts: impl Fn(&str) -> Option<Arc<Prompts>>,
) -> Result<super::SessionSettings, ReplayError> {
    let found = prompts(&settings.language);
    match found {
        Some(prompts) if prompts.hash() == settings.prompts => Ok(settings.with(prompts)),
        found => Err(ReplayError::OtherPrompts {
            language: settings.language,
            wanted: settings.prompts,
            found: found.map_or("none".to_owned(), |prompts| prompts.hash().to_owned()),
        }),
    }
}
