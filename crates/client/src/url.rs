//! URLs that say wire and transport: `gob+tcp://host:port`, `jsonrpc+ws://host:port`.

use std::fmt;
use std::str::FromStr;

use manywire_core::{Origin, RpcError};

use crate::mistaken::explain;

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

impl Wire {
    /// What URLs call it.
    pub fn name(self) -> &'static str {
        match self {
            Wire::Gob => "gob",
            Wire::Jsonrpc1 => "jsonrpc1",
            Wire::Jsonrpc => "jsonrpc",
            Wire::Xmlrpc => "xmlrpc",
            Wire::Zerorpc => "zerorpc",
            Wire::Grpc => "grpc",
        }
    }
}

/// What carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A bare stream.
    Tcp,
    /// HTTP.
    Http,
    /// A WebSocket.
    WebSocket,
}

/// Where a server is and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// The protocol.
    pub wire: Wire,
    /// What carries it.
    pub transport: Transport,
    /// Whether that is inside TLS.
    pub tls: bool,
    /// `host:port` or `unix:PATH`; or several, of servers that may take each other's place.
    pub authorities: Vec<String>,
    /// The path, with its slash; empty where the URL has none.
    pub path: String,
}

/// Every scheme, with what it stands for and whether it is in TLS. The first of a kind is the one that is shown.
const SCHEMES: &[(&str, Wire, Transport, bool)] = &[
    ("gob+tcp", Wire::Gob, Transport::Tcp, false),
    ("gob+http", Wire::Gob, Transport::Http, false),
    ("gob+tls", Wire::Gob, Transport::Tcp, true),
    ("gob+https", Wire::Gob, Transport::Http, true),
    ("jsonrpc1+tcp", Wire::Jsonrpc1, Transport::Tcp, false),
    ("jsonrpc1+http", Wire::Jsonrpc1, Transport::Http, false),
    ("jsonrpc1+tls", Wire::Jsonrpc1, Transport::Tcp, true),
    ("jsonrpc1+https", Wire::Jsonrpc1, Transport::Http, true),
    ("jsonrpc+http", Wire::Jsonrpc, Transport::Http, false),
    ("jsonrpc+ws", Wire::Jsonrpc, Transport::WebSocket, false),
    ("jsonrpc+https", Wire::Jsonrpc, Transport::Http, true),
    ("jsonrpc+wss", Wire::Jsonrpc, Transport::WebSocket, true),
    ("xmlrpc+http", Wire::Xmlrpc, Transport::Http, false),
    ("xmlrpc+https", Wire::Xmlrpc, Transport::Http, true),
    ("zerorpc+tcp", Wire::Zerorpc, Transport::Tcp, false),
    ("zerorpc+tls", Wire::Zerorpc, Transport::Tcp, true),
    ("grpc+http", Wire::Grpc, Transport::Http, false),
    ("grpc+https", Wire::Grpc, Transport::Http, true),
    ("gob", Wire::Gob, Transport::Tcp, false),
    ("jsonrpc", Wire::Jsonrpc, Transport::Http, false),
    ("xmlrpc", Wire::Xmlrpc, Transport::Http, false),
    ("zerorpc", Wire::Zerorpc, Transport::Tcp, false),
    ("grpc", Wire::Grpc, Transport::Http, false),
    ("grpcs", Wire::Grpc, Transport::Http, true),
];

impl Url {
    /// The path, or the one that the wire's servers usually have.
    pub fn path_or<'u>(&'u self, usual: &'u str) -> &'u str {
        if self.path.is_empty() { usual } else { &self.path }
    }

    /// The same URL in TLS.
    pub(crate) fn with_tls(&self) -> Self {
        Self { tls: true, ..self.clone() }
    }

    /// The error of who names certificates for a URL that is not in TLS: to call in plaintext would not be what is meant.
    pub fn not_in_tls(&self) -> RpcError {
        invalid(format!("{self} is not in TLS, and how to speak TLS was given; write {}", self.with_tls()))
    }

