//! Why something could not be done with a knowledge base.

use crate::{
    embedding::EmbedError,
    ids::BaseId,
    knowledge::{
        check::Concern,
        import::{DocumentError, Report},
    },
    llm::NotWritten,
    retrieval::SearchError,
    sandbox::SandboxError,
    storage::StorageError,
    tts::SynthesizeError,
};

/// Why something could not be done with a base.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It could not be read or written, or is not there.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Nothing of it is published.
    #[error("nothing of `{0}` is published")]
    NotPublished(BaseId),
    /// The draft is what is published.
    #[error("the draft of `{base}` is what is published already, as version {number}")]
    NothingNew {
        /// The base.
        base: BaseId,
        /// What is published.
        number: u64,
    },
    /// Another publication is going on.
    #[error("`{0}` is being published already")]
    Busy(BaseId),
    /// There is only one version.
    #[error("`{0}` has no version before this one")]
    NothingBefore(BaseId),
    /// The draft holds nothing.
    #[error("the draft of `{0}` holds no entry")]
    Empty(BaseId),
    /// Something is wrong with the draft.
    #[error("the draft of `{base}` cannot be published:{}", told(concerns))]
    Refused {
        /// The base.
        base: BaseId,
        /// Its errors.
        concerns: Vec<Concern>,
    },
    /// A document cannot be read.
    #[error(transparent)]
    Document(DocumentError),
    /// No document can be read.
    #[error(transparent)]
    Reader(SandboxError),
    /// A document holds no entry.
    #[error("{document} holds nothing that can be taken{refused}")]
    NothingTaken {
        /// Its name.
        document: String,
        /// The first refusals, in words.
        refused: String,
        /// What became of every row and page.
        report: Box<Report>,
    },
    /// There is no language model to ask.
    #[error("no language model is configured ([language_model])")]
    NoModel,
    /// The language model is of no use.
    #[error("the language model proposes nothing: {0}")]
    Model(NotWritten),
    /// The index could not be made.
    #[error("the index cannot be made: {0}")]
    Index(#[from] EmbedError),
    /// The index could not be asked.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// An answer could not be spoken.
    #[error("the answers cannot be spoken: {0}")]
    Speech(#[from] SynthesizeError),
}

/// Concerns that are told with an error.
const TOLD: usize = 10;

fn told(concerns: &[Concern]) -> String {
    let mut told: String = concerns
        .iter()
        .take(TOLD)
        .map(|concern| format!("\n  {concern}"))
        .collect();
    if let Some(more) = concerns.len().checked_sub(TOLD).filter(|more| *more > 0) {
        told.push_str(&format!("\n  and {more} more"));
    }
    told
}
