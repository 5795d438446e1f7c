//! Where a server listens, and for which wires.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Error;
use crate::wires::Wires;

/// A listener as it is written: `any=127.0.0.1:2021`, `netrpc,zerorpc=[::1]:0`, `grpc=unix:/run/service.sock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    pub(crate) wires: Wires,
    pub(crate) place: Place,
}

impl Listen {
    /// What it answers.
    pub fn wires(&self) -> &Wires {
        &self.wires
    }
}

/// What is to be bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A host and a port.
    Tcp(String),
    /// The path of a socket.
    Unix(PathBuf),
}

/// How the path of a Unix socket begins in a listener or a URL.
const UNIX: &str = "unix:";

impl FromStr for Listen {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: String| Error::listen(text, why);
        let form = "write WIRES=ADDR:PORT, such as any=127.0.0.1:2021, or WIRES=unix:PATH";
        let (wires, place) = text.split_once('=').ok_or_else(|| refuse(form.to_owned()))?;
        Ok(Self { wires: Wires::parse(wires).map_err(refuse)?, place: place.parse().map_err(refuse)? })
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix(UNIX) {
            return match path {
                "" => Err("the path of the Unix socket is missing: write unix:/run/service.sock".to_owned()),
                path => Ok(Self::Unix(path.into())),
            };
        }
        match text.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self::Tcp(text.to_owned()))
            }
            _ => {
                Err(format!("{text:?} has to be ADDR:PORT, such as 127.0.0.1:1234 or [::1]:0, or unix:PATH"))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.wires, self.place)
    }
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address of this machine, with the port that was found where 0 was asked for.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
    /// A name that was not resolved, of a listener that could not be bound.
    Name(String),
}

impl Address {
    /// The address, where it is one of TCP.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) | Self::Name(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl From<&Place> for Address {
    fn from(place: &Place) -> Self {
        match place {
            Place::Tcp(name) => Self::Name(name.clone()),
            Place::Unix(path) => Self::Unix(path.clone()),
        }
    }
}

/// A socket that the program has bound itself.
#[derive(Debug)]
pub enum Bound {
    /// TCP.
    Tcp(std::net::TcpListener),
    /// A Unix socket. Its file is the program's to remove.
    Unix(std::os::unix::net::UnixListener),
}

impl From<std::net::TcpListener> for Bound {
    fn from(listener: std::net::TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl From<std::os::unix::net::UnixListener> for Bound {
    fn from(listener: std::os::unix::net::UnixListener) -> Self {
        Self::Unix(listener)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_read_and_print_alike() {
        for text in
            ["netrpc,zerorpc=127.0.0.1:1234", "any=[::1]:0", "ops=localhost:8000", "grpc=unix:/run/a b.sock"]
        {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in [
            "netrpc",
            "soap=127.0.0.1:1",
            "any=:1",
            "any=127.0.0.1",
            "any=h:70000",
            "any=unix:",
            "ops,grpc=h:1",
            "zerorpc,zerorpc-pub=h:1",
        ] {
            text.parse::<Listen>().unwrap_err();
        }
    }
}
