//! Origins and hosts as headers have them.

use std::net::{IpAddr, Ipv6Addr};

/// `example.com:8080`, `10.0.0.1` or `[::1]:80`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    pub(crate) host: Host<'a>,
    pub(crate) port: Option<u16>,
}

/// Equal whatever the case of a name, and however an address is written.
#[derive(Debug, Clone, Copy, Eq)]
pub(crate) enum Host<'a> {
    Name(&'a str),
    Address(IpAddr),
}

impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(other)) => one.eq_ignore_ascii_case(other),
            (Self::Address(one), Self::Address(other)) => one == other,
            _ => false,
        }
    }
}

impl<'a> Authority<'a> {
    /// None for what RFC 3986 does not take for a host and a port. There is no user in a header.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                (Host::Address(address.parse::<Ipv6Addr>().ok()?.into()), port)
            }
            None => {
                let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
                (Host::named(host)?, port)
            }
        };
        let port = match port {
            "" | ":" => None,
            _ => Some(decimal(port.strip_prefix(':')?)?),
        };
        Some(Self { host, port })
    }
}

fn decimal(digits: &str) -> Option<u16> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl<'a> Host<'a> {
    fn named(host: &'a str) -> Option<Self> {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte);
        if !host.bytes().all(is_valid) {
            return None;
        }
        // An address begins with a digit; few names do.
        let address = host.starts_with(|first: char| first.is_ascii_digit()).then(|| host.parse().ok());
        Some(address.flatten().map_or(Self::Name(host), Self::Address))
    }
}

/// What a page comes from: `https://example.com`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) authority: Authority<'a>,
}

impl<'a> Origin<'a> {
    /// None for `null`, and for all that has no host.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (scheme, authority) = text.split_once("://")?;
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let authority = Authority::parse(authority.as_bytes())?;
        let has_host = !matches!(authority.host, Host::Name(""));
        (has_host && !scheme.is_empty() && scheme.bytes().all(is_valid)).then_some(Self { scheme, authority })
    }

    fn port(&self) -> Option<u16> {
        let default = || match () {
            () if self.scheme.eq_ignore_ascii_case("http") => Some(80),
            () if self.scheme.eq_ignore_ascii_case("https") => Some(443),
            () => None,
        };
        self.authority.port.or_else(default)
    }
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.authority.host == other.authority.host
            && self.port() == other.port()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_and_not_their_texts() {
        let same = |one: &str, other: &str| {
            let parse = |text| Origin::parse(str::as_bytes(text));
            parse(one).is_some() && parse(one) == parse(other)
        };
        assert!(same("http://example.com", "HTTP://EXAMPLE.com:80"));
        assert!(same("https://example.com:443", "https://example.com"));
        assert!(same("http://[::1]:8080", "http://[0:0::1]:8080"));
        assert!(same("chrome-extension://abc", "chrome-extension://abc"));
        for (one, other) in [
            ("http://example.com", "https://example.com"),
            ("http://example.com", "http://example.com:443"),
            ("http://example.com", "http://example.com.evil.test"),
            ("http://example.com", "http://xample.com"),
            ("http://127.0.0.1", "http://127.0.0.2"),
            ("http://localhost", "http://127.0.0.1"),
            ("null", "null"),
            ("file://", "file://"),
            ("http://a@b", "http://a@b"),
            ("http://a/", "http://a/"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_host_is_taken_apart_or_refused() {
        let parse = |text: &str| {
            Authority::parse(text.as_bytes()).map(|found| (format!("{:?}", found.host), found.port))
        };
        assert_eq!(parse("a.b-c_d:8080"), Some(("Name(\"a.b-c_d\")".into(), Some(8080))));
        assert_eq!(parse("10.0.0.1:"), Some(("Address(10.0.0.1)".into(), None)));
        assert_eq!(parse("[::1]:443"), Some(("Address(::1)".into(), Some(443))));
        assert_eq!(parse("127.1"), Some(("Name(\"127.1\")".into(), None)));
        assert_eq!(parse(""), Some(("Name(\"\")".into(), None)));
        for wrong in
            ["a b", "a:b", "a:+1", "a:65536", "a:1:2", "::1", "[::1", "[x]", "[::1]8", "u@h", "a/b", "\u{e9}"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
