//! Tells wires apart by the first bytes of a connection.
//!
//! No look needs more bytes than the shortest wire sends first, and a peer may send them one at a time.

/// What a connection turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Gob,
    Json,
    /// Gob over HTTP: `CONNECT`.
    Connect,
    /// HTTP/1 of any other method, or HTTP/2.
    Http,
    Zmtp,
    Tls,
}

/// What the bytes so far say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Is(Protocol),
    NeedMore,
    Unknown,
}

/// Bytes of ZMTP's signature: FF, eight of padding, and one whose lowest bit is set. libzmq sends them and then waits.
const SIGNATURE: usize = 10;

/// How a gob client of Go's `rpc.DialHTTP` begins.
const CONNECT: &[u8] = b"CONNECT ";

/// What Go's JSON server takes for a request too. No method of HTTP begins with it.
const NULL: &[u8] = b"null";

/// So many bytes of empty lines are looked past.
const EMPTY_LINES: usize = 64;

/// Looks at the first bytes of a connection.
pub(crate) fn look(bytes: &[u8]) -> Verdict {
    use Protocol::{Gob, Json, Tls};
    match *bytes {
        [] => Verdict::NeedMore,
        [0x16, 0x03, ..] => Verdict::Is(Tls),
        [0xFF, ..] => zmtp_or_gob(bytes),
        // Any length may open a gob stream, `{` and letters included; what follows is a negative type number.
        [0x01..=0x7F, second, ..] if is_definition(second) => Verdict::Is(Gob),
        [0x01..=0x7F] => Verdict::NeedMore,
        [0xF8..=0xFE, ..] => long_gob(bytes),
        [b'\r' | b'\n', ..] => behind_empty_lines(bytes),
        [b'{' | b'[' | b' ' | b'\t', ..] => Verdict::Is(Json),
        _ => http(bytes),
    }
}

fn http(bytes: &[u8]) -> Verdict {
    match *bytes {
        [b'C', ..] if bytes.starts_with(CONNECT) => Verdict::Is(Protocol::Connect),
        [b'C', ..] if CONNECT.starts_with(bytes) => Verdict::NeedMore,
        [b'n', ..] if bytes.starts_with(NULL) => Verdict::Is(Protocol::Json),
        [b'n', ..] if NULL.starts_with(bytes) => Verdict::NeedMore,
        [b'A'..=b'Z' | b'a'..=b'z', ..] => Verdict::Is(Protocol::Http),
        _ => Verdict::Unknown,
    }
}

/// Lines may be empty before a JSON request, and before one of HTTP (RFC 9112, 2.2).
fn behind_empty_lines(bytes: &[u8]) -> Verdict {
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    match start.map(|start| http(&bytes[start..])) {
        None if bytes.len() < EMPTY_LINES => Verdict::NeedMore,
        None | Some(Verdict::Unknown) => Verdict::Is(Protocol::Json),
        Some(verdict) => verdict,
    }
}

/// Whether a type number that begins with this byte is one that a gob client defines: Go's numbers are −64 (0x7F, the
/// first of Go 1.26), −65 (0xFF 0x81, the first of Go 1.19) and on, past 127 with 0xFE. No other wire has such a second
/// byte.
fn is_definition(byte: u8) -> bool {
    matches!(byte, 0x7F | 0xF8..=0xFF)
}

/// A first gob message of more than 255 bytes: the number of length bytes, the length, and again a negative number.
fn long_gob(bytes: &[u8]) -> Verdict {
    let width = usize::from(bytes[0].wrapping_neg());
    match bytes.get(1 + width) {
        None if bytes.get(1).is_none_or(|first| *first != 0) => Verdict::NeedMore,
        Some(&first) if bytes[1] != 0 && is_definition(first) => Verdict::Is(Protocol::Gob),
        _ => Verdict::Unknown,
    }
}

/// FF begins ZMTP's signature, and a gob message of 128 to 255 bytes. Both are at least ten bytes long.
///
/// ZMTP's padding means nothing, and may be anything: libzmq puts the length of a socket's identity there. So it is ZMTP
/// unless all ten bytes are how a gob type is defined.
fn zmtp_or_gob(bytes: &[u8]) -> Verdict {
    let Some(start) = bytes.first_chunk::<SIGNATURE>() else {
        return Verdict::NeedMore;
    };
    if defines_a_type(&start[1..]) {
        Verdict::Is(Protocol::Gob)
    } else if start[SIGNATURE - 1] & 1 == 1 {
        Verdict::Is(Protocol::Zmtp)
    } else {
        Verdict::Unknown
    }
}

