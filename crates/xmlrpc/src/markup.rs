//! Elements and text, with the rules of XML that quick-xml leaves to its users: one root element, matching tags, no
//! references but the predefined ones, no document type definition.
//!
//! Nearly all of a message is tags without attributes and text without references. Those are read here, from the input
//! that quick-xml has still before it, at a quarter of its cost; all other markup is quick-xml's to read.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::document::is_allowed;
use crate::encode::EXTENSIONS;
use crate::error::{DecodeError, Flaw};
use crate::tag::Tag;

/// How many attributes are looked at before the message is refused; XML-RPC has none.
const MOST_ATTRIBUTES: usize = 16;

/// What a document is made of, in its order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token {
    Open(Tag),
    /// The end of the element that was opened last.
    Close,
    /// All text up to the next tag, however it was written; never empty. [`Markup::take_text`] has it.
    Text,
    /// The end of a complete document.
    End,
}

/// Reads a document as tokens.
pub(crate) struct Markup<'a> {
    text: &'a str,
    /// Between two of our steps it always stands between two pieces of markup.
    reader: Reader<&'a [u8]>,
    /// The names of the open elements.
    open: Vec<&'a str>,
    most_open: usize,
    /// Whether the last opened element was written as an empty one.
    is_empty: bool,
    seen_root: bool,
    /// Whether Apache's extensions were declared.
    has_extensions: bool,
    /// The text since the last tag.
    content: Cow<'a, str>,
    /// Whether `]]>` occurs at all, so that most texts need not be searched for it.
    has_section_end: bool,
}

impl<'a> Markup<'a> {
    /// Reads a text in which values may be nested so deeply.
    pub(crate) fn new(text: &'a str, nesting: usize) -> Self {
        let mut reader = Reader::from_str(without_declaration(text));
        let config = reader.config_mut();
        config.check_comments = true;
        // Tags are matched here, since most of them quick-xml never sees.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let has_section_end = memchr(b']', text.as_bytes()).is_some() && text.contains("]]>");
        Self {
            text,
            reader,
            open: Vec::with_capacity(16),
            // An array or a struct is three elements deep.
            most_open: nesting.saturating_mul(3).saturating_add(16),
            is_empty: false,
            seen_root: false,
            has_extensions: false,
            content: Cow::Borrowed(""),
            has_section_end,
        }
    }

    /// An error at the current place.
    pub(crate) fn error(&self, flaw: Flaw, what: impl Into<Cow<'static, str>>) -> DecodeError {
        DecodeError::new(flaw, self.position(), what)
    }

    /// What an element that has just been opened is called in error messages.
    pub(crate) fn name_of(&self, tag: Tag) -> String {
        match tag {
            Tag::Unknown => format!("<{}>", clipped(self.open.last().copied().unwrap_or_default())),
            tag => {
                // The variants are named as the elements are, but for the first letter.
                let mut name = format!("<{tag:?}>");
                name[1..2].make_ascii_lowercase();
                name
            }
        }
    }

    pub(crate) fn next(&mut self) -> Result<Token, DecodeError> {
        if std::mem::take(&mut self.is_empty) {
            self.open.pop();
            return Ok(Token::Close);
        }
        self.content = Cow::Borrowed("");
        loop {
            match self.rest() {
                [] | [b'<', ..] if !self.content.is_empty() && !self.is_at_miscellany() => {
                    return Ok(Token::Text);
                }
                [] => return self.end(),
                [b'<', ..] => {
                    if let Some(token) = self.plain_tag() {
                        return token;
                    }
                    if let Some(token) = self.markup()? {
                        return Ok(token);
                    }
                }
                [b'&', ..] => self.reference()?,
                rest => {
                    let length = memchr2(b'<', b'&', rest).unwrap_or(rest.len());
                    let text = self.slice(self.position(), length);
                    self.skip(length);
                    if self.has_section_end && text.contains("]]>") {
                        return Err(self.malformed("`]]>` in text"));
                    }
                    self.append(text)?;
                }
            }
        }
    }

