//! Documents that are broken or hostile, made here. Each costs an error that names the document and the place, and nothing else.

mod archives;
mod office;
mod pdfs;
mod texts;

use std::{path::Path, time::Duration};

use yingda::{
    knowledge::import::Part,
    publishing::reading::{LIMITS, read},
    sandbox::Limits,
};

/// By how much the memory of the process that has them read may grow over all of them, in KiB.
const GROWTH: u64 = 48 << 10;

/// A hostile document.
pub struct Hostile {
    name: &'static str,
    make: Box<dyn Fn() -> Vec<u8>>,
    /// What is said of it: a piece of the error, or of a part that could not be read, with its place.
    says: &'static str,
}

/// One of them. It is made when its turn comes, so that few are held at once.
pub fn hostile(
    name: &'static str,
    says: &'static str,
    make: impl Fn() -> Vec<u8> + 'static,
) -> Hostile {
    Hostile {
        name,
        make: Box::new(make),
        says,
    }
}

/// Has one read; what is said of it.
async fn verdict(document: &Hostile) -> Result<String, String> {
    // Shorter than in earnest, and long enough for a debug build on a busy machine.
    let limits = Limits {
        time: Duration::from_secs(30),
        ..LIMITS
    };
    let program = Path::new(env!("CARGO_BIN_EXE_yingda"));
    let content = (document.make)();
    match read(program, document.name, &content, &limits).await {
        Err(error) => {
            let error = error.to_string();
            match error.strip_prefix(&format!("{}, ", document.name)) {
                Some(rest) => Ok(rest.to_owned()),
                None => Err(format!("does not name the document: {error}")),
            }
        }
        Ok(read) => {
            let unreadable = read.parts.iter().filter_map(|part| match part {
                Part::Unreadable { why, place } => Some(format!("{place}: {why}")),
                _ => None,
            });
            let unreadable: Vec<String> = unreadable.collect();
            match unreadable.is_empty() {
                true => Err(format!("was read, in {} parts", read.parts.len())),
                false => Ok(unreadable.join("; ")),
            }
        }
    }
}

/// The memory of this process, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("proc_pid_status(5)");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse().ok()).expect("a number")
}

#[tokio::test]
async fn each_costs_an_error_that_names_the_place_and_nothing_else() {
    let documents: Vec<Hostile> = [archives::all(), office::all(), pdfs::all(), texts::all()]
        .into_iter()
        .flatten()
        .collect();
    assert!(documents.len() >= 60, "{} documents", documents.len());
    let mut faults = Vec::new();
    let mut before = None;
    for (number, document) in (1..).zip(&documents) {
        let verdict = verdict(document).await;
        let fits = verdict
            .as_ref()
            .is_ok_and(|said| said.contains(document.says));
        if !fits {
            faults.push(format!(
                "{number} {}: {verdict:?}, and not `{}`",
                document.name, document.says
            ));
        }
        // What is set up once is there after the first.
        before.get_or_insert_with(memory);
    }
    let grown = memory().saturating_sub(before.unwrap_or_default());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(grown < GROWTH, "memory grew by {grown} KiB");
}