    /// Every scheme that there is.
    pub fn schemes() -> impl Iterator<Item = &'static str> {
        SCHEMES.iter().map(|(name, ..)| *name)
    }
}

fn invalid(message: String) -> RpcError {
    RpcError::arose(Origin::Usage, message)
}

impl FromStr for Url {
    type Err = RpcError;

    fn from_str(text: &str) -> Result<Self, RpcError> {
        let explained = |otherwise: &str| invalid(explain(text).unwrap_or_else(|| otherwise.to_owned()));
        let (scheme, rest) = text.split_once("://").ok_or_else(|| explained(text))?;
        let known = SCHEMES.iter().find(|(name, ..)| *name == scheme);
        let (_, wire, transport, tls) = known.ok_or_else(|| explained(text))?;
        // The path of a socket goes on to the end, so that there is none of HTTP.
        let end = if rest.starts_with(UNIX) { None } else { rest.find('/') };
        let (authorities, path) = rest.split_at(end.unwrap_or(rest.len()));
        let authorities: Vec<String> = authorities.split(',').map(str::to_owned).collect();
        if let Some(wrong) = authorities.iter().find(|authority| !is_place(authority)) {
            let of_several =
                if authorities.len() > 1 { format!(" ({wrong:?} has not)") } else { String::new() };
            return Err(explained(&format!(
                "{text:?} needs a host and a port{of_several}, as in {scheme}://127.0.0.1:1234"
            )));
        }
        Ok(Self { wire: *wire, transport: *transport, tls: *tls, authorities, path: path.to_owned() })
    }
}

/// How the authority of a Unix socket begins.
const UNIX: &str = "unix:";

/// The name of a server on a Unix socket, where HTTP or TLS wants one.
pub(crate) const LOCALHOST: &str = "localhost";

/// The path of a Unix socket.
pub(crate) fn unix_path(authority: &str) -> Option<&str> {
    authority.strip_prefix(UNIX).filter(|path| !path.is_empty())
}

fn is_place(authority: &str) -> bool {
    unix_path(authority).is_some() || split(authority).is_some()
}

/// Host and port; the brackets of `[::1]` are no part of the host.
pub(crate) fn split(authority: &str) -> Option<(&str, u16)> {
    let (host, port) = authority.rsplit_once(':')?;
    let bare = match host.strip_prefix('[') {
        Some(host) => host.strip_suffix(']')?,
        None => Some(host).filter(|host| !host.contains(':'))?,
    };
    (!bare.is_empty()).then_some((bare, port.parse().ok()?))
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = (self.wire, self.transport, self.tls);
        let scheme = SCHEMES.iter().find(|(_, wire, transport, tls)| (*wire, *transport, *tls) == kind);
        write!(f, "{}://{}{}", scheme.map_or("?", |(name, ..)| name), self.authorities.join(","), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_read_and_shown_in_its_long_form() {
        for (scheme, wire, transport, tls) in SCHEMES {
            let url: Url = format!("{scheme}://[::1]:1234/path").parse().unwrap();
            assert_eq!((url.wire, url.transport, url.tls), (*wire, *transport, *tls));
            assert_eq!((&*url.authorities, &*url.path), (&["[::1]:1234".to_owned()][..], "/path"));
        }
        let url: Url = "grpcs://h:1".parse().unwrap();
        assert_eq!(url.to_string(), "grpc+https://h:1");
        let url: Url = "gob://a:1,b:2".parse().unwrap();
        assert_eq!((url.authorities.len(), &*url.to_string()), (2, "gob+tcp://a:1,b:2"));
        let url: Url = "gob://unix:/run/a.sock,unix:b".parse().unwrap();
        assert_eq!((url.authorities.len(), &*url.to_string()), (2, "gob+tcp://unix:/run/a.sock,unix:b"));
        "gob://unix:".parse::<Url>().unwrap_err();
    }
}
