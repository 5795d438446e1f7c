//! From the bytes of a message to its text: the encoding that it is in, and the characters that XML allows.
//!
//! What says the encoding, in this order (RFC 7303, section 3): a byte order mark, the `charset` of the content type, the XML
//! declaration. Without any of them it is UTF-8, or UTF-16 where the first characters look like it.

use std::borrow::Cow;

use encoding_rs::Encoding;
use memchr::{memchr, memmem};

use crate::error::{DecodeError, Flaw};
use crate::markup::clipped;

/// A message as it came: its bytes, and what its content type said of them.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    bytes: &'a [u8],
    charset: Option<&'a str>,
}

impl<'a> Document<'a> {
    /// A document that came without a content type.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, charset: None }
    }

    /// The same document under this content type, whose `charset` goes before the document's own declaration.
    #[must_use]
    pub fn with_content_type(self, content_type: Option<&'a str>) -> Self {
        Self { charset: content_type.and_then(charset), ..self }
    }

    /// The text, without a byte order mark.
    pub(crate) fn text(&self) -> Result<Cow<'a, str>, DecodeError> {
        let text = self.decode()?;
        match first_forbidden(&text) {
            None => Ok(text),
            Some(at) => Err(malformed(at, "a character that XML does not allow")),
        }
    }

    fn decode(&self) -> Result<Cow<'a, str>, DecodeError> {
        match (self.bytes, self.charset) {
            ([0xFE, 0xFF, rest @ ..], _) => utf16(rest, u16::from_be_bytes),
            ([0xFF, 0xFE, rest @ ..], _) => utf16(rest, u16::from_le_bytes),
            ([0xEF, 0xBB, 0xBF, rest @ ..], _) => utf8(rest),
            (bytes, Some(charset)) => named(charset, bytes),
            ([0, b'<', ..], None) => utf16(self.bytes, u16::from_be_bytes),
            ([b'<', 0, ..], None) => utf16(self.bytes, u16::from_le_bytes),
            (bytes, None) => match declared_encoding(bytes) {
                None => utf8(bytes),
                Some(name) if is_utf16(&name) => {
                    Err(malformed(0, "UTF-16 is declared, and the declaration itself is not in it"))
                }
                Some(name) => named(&name, bytes),
            },
        }
    }
}

/// The `charset` of a content type.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"').trim();
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
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

fn malformed(at: usize, what: impl Into<Cow<'static, str>>) -> DecodeError {
    DecodeError::new(Flaw::Malformed, at, what)
}

/// The encoding named in `<?xml version="1.0" encoding="…"?>`.
fn declared_encoding(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    let declaration = rest.get(..memchr(b'?', rest)?)?;
    let name = memmem::find(declaration, b"encoding")?;
    let rest = declaration.get(name + b"encoding".len()..)?;
    let rest = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    rest.get(..memchr(*quote, rest)?).map(String::from_utf8_lossy)
}

