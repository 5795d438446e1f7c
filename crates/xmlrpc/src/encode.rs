//! Values into XML, no longer than a message may be. What is large is charged while it grows.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use manywire_core::{Budget, Charge, Limits, ReplyBuffer, Value};

use crate::date;
use crate::document::is_allowed;
use crate::error::EncodeError;

/// The namespace of the types that Apache's implementation adds. Its clients read them there and nowhere else.
pub(crate) const EXTENSIONS: &str = "http://ws.apache.org/xmlrpc/namespaces/extensions";

/// So many bytes of base64 are made at a time; a multiple of three, so that only the last piece is padded.
const PIECE: usize = 3 << 10;

/// XML that is being written.
pub(crate) struct Writer {
    out: ReplyBuffer,
    /// The prefix of the types that the specification has not.
    prefix: &'static str,
}

impl Writer {
    /// Writes an answer of a connection.
    pub(crate) fn new(limits: &Limits, budget: &Budget) -> Self {
        Self { out: ReplyBuffer::new(limits, budget), prefix: "" }
    }

    /// Writes without a limit.
    pub(crate) fn unlimited() -> Self {
        Self { out: ReplyBuffer::unlimited(), prefix: "" }
    }

    /// The same writer, of types with Apache's prefix.
    #[must_use]
    pub(crate) fn with_extensions(self, extensions: bool) -> Self {
        Self { prefix: if extensions { "ex:" } else { "" }, ..self }
    }

    pub(crate) fn has_extensions(&self) -> bool {
        !self.prefix.is_empty()
    }

    pub(crate) fn written(&self) -> &[u8] {
        self.out.bytes()
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.out.truncate(length);
    }

    /// The bytes, and what is to be kept until they are sent.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, Charge), EncodeError> {
        Ok(self.out.finish()?)
    }

    /// Appends markup, or text that needs no escapes.
    pub(crate) fn push(&mut self, piece: &str) -> Result<(), EncodeError> {
        Ok(self.out.push(piece.as_bytes())?)
    }

    /// Appends what another has written.
    pub(crate) fn append(&mut self, other: &Writer) -> Result<(), EncodeError> {
        Ok(self.out.push(other.written())?)
    }

    pub(crate) fn push_all(&mut self, pieces: &[&str]) -> Result<(), EncodeError> {
        pieces.iter().try_for_each(|piece| self.push(piece))
    }

    fn format(&mut self, text: fmt::Arguments<'_>) -> Result<(), EncodeError> {
        // The buffer keeps why it took no more, and says it once more.
        self.out.write_fmt(text).or_else(|fmt::Error| self.push(""))
    }

    fn element(&mut self, name: &str, content: &str) -> Result<(), EncodeError> {
        self.push_all(&["<", name, ">", content, "</", name, ">"])
    }

    /// An element that the specification has not.
    fn extension(&mut self, name: &str, content: &str) -> Result<(), EncodeError> {
        let prefix = self.prefix;
        self.push_all(&["<", prefix, name, ">", content, "</", prefix, name, ">"])
    }
}

/// Writes `<value>…</value>`.
pub(crate) fn value(out: &mut Writer, value: &Value) -> Result<(), EncodeError> {
    out.push("<value>")?;
    match value {
        Value::Null => out.push_all(&["<", out.prefix, "nil/>"])?,
        Value::Bool(b) => out.element("boolean", if *b { "1" } else { "0" })?,
        Value::Int(i) => integer(out, *i)?,
        Value::Uint(u) if out.has_extensions() => out.extension("biginteger", &u.to_string())?,
        Value::Uint(u) => return Err(EncodeError::Integer(*u)),
        Value::Float(f) => double(out, *f)?,
        Value::String(content) => {
            out.push("<string>")?;
            text(out, content)?;
            out.push("</string>")?;
        }
        Value::Bytes(bytes) => base64(out, bytes)?,
        Value::Timestamp(time) => out.element("dateTime.iso8601", &date::write(*time)?)?,
        Value::Array(items) => array(out, items)?,
        Value::Map(pairs) => members(out, pairs)?,
    }
    out.push("</value>")
}

fn integer(out: &mut Writer, i: i64) -> Result<(), EncodeError> {
    let prefix = out.prefix;
    match i32::try_from(i) {
        Ok(i) => out.format(format_args!("<int>{i}</int>")),
        Err(_) => out.format(format_args!("<{prefix}i8>{i}</{prefix}i8>")),
    }
}

/// The specification has no exponents, and no infinities either: those are written as Python does.
fn double(out: &mut Writer, f: f64) -> Result<(), EncodeError> {
    out.push("<double>")?;
    if f.is_nan() {
        out.push("nan")?;
    } else {
        let before = out.written().len();
        out.format(format_args!("{f}"))?;
        let is_whole = f.is_finite() && !out.written()[before..].contains(&b'.');
        out.push(if is_whole { ".0" } else { "" })?;
    }
    out.push("</double>")
}

fn base64(out: &mut Writer, bytes: &[u8]) -> Result<(), EncodeError> {
    out.push("<base64>")?;
    let mut text = String::new();
    for piece in bytes.chunks(PIECE) {
        text.clear();
        BASE64.encode_string(piece, &mut text);
        out.push(&text)?;
    }
    out.push("</base64>")
}

fn array(out: &mut Writer, items: &[Value]) -> Result<(), EncodeError> {
    out.push("<array><data>")?;
    for item in items {
        value(out, item)?;
    }
    out.push("</data></array>")
}

fn members(out: &mut Writer, pairs: &[(Value, Value)]) -> Result<(), EncodeError> {
    out.push("<struct>")?;
    for (name, member) in pairs {
        let name = name.as_str().ok_or_else(|| EncodeError::MemberName(kind(name)))?;
        out.push("<member><name>")?;
        text(out, name)?;
        out.push("</name>")?;
        value(out, member)?;
        out.push("</member>")?;
    }
    out.push("</struct>")
}

/// What kind of value this is, in XML-RPC's words.
pub(crate) fn kind(value: &Value) -> &'static str {
    crate::error::word(value.kind())
}

/// Writes text, with escapes where XML needs them; a carriage return would come out as a line feed without one.
pub(crate) fn text(out: &mut Writer, mut text: &str) -> Result<(), EncodeError> {
    while let Some(at) = text.bytes().position(|b| MARKED[usize::from(b)]) {
        let (plain, rest) = text.split_at(at);
        out.push(plain)?;
        let mut characters = rest.chars();
        match characters.next() {
            Some('&') => out.push("&amp;")?,
            Some('<') => out.push("&lt;")?,
            Some('>') => out.push("&gt;")?,
            Some('\r') => out.push("&#13;")?,
            Some(c) if is_allowed(c) => out.push(c.encode_utf8(&mut [0; 4]))?,
            Some(c) => return Err(EncodeError::Character(c)),
            None => {}
        }
        text = characters.as_str();
    }
    out.push(text)
}

/// The bytes that begin a character which needs a second look.
const MARKED: [bool; 256] = {
    let mut marked = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        marked[byte] = byte != b'\t' as usize && byte != b'\n' as usize;
        byte += 1;
    }
    marked[b'&' as usize] = true;
    marked[b'<' as usize] = true;
    marked[b'>' as usize] = true;
    // U+FFFE and U+FFFF begin with it.
    marked[0xEF] = true;
    marked
};
