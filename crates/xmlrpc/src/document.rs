//! From the bytes of a message to its text: the encoding that it declares, and the characters that XML allows.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use crate::error::{DecodeError, Flaw};

/// The text of a document in UTF-8, UTF-16 or Latin-1, as its byte order mark or its declaration says.
pub(crate) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let text = match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?.into(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?.into(),
        [0, b'<', ..] => utf16(bytes, u16::from_be_bytes)?.into(),
        [b'<', 0, ..] => utf16(bytes, u16::from_le_bytes)?.into(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest)?.into(),
        _ => by_declaration(bytes)?,
    };
    match first_forbidden(&text) {
        None => Ok(text),
        Some(at) => Err(malformed(at, "a character that XML does not allow")),
    }
}

/// Whether XML 1.0 allows the character in a document.
pub(crate) fn is_allowed(c: char) -> bool {
    !matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}')
}

/// Where the first character is that XML does not allow.
fn first_forbidden(text: &str) -> Option<usize> {
    let is_control = |b: u8| b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r');
    // Without a branch inside, the compiler makes this a loop of wide instructions; 0xEF begins U+FFFE and U+FFFF.
    let is_suspicious = text.bytes().fold(false, |seen, b| seen | is_control(b) | (b == 0xEF));
    if !is_suspicious {
        return None;
    }
    let mut characters = text.char_indices();
    characters.find(|(_, c)| !is_allowed(*c)).map(|(at, _)| at)
}

fn malformed(at: usize, what: &'static str) -> DecodeError {
    DecodeError::new(Flaw::Malformed, at, what)
}

fn by_declaration(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let Some(name) = declared_encoding(bytes) else {
        return utf8(bytes).map(Cow::from);
    };
    match name.to_ascii_lowercase().as_slice() {
        b"utf-8" | b"utf8" | b"us-ascii" | b"ascii" => utf8(bytes).map(Cow::from),
        b"iso-8859-1" | b"iso8859-1" | b"iso_8859-1" | b"latin-1" | b"latin1" => Ok(latin1(bytes).into()),
        b"utf-16" | b"utf-16le" | b"utf-16be" => {
            Err(malformed(0, "UTF-16 is declared, and the declaration itself is not in it"))
        }
        _ => Err(DecodeError::new(
            Flaw::Encoding,
            0,
            "the declared encoding is none of UTF-8, UTF-16 and ISO-8859-1",
        )),
    }
}

/// The encoding named in `<?xml version="1.0" encoding="…"?>`.
fn declared_encoding(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    let declaration = rest.get(..memchr(b'?', rest)?)?;
    let name = memmem::find(declaration, b"encoding")?;
    let rest = declaration.get(name + b"encoding".len()..)?;
    let rest = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    rest.get(..memchr(*quote, rest)?)
}

fn utf8(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|e| malformed(e.valid_up_to(), "a byte that is not UTF-8"))
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DecodeError> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(malformed(bytes.len(), "half a character of UTF-16"));
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map_err(|_| malformed(0, "an unpaired surrogate of UTF-16"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_read_as_declared() {
        let utf16 =
            |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let plain = "<?xml version='1.0' encoding=\"UTF-16\"?><a>\u{e9}\u{1F600}</a>";
        assert_eq!(text(&utf16(plain, u16::to_be_bytes)).unwrap(), plain);
        assert_eq!(text(&utf16(&format!("\u{FEFF}{plain}"), u16::to_le_bytes)).unwrap(), plain);
        assert_eq!(text("\u{FEFF}<a>\u{e9}</a>".as_bytes()).unwrap(), "<a>\u{e9}</a>");
        let latin = b"<?xml version='1.0' encoding = 'ISO-8859-1' ?><a>\xE9</a>";
        assert!(text(latin).unwrap().ends_with("<a>\u{e9}</a>"));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let flaw = |bytes: &[u8]| text(bytes).unwrap_err().flaw();
        assert_eq!(flaw(b"<?xml version='1.0' encoding='EBCDIC'?><a/>"), Flaw::Encoding);
        assert_eq!(flaw(b"<a>\xE9</a>"), Flaw::Malformed);
        assert_eq!(flaw(b"<a>\x01</a>"), Flaw::Malformed);
        assert_eq!(flaw("<a>\u{FFFE}</a>".as_bytes()), Flaw::Malformed);
        assert_eq!(flaw(b"\xFE\xFF\0<\0"), Flaw::Malformed);
        assert_eq!(flaw(b"\xFE\xFF\xD8\0\0<"), Flaw::Malformed);
        assert!(text("<a>\u{FF01}</a>".as_bytes()).is_ok());
    }
}
