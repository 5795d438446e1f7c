//! Values into XML.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use manywire_core::Value;

use crate::date;
use crate::document::is_allowed;
use crate::error::EncodeError;

/// Writes `<value>…</value>`.
pub(crate) fn value(out: &mut String, value: &Value) -> Result<(), EncodeError> {
    out.push_str("<value>");
    match value {
        Value::Null => out.push_str("<nil/>"),
        Value::Bool(b) => element(out, "boolean", if *b { "1" } else { "0" }),
        Value::Int(i) => integer(out, *i),
        Value::Uint(u) => return Err(EncodeError::Integer(*u)),
        Value::Float(f) => double(out, *f),
        Value::String(content) => {
            out.push_str("<string>");
            text(out, content)?;
            out.push_str("</string>");
        }
        Value::Bytes(bytes) => {
            out.push_str("<base64>");
            BASE64.encode_string(bytes, out);
            out.push_str("</base64>");
        }
        Value::Timestamp(time) => {
            out.push_str("<dateTime.iso8601>");
            date::write(out, *time)?;
            out.push_str("</dateTime.iso8601>");
        }
        Value::Array(items) => array(out, items)?,
        Value::Map(pairs) => members(out, pairs)?,
    }
    out.push_str("</value>");
    Ok(())
}

fn element(out: &mut String, name: &str, content: &str) {
    for piece in ["<", name, ">", content, "</", name, ">"] {
        out.push_str(piece);
    }
}

// Writing to a String cannot fail, in this function and the next.
fn integer(out: &mut String, i: i64) {
    let _ = match i32::try_from(i) {
        Ok(i) => write!(out, "<int>{i}</int>"),
        Err(_) => write!(out, "<i8>{i}</i8>"),
    };
}

/// The specification has no exponents, and no infinities either: those are written as Python does.
fn double(out: &mut String, f: f64) {
    out.push_str("<double>");
    if f.is_nan() {
        out.push_str("nan");
    } else {
        let before = out.len();
        let _ = write!(out, "{f}");
        let is_whole = f.is_finite() && !out[before..].contains('.');
        out.push_str(if is_whole { ".0" } else { "" });
    }
    out.push_str("</double>");
}

fn array(out: &mut String, items: &[Value]) -> Result<(), EncodeError> {
    out.push_str("<array><data>");
    for item in items {
        value(out, item)?;
    }
    out.push_str("</data></array>");
    Ok(())
}

fn members(out: &mut String, pairs: &[(Value, Value)]) -> Result<(), EncodeError> {
    out.push_str("<struct>");
    for (name, member) in pairs {
        let name = name.as_str().ok_or_else(|| EncodeError::MemberName(name.kind()))?;
        out.push_str("<member><name>");
        text(out, name)?;
        out.push_str("</name>");
        value(out, member)?;
        out.push_str("</member>");
    }
    out.push_str("</struct>");
    Ok(())
}

/// Writes text, with escapes where XML needs them; a carriage return would come out as a line feed without one.
pub(crate) fn text(out: &mut String, mut text: &str) -> Result<(), EncodeError> {
    while let Some(at) = text.bytes().position(|b| MARKED[usize::from(b)]) {
        let (plain, rest) = text.split_at(at);
        out.push_str(plain);
        let mut characters = rest.chars();
        match characters.next() {
            Some('&') => out.push_str("&amp;"),
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('\r') => out.push_str("&#13;"),
            Some(c) if is_allowed(c) => out.push(c),
            Some(c) => return Err(EncodeError::Character(c)),
            None => {}
        }
        text = characters.as_str();
    }
    out.push_str(text);
    Ok(())
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
