//! Work on bytes from strangers, in a process of its own with limits.
//!
//! The parent starts a program, feeds it, and reads what it answers; the child confines itself before it reads the first byte.
//! A hostile input can then cost an error and nothing else: memory, time and output are limited, no file can be written, and
//! whatever happens to the child, the parent learns where it was. This is a guard against mistakes in parsers, not against code
//! that an attacker runs: the child can still open files for reading and sockets. It knows nothing of what the bytes are.

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

/// Longer lines on standard error are cut, in bytes.
const LONGEST_LINE: u64 = 2_000;

/// Files and pipes that a child may have open.
const MOST_FILES: u64 = 32;

/// By how much the child steps back (nice(2)).
const NICENESS: i32 = 10;

/// The one variable that a child inherits: where the dynamic loader looks for the libraries that the program is linked with.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// What a child may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Address space beyond what the program takes when it starts, in bytes.
    pub memory: u64,
    /// Processor time, in whole seconds.
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

/// Confines this process, for good. Called by the child before it reads anything. The number of its threads is not limited: the
/// kernel counts those of all processes of a user together (setrlimit(2), RLIMIT_NPROC).
pub fn confine(limits: &Limits) -> std::io::Result<()> {
    let set = |resource, current, maximum| {
        let limit = Rlimit {
            current: Some(current),
            maximum: Some(maximum),
        };
        setrlimit(resource, limit).map_err(std::io::Error::from)
    };
    // A program with models linked in is some hundred MiB before it does anything, and how many differs from build to build.
    let memory = address_space()?.saturating_add(limits.memory);
    set(Resource::As, memory, memory)?;
    // At the first the kernel sends SIGXCPU, at the second SIGKILL (setrlimit(2)).
    let seconds = limits.processor.as_secs().max(1);
    set(Resource::Cpu, seconds, seconds + 1)?;
    // Pipes are no files.
    set(Resource::Fsize, 0, 0)?;
    set(Resource::Nofile, MOST_FILES, MOST_FILES)?;
    set(Resource::Core, 0, 0)?;
    // Whatever else this machine does comes first.
    rustix::process::nice(NICENESS)?;
    Ok(())
}

/// The address space of this process, in bytes.
fn address_space() -> std::io::Result<u64> {
    // proc_pid_status(5).
    let status = std::fs::read_to_string("/proc/self/status")?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib: Option<u64> = size.and_then(|size| size.trim().strip_suffix(" kB")?.parse().ok());
    let kib = kib.ok_or_else(|| std::io::Error::other("/proc/self/status holds no VmSize"))?;
    Ok(kib.saturating_mul(1 << 10))
}

/// Runs `program` with `input` and returns what it answers. Dropped before it is done, it ends the child.
pub async fn run(
    program: &Path,
    arguments: &[&str],
    input: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, SandboxError> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear();
    if let Some(libraries) = std::env::var_os(LIBRARIES) {
        command.env(LIBRARIES, libraries);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut said = Said::default();
    let talking = talk(&mut child, input, limits.answer, &mut said);
    let heard = tokio::time::timeout(limits.time, talking).await;
    let at = said.at;
    let (answer, status) = match heard {
        Ok(heard) => heard?,
        Err(_) => {
            child.kill().await?;
            let limit = limits.time;
            return Err(SandboxError::TooLong { limit, at });
        }
    };
    let Some(status) = status else {
        let limit = limits.answer;
        return Err(SandboxError::TooLarge { limit, at });
    };
    match status.success() {
        true => Ok(answer),
        false => Err(SandboxError::Died {
            how: how(status, said.end),
            at,
        }),
    }
}

/// What a child says on standard error.
#[derive(Default)]
struct Said {
    /// The last place that it named.
    at: Option<String>,
    /// What it ends of, if it knows.
    end: Option<&'static str>,
}

/// Feeds the child and hears it. There is no status if it answers more than `most` bytes.
async fn talk(
    child: &mut Child,
    input: &[u8],
    most: u64,
    said: &mut Said,
) -> std::io::Result<(Vec<u8>, Option<ExitStatus>)> {
    let missing = || std::io::Error::other("a pipe is missing");
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let feeding = async {
        // A child that ends early closes its end: what it has said counts, not this.
        let _ = stdin.write_all(input).await;
        drop(stdin);
    };
    let hearing = async {
        let mut answer = Vec::new();
        let read = stdout.take(most + 1).read_to_end(&mut answer).await;
        // It would wait for someone to take the rest, and we for its end.
        if answer.len() as u64 > most {
            child.start_kill()?;
        }
        read.map(|_| answer)
    };
    let ((), answer, ()) = tokio::join!(feeding, hearing, watch(stderr, said));
    let answer = answer?;
    let status = child.wait().await?;
    let whole = answer.len() as u64 <= most;
    Ok((answer, whole.then_some(status)))
}

/// Keeps the last place that the child has named, and what it says when it ends.
async fn watch(stderr: tokio::process::ChildStderr, said: &mut Said) {
    // The words of Rust's runtime before it aborts.
    const ENDS: [(&str, &str); 2] = [
        ("memory allocation of ", "took more memory than it may"),
        (
            " has overflowed its stack",
            "crashed the reader: it lies too deep in itself",
        ),
    ];
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without an end is not waited for.
        let mut bounded = (&mut lines).take(LONGEST_LINE);
        match bounded.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        if let Some(place) = text.strip_prefix(AT) {
            said.at = Some(place.trim_end().to_owned());
        }
        let end = ENDS.iter().find(|(mark, _)| text.contains(mark));
        said.end = end.map(|(_, end)| *end).or(said.end);
    }
}

fn how(status: ExitStatus, end: Option<&str>) -> String {
    use std::os::unix::process::ExitStatusExt;
    // signal(7): SIGABRT, SIGBUS, SIGKILL (also the kernel's, when the machine is out of memory), SIGSEGV, SIGXCPU.
    match (status.signal(), end) {
        (Some(6), Some(end)) => end.to_owned(),
        (Some(6 | 9), _) => "took more memory than it may, or crashed the reader".to_owned(),
        (Some(24), _) => "took more processor time than it may".to_owned(),
        (Some(7 | 11), _) => "crashed the reader".to_owned(),
        (Some(signal), _) => format!("was ended by signal {signal}"),
        (None, _) => "crashed the reader".to_owned(),
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
            (
                "kill -ABRT $$",
                "reading it took more memory than it may, or crashed the reader",
            ),
            (
                "echo 'memory allocation of 5 bytes failed' >&2; kill -ABRT $$",
                "reading it took more memory than it may",
            ),
            (
                "echo 'thread x has overflowed its stack' >&2; kill -ABRT $$",
                "reading it crashed the reader: it lies too deep in itself",
            ),
            ("kill -SEGV $$", "reading it crashed the reader"),
            (
                "kill -XCPU $$",
                "reading it took more processor time than it may",
            ),
            ("kill -TERM $$", "reading it was ended by signal 15"),
            ("exec sleep 20", "it took longer than 0 s to read"),
            ("echo 12345678901", "what it holds is larger than 0 MiB"),
            // More than a pipe holds.
            (
                "head -c 1000000 /dev/zero",
                "what it holds is larger than 0 MiB",
            ),
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
