//! Work on bytes from strangers, in a process of its own with limits.
//!
//! The parent starts a program, feeds it, and reads what it answers; the child confines itself before it reads the first byte.
//! A hostile input can then cost an error and nothing else: memory, time and output are limited, nothing can be written, and
//! whatever happens to the child, the parent learns where it was. This is a guard against mistakes in parsers, not against code
//! that an attacker runs: the child can still open files and sockets for reading.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

/// What a line on standard error begins with when it says where the child is.
pub const AT: &str = "at: ";

/// Longer places are cut.
const LONGEST_PLACE: usize = 500;

/// Files and pipes that a child may have open.
const MOST_FILES: u64 = 32;

/// What a child may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Address space, in bytes.
    pub memory: u64,
    /// Processor time.
    pub processor: Duration,
    /// Time by the clock.
    pub time: Duration,
    /// What it answers, in bytes.
    pub answer: u64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It could not be started or spoken to.
    #[error("the reader cannot be started: {0}")]
    Start(#[from] std::io::Error),
    /// It took too long.
    #[error("it took longer than {} s to read", limit.as_secs())]
    TooLong {
        /// The limit.
        limit: Duration,
        /// Where it was.
        at: Option<String>,
    },
    /// It said too much.
    #[error("what it holds is larger than {} MiB", limit >> 20)]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
        /// Where it was.
        at: Option<String>,
    },
    /// It ended without an answer.
    #[error("reading it {how}")]
    Died {
        /// How, in words.
        how: String,
        /// Where it was.
        at: Option<String>,
    },
}

impl SandboxError {
    /// Where the child was, in its own words.
    pub fn at(&self) -> Option<&str> {
        match self {
            Self::Start(_) => None,
            Self::TooLong { at, .. } | Self::TooLarge { at, .. } | Self::Died { at, .. } => {
                at.as_deref()
            }
        }
    }
}

/// Confines this process. Called by the child before it reads anything.
pub fn confine(limits: &Limits) -> std::io::Result<()> {
    let set = |resource, value| {
        let limit = Rlimit {
            current: Some(value),
            maximum: Some(value),
        };
        setrlimit(resource, limit).map_err(std::io::Error::from)
    };
    set(Resource::As, limits.memory)?;
    // The last second is the kernel's to end it.
    set(Resource::Cpu, limits.processor.as_secs().max(1))?;
    set(Resource::Fsize, 0)?;
    set(Resource::Nofile, MOST_FILES)?;
    set(Resource::Core, 0)
}

/// Runs `program` with `input` and returns what it answers. Cancelled, it ends the child.
pub async fn run(
    program: &Path,
    arguments: &[&str],
    input: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, SandboxError> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut at = None;
    let talking = tokio::time::timeout(limits.time, talk(&mut child, input, limits, &mut at));
    match talking.await {
        Ok(result) => result,
        Err(_) => Err(SandboxError::TooLong {
            limit: limits.time,
            at,
        }),
    }
}

async fn talk(
    child: &mut Child,
    input: &[u8],
    limits: &Limits,
    at: &mut Option<String>,
) -> Result<Vec<u8>, SandboxError> {
    let missing = || std::io::Error::other("a pipe is missing");
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let feeding = async {
        // A child that ends early closes its end: what it has said counts, not this.
        let _ = stdin.write_all(input).await;
        drop(stdin);
    };
    let mut answer = Vec::new();
    let hearing = async {
        let mut stdout = stdout.take(limits.answer + 1);
        stdout.read_to_end(&mut answer).await
    };
    let watching = watch(stderr, at);
    let (heard, ()) = {
        let ((), heard, ()) = tokio::join!(feeding, hearing, watching);
        (heard, ())
    };
    heard?;
    if answer.len() as u64 > limits.answer {
        return Err(SandboxError::TooLarge {
            limit: limits.answer,
            at: at.take(),
        });
    }
    let status = child.wait().await?;
    match status.success() {
        true => Ok(answer),
        false => Err(SandboxError::Died {
            how: how(status),
            at: at.take(),
        }),
    }
}

/// Keeps the last place that the child has named.
async fn watch(stderr: tokio::process::ChildStderr, at: &mut Option<String>) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without an end is not waited for.
        let mut bounded = (&mut lines).take(4 * LONGEST_PLACE as u64);
        match bounded.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if let Some(place) = String::from_utf8_lossy(&line).strip_prefix(AT) {
            *at = Some(place.trim_end().chars().take(LONGEST_PLACE).collect());
        }
    }
}

fn how(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    // signal(7)
    match status.signal() {
        Some(6 | 9) => "took more memory than it may".to_owned(),
        Some(24) => "took more processor time than it may".to_owned(),
        Some(11 | 7) => "lies too deep in itself or crashed the reader".to_owned(),
        Some(signal) => format!("was ended by signal {signal}"),
        None => "crashed the reader".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        memory: 1 << 30,
        processor: Duration::from_secs(10),
        time: Duration::from_secs(10),
        answer: 1 << 20,
    };

    async fn shell(script: &str, limits: &Limits) -> Result<String, (String, Option<String>)> {
        let answer = run(Path::new("/bin/sh"), &["-c", script], b"input", limits).await;
        match answer {
            Ok(answer) => Ok(String::from_utf8_lossy(&answer).into_owned()),
            Err(error) => Err((error.to_string(), error.at().map(str::to_owned))),
        }
    }

    #[tokio::test]
    async fn a_child_is_fed_and_heard() {
        assert_eq!(
            shell("cat; echo .", &LIMITS).await.as_deref(),
            Ok("input.\n")
        );
        // One that does not listen.
        assert_eq!(shell("echo x", &LIMITS).await.as_deref(), Ok("x\n"));
    }

    #[tokio::test]
    async fn where_it_was_is_known_whatever_happens() {
        let place = Some("page 7".to_owned());
        let begin = "echo 'at: page 6' >&2; echo 'noise' >&2; echo 'at: page 7' >&2;";
        let quick = Limits {
            time: Duration::from_millis(300),
            answer: 10,
            ..LIMITS
        };
        for (end, message) in [
            ("exit 3", "reading it crashed the reader"),
            ("kill -ABRT $$", "reading it took more memory than it may"),
            (
                "kill -SEGV $$",
                "reading it lies too deep in itself or crashed the reader",
            ),
            ("kill -TERM $$", "reading it was ended by signal 15"),
            ("exec sleep 20", "it took longer than 0 s to read"),
            ("echo 12345678901", "what it holds is larger than 0 MiB"),
        ] {
            let died = shell(&format!("{begin} {end}"), &quick).await;
            assert_eq!(died, Err((message.to_owned(), place.clone())), "{end}");
        }
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_said() {
        let error = run(Path::new("/nowhere"), &[], b"", &LIMITS).await;
        assert!(matches!(error, Err(SandboxError::Start(_))));
    }
}
