//! One file under way: begun, taken up, broken off, checked and put in place.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use ureq::{
    Agent, RequestBuilder,
    http::{Response, StatusCode, header},
    typestate::WithoutBody,
};

use super::{
    PullError, local,
    origin::{self, Origin},
};
use crate::models::{ModelFile, sha256_of};

/// How often one source is asked again after a break that still brought something.
const BREAKS: usize = 20;

/// Silence of a server that counts as a break.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most that is taken of a file whose size nobody knows: only small ones go without.
pub(super) const UNKNOWN_MOST: u64 = 64 << 20;

/// Why one source was left: the fault is its own, or ours and no other source will help.
pub(super) enum Fault {
    Source(String),
    Local(PullError),
}

/// A download under way; holds the lock on its unfinished file.
pub(super) struct Download<'a> {
    of: &'a ModelFile,
    agent: Agent,
    part: PathBuf,
    file: File,
    /// Bytes in `file`.
    pub(super) have: u64,
    /// Whether the hash will show a file that was put together wrongly. If not, bytes of two versions are never mixed.
    hash_is_known: bool,
    /// What `file` is the beginning of, where its source said so.
    origin: Option<Origin>,
}

impl<'a> Download<'a> {
    pub(super) fn open(
        of: &'a ModelFile,
        target: &Path,
        hash_is_known: bool,
    ) -> Result<Self, PullError> {
        let mut part = target.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let fail = |error| local(&part, of, error);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&part)
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PullError::Busy(part)),
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        let have = file.seek(SeekFrom::End(0)).map_err(fail)?;
        // Status codes are ours to judge. No limit on the whole: a model takes as long as the line needs.
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .build()
            .into();
        let mut download = Self {
            of,
            agent,
            part,
            file,
            have,
            hash_is_known,
            origin: None,
        };
        match download.take_up() {
            Ok(()) => Ok(download),
            Err(error) => Err(local(&download.part, of, error)),
        }
    }

    /// Keeps of an earlier run's part what can be gone on with.
    fn take_up(&mut self) -> io::Result<()> {
        let most = match self.hash_is_known {
            true => self.most(),
            false => {
                self.origin = Origin::beside(&self.part).filter(|_| self.have > 0);
                self.origin.as_ref().map_or(0, |origin| origin.size)
            }
        };
        match self.have > most {
            true => self.empty(),
            false => Ok(()),
        }
    }

    pub(super) fn is_begun_by(&self, url: &str) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.url == url)
    }

    /// Whether nothing is missing, as far as can be known before the hash is.
    fn is_whole(&self, url: &str) -> bool {
        match self.of.exact_size().filter(|_| self.hash_is_known) {
            Some(size) => self.have == size,
            None => self
                .origin
                .as_ref()
                .is_some_and(|origin| origin.url == url && self.have == origin.size),
        }
    }

    /// The most bytes that are taken: an uncertain size may be off, but nobody may fill the disk.
    fn most(&self) -> u64 {
        match (self.of.exact_size(), self.of.size_bytes) {
            (Some(size), _) => size,
            (None, Some(size)) => size.saturating_mul(2),
            (None, None) => UNKNOWN_MOST,
        }
    }

    pub(super) fn attempt(
        &mut self,
        url: &str,
        known: Option<&str>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<String, Fault> {
        self.fetch(url, progress)?;
        self.check(known)
    }

    /// The whole file from `url`, taking up what is there.
    fn fetch(&mut self, url: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<(), Fault> {
        for _ in 0..BREAKS {
            if self.is_whole(url) {
                return Ok(());
            }
            let before = self.have;
            let response = self.request(url)?;
            match self.receive(response, progress)? {
                Body::Whole => return Ok(()),
                Body::Cut(problem) if self.have <= before => return Err(Fault::Source(problem)),
                Body::Cut(_) => {}
            }
        }
        Err(Fault::Source(format!("broke off {BREAKS} times")))
    }

    fn request(&mut self, url: &str) -> Result<Response<ureq::Body>, Fault> {
        let fail = |error: ureq::Error| Fault::Source(error.to_string());
        let mut request = self.get(url);
        if self.have > 0 && (self.hash_is_known || self.is_begun_by(url)) {
            request = request.header(header::RANGE, format!("bytes={}-", self.have));
            // RFC 9110 §13.1.5: the range only of the version that the first part came from, else everything.
            if let Some(origin) = self.origin.as_ref().filter(|origin| origin.url == url) {
                request = request.header(header::IF_RANGE, &origin.etag);
            }
        }
        let response = request.call().map_err(fail)?;
        let found = Origin::of(url, response.status(), response.headers());
        match response.status() {
            StatusCode::OK => {
                // RFC 9110 §14.2: a server may ignore Range.
                self.begin(found)?;
                Ok(response)
            }
            StatusCode::PARTIAL_CONTENT
                if starts_at(&response) == Some(self.have)
                    && (self.hash_is_known || (found.is_some() && found == self.origin)) =>
            {
                self.origin = found;
                Ok(response)
            }
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                let response = self.get(url).call().map_err(fail)?;
                match response.status() {
                    StatusCode::OK => {
                        self.begin(Origin::of(url, StatusCode::OK, response.headers()))?;
                        Ok(response)
                    }
                    status => Err(Fault::Source(format!("answered {status}"))),
                }
            }
            status => Err(Fault::Source(format!("answered {status}"))),
        }
    }

    fn get(&self, url: &str) -> RequestBuilder<WithoutBody> {
        self.agent
            .get(url)
            .header(header::ACCEPT_ENCODING, "identity")
    }

    fn receive(
        &mut self,
        response: Response<ureq::Body>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Body, Fault> {
        let length = response.headers().get(header::CONTENT_LENGTH);
        let length: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let whole = match length {
            Some(length) => self.have + length,
            None => self.of.size_bytes.unwrap_or(self.have),
        };
        let most = self.most();
        if whole > most {
            return Err(Fault::Source(format!(
                "has {whole} bytes instead of {}",
                match self.of.size_bytes {
                    Some(size) => size.to_string(),
                    None => format!("at most {most}"),
                }
            )));
        }
        let mut body = response
            .into_body()
            .into_with_config()
            .limit(u64::MAX)
            .reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            progress(self.have, whole);
            match body.read(&mut buffer) {
                Ok(0) if length.is_none() || self.have >= whole => return Ok(Body::Whole),
                Ok(0) => {
                    return Ok(Body::Cut(format!(
                        "broke off after {} of {whole} bytes",
                        self.have
                    )));
                }
                Ok(count) if self.have + count as u64 > most => {
                    return Err(Fault::Source(format!("sent more than {most} bytes")));
                }
                Ok(count) => {
                    let written = self.file.write_all(&buffer[..count]);
                    written.map_err(|error| Fault::Local(local(&self.part, self.of, error)))?;
                    self.have += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Ok(Body::Cut(error.to_string())),
            }
        }
    }

    fn start_over(&mut self) -> Result<(), Fault> {
        self.empty()
            .map_err(|error| Fault::Local(local(&self.part, self.of, error)))
    }

    /// In this order, so that no part is ever beside what another one was the beginning of.
    fn empty(&mut self) -> io::Result<()> {
        self.origin = None;
        origin::forget(&self.part)?;
        if self.have == 0 {
            return Ok(());
        }
        self.have = 0;
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0)).map(|_| ())
    }

    /// Starts over with what is the beginning of `origin`.
    fn begin(&mut self, origin: Option<Origin>) -> Result<(), Fault> {
        self.start_over()?;
        self.origin = origin;
        let Some(origin) = self.origin.as_ref().filter(|_| !self.hash_is_known) else {
            return Ok(());
        };
        // That the part is empty must be on the disk before what it will be.
        let written = self.file.sync_all().and_then(|()| origin.write(&self.part));
        written.map_err(|error| Fault::Local(local(&self.part, self.of, error)))
    }

    /// The hash of what was downloaded. A wrong file leaves nothing behind.
    fn check(&mut self, known: Option<&str>) -> Result<String, Fault> {
        let hash = sha256_of(&self.part)
            .map_err(|error| Fault::Local(local(&self.part, self.of, error)))?;
        match known {
            Some(known) if known != hash => {
                let size = self.have;
                self.start_over()?;
                Err(Fault::Source(format!(
                    "gave {size} bytes with SHA-256 {hash} instead of {known}"
                )))
            }
            _ => Ok(hash),
        }
    }

    /// On the disk before it has its name: a crash leaves an unfinished file or a whole one.
    pub(super) fn put_in_place(&self, target: &Path) -> Result<(), PullError> {
        let placed = self
            .file
            .sync_all()
            .and_then(|()| fs::rename(&self.part, target))
            .and_then(|()| origin::forget(&self.part));
        placed.map_err(|error| local(target, self.of, error))
    }

    pub(super) fn leave_if_useless(&self) {
        if self.have == 0 || !(self.hash_is_known || self.origin.is_some()) {
            // What cannot be removed harms nobody: it is not taken up.
            let _ = origin::forget(&self.part);
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// How a body ended.
enum Body {
    Whole,
    Cut(String),
}

/// The first byte of a partial answer: `bytes 100-199/200` (RFC 9110 §14.4).
fn starts_at(response: &Response<ureq::Body>) -> Option<u64> {
    let range = response
        .headers()
        .get(header::CONTENT_RANGE)?
        .to_str()
        .ok()?;
    range
        .strip_prefix("bytes ")?
        .split_once('-')?
        .0
        .parse()
        .ok()
}