/// Whether this is a length of 128 to 255, a negative type number, one of the seven kinds of types, what all of them have in
/// common, and the first field of that: the name, or the number where a type has no name.
fn defines_a_type(bytes: &[u8]) -> bool {
    let (length, number) = (bytes[0], &bytes[1..]);
    let definition = match number[0] {
        0x7F => &number[1..],
        0xFF => &number[2..],
        0xFE => &number[3..],
        _ => return false,
    };
    length >= 128 && matches!(definition, [1..=7, 1, 1 | 2, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What libzmq sends for a socket without an identity.
    const SIGNED: [u8; SIGNATURE] = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F];

    #[test]
    fn each_wire_is_known_by_its_first_bytes() {
        let identity = [0xFF, 0, 0, 0, 0, 0, 0, 0, 3, 0x7F];
        let padding = [0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        for (bytes, protocol) in [
            (&[0x2F, 0xFF, 0x81][..], Protocol::Gob),
            (&[0x2E, 0x7F, 0x03], Protocol::Gob),
            (b"\xFF\xC8\x7F\x03\x01\x01\x07Req", Protocol::Gob),
            (b"\xFF\xC8\xFF\x81\x03\x01\x01\x07Re", Protocol::Gob),
            (b"\xFF\xC8\xFE\x01\x01\x03\x01\x01\x07R", Protocol::Gob),
            (b"\xFF\xC8\xFF\x83\x03\x01\x02\xFF\x84\x00", Protocol::Gob),
            (b"{\xFF\x81", Protocol::Gob),
            (b"C\xFF\x81", Protocol::Gob),
            (b"\x16\xFF\x81", Protocol::Gob),
            (b"0\xFE\x01\x01", Protocol::Gob),
            (&[0xFE, 1, 44, 0xFF, 0x81], Protocol::Gob),
            (&SIGNED, Protocol::Zmtp),
            (&identity, Protocol::Zmtp),
            (&padding, Protocol::Zmtp),
            (b"{}", Protocol::Json),
            (b"[]", Protocol::Json),
            (b" \n{", Protocol::Json),
            (b"\r\n{", Protocol::Json),
            (b"null", Protocol::Json),
            (b"\nnull{", Protocol::Json),
            (&[b'\n'; EMPTY_LINES], Protocol::Json),
            (b"\r\nGET / HTTP/1.1", Protocol::Http),
            (b"\n\nCONNECT /_goRPC_ HTTP/1.0\n\n", Protocol::Connect),
            (b"CONNECT /_goRPC_ HTTP/1.0\n\n", Protocol::Connect),
            (b"COPY / HTTP/1.1", Protocol::Http),
            (b"GET / HTTP/1.1", Protocol::Http),
            (b"POST /jsonrpc HTTP/1.1", Protocol::Http),
            (b"PRI * HTTP/2.0\r\n", Protocol::Http),
            (b"\x16\x03\x01", Protocol::Tls),
        ] {
            assert_eq!(look(bytes), Verdict::Is(protocol), "{bytes:x?}");
            for end in 0..bytes.len() {
                let early = look(&bytes[..end]);
                assert!(
                    matches!(early, Verdict::NeedMore) || early == Verdict::Is(protocol),
                    "{:x?}: {early:?}",
                    &bytes[..end]
                );
            }
        }
    }

    #[test]
    fn no_wire_waits_for_more_than_it_sends_first() {
        assert_eq!(look(&SIGNED), Verdict::Is(Protocol::Zmtp));
        assert_eq!(look(b"{}"), Verdict::Is(Protocol::Json));
        assert_eq!(look(b"GE"), Verdict::Is(Protocol::Http));
    }

    #[test]
    fn noise_is_unknown() {
        for bytes in [
            &[0x00, 0x01][..],
            b"\x01\x02",
            b"12",
            &[0x80, 0x00],
            b"\xFE\0\x90\x7F",
            b"\xFF\0\0\0\0\0\0\0\x01\x7E",
            b"\xFF\xC8\x02\0\0\0\0\0\0\0",
            b"\xFF\x7F\xFF\x81\x03\x01\x01\x07Rd\0",
            b"\"a",
        ] {
            assert_eq!(look(bytes), Verdict::Unknown, "{bytes:x?}");
        }
    }
}
