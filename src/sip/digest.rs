//! Digest authentication: challenges, their check and their answer (RFC 3261 §22, RFC 7616, RFC 8760).
//!
//! Without IO: it reads and writes header values. It does not send challenges and does not decide who must authenticate.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    time::Duration,
};

use md5::Md5;
use rsipstack::sip::{Host, Uri};
use sha2::{Digest, Sha256};

use crate::clock::Moment;

#[cfg(test)]
mod tests;

/// How long a nonce can be used. Longer than a call is set up, shorter than a listener on the wire has use for.
const NONCE_LIFE: Duration = Duration::from_secs(300);

/// How many nonces in use are remembered against replay.
const MAX_USED: usize = 10_000;

/// Bytes of an Authorization value that are read at all; a real one has about 400.
const MAX_HEADER: usize = 4_096;

/// A digest algorithm. `-sess` variants are not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Md5,
}

impl Algorithm {
    /// RFC 8760 §2.4: the best one first; a client takes the first that it knows.
    const OFFERED: [Self; 2] = [Self::Sha256, Self::Md5];

    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// RFC 3261 §22.4: without the parameter it is MD5.
    fn named(name: Option<&str>) -> Option<Self> {
        let Some(name) = name else {
            return Some(Self::Md5);
        };
        Self::OFFERED
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Sha256 => hex(&Sha256::digest(text.as_bytes())),
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
        }
    }
}

/// What became of a request's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They hold.
    Accepted {
        /// User name.
        user: String,
    },
    /// Answer 401 with these WWW-Authenticate values, in this order.
    Challenge {
        /// One value an algorithm.
        www_authenticate: Vec<String>,
    },
    /// They are wrong: answer 403. Asking again would only let the peer guess.
    Refused,
    /// The header cannot be read: answer 400.
    Malformed,
}

/// A nonce that was used.
struct Used {
    nonce: String,
    issued: Moment,
    /// Highest nonce count seen.
    count: u32,
}

/// Checks callers' credentials.
///
/// Nonces are signed and dated instead of stored, so a flood of requests without credentials costs no memory; only nonces that
/// a user proved to know the password with are kept, to refuse a replay.
pub struct DigestServer {
    realm: String,
    users: HashMap<String, String>,
    secret: [u8; 32],
    issued_count: u64,
    used: VecDeque<Used>,
    /// Nonces issued up to here are stale: what is known about their use was dropped.
    forgotten: Option<Moment>,
}

impl fmt::Debug for DigestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestServer")
            .field("realm", &self.realm)
            .field("users", &self.users.len())
            .field("used", &self.used.len())
            .finish_non_exhaustive()
    }
}

impl DigestServer {
    /// A server for these users (name, password). `secret` signs nonces: random, and new at every start.
    pub fn new(
        realm: impl Into<String>,
        users: impl IntoIterator<Item = (String, String)>,
        secret: [u8; 32],
    ) -> Self {
        Self {
            // RFC 3261 §25.1: no quote or backslash may stand in the quoted string as it is.
            realm: realm.into().replace(['"', '\\'], ""),
            users: users.into_iter().collect(),
            secret,
            issued_count: 0,
            used: VecDeque::new(),
            forgotten: None,
        }
    }

    /// Checks the Authorization value of a request.
    pub fn check(
        &mut self,
        now: Moment,
        method: &str,
        request_uri: &str,
        authorization: Option<&str>,
    ) -> Verdict {
        let Some(value) = authorization else {
            return self.challenge(now, false);
        };
        let Some(given) = Credentials::parse(value) else {
            return Verdict::Malformed;
        };
        // Credentials for someone else's realm (a proxy's) say nothing to us.
        let Some(algorithm) = Algorithm::named(given.algorithm.as_deref()) else {
            return self.challenge(now, false);
        };
        if given.realm != self.realm {
            return self.challenge(now, false);
        }
        // RFC 7616 §3.4.6: credentials made for another request do not open this one.
        if !same_uri(&given.uri, request_uri) {
            return Verdict::Refused;
        }
        let password = self.users.get(&given.username);
        // An unknown user costs the same time as a wrong password.
        let expected = given.response_for(
            algorithm,
            method,
            password.map_or("", |password| password.as_str()),
        );
        let right = same(expected.as_bytes(), given.response.as_bytes());
        if !right || password.is_none() {
            // With a nonce of ours the password is wrong; with any other the peer may only be out of date.
            return match self.issued_at(&given.nonce) {
                Some(_) => Verdict::Refused,
                None => self.challenge(now, false),
            };
        }
        let Some(issued) = self.issued_at(&given.nonce) else {
            return self.challenge(now, true);
        };
        if now.since(issued) > NONCE_LIFE
            || self.forgotten.is_some_and(|forgotten| issued <= forgotten)
            || !self.count_use(now, &given, issued)
        {
            return self.challenge(now, true);
        }
        Verdict::Accepted {
            user: given.username,
        }
    }

