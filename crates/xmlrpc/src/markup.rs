//! Elements and text, as quick-xml finds them, with the rules of XML that it leaves to its users:
//! one root element, no references but the predefined ones, no document type definition.

use std::borrow::Cow;

use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::document::is_allowed;
use crate::error::{DecodeError, Flaw};

/// The elements of XML-RPC, by their names without a prefix (Apache's `ex:nil` is `nil`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    MethodCall,
    MethodResponse,
    MethodName,
    Params,
    Param,
    Fault,
    Value,
    Array,
    Data,
    Struct,
    Member,
    Name,
    Int,
    Boolean,
    String,
    Double,
    DateTime,
    Base64,
    Nil,
    Unknown,
}

impl Tag {
    fn named(name: &str) -> Self {
        match name {
            "value" => Tag::Value,
            "int" | "i4" | "i8" | "i1" | "i2" => Tag::Int,
            "string" => Tag::String,
            "member" => Tag::Member,
            "name" => Tag::Name,
            "double" | "float" => Tag::Double,
            "boolean" => Tag::Boolean,
            "struct" => Tag::Struct,
            "array" => Tag::Array,
            "data" => Tag::Data,
            "param" => Tag::Param,
            "params" => Tag::Params,
            "base64" => Tag::Base64,
            "dateTime.iso8601" | "dateTime" => Tag::DateTime,
            "nil" => Tag::Nil,
            "methodCall" => Tag::MethodCall,
            "methodName" => Tag::MethodName,
            "methodResponse" => Tag::MethodResponse,
            "fault" => Tag::Fault,
            _ => Tag::Unknown,
        }
    }
}

/// How many attributes are looked at before the message is refused; XML-RPC has none.
const MOST_ATTRIBUTES: usize = 16;

/// What a document is made of, in its order.
#[derive(Debug, PartialEq)]
pub(crate) enum Token<'a> {
    Open(Tag),
    /// The end of the element that was opened last.
    Close,
    /// All text up to the next tag, however it was written. Never empty.
    Text(Cow<'a, str>),
    /// The end of a complete document.
    End,
}

/// Reads a document as tokens.
pub(crate) struct Markup<'a> {
    reader: Reader<&'a [u8]>,
    /// An event that was read to see where a text ends.
    ahead: Option<Event<'a>>,
    /// Whether the last opened element was written as an empty one.
    is_empty: bool,
    depth: usize,
    seen_root: bool,
    /// The name of the last unknown element.
    unknown: String,
    /// Whether `]]>` occurs at all, so that most texts need not be searched for it.
    has_section_end: bool,
}

