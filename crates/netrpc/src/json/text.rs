//! Reading JSON that is known to be well-formed, as Go reads it: strings that are not quite Unicode are mended, and numbers
//! keep their digits.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::scan::Outline;

/// Whether this is one well-formed JSON value and nothing more. The text in its strings is not looked at.
pub(super) fn check_syntax(json: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<IgnoredAny>(json).map(drop)
}

/// A place in a well-formed text. Copies of it are other places: reading one does not move another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    json: &'a [u8],
    outline: &'a Outline,
    at: usize,
    /// How many objects and arrays have begun before.
    index: usize,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// Go's word for it, in its errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool(_) => "bool",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Array => "array",
            Kind::Object => "object",
        }
    }
}

impl<'a> Text<'a> {
    /// The start of a text and what was noted of it.
    pub(super) fn new(json: &'a [u8], outline: &'a Outline) -> Self {
        Self { json, outline, at: 0, index: 0 }
    }

    /// What the next value is.
    pub(super) fn kind(&mut self) -> Kind {
        self.skip_space();
        match self.peek() {
            b'"' => Kind::String,
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b't' => Kind::Bool(true),
            b'f' => Kind::Bool(false),
            b'n' => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// Passes over the next value and returns it as it was sent.
    pub(super) fn raw(&mut self) -> &'a [u8] {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_part(),
            _ => self.skip_word(),
        }
        self.json.get(start..self.at).unwrap_or_default()
    }

    /// The digits of a number.
    pub(super) fn number(mut self) -> &'a str {
        // A number that is well-formed is ASCII.
        std::str::from_utf8(self.raw()).unwrap_or_default()
    }

    /// The text of a string.
    pub(super) fn string(mut self) -> Cow<'a, str> {
        string(self.raw())
    }

    /// Goes into an object or array.
    pub(super) fn enter(&mut self) {
        self.skip_space();
        self.at += 1;
        self.index += 1;
    }

    /// Moves to the next item, or member; false when there is none.
    pub(super) fn next(&mut self) -> bool {
        self.skip_space();
        match self.peek() {
            b',' => {
                self.at += 1;
                true
            }
            byte => !matches!(byte, b']' | b'}' | 0),
        }
    }

    /// The name of a member, after which its value is next.
    pub(super) fn name(&mut self) -> Cow<'a, str> {
        let name = self.raw();
        self.skip_space();
        // The colon.
        self.at += 1;
        string(name)
    }

    /// The next byte; zero, which is in no well-formed text, at its end.
    fn peek(&self) -> u8 {
        self.json.get(self.at).copied().unwrap_or(0)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(found) = self.json.get(self.at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
            self.at += found;
            if self.peek() == b'"' {
                self.at += 1;
                return;
            }
            self.at += 2;
        }
        self.at = self.json.len();
    }

    fn skip_word(&mut self) {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        while is_word(self.peek()) {
            self.at += 1;
        }
    }

    /// Passes over an object or array, without looking at it where its end was noted.
    fn skip_part(&mut self) {
        if let Some(span) = self.outline.span(self.index) {
            (self.at, self.index) = (span.end as usize, span.next as usize);
            return;
        }
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                b'"' => {
                    self.skip_string();
                    continue;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.index += 1;
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 || self.at >= self.json.len() {
                return;
            }
        }
    }
}

/// The text of a string as it was sent.
pub(super) fn string(quoted: &[u8]) -> Cow<'_, str> {
    let inner = quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    unquoted(inner.unwrap_or_default())
}

/// What a string says. Go puts U+FFFD in the place of each byte that is not UTF-8, and of an escaped surrogate without its
/// partner.
fn unquoted(text: &[u8]) -> Cow<'_, str> {
    if !text.contains(&b'\\') {
        return match std::str::from_utf8(text) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(mended(text)),
        };
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        push_mended(&rest[..at], &mut out);
        rest = &rest[at..];
        let (char, length) = escaped(rest);
        out.push(char);
        rest = rest.get(length..).unwrap_or_default();
    }
    push_mended(rest, &mut out);
    Cow::Owned(out)
}

