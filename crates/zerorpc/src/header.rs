//! What an event's header says of its call: metadata, and how long the caller waits.
//!
//! Clients put their own entries beside the protocol's: a tracer its id, say. Those that are text or bytes are metadata;
//! `timeout` is a number of seconds.

use std::time::{Duration, Instant};

use manywire_core::{ErrorKind, ReadMetadata, RpcError, Terms};

use crate::msgpack::{Head, Reader};

/// The entry that says how long the caller waits.
pub(crate) const TIMEOUT: &str = "timeout";

/// The header of an event, which was read through once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Header<'a> {
    /// Keys and values as they came, one behind the other.
    pub(crate) entries: &'a [u8],
    /// The value of its timeout, as msgpack.
    pub(crate) timeout: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// The terms of a call that begins now; an error where the timeout is malformed.
    pub(crate) fn terms(&self) -> Result<Terms<'_>, RpcError> {
        let timeout = self.timeout.map(|value| seconds(value).ok_or_else(malformed)).transpose()?;
        // A deadline beyond the end of time is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Ok(Terms { metadata: self, deadline })
    }

    /// The entries that are text or bytes under a name.
    fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let mut reader = Reader::new(self.entries);
        let entries = std::iter::from_fn(move || Some((reader.skip().ok()?, reader.skip().ok()?)));
        entries.filter_map(|(key, value)| Some((str::from_utf8(text(key)?).ok()?, text(value)?)))
    }
}

fn text(value: &[u8]) -> Option<&[u8]> {
    match Reader::new(value).head() {
        Ok(Head::Str(text) | Head::Bin(text)) => Some(text),
        _ => None,
    }
}

fn seconds(value: &[u8]) -> Option<Duration> {
    let seconds = match Reader::new(value).head() {
        Ok(Head::Int(seconds)) => Duration::from_secs(u64::try_from(seconds).ok()?),
        Ok(Head::Uint(seconds)) => Duration::from_secs(seconds),
        Ok(Head::Float(seconds)) if seconds >= 0.0 => {
            Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
        }
        _ => return None,
    };
    Some(seconds)
}

fn malformed() -> RpcError {
    let message = "the timeout in the header of an event is a number of seconds, zero or more";
    RpcError::new(ErrorKind::InvalidRequest, message)
}

impl ReadMetadata for Header<'_> {
    fn get(&self, name: &str) -> Option<&[u8]> {
        self.pairs().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn visit(&self, show: &mut dyn FnMut(&str, &[u8])) {
        self.pairs().for_each(|(key, value)| show(&key.to_ascii_lowercase(), value));
    }
}

#[cfg(test)]
mod tests {
    use manywire_core::Metadata;

    use super::*;

    #[test]
    fn texts_and_bytes_are_metadata() {
        let entries =
            b"\xa1v\x03\xa8Trace-Id\xa17\xc4\x03raw\xc4\x02\xff\x00\xa1l\x91\x01\x05\xa1x\xa2\xff\xff\xa1y";
        let header = Header { entries, timeout: None };
        assert_eq!(header.get("trace-id"), Some(&b"7"[..]));
        assert_eq!(header.get("raw"), Some(&b"\xff\x00"[..]));
        assert_eq!((header.get("v"), header.get("l")), (None, None));
        let copy = Metadata::of(&header);
        assert_eq!((copy.iter().len(), copy.text("trace-id")), (2, Some("7")));
    }

    #[test]
    fn a_timeout_is_a_number_of_seconds() {
        let terms = |timeout: &'static [u8]| {
            let header = Header { entries: b"", timeout: Some(timeout) };
            header.terms().map(|terms| terms.deadline.map(|at| at.saturating_duration_since(Instant::now())))
        };
        for (value, most) in [
            (&b"\x05"[..], 5.0),
            (b"\x00", 0.0),
            (b"\xcb\x40\x04\0\0\0\0\0\0", 2.5),
            (b"\xca\x3f\x00\0\0", 0.5),
        ] {
            let left = terms(value).unwrap().unwrap().as_secs_f64();
            assert!(left <= most && left >= most - 0.5, "{value:x?}: {left}");
        }
        for endless in [&b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"[..], b"\xcb\x7f\xf0\0\0\0\0\0\0"] {
            assert_eq!(terms(endless), Ok(None), "{endless:x?}");
        }
        for wrong in
            [&b"\xff"[..], b"\xa15", b"\xc0", b"\x90", b"\xcb\x7f\xf8\0\0\0\0\0\0", b"\xca\xbf\x80\0\0"]
        {
            assert_eq!(terms(wrong).unwrap_err().kind(), ErrorKind::InvalidRequest, "{wrong:x?}");
        }
    }
}