impl<'a> Markup<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        Self {
            reader,
            ahead: None,
            is_empty: false,
            depth: 0,
            seen_root: false,
            unknown: String::new(),
            has_section_end: memmem::find(text.as_bytes(), b"]]>").is_some(),
        }
    }

    /// An error at the current place.
    pub(crate) fn error(&self, flaw: Flaw, what: impl Into<Cow<'static, str>>) -> DecodeError {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        DecodeError::new(flaw, at, what)
    }

    /// What an element is called in error messages.
    pub(crate) fn name_of(&self, tag: Tag) -> String {
        match tag {
            Tag::Unknown => format!("<{}>", self.unknown),
            tag => {
                // The variants are named as the elements are, but for the first letter.
                let mut name = format!("<{tag:?}>");
                name[1..2].make_ascii_lowercase();
                name
            }
        }
    }

    pub(crate) fn next(&mut self) -> Result<Token<'a>, DecodeError> {
        if std::mem::take(&mut self.is_empty) {
            self.depth -= 1;
            return Ok(Token::Close);
        }
        let mut text = Cow::Borrowed("");
        loop {
            let at_start = self.reader.buffer_position() == 0;
            let event = match self.ahead.take() {
                Some(event) => event,
                None => self.read()?,
            };
            let piece = match event {
                Event::Text(piece) => self.plain(piece.into_inner())?,
                Event::CData(piece) => self.inside_root(piece.into_inner())?,
                Event::GeneralRef(reference) => {
                    let piece = self.resolve(&reference)?;
                    self.inside_root(piece)?
                }
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Decl(_) if at_start => continue,
                Event::Decl(_) => {
                    return Err(self.malformed("an XML declaration that is not at the beginning"));
                }
                Event::DocType(_) => {
                    return Err(self.malformed("a document type definition, which is never read"));
                }
                event if !text.is_empty() => {
                    self.ahead = Some(event);
                    return Ok(Token::Text(text));
                }
                Event::Start(start) => return self.open(&start, false),
                Event::Empty(start) => return self.open(&start, true),
                Event::End(_) => {
                    self.depth -= 1;
                    return Ok(Token::Close);
                }
                Event::Eof => return self.end(),
            };
            append(&mut text, piece);
        }
    }

    /// The next tag; between tags only white space may stand.
    pub(crate) fn next_tag(&mut self) -> Result<Token<'a>, DecodeError> {
        match self.next()? {
            Token::Text(text) if is_blank(&text) => self.next(),
            Token::Text(_) => Err(self.error(Flaw::Message, "text where only elements belong")),
            token => Ok(token),
        }
    }

    /// Reads on to the end, to learn whether the rest is well-formed.
    pub(crate) fn finish(&mut self) -> Result<(), DecodeError> {
        while self.next()? != Token::End {}
        Ok(())
    }

    fn malformed(&self, what: impl Into<Cow<'static, str>>) -> DecodeError {
        self.error(Flaw::Malformed, what)
    }

    fn read(&mut self) -> Result<Event<'a>, DecodeError> {
        self.reader.read_event().map_err(|error| {
            let at = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
            DecodeError::new(Flaw::Malformed, at, clipped(&error.to_string()))
        })
    }

    fn open(&mut self, start: &BytesStart<'_>, is_empty: bool) -> Result<Token<'a>, DecodeError> {
        if self.depth == 0 && std::mem::replace(&mut self.seen_root, true) {
            return Err(self.malformed("a second root element"));
        }
        self.check_attributes(start)?;
        self.depth += 1;
        self.is_empty = is_empty;
        let (name, local) = (start.name(), start.local_name());
        let tag = Tag::named(local.as_ref());
        if tag == Tag::Unknown {
            let name = name.as_ref();
            if !is_name(name) {
                return Err(self.malformed("a tag without a proper name"));
            }
            self.unknown = clipped(name);
        }
        Ok(Token::Open(tag))
    }

    /// XML-RPC has no attributes; they are ignored, and still have to be well-formed.
    fn check_attributes(&self, start: &BytesStart<'_>) -> Result<(), DecodeError> {
        if start.attributes_raw().trim_ascii().is_empty() {
            return Ok(());
        }
        for (index, attribute) in start.attributes().enumerate() {
            // quick-xml compares each name with all those before it.
            if index == MOST_ATTRIBUTES {
                return Err(self.error(Flaw::Message, "more attributes than an element needs"));
            }
            let attribute = attribute.map_err(|e| self.malformed(clipped(&e.to_string())))?;
            if attribute.value.contains('<') || quick_xml::escape::unescape(&attribute.value).is_err() {
                return Err(self.malformed("an attribute's value is not well-formed"));
            }
        }
        Ok(())
    }

    fn plain(&self, text: Cow<'a, str>) -> Result<Cow<'a, str>, DecodeError> {
        if self.has_section_end && text.contains("]]>") {
            return Err(self.malformed("`]]>` in text"));
        }
        if self.depth == 0 && is_blank(&text) {
            return Ok(Cow::Borrowed(""));
        }
        self.inside_root(text)
    }

    fn inside_root(&self, text: Cow<'a, str>) -> Result<Cow<'a, str>, DecodeError> {
        match self.depth {
            0 => Err(self.malformed("text outside the root element")),
            _ => Ok(text),
        }
    }

    fn resolve(&self, reference: &BytesRef<'_>) -> Result<Cow<'a, str>, DecodeError> {
        let character =
            reference.resolve_char_ref().map_err(|_| self.malformed("a reference to no character"))?;
        if let Some(c) = character {
            return match is_allowed(c) {
                true => Ok(Cow::Owned(c.to_string())),
                false => Err(self.malformed("a reference to a character that XML does not allow")),
            };
        }
        quick_xml::escape::resolve_xml_entity(reference)
            .map(Cow::Borrowed)
            .ok_or_else(|| self.malformed("an entity that is not one of XML's five"))
    }

    fn end(&self) -> Result<Token<'a>, DecodeError> {
        match (self.depth, self.seen_root) {
            (0, true) => Ok(Token::End),
            (0, false) => Err(self.malformed("no element at all")),
            (open, _) => Err(self.malformed(format!("the document ends with {open} elements still open"))),
        }
    }
}

/// Carriage returns stay as they came, where XML would make line feeds of them: XML-RPC promises strings of any
/// characters, and Python's `xmlrpc.client` sends them unescaped.
fn append<'a>(text: &mut Cow<'a, str>, piece: Cow<'a, str>) {
    if text.is_empty() {
        *text = piece;
    } else {
        text.to_mut().push_str(&piece);
    }
}

pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
}

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
