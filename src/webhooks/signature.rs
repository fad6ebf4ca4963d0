//! Signatures by Standard Webhooks 1.0 (HMAC-SHA-256, RFC 2104), and the secrets that they are made with.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The shortest secret, in bytes (Standard Webhooks 1.0, "Signature scheme": 192 bits).
const SHORTEST: usize = 24;
/// The longest, in bytes.
const LONGEST: usize = 64;
/// Secrets that may sign at once: while one is replaced by the next.
const MOST_SECRETS: usize = 2;
/// What a secret begins with whose bytes are written in base64.
const ENCODED: &str = "whsec_";

/// What a business and its system share. No log shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// Why a file of secrets is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// It holds none.
    #[error("holds no secret")]
    None,
    /// It holds more than sign at once.
    #[error("holds more than {MOST_SECRETS} secrets")]
    TooMany,
    /// A secret can be guessed, or is too long.
    #[error("secret {0} must be {SHORTEST} to {LONGEST} bytes long")]
    Length(usize),
    /// What stands behind `whsec_` is no base64.
    #[error("secret {0} is not `whsec_` and base64")]
    Encoding(usize),
}

/// The secrets of one system: one, or two while one replaces the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Those of a file, one a line: `whsec_` and base64, or the secret as it is. Empty lines and lines that begin with `#` are
    /// none.
    pub fn parse(text: &str) -> Result<Self, SecretsError> {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut secrets = Vec::new();
        for (at, line) in lines.enumerate() {
            let number = at + 1;
            let bytes = match line.strip_prefix(ENCODED) {
                Some(encoded) => STANDARD
                    .decode(encoded)
                    .map_err(|_| SecretsError::Encoding(number))?,
                None => line.as_bytes().to_vec(),
            };
            if !(SHORTEST..=LONGEST).contains(&bytes.len()) {
                return Err(SecretsError::Length(number));
            }
            secrets.push(Secret(bytes));
        }
        match secrets.len() {
            0 => Err(SecretsError::None),
            1..=MOST_SECRETS => Ok(Self(secrets)),
            _ => Err(SecretsError::TooMany),
        }
    }

    /// The header `webhook-signature` of a message: a signature by every secret, parted by blanks. `timestamp_s` is in seconds
    /// after the Unix epoch.
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &str) -> String {
        let signatures: Vec<String> = self
            .0
            .iter()
            .map(|Secret(key)| {
                let mut mac = Hmac::<Sha256>::new_from_slice(key)
                    // RFC 2104 §3: a key may be of any length.
                    .expect("HMAC takes keys of any length");
                mac.update(format!("{id}.{timestamp_s}.").as_bytes());
                mac.update(body.as_bytes());
                format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
            })
            .collect();
        signatures.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn signatures_are_those_of_the_reference() {
        // The example of the Standard Webhooks libraries, checked with `openssl dgst -sha256 -mac HMAC`.
        let secrets = Secrets::parse(KEY).expect("a secret");
        let signed = secrets.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn both_secrets_sign_while_one_replaces_the_other() {
        let new = "a secret of thirty-two bytes, yes";
        let both = Secrets::parse(&format!("# new\n{new}\n\n{KEY}\n")).expect("two");
        let each: Vec<String> = [new, KEY]
            .iter()
            .map(|one| Secrets::parse(one).expect("one").sign("id", 1, "{}"))
            .collect();
        assert_eq!(both.sign("id", 1, "{}"), each.join(" "));
        assert_eq!(format!("{both:?}"), "Secrets([<secret>, <secret>])");
    }

    #[test]
    fn secrets_that_can_be_guessed_are_refused() {
        for (text, error) in [
            ("", SecretsError::None),
            ("# nothing\n", SecretsError::None),
            ("short", SecretsError::Length(1)),
            ("whsec_c2hvcnQ=", SecretsError::Length(1)),
            ("whsec_***", SecretsError::Encoding(1)),
            (&format!("{KEY}\nshort"), SecretsError::Length(2)),
            (&format!("{KEY}\n{KEY}\n{KEY}"), SecretsError::TooMany),
            (&"x".repeat(65), SecretsError::Length(1)),
        ] {
            assert_eq!(Secrets::parse(text), Err(error), "{text}");
        }
    }
}
