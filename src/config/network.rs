//! Networks in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3).

use std::net::IpAddr;

/// Reads `10.0.0.0/8`, or one address.
pub(super) fn network(text: &str) -> Result<(IpAddr, u8), String> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address
        .parse()
        .map_err(|_| format!("`{text}` is not an address or a network like 10.0.0.0/8"))?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => longest,
        Some(length) => length
            .parse()
            .ok()
            .filter(|length| *length <= longest)
            .ok_or_else(|| format!("`{text}` has a prefix that is not 0 to {longest}"))?,
    };
    Ok((address, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_or_named() {
        let check = |text: &str, expected: Result<(&str, u8), &str>| {
            let expected = expected
                .map(|(address, length)| (address.parse().expect("an address"), length))
                .map_err(str::to_owned);
            assert_eq!(network(text), expected, "{text}");
        };
        check("10.0.0.0/8", Ok(("10.0.0.0", 8)));
        check("192.0.2.7", Ok(("192.0.2.7", 32)));
        check("2001:db8::/32", Ok(("2001:db8::", 32)));
        check(
            "10.0.0.0/33",
            Err("`10.0.0.0/33` has a prefix that is not 0 to 32"),
        );
        check(
            "carrier",
            Err("`carrier` is not an address or a network like 10.0.0.0/8"),
        );
    }
}
