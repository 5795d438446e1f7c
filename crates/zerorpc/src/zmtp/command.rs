//! Commands: READY, ERROR, PING, PONG, SUBSCRIBE and CANCEL; a name with its length, then a body.

use std::time::Duration;

use super::frame::{self, Kind};

/// What a socket is, as its READY says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SocketType {
    Router,
    Dealer,
    Publish,
    Subscribe,
}

impl SocketType {
    fn name(self) -> &'static str {
        match self {
            SocketType::Router => "ROUTER",
            SocketType::Dealer => "DEALER",
            SocketType::Publish => "PUB",
            SocketType::Subscribe => "SUB",
        }
    }

    /// Whether ZMTP lets this socket talk to a peer of that type.
    pub(crate) fn accepts(self, peer: &[u8]) -> bool {
        let peers: &[&str] = match self {
            SocketType::Router => &["DEALER", "REQ", "ROUTER"],
            SocketType::Dealer => &["ROUTER", "REP", "DEALER"],
            SocketType::Publish => &["SUB", "XSUB"],
            SocketType::Subscribe => &["PUB", "XPUB"],
        };
        peers.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(peer))
    }
}

/// A command of a peer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    /// The peer's properties, not yet read.
    Ready(Properties<'a>),
    /// The peer closes for this reason.
    Error(&'a [u8]),
    /// To be answered with a PONG of the same context; a peer silent for so long after it is gone.
    Ping { ttl: Duration, context: &'a [u8] },
    /// Messages with this prefix are wanted (ZMTP 3.1).
    Subscribe(&'a [u8]),
    /// They are no longer wanted.
    Cancel(&'a [u8]),
    /// Any other, to be ignored.
    Other,
}

/// Why a command's bytes cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a command is cut short")]
pub(crate) struct CommandError;

/// Reads a command's frame body.
pub(crate) fn decode(body: &[u8]) -> Result<Command<'_>, CommandError> {
    let (name, body) = split_counted(body).ok_or(CommandError)?;
    Ok(match name {
        b"READY" => Command::Ready(Properties(body)),
        b"ERROR" => Command::Error(split_counted(body).ok_or(CommandError)?.0),
        b"PING" => {
            let (ttl, context) = body.split_first_chunk().ok_or(CommandError)?;
            let tenths = u16::from_be_bytes(*ttl);
            Command::Ping {
                ttl: Duration::from_millis(100) * tenths.into(),
                // The specification lets a context have 16 bytes, and PONG repeats it.
                context: &context[..context.len().min(16)],
            }
        }
        b"SUBSCRIBE" => Command::Subscribe(body),
        b"CANCEL" => Command::Cancel(body),
        _ => Command::Other,
    })
}

fn split_counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    rest.split_at_checked(length.into())
}

/// The properties of a READY: each a name and a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Properties<'a>(&'a [u8]);

impl<'a> Properties<'a> {
    /// The value of the property of this name, in any case of letters.
    pub(crate) fn get(mut self, wanted: &str) -> Result<Option<&'a [u8]>, CommandError> {
        let mut found = None;
        while !self.0.is_empty() {
            let (name, value) = self.take().ok_or(CommandError)?;
            if name.eq_ignore_ascii_case(wanted.as_bytes()) {
                found = Some(value);
            }
        }
        Ok(found)
    }

    fn take(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (name, rest) = split_counted(self.0)?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((name, value))
    }
}

fn encode(out: &mut Vec<u8>, name: &str, body: &[&[u8]]) {
    frame::encode(out, Kind::Command, |out| {
        out.push(name.len() as u8);
        out.extend_from_slice(name.as_bytes());
        for part in body {
            out.extend_from_slice(part);
        }
    });
}

/// Appends our READY: the socket type, and the empty identity that libzmq's sockets also send.
pub(crate) fn encode_ready(out: &mut Vec<u8>, socket: SocketType) {
    let name = socket.name().as_bytes();
    let length = (name.len() as u32).to_be_bytes();
    let identity: &[u8] = match socket {
        SocketType::Router | SocketType::Dealer => b"\x08Identity\0\0\0\0",
        SocketType::Publish | SocketType::Subscribe => b"",
    };
    encode(out, "READY", &[b"\x0bSocket-Type", &length, name, identity]);
}

/// Appends an ERROR with a reason of at most 255 bytes.
pub(crate) fn encode_error(out: &mut Vec<u8>, reason: &str) {
    let reason = &reason.as_bytes()[..reason.len().min(255)];
    encode(out, "ERROR", &[&[reason.len() as u8], reason]);
}

/// Appends the answer to a PING.
pub(crate) fn encode_pong(out: &mut Vec<u8>, context: &[u8]) {
    encode(out, "PONG", &[context]);
}

/// Appends a subscription in the form of ZMTP 3.0, which every later version still takes: a message 01 + prefix.
pub(crate) fn encode_subscription(out: &mut Vec<u8>, prefix: &[u8]) {
    frame::encode(out, Kind::Last, |out| {
        out.push(1);
        out.extend_from_slice(prefix);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The READY of a DEALER of libzmq 4.3.5, without its frame header.
    const READY: &[u8] = b"\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0";

    #[test]
    fn ready_is_libzmqs_byte_for_byte() {
        let mut out = Vec::new();
        encode_ready(&mut out, SocketType::Dealer);
        assert_eq!(&out[2..], READY);
        let Ok(Command::Ready(properties)) = decode(READY) else {
            panic!("not READY");
        };
        assert_eq!(properties.clone().get("socket-type"), Ok(Some(&b"DEALER"[..])));
        assert_eq!(properties.get("Resource"), Ok(None));
    }

    #[test]
    fn a_command_cut_anywhere_is_refused_or_lacks_what_was_cut() {
        for cut in 0..READY.len() {
            let type_of = |command| match command {
                Command::Ready(properties) => properties.get("Socket-Type"),
                _ => Ok(None),
            };
            let read = decode(&READY[..cut]).and_then(type_of);
            let whole = cut == READY.len() - b"\x08Identity\0\0\0\0".len();
            assert_eq!(matches!(read, Ok(Some(_))), whole, "cut at {cut}: {read:?}");
        }
        assert_eq!(decode(b"\x04PING\0"), Err(CommandError));
        assert_eq!(decode(b"\x05ERROR\x09short"), Err(CommandError));
    }

    #[test]
    fn ping_carries_tenths_of_seconds_and_a_short_context() {
        let ping = decode(b"\x04PING\x00\x0f0123456789abcdefgh");
        let (ttl, context) = (Duration::from_millis(1500), &b"0123456789abcdef"[..]);
        assert_eq!(ping, Ok(Command::Ping { ttl, context }));
        assert_eq!(decode(b"\x06FUTURE..."), Ok(Command::Other));
    }

    #[test]
    fn sockets_take_the_peers_that_zmtp_allows() {
        assert!(SocketType::Router.accepts(b"dealer"));
        assert!(!SocketType::Router.accepts(b"SUB"));
        assert!(SocketType::Publish.accepts(b"XSUB"));
        assert!(!SocketType::Publish.accepts(b"DEALER"));
    }
}
