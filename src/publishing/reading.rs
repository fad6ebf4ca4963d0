//! Documents, read by a process of their own.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::sync::Semaphore;

use crate::{
    knowledge::import::{Document, DocumentError, DocumentLimits, Place, read_document},
    sandbox::{self, Limits, SandboxError},
};

/// The subcommand that reads.
pub const SUBCOMMAND: &str = "read-document";

/// Documents that are read at once: calls go first.
const AT_ONCE: usize = 1;

/// Stack of the thread that reads, in bytes: parsers of nested formats call themselves.
const STACK: usize = 64 << 20;

/// What reading a document may use. Office documents at the limits of [`DocumentLimits`] take 3 s and 250 MiB in a debug build;
/// PDF takes up to 15 ms a page, most of it for the fonts.
pub const LIMITS: Limits = Limits {
    memory: 1 << 30,
    processor: Duration::from_secs(120),
    time: Duration::from_secs(180),
    answer: 64 << 20,
};

/// Why a document was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Something is wrong with it.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The reader itself could not be used.
    #[error(transparent)]
    Reader(SandboxError),
}

/// Reads documents in other processes, one after the other.
#[derive(Debug)]
pub struct Reader {
    program: PathBuf,
    places: Semaphore,
}

impl Reader {
    /// A reader that starts `program` (this one) with [`SUBCOMMAND`].
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            places: Semaphore::new(AT_ONCE),
        }
    }

    /// Reads a document. Others wait meanwhile.
    pub async fn read(&self, document: &str, content: &[u8]) -> Result<Document, ReadError> {
        // It is never closed.
        let _place = self.places.acquire().await;
        read(&self.program, document, content, &LIMITS).await
    }
}

/// Reads a document in a process of its own: `program` with [`SUBCOMMAND`]. Dropped before it is done, it ends that process.
///
/// A document that ends the process is an error with the last place that was read.
pub async fn read(
    program: &Path,
    document: &str,
    content: &[u8],
    limits: &Limits,
) -> Result<Document, ReadError> {
    // The child would say the same, after it had been given all of it.
    DocumentLimits::default().check_file(document, content)?;
    let arguments = [SUBCOMMAND, "--", document];
    match sandbox::run(program, &arguments, content, limits).await {
        Ok(answer) => match serde_json::from_slice::<Result<Document, DocumentError>>(&answer) {
            Ok(read) => Ok(read?),
            Err(error) => Err(ReadError::Reader(SandboxError::Start(error.into()))),
        },
        Err(error @ SandboxError::Start(_)) => Err(ReadError::Reader(error)),
        Err(died) => {
            let place = died.at().and_then(|at| serde_json::from_str(at).ok());
            let place: Place = place.unwrap_or_default();
            Err(DocumentError::new(document, &place, died.to_string()).into())
        }
    }
}

/// The child's side: confines this process, reads the document from `input` and writes the answer to `output`; says on standard
/// error where it is.
pub fn read_confined(
    document: &str,
    mut input: impl Read,
    mut output: impl Write,
) -> std::io::Result<()> {
    sandbox::confine(&LIMITS)?;
    // A reader that panics is an answer like others; what it says about itself is for nobody.
    std::panic::set_hook(Box::new(|_| {}));
    let limits = DocumentLimits::default();
    let mut content = Vec::new();
    // One more than may be, so that more is seen.
    let most = limits.file as u64 + 1;
    input.by_ref().take(most).read_to_end(&mut content)?;
    let name = document.to_owned();
    let reading = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || {
            let mut last = Place::default();
            let mut at = |place: &Place| {
                last = place.clone();
                // Places are texts and numbers, which are JSON.
                let place = serde_json::to_string(place).unwrap_or_default();
                eprintln!("{}{place}", sandbox::AT);
            };
            let reading =
                std::panic::AssertUnwindSafe(|| read_document(&name, &content, &limits, &mut at));
            match std::panic::catch_unwind(reading) {
                Ok(answer) => answer,
                Err(_) => Err(DocumentError::new(&name, &last, "is broken")),
            }
        })?;
    let answer = reading
        .join()
        .map_err(|_| std::io::Error::other("the reader panicked"))?;
    serde_json::to_writer(&mut output, &answer)?;
    output.flush()
}
