//! Frames: one byte of flags, a length of one or eight bytes, the body.
//!
//! ```text
//! 01 00                                    more to come, short, empty
//! 00 3d 93 82 …                            the last frame, short, 0x3d bytes
//! 02 00 00 00 00 00 00 01 2c 93 83 …       the last frame, long, 0x12c bytes
//! 04 29 05 'READY' …                       a command, short, 0x29 bytes
//! ```

const MORE: u8 = 0x01;
const LONG: u8 = 0x02;
const COMMAND: u8 = 0x04;

const LONG_HEADER: usize = 9;
const SHORT_HEADER: usize = 2;

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A part of a message that is not its last.
    More,
    /// The last part of a message.
    Last,
    /// A command to the connection itself.
    Command,
}

/// The start of a frame: what it is and where its body lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// Bytes of flags and length.
    pub(crate) size: usize,
    /// Bytes of the body, as the peer claims.
    pub(crate) length: u64,
}

/// Why bytes are no frame that we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a frame has flags {0:#04x}, which ZMTP 3 does not define")]
    Flags(u8),
    #[error("a message of {length} bytes or more is beyond the limit of {limit}")]
    TooLong { length: u64, limit: usize },
    #[error("a message has more than {0} bytes or frames before its payload")]
    Envelope(usize),
}

/// Reads the start of a frame; none while it is incomplete.
pub(crate) fn decode_header(bytes: &[u8]) -> Result<Option<Header>, FrameError> {
    let Some((&flags, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    let kind = match flags & !LONG {
        0 => Kind::Last,
        MORE => Kind::More,
        COMMAND => Kind::Command,
        _ => return Err(FrameError::Flags(flags)),
    };
    let (size, length) = if flags & LONG == 0 {
        (SHORT_HEADER, rest.first().map(|&length| length.into()))
    } else {
        (LONG_HEADER, rest.first_chunk().map(|&length| u64::from_be_bytes(length)))
    };
    Ok(length.map(|length| Header { kind, size, length }))
}

/// Appends a frame whose body is written in place, so that a long body is never copied.
pub(crate) fn encode<R>(out: &mut Vec<u8>, kind: Kind, body: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let flags = match kind {
        Kind::More => MORE,
        Kind::Last => 0,
        Kind::Command => COMMAND,
    };
    let start = out.len();
    out.extend_from_slice(&[0; LONG_HEADER]);
    let result = body(out);
    let body_start = start + LONG_HEADER;
    let length = out.len() - body_start;
    let header = &mut out[start..];
    if let Ok(short) = u8::try_from(length) {
        header[0] = flags;
        header[1] = short;
        header.copy_within(LONG_HEADER.., SHORT_HEADER);
        out.truncate(start + SHORT_HEADER + length);
    } else {
        header[0] = flags | LONG;
        header[1..LONG_HEADER].copy_from_slice(&(length as u64).to_be_bytes());
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(kind: Kind, body: &[u8]) -> Vec<u8> {
        let mut out = b"before".to_vec();
        encode(&mut out, kind, |out| out.extend_from_slice(body));
        out.split_off(6)
    }

    #[test]
    fn frames_are_short_up_to_255_bytes() {
        assert_eq!(encoded(Kind::More, b""), [1, 0]);
        assert_eq!(encoded(Kind::Command, b"x"), [4, 1, b'x']);
        assert_eq!(encoded(Kind::Last, &[7; 255])[..3], [0, 255, 7]);
        assert_eq!(encoded(Kind::Last, &[7; 256])[..10], [2, 0, 0, 0, 0, 0, 0, 1, 0, 7]);
    }

    #[test]
    fn what_is_written_reads_back_and_no_prefix_of_it_does() {
        for (kind, length) in [(Kind::More, 0), (Kind::Last, 255), (Kind::Last, 70_000), (Kind::Command, 300)]
        {
            let bytes = encoded(kind, &vec![0; length]);
            let size = bytes.len() - length;
            let header = Header { kind, size, length: length as u64 };
            assert_eq!(decode_header(&bytes), Ok(Some(header)));
            for cut in 0..size {
                assert_eq!(decode_header(&bytes[..cut]), Ok(None));
            }
        }
    }

    #[test]
    fn flags_beyond_the_three_are_refused_at_once() {
        for flags in 0..=255u8 {
            let known = [0, MORE, LONG, MORE | LONG, COMMAND, COMMAND | LONG].contains(&flags);
            assert_eq!(decode_header(&[flags]).is_ok(), known, "{flags:#x}");
        }
    }
}
