//! Which addresses may be asked.

use ureq::http::Uri;

/// Why an address is not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// It is no URL with a host.
    #[error("must be a URL such as https://server.example/path")]
    NoUrl,
    /// Callers' words would cross a network in the clear.
    #[error("must begin with https:// unless it is on this machine or `allow_http` is set")]
    NotEncrypted,
    /// A secret in it would be logged.
    #[error("must not hold a user, a password, a query or a fragment")]
    Decorated,
}

/// The address without blanks around it, if callers' words may be sent there.
pub fn check_url(url: &str, allow_http: bool) -> Result<&str, UrlFault> {
    let url = url.trim();
    let parsed: Uri = url.parse().map_err(|_| UrlFault::NoUrl)?;
    let (Some(scheme), Some(authority)) = (parsed.scheme_str(), parsed.authority()) else {
        return Err(UrlFault::NoUrl);
    };
    if authority.as_str().contains('@') || parsed.query().is_some() || url.contains('#') {
        return Err(UrlFault::Decorated);
    }
    match scheme {
        "https" => Ok(url),
        "http" if allow_http || is_loopback(authority.host()) => Ok(url),
        "http" => Err(UrlFault::NotEncrypted),
        _ => Err(UrlFault::NoUrl),
    }
}

/// Whether the host of an address is this machine.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_do_not_cross_a_network_in_the_clear() {
        for (url, allow_http, expected) in [
            (" https://crm.example/yingda ", false, Ok(())),
            ("http://127.0.0.1:8000/hook", false, Ok(())),
            ("http://[::1]/hook", false, Ok(())),
            ("http://localhost/hook", false, Ok(())),
            ("http://crm.example/hook", true, Ok(())),
            (
                "http://crm.example/hook",
                false,
                Err(UrlFault::NotEncrypted),
            ),
            (
                "http://localhost.example/",
                false,
                Err(UrlFault::NotEncrypted),
            ),
            (
                "https://user:word@crm.example/",
                false,
                Err(UrlFault::Decorated),
            ),
            (
                "https://crm.example/?key=1",
                false,
                Err(UrlFault::Decorated),
            ),
            ("https://crm.example/#a", false, Err(UrlFault::Decorated)),
            ("ftp://crm.example/", false, Err(UrlFault::NoUrl)),
            ("crm.example", false, Err(UrlFault::NoUrl)),
            ("/hook", false, Err(UrlFault::NoUrl)),
            ("", false, Err(UrlFault::NoUrl)),
        ] {
            let checked = check_url(url, allow_http).map(|_| ());
            assert_eq!(checked, expected, "{url}");
        }
    }
}