    /// The text that came last.
    pub(crate) fn take_text(&mut self) -> Cow<'a, str> {
        std::mem::take(&mut self.content)
    }

    /// The next tag; between tags only white space may stand.
    pub(crate) fn next_tag(&mut self) -> Result<Token, DecodeError> {
        if !self.is_empty {
            *self.reader.get_mut() = self.rest().trim_ascii_start();
            if let Some(token) = self.plain_tag() {
                return token;
            }
        }
        match self.next()? {
            Token::Text if is_blank(&self.content) => self.next(),
            Token::Text => Err(self.error(Flaw::Message, "text where only elements belong")),
            token => Ok(token),
        }
    }

    /// Whether some element so far has declared the namespace of Apache's extensions.
    pub(crate) fn has_extensions(&self) -> bool {
        self.has_extensions
    }

    /// Reads on to the end, to learn whether the rest is well-formed.
    pub(crate) fn finish(&mut self) -> Result<(), DecodeError> {
        while self.next()? != Token::End {}
        Ok(())
    }

    fn rest(&self) -> &'a [u8] {
        self.reader.get_ref()
    }

    fn position(&self) -> usize {
        self.text.len() - self.rest().len()
    }

    fn skip(&mut self, length: usize) {
        let rest = self.rest().get(length..).unwrap_or_default();
        *self.reader.get_mut() = rest;
    }

    fn slice(&self, start: usize, length: usize) -> &'a str {
        self.text.get(start..start + length).unwrap_or_default()
    }

    /// Whether a comment, a section or an instruction comes next, which does not end a text.
    fn is_at_miscellany(&self) -> bool {
        matches!(self.rest(), [b'<', b'!' | b'?', ..])
    }

    /// Reads a tag that is nothing but a name; none if what comes is more than that, or no tag.
    fn plain_tag(&mut self) -> Option<Result<Token, DecodeError>> {
        let inner = self.rest().strip_prefix(b"<")?;
        if let [b'/', end @ ..] = inner {
            let after = end.strip_prefix(self.open.last()?.as_bytes())?.strip_prefix(b">")?;
            *self.reader.get_mut() = after;
            self.open.pop();
            return Some(Ok(Token::Close));
        }
        let length = inner.iter().position(|b| !PLAIN[usize::from(*b)])?;
        let (is_empty, after) = match inner.get(length..)? {
            [b'>', after @ ..] => (false, after),
            [b'/', b'>', after @ ..] => (true, after),
            _ => return None,
        };
        let name = self.slice(self.position() + 1, length);
        *self.reader.get_mut() = after;
        Some(self.open(name, is_empty))
    }

    /// Reads markup that is more than a plain tag; none if it was no tag at all.
    fn markup(&mut self) -> Result<Option<Token>, DecodeError> {
        let start = self.position();
        match self.read()? {
            Event::Start(tag) => self.open_with_attributes(start, &tag, false).map(Some),
            Event::Empty(tag) => self.open_with_attributes(start, &tag, true).map(Some),
            Event::End(tag) => self.close(tag.name().as_ref()).map(Some),
            Event::CData(_) if self.open.is_empty() => Err(self.malformed("text outside the root element")),
            Event::CData(section) => {
                let (start, length) = (start + b"<![CDATA[".len(), section.len());
                self.append(self.slice(start, length)).map(|()| None)
            }
            Event::PI(instruction) if !is_name(instruction.target()) => {
                Err(self.malformed("a processing instruction without a proper name"))
            }
            Event::Comment(_) | Event::PI(_) => Ok(None),
            Event::Decl(_) => Err(self.malformed("an XML declaration that is misplaced or wrong")),
            Event::DocType(_) => Err(self.malformed("a document type definition, which is never read")),
            Event::Text(_) | Event::GeneralRef(_) | Event::Eof => Err(self.malformed("markup that is none")),
        }
    }

    fn malformed(&self, what: impl Into<Cow<'static, str>>) -> DecodeError {
        self.error(Flaw::Malformed, what)
    }

    fn read(&mut self) -> Result<Event<'a>, DecodeError> {
        let start = self.position();
        let event = self.reader.read_event();
        event.map_err(|error| DecodeError::new(Flaw::Malformed, start, clipped(&error.to_string())))
    }

    fn open(&mut self, name: &'a str, is_empty: bool) -> Result<Token, DecodeError> {
        if self.open.is_empty() && std::mem::replace(&mut self.seen_root, true) {
            return Err(self.malformed("a second root element"));
        }
        if self.open.len() >= self.most_open {
            return Err(
                self.error(Flaw::Message, format!("more than {} elements inside each other", self.most_open))
            );
        }
        let tag = Tag::named(name);
        if tag == Tag::Unknown && !is_name(name) {
            return Err(self.malformed("a tag without a proper name"));
        }
        self.open.push(name);
        self.is_empty = is_empty;
        Ok(Token::Open(tag))
    }

    fn close(&mut self, name: &str) -> Result<Token, DecodeError> {
        match self.open.pop() {
            Some(open) if open == name => Ok(Token::Close),
            Some(open) => {
                let (open, name) = (clipped(open), clipped(name));
                Err(self.malformed(format!("expected </{open}>, got </{name}>")))
            }
            None => Err(self.malformed("an end tag of nothing")),
        }
    }

    /// XML-RPC has no attributes; they are ignored but for a namespace, and still have to be well-formed.
    fn open_with_attributes(
        &mut self,
        start: usize,
        tag: &BytesStart<'_>,
        is_empty: bool,
    ) -> Result<Token, DecodeError> {
        let name = self.slice(start + 1, tag.name().as_ref().len());
        let token = self.open(name, is_empty)?;
        for (index, attribute) in tag.attributes().enumerate() {
            // quick-xml compares each name with all those before it.
            if index == MOST_ATTRIBUTES {
                return Err(self.error(Flaw::Message, "more attributes than an element needs"));
            }
            let attribute = attribute.map_err(|e| self.malformed(clipped(&e.to_string())))?;
            if attribute.value.contains('<') || quick_xml::escape::unescape(&attribute.value).is_err() {
                return Err(self.malformed("an attribute's value is not well-formed"));
            }
            let is_namespace = attribute.key.as_ref().starts_with("xmlns");
            self.has_extensions |= is_namespace && *attribute.value == *EXTENSIONS;
        }
        Ok(token)
    }

    /// Carriage returns stay as they came, where XML would make line feeds of them: XML-RPC promises strings of any
    /// characters, and Python's `xmlrpc.client` sends them unescaped.
    fn append(&mut self, piece: &'a str) -> Result<(), DecodeError> {
        if self.open.is_empty() {
            return if is_blank(piece) {
                Ok(())
            } else {
                Err(self.malformed("text outside the root element"))
            };
        }
        match self.content.is_empty() {
            true => self.content = Cow::Borrowed(piece),
            false => self.content.to_mut().push_str(piece),
        }
        Ok(())
    }

    fn reference(&mut self) -> Result<(), DecodeError> {
        let Event::GeneralRef(reference) = self.read()? else {
            return Err(self.malformed("an ampersand that begins no reference"));
        };
        if self.open.is_empty() {
            return Err(self.malformed("text outside the root element"));
        }
        let resolved = self.resolve(&reference)?;
        self.content.to_mut().push(resolved);
        Ok(())
    }

    fn resolve(&self, reference: &BytesRef<'_>) -> Result<char, DecodeError> {
        match reference.resolve_char_ref() {
            Ok(Some(c)) if is_allowed(c) => return Ok(c),
            Ok(None) => {}
            _ => return Err(self.malformed("a reference to no character that XML allows")),
        }
        match &**reference {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(self.malformed("an entity that is not one of XML's five")),
        }
    }

    fn end(&self) -> Result<Token, DecodeError> {
        match (self.open.len(), self.seen_root) {
            (0, true) => Ok(Token::End),
            (0, false) => Err(self.malformed("no element at all")),
            (open, _) => Err(self.malformed(format!("the document ends with {open} elements still open"))),
        }
    }
}

pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
}

/// The document after its XML declaration, which has done its work when the text was decoded.
fn without_declaration(text: &str) -> &str {
    let without = || {
        let (declaration, rest) = text.strip_prefix("<?xml")?.split_once('?')?;
        rest.strip_prefix('>').filter(|_| declaration.trim_ascii_start().starts_with("version"))
    };
    without().unwrap_or(text)
}

/// The bytes of the names that XML-RPC's elements have.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        plain[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'.' | b':' | b'_' | b'-');
        byte += 1;
    }
    plain
};

fn is_name(name: &str) -> bool {
    let is_start = |c: char| c.is_alphabetic() || matches!(c, '_' | ':');
    let is_inner = |c: char| is_start(c) || c.is_numeric() || matches!(c, '-' | '.' | '\u{B7}');
    name.starts_with(is_start) && name.chars().all(is_inner)
}

/// The beginning of what a peer sent, short enough for an error message.
pub(crate) fn clipped(text: &str) -> String {
    match text.char_indices().nth(80) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