fn is_utf16(name: &str) -> bool {
    ["utf-16", "utf-16le", "utf-16be"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Decodes by the name of an encoding. The Encoding Standard, which encoding_rs follows, takes ISO-8859-1 for windows-1252,
/// as browsers do; other readers of XML do not, so that one is ours.
fn named<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, DecodeError> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => return utf8(bytes),
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin-1" | "latin1" | "l1" => {
            return Ok(latin1(bytes).into());
        }
        "utf-16le" => return utf16(bytes, u16::from_le_bytes),
        // Big-endian without a mark that says otherwise, unless it plainly is not.
        "utf-16" if matches!(bytes, [b'<', 0, ..]) => return utf16(bytes, u16::from_le_bytes),
        "utf-16" | "utf-16be" => return utf16(bytes, u16::from_be_bytes),
        _ => {}
    }
    let known = Encoding::for_label(name.as_bytes()).filter(|known| known.output_encoding() == *known);
    let encoding = known.ok_or_else(|| {
        let why = format!("`{}` is no encoding that is known here; send UTF-8", clipped(name));
        DecodeError::new(Flaw::Encoding, 0, why)
    })?;
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| malformed(0, format!("a byte that is not {}", encoding.name())))
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let text = std::str::from_utf8(bytes);
    text.map(Cow::Borrowed).map_err(|e| malformed(e.valid_up_to(), "a byte that is not UTF-8"))
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, DecodeError> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(malformed(bytes.len(), "half a character of UTF-16"));
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| malformed(0, "an unpaired surrogate of UTF-16"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<String, DecodeError> {
        text_as(None, bytes)
    }

    fn text_as(content_type: Option<&str>, bytes: &[u8]) -> Result<String, DecodeError> {
        Document::new(bytes).with_content_type(content_type).text().map(Cow::into_owned)
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn encodings_are_read_as_declared() {
        let plain = "<?xml version='1.0' encoding=\"UTF-16\"?><a>\u{e9}\u{1F600}</a>";
        assert_eq!(text(&utf16(plain, u16::to_be_bytes)).unwrap(), plain);
        assert_eq!(text(&utf16(&format!("\u{FEFF}{plain}"), u16::to_le_bytes)).unwrap(), plain);
        assert_eq!(text("\u{FEFF}<a>\u{e9}</a>".as_bytes()).unwrap(), "<a>\u{e9}</a>");
        for (name, bytes, expected) in [
            ("ISO-8859-1", &b"\xE9\x85"[..], "\u{e9}\u{85}"),
            ("iso-8859-15", b"\xA4\xE9", "\u{20ac}\u{e9}"),
            ("iso-8859-2", b"\xB1", "\u{105}"),
            ("windows-1252", b"\x80\xE9", "\u{20ac}\u{e9}"),
            ("cp1251", b"\xCF\xF0", "\u{41f}\u{440}"),
            ("KOI8-R", b"\xF0\xD2", "\u{41f}\u{440}"),
            ("Shift_JIS", b"\x93\xFA", "\u{65e5}"),
            ("EUC-JP", b"\xC6\xFC", "\u{65e5}"),
            ("gb2312", b"\xC4\xE3", "\u{4f60}"),
            ("gb18030", b"\xC4\xE3\x81\x30\x81\x30", "\u{4f60}\u{80}"),
            ("Big5", b"\xA7\x41", "\u{4f60}"),
            ("macintosh", b"\x8E", "\u{e9}"),
        ] {
            let declared =
                [format!("<?xml version='1.0' encoding = '{name}' ?><a>").as_bytes(), bytes].concat();
            assert!(text(&declared).unwrap().ends_with(&format!("<a>{expected}")), "{name}");
            let content_type = format!("text/xml; charset={name}");
            assert_eq!(text_as(Some(&content_type), bytes).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn a_mark_goes_before_the_content_type_and_that_before_the_declaration() {
        let declared = b"<?xml version='1.0' encoding='koi8-r'?>\xC3\xA9";
        for (content_type, end) in [
            (None, "\u{446}\u{2558}"),
            (Some("text/xml"), "\u{446}\u{2558}"),
            (Some("application/xml;charset=utf-8"), "\u{e9}"),
            (Some("text/xml; x=y; Charset = \"ISO-8859-1\""), "\u{c3}\u{a9}"),
            (Some("text/xml; charset="), "\u{446}\u{2558}"),
        ] {
            assert!(text_as(content_type, declared).unwrap().ends_with(end), "{content_type:?}");
        }
        let marked = "\u{FEFF}<a>\u{e9}</a>";
        let content_type = Some("text/xml; charset=koi8-r");
        assert_eq!(text_as(content_type, marked.as_bytes()).unwrap(), "<a>\u{e9}</a>");
        assert_eq!(text_as(content_type, &utf16(marked, u16::to_be_bytes)).unwrap(), "<a>\u{e9}</a>");
        let bare = "<a>\u{e9}</a>";
        for (name, unit) in [
            ("utf-16", u16::to_be_bytes as fn(u16) -> [u8; 2]),
            ("utf-16", u16::to_le_bytes),
            ("UTF-16LE", u16::to_le_bytes),
            ("utf-16be", u16::to_be_bytes),
        ] {
            assert_eq!(text_as(Some(&format!("text/xml;charset={name}")), &utf16(bare, unit)).unwrap(), bare);
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let flaw = |bytes: &[u8]| text(bytes).unwrap_err().flaw();
        for unknown in ["EBCDIC-CP-US", "utf-7", "replacement", "iso-2022-kr", "", "\u{e9}"] {
            let declared = format!("<?xml version='1.0' encoding='{unknown}'?><a/>");
            assert_eq!(flaw(declared.as_bytes()), Flaw::Encoding, "{unknown}");
        }
        let charset = text_as(Some("text/xml; charset=none-such"), b"<a/>").unwrap_err();
        assert_eq!(charset.flaw(), Flaw::Encoding);
        assert!(charset.to_string().contains("`none-such`"), "{charset}");
        assert_eq!(flaw(b"<?xml version='1.0' encoding='utf-16'?><a/>"), Flaw::Malformed);
        assert_eq!(flaw(b"<?xml version='1.0' encoding='euc-jp'?><a>\xC6</a>"), Flaw::Malformed);
        assert_eq!(flaw(b"<?xml version='1.0' encoding='windows-1252'?><a>\x01</a>"), Flaw::Malformed);
        assert_eq!(flaw(b"<a>\xE9</a>"), Flaw::Malformed);
        assert_eq!(flaw(b"<a>\x01</a>"), Flaw::Malformed);
        assert_eq!(flaw("<a>\u{FFFE}</a>".as_bytes()), Flaw::Malformed);
        assert_eq!(flaw(b"\xFE\xFF\0<\0"), Flaw::Malformed);
        assert_eq!(flaw(b"\xFE\xFF\xD8\0\0<"), Flaw::Malformed);
        assert!(text("<a>\u{FF01}</a>".as_bytes()).is_ok());
    }
}
