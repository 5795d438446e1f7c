//! URLs that say wire and transport: `gob+tcp://host:port`, `jsonrpc+ws://host:port`.

use std::fmt;
use std::str::FromStr;

use manywire_core::{ErrorKind, RpcError};

/// The protocol of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// Go's net/rpc in gob.
    Gob,
    /// JSON-RPC 1.0, as Go's net/rpc speaks it.
    Jsonrpc1,
    /// JSON-RPC 2.0.
    Jsonrpc,
    /// XML-RPC.
    Xmlrpc,
    /// zerorpc.
    Zerorpc,
    /// gRPC.
    Grpc,
}

/// What carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A bare TCP stream.
    Tcp,
    /// HTTP.
    Http,
    /// A WebSocket.
    WebSocket,
    /// HTTP inside TLS.
    Https,
}

/// Where a server is and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// The protocol.
    pub wire: Wire,
    /// What carries it.
    pub transport: Transport,
    /// `host:port`.
    pub authority: String,
    /// The path, with its slash; empty where the URL has none.
    pub path: String,
}

/// Every scheme, with what it stands for. The first of a wire is the one that is shown.
const SCHEMES: &[(&str, Wire, Transport)] = &[
    ("gob+tcp", Wire::Gob, Transport::Tcp),
    ("gob+http", Wire::Gob, Transport::Http),
    ("jsonrpc1+tcp", Wire::Jsonrpc1, Transport::Tcp),
    ("jsonrpc1+http", Wire::Jsonrpc1, Transport::Http),
    ("jsonrpc+http", Wire::Jsonrpc, Transport::Http),
    ("jsonrpc+ws", Wire::Jsonrpc, Transport::WebSocket),
    ("xmlrpc+http", Wire::Xmlrpc, Transport::Http),
    ("zerorpc+tcp", Wire::Zerorpc, Transport::Tcp),
    ("grpc+http", Wire::Grpc, Transport::Http),
    ("grpc+https", Wire::Grpc, Transport::Https),
    ("gob", Wire::Gob, Transport::Tcp),
    ("jsonrpc", Wire::Jsonrpc, Transport::Http),
    ("xmlrpc", Wire::Xmlrpc, Transport::Http),
    ("zerorpc", Wire::Zerorpc, Transport::Tcp),
    ("grpc", Wire::Grpc, Transport::Http),
    ("grpcs", Wire::Grpc, Transport::Https),
];

impl Url {
    /// The path, or the one that the wire's servers usually have.
    pub fn path_or<'u>(&'u self, usual: &'u str) -> &'u str {
        if self.path.is_empty() { usual } else { &self.path }
    }
}

fn invalid(message: String) -> RpcError {
    RpcError::new(ErrorKind::InvalidRequest, message)
}

impl FromStr for Url {
    type Err = RpcError;

    fn from_str(text: &str) -> Result<Self, RpcError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(invalid(format!(
                "{text:?} names no wire; write it as gob://{text}, jsonrpc://{text}, grpc://{text} or the like"
            )));
        };
        let Some((_, wire, transport)) = SCHEMES.iter().find(|(name, ..)| *name == scheme) else {
            return Err(unknown_scheme(scheme));
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let port = authority
            .rsplit_once(':')
            .filter(|(host, _)| !host.is_empty())
            .map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            return Err(invalid(format!(
                "{text:?} needs a host and a port, as in {scheme}://127.0.0.1:1234"
            )));
        }
        Ok(Self {
            wire: *wire,
            transport: *transport,
            authority: authority.to_owned(),
            path: path.to_owned(),
        })
    }
}

fn unknown_scheme(scheme: &str) -> RpcError {
    if let Some((plain, "tls" | "https" | "wss")) = scheme.split_once('+') {
        return invalid(format!(
            "{scheme}:// is not spoken by this client yet: of the wires in TLS it has grpc+https only; try {plain}://"
        ));
    }
    let names: Vec<&str> = SCHEMES.iter().map(|(name, ..)| *name).collect();
    invalid(format!("no wire {scheme}://; there are {}", names.join(", ")))
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme =
            SCHEMES.iter().find(|(_, wire, transport)| (*wire, *transport) == (self.wire, self.transport));
        write!(f, "{}://{}{}", scheme.map_or("?", |(name, ..)| name), self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_read_and_shown_in_its_long_form() {
        for (scheme, wire, transport) in SCHEMES {
            let url: Url = format!("{scheme}://[::1]:1234/path").parse().unwrap();
            assert_eq!(
                (url.wire, url.transport, &*url.authority, &*url.path),
                (*wire, *transport, "[::1]:1234", "/path")
            );
        }
        let url: Url = "grpcs://h:1".parse().unwrap();
        assert_eq!(url.to_string(), "grpc+https://h:1");
    }

    #[test]
    fn mistakes_say_what_to_type_instead() {
        for (text, words) in [
            ("127.0.0.1:1234", "write it as gob://127.0.0.1:1234"),
            ("soap://h:1", "no wire soap://; there are gob+tcp"),
            ("gob://h", "needs a host and a port, as in gob://127.0.0.1:1234"),
            ("gob://:1", "needs a host and a port"),
            ("gob+tls://h:1", "of the wires in TLS it has grpc+https only"),
        ] {
            let error = text.parse::<Url>().unwrap_err();
            assert!(error.message().contains(words), "{error}");
        }
    }
}