    /// Nonces that are remembered.
    pub fn nonces_in_use(&self) -> usize {
        self.used.len()
    }

    fn challenge(&mut self, now: Moment, stale: bool) -> Verdict {
        let nonce = self.issue(now);
        let stale = if stale { ", stale=true" } else { "" };
        Verdict::Challenge {
            www_authenticate: Algorithm::OFFERED
                .into_iter()
                .map(|algorithm| {
                    format!(
                        "Digest realm=\"{}\", nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
                        self.realm,
                        algorithm.name(),
                    )
                })
                .collect(),
        }
    }

    fn issue(&mut self, now: Moment) -> String {
        self.issued_count += 1;
        let stamp = format!("{:016x}{:016x}", now.as_micros(), self.issued_count);
        format!("{stamp}{}", self.sign(&stamp))
    }

    /// When a nonce was issued; `None` when it is not ours.
    fn issued_at(&self, nonce: &str) -> Option<Moment> {
        let (stamp, signature) = nonce.split_at_checked(32)?;
        if !same(self.sign(stamp).as_bytes(), signature.as_bytes()) {
            return None;
        }
        let micros = u64::from_str_radix(stamp.get(..16)?, 16).ok()?;
        Some(Moment::from_micros(micros))
    }

    /// The secret on both sides of an inner hash: a longer message cannot be made from a known signature.
    fn sign(&self, stamp: &str) -> String {
        let inner = Sha256::new()
            .chain_update(self.secret)
            .chain_update(stamp)
            .finalize();
        let outer = Sha256::new()
            .chain_update(self.secret)
            .chain_update(inner)
            .finalize();
        hex(&outer[..16])
    }

    /// Notes one use. False when this count was used before: a replay, or a client that does not count.
    fn count_use(&mut self, now: Moment, given: &Credentials, issued: Moment) -> bool {
        while self
            .used
            .front()
            .is_some_and(|oldest| now.since(oldest.issued) > NONCE_LIFE)
        {
            self.used.pop_front();
        }
        // Without qop (RFC 2069) there is no count: such a nonce serves once.
        let count = given.qop_auth.as_ref().map_or(1, |qop| qop.count);
        if let Some(used) = self.used.iter_mut().find(|used| used.nonce == given.nonce) {
            let fresh = count > used.count;
            used.count = used.count.max(count);
            return fresh;
        }
        if self.used.len() >= MAX_USED
            && let Some(dropped) = self.used.pop_front()
        {
            self.forgotten = self.forgotten.max(Some(dropped.issued));
        }
        // In order of issue, so that the oldest leaves first.
        let place = self.used.partition_point(|used| used.issued <= issued);
        self.used.insert(
            place,
            Used {
                nonce: given.nonce.clone(),
                issued,
                count,
            },
        );
        true
    }
}

/// Answers a challenge as a client: the Authorization (or Proxy-Authorization) value for the first of these WWW-Authenticate (or
/// Proxy-Authenticate) values that we can serve, as RFC 8760 §2.4 wants; `None` when there is none.
///
/// `cnonce` is random, and fresh for every challenge.
pub fn authorize<'a>(
    challenges: impl IntoIterator<Item = &'a str>,
    method: &str,
    request_uri: &str,
    user: &str,
    password: &str,
    cnonce: &str,
) -> Option<String> {
    challenges.into_iter().find_map(|challenge| {
        let (scheme, parameters) = challenge.trim().split_once(' ')?;
        let mut fields = parse_parameters(parameters)?;
        let algorithm = Algorithm::named(fields.get("algorithm").map(String::as_str))?;
        let qop_auth = match fields.get("qop") {
            None => None,
            Some(offered) => {
                let mut offered = offered.split(',').map(str::trim);
                offered.find(|qop| qop.eq_ignore_ascii_case("auth"))?;
                Some(QopAuth {
                    count_text: "00000001".to_owned(),
                    count: 1,
                    cnonce: cnonce.to_owned(),
                })
            }
        };
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut given = Credentials {
            username: user.to_owned(),
            realm: fields.remove("realm")?,
            nonce: fields.remove("nonce")?,
            uri: request_uri.to_owned(),
            response: String::new(),
            algorithm: fields.remove("algorithm"),
            qop_auth,
        };
        given.response = given.response_for(algorithm, method, password);
        Some(given.write(fields.get("opaque").map(String::as_str)))
    })
}

