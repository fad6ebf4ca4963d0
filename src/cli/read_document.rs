//! `yingda read-document`: reads a document for another process of this program. Not for people.

use std::io::{self, BufWriter};

use crate::publishing::reading::read_confined;

/// Reads a document from standard input and answers in JSON.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its name.
    document: String,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let output = BufWriter::new(io::stdout().lock());
    Ok(read_confined(&args.document, io::stdin().lock(), output)?)
}
