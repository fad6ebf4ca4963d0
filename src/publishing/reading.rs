//! Documents, read by a process of their own.

use std::{path::PathBuf, time::Duration};

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

/// What reading a document may use.
pub const LIMITS: Limits = Limits {
    memory: 1_536 << 20,
    processor: Duration::from_secs(60),
    time: Duration::from_secs(90),
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

/// Reads documents in other processes.
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
        let limit = DocumentLimits::default().file;
        if content.len() > limit {
            let problem = format!(
                "has {} MiB; {} can be read",
                content.len() >> 20,
                limit >> 20
            );
            return Err(DocumentError::new(document, &Place::default(), problem).into());
        }
        // It is never closed.
        let _place = self.places.acquire().await;
        let arguments = [SUBCOMMAND, "--", document];
        let broken = |place: Option<&str>, problem: String| {
            let place = Place {
                // In the words that the reader said it in.
                part: place.map(str::to_owned),
                ..Place::default()
            };
            ReadError::Document(DocumentError::new(document, &place, problem))
        };
        match sandbox::run(&self.program, &arguments, content, &LIMITS).await {
            Ok(answer) => {
                match serde_json::from_slice::<Result<Document, DocumentError>>(&answer) {
                    Ok(read) => Ok(read?),
                    Err(error) => Err(broken(None, format!("the reader does not answer: {error}"))),
                }
            }
            Err(error @ SandboxError::Start(_)) => Err(ReadError::Reader(error)),
            Err(error) => Err(broken(error.at(), error.to_string())),
        }
    }
}

/// The child's side: confines this process, reads the document from `input` and writes the answer to `output`; says on standard
/// error where it is.
pub fn read_confined(
    document: &str,
    mut input: impl std::io::Read,
    mut output: impl std::io::Write,
) -> std::io::Result<()> {
    sandbox::confine(&LIMITS)?;
    // A reader that panics is an answer like others; what it says about itself is for nobody.
    std::panic::set_hook(Box::new(|_| {}));
    let mut content = Vec::new();
    input.read_to_end(&mut content)?;
    let name = document.to_owned();
    let reading = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || {
            let limits = DocumentLimits::default();
            read_document(&name, &content, &limits, &mut |place| {
                eprintln!("{}{place}", sandbox::AT);
            })
        })?;
    let Ok(answer) = reading.join() else {
        return Err(std::io::Error::other("the reader panicked"));
    };
    serde_json::to_writer(&mut output, &answer)?;
    output.flush()
}