fn mended(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_mended(text, &mut out);
    out
}

fn push_mended(text: &[u8], out: &mut String) {
    for chunk in text.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
}

/// The character that an escape stands for, and the escape's length.
fn escaped(text: &[u8]) -> (char, usize) {
    let char = match text.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return escaped_unit(text),
        Some(byte) => char::from(*byte),
        None => char::REPLACEMENT_CHARACTER,
    };
    (char, 2)
}

/// The same of `\uXXXX`, or of two that are a pair of surrogates.
fn escaped_unit(text: &[u8]) -> (char, usize) {
    let (first, second) = (unit(text), text.get(6..).and_then(unit));
    let pair = first.into_iter().chain(second);
    match char::decode_utf16(pair).next() {
        Some(Ok(char)) => (char, 6 * char.len_utf16()),
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A well-formed value on one line, as Go compacts it: without the white space between its parts, and otherwise as it was.
pub(super) fn compacted(value: &[u8]) -> Box<[u8]> {
    if !value.iter().any(u8::is_ascii_whitespace) {
        return value.into();
    }
    let mut out = Vec::with_capacity(value.len());
    let outline = Outline::default();
    let mut text = Text::new(value, &outline);
    loop {
        text.skip_space();
        let start = text.at;
        match text.peek() {
            0 => return out.into(),
            b'"' => text.skip_string(),
            _ => text.at += 1,
        }
        out.extend_from_slice(value.get(start..text.at).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan::Scanner;

    #[test]
    fn strings_are_read_as_go_reads_them() {
        for (json, expected) in [
            (&br#"\ud83e\udd80 \u00e9"#[..], "🦀 é"),
            (br"\ud800", "\u{FFFD}"),
            (br"\udc00\ud800\ud83e\udd80x", "\u{FFFD}\u{FFFD}🦀x"),
            (br"\\ud800\n\/\b", "\\ud800\n/\u{8}"),
            (b"\xFF\xE2\x82a", "\u{FFFD}\u{FFFD}\u{FFFD}a"),
            (b"\\t\xC3", "\t\u{FFFD}"),
            // Not well-formed, and no harm either.
            (br"a\", "a\u{FFFD}"),
            (br"\u12", "\u{FFFD}"),
        ] {
            assert_eq!(unquoted(json), expected);
        }
    }

    #[test]
    fn a_value_is_compacted_outside_of_its_strings() {
        for (value, expected) in [
            ("{ \"a\" :\n\t[1 , \"b  \\\" c\" ],\r \"d\": {} }", "{\"a\":[1,\"b  \\\" c\"],\"d\":{}}"),
            ("[\n]", "[]"),
            ("1.50", "1.50"),
            ("\" \\ud800 \"", "\" \\ud800 \""),
        ] {
            assert_eq!(&compacted(value.as_bytes())[..], expected.as_bytes());
        }
    }

    #[test]
    fn parts_are_passed_over_with_and_without_an_outline() {
        let json = br#" {"a":[1,{"b":"]"},[]] , "c" : -1.5e3, "d":{}, "e":"\"}", "f":null}"#;
        for limit in [0, 100] {
            let mut scanner = Scanner::new(limit);
            scanner.value_end(json).unwrap();
            let mut text = Text::new(json, scanner.outline());
            assert_eq!(text.kind(), Kind::Object);
            text.enter();
            let mut members = Vec::new();
            while text.next() {
                let name = text.name();
                let kind = text.kind();
                members.push((name.into_owned(), kind, std::str::from_utf8(text.raw()).unwrap()));
            }
            let expected = [
                ("a", Kind::Array, r#"[1,{"b":"]"},[]]"#),
                ("c", Kind::Number, "-1.5e3"),
                ("d", Kind::Object, "{}"),
                ("e", Kind::String, r#""\"}""#),
                ("f", Kind::Null, "null"),
            ];
            assert_eq!(members, expected.map(|(name, kind, raw)| (name.to_owned(), kind, raw)));
        }
    }
}