/// Whether a challenge says that only the nonce was too old.
pub fn is_stale(challenge: &str) -> bool {
    challenge
        .split_once(' ')
        .and_then(|(_, parameters)| parse_parameters(parameters))
        .and_then(|fields| fields.get("stale").cloned())
        .is_some_and(|stale| stale.eq_ignore_ascii_case("true"))
}

struct QopAuth {
    /// As it was written: it goes into the hash.
    count_text: String,
    count: u32,
    cnonce: String,
}

/// An Authorization value with the scheme Digest.
struct Credentials {
    username: String,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    algorithm: Option<String>,
    qop_auth: Option<QopAuth>,
}

impl Credentials {
    fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if value.len() > MAX_HEADER {
            return None;
        }
        let (scheme, parameters) = value.split_once(|c: char| c.is_ascii_whitespace())?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut fields = parse_parameters(parameters)?;
        let qop_auth = match fields.remove("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                let count_text = fields.remove("nc")?;
                // RFC 7616 §3.4: eight hexadecimal digits.
                if count_text.len() != 8 || !count_text.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return None;
                }
                Some(QopAuth {
                    count: u32::from_str_radix(&count_text, 16).ok()?,
                    count_text,
                    cnonce: fields.remove("cnonce")?,
                })
            }
            // auth-int was not offered.
            Some(_) => return None,
        };
        Some(Self {
            username: fields.remove("username")?,
            realm: fields.remove("realm")?,
            nonce: fields.remove("nonce")?,
            uri: fields.remove("uri")?,
            response: fields.remove("response")?.to_ascii_lowercase(),
            algorithm: fields.remove("algorithm"),
            qop_auth,
        })
    }

    fn write(&self, opaque: Option<&str>) -> String {
        let mut text = String::from("Digest ");
        let mut quoted = |name: &str, value: &str| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            text.push_str(&format!("{name}=\"{value}\", "));
        };
        quoted("username", &self.username);
        quoted("realm", &self.realm);
        quoted("nonce", &self.nonce);
        quoted("uri", &self.uri);
        if let Some(opaque) = opaque {
            quoted("opaque", opaque);
        }
        if let Some(qop) = &self.qop_auth {
            quoted("cnonce", &qop.cnonce);
            text.push_str(&format!("qop=auth, nc={}, ", qop.count_text));
        }
        if let Some(algorithm) = &self.algorithm {
            text.push_str(&format!("algorithm={algorithm}, "));
        }
        text.push_str(&format!("response=\"{}\"", self.response));
        text
    }

    /// RFC 7616 §3.4.1 to §3.4.3; without qop RFC 2617 §3.2.2.1.
    fn response_for(&self, algorithm: Algorithm, method: &str, password: &str) -> String {
        let a1 = algorithm.hash(&format!("{}:{}:{password}", self.username, self.realm));
        let a2 = algorithm.hash(&format!("{method}:{}", self.uri));
        let nonce = &self.nonce;
        algorithm.hash(&match &self.qop_auth {
            Some(QopAuth {
                count_text, cnonce, ..
            }) => format!("{a1}:{nonce}:{count_text}:{cnonce}:auth:{a2}"),
            None => format!("{a1}:{nonce}:{a2}"),
        })
    }
}

/// Reads `name=token, name="quoted"`. `None` when it is malformed or a name stands twice.
fn parse_parameters(text: &str) -> Option<HashMap<String, String>> {
    let mut fields = HashMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if fields
            .insert(name.trim().to_ascii_lowercase(), value)
            .is_some()
        {
            return None;
        }
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(fields)
}

/// The text of a quoted string whose opening quote was taken, and what stands behind it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[place + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// Whether two texts are the same URI (RFC 3261 §19.1.4). The client wrote one of them, and the stack printed the other from what it
/// had read: with its own case of the transport, for one.
fn same_uri(left: &str, right: &str) -> bool {
    let read = |text: &str| {
        let mut uri = Uri::try_from(text).ok()?;
        if let Host::Domain(name) = &mut uri.host_with_port.host {
            name.0.make_ascii_lowercase();
        }
        Some(uri)
    };
    left == right || read(left).is_some_and(|left| read(right) == Some(left))
}

/// Compares in a time that does not depend on where the texts differ.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .fold(0, |difference, (left, right)| difference | (left ^ right))
            == 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
