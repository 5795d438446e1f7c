//! Values out of XML.
//!
//! Arrays and structs wait on a stack of our own, so no nesting of a peer's can exhaust the thread's.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use manywire_core::Value;

use crate::date;
use crate::decimal;
use crate::error::{DecodeError, Flaw};
use crate::markup::{Markup, Token, clipped, is_blank};
use crate::tag::Tag;

/// Old encoders leave out the padding, or bits of it set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// An array or a struct whose end has not come yet.
enum Open {
    Array(Vec<Value>),
    /// The members, and the name of the one whose value is being read.
    Struct(Vec<(Value, Value)>, Value),
}

/// What the beginning of a value turned out to be.
enum Begun {
    Whole(Value),
    Container(Open),
}

/// Reads a value whose `<value>` has just been opened, up to and with its end.
pub(crate) fn value(markup: &mut Markup<'_>, nesting: usize) -> Result<Value, DecodeError> {
    read(markup, nesting).map_err(DecodeError::in_value)
}

fn read(markup: &mut Markup<'_>, nesting: usize) -> Result<Value, DecodeError> {
    let mut stack: Vec<Open> = Vec::new();
    loop {
        let mut whole = match begin(markup)? {
            Begun::Whole(value) => Some(value),
            Begun::Container(_) if stack.len() >= nesting => {
                return Err(
                    markup.error(Flaw::Value, format!("more than {nesting} levels of arrays and structs"))
                );
            }
            Begun::Container(open) => {
                stack.push(open);
                None
            }
        };
        // Each turn hands a finished value to what is around it, until some container wants another value.
        loop {
            let Some(mut open) = stack.pop() else {
                return Ok(whole.unwrap_or_default());
            };
            if let Some(value) = whole.take() {
                open.take(value, markup)?;
            }
            if open.wants_value(markup)? {
                stack.push(open);
                break;
            }
            whole = Some(open.finish());
        }
    }
}

impl Open {
    fn take(&mut self, value: Value, markup: &mut Markup<'_>) -> Result<(), DecodeError> {
        match self {
            Open::Array(items) => items.push(value),
            Open::Struct(members, name) => {
                members.push((std::mem::take(name), value));
                expect_close(markup, "member")?;
            }
        }
        Ok(())
    }

    /// Whether another value was opened; otherwise the container has been read to the end of the value that it is.
    fn wants_value(&mut self, markup: &mut Markup<'_>) -> Result<bool, DecodeError> {
        match self {
            Open::Array(_) => match markup.next_tag()? {
                Token::Open(Tag::Value) => return Ok(true),
                Token::Close => expect_close(markup, "array")?,
                token => return Err(unexpected(markup, token, "a value or the end of the data")),
            },
            Open::Struct(_, name) => match markup.next_tag()? {
                Token::Open(Tag::Member) => {
                    expect_open(markup, Tag::Name)?;
                    *name = Value::String(text(markup, "name")?.into_owned());
                    expect_open(markup, Tag::Value)?;
                    return Ok(true);
                }
                Token::Close => {}
                token => return Err(unexpected(markup, token, "a member or the end of the struct")),
            },
        }
        expect_close(markup, "value")?;
        Ok(false)
    }

    fn finish(self) -> Value {
        match self {
            Open::Array(items) => Value::Array(items),
            Open::Struct(members, _) => Value::Map(members),
        }
    }
}

/// Reads what follows `<value>`: a scalar to its end, or the beginning of a container.
fn begin(markup: &mut Markup<'_>) -> Result<Begun, DecodeError> {
    let (bare, token) = text_and_next(markup)?;
    let tag = match token {
        Token::Close => return Ok(Begun::Whole(Value::String(bare.into_owned()))),
        Token::Open(tag) if is_blank(&bare) => tag,
        token => return Err(unexpected(markup, token, "the end of a value that is bare text")),
    };
    let value = match tag {
        Tag::Array => {
            expect_open(markup, Tag::Data)?;
            return Ok(Begun::Container(Open::Array(Vec::new())));
        }
        Tag::Struct => return Ok(Begun::Container(Open::Struct(Vec::new(), Value::Null))),
        tag => scalar(markup, tag)?,
    };
    expect_close(markup, "value")?;
    Ok(Begun::Whole(value))
}

fn scalar(markup: &mut Markup<'_>, tag: Tag) -> Result<Value, DecodeError> {
    let name = match tag {
        Tag::String => return text(markup, "string").map(|text| Value::String(text.into_owned())),
        Tag::Int => "int",
        Tag::Boolean => "boolean",
        Tag::BigInteger => "biginteger",
        Tag::BigDecimal => "bigdecimal",
        Tag::Double => "double",
        Tag::DateTime => "dateTime.iso8601",
        Tag::Base64 => "base64",
        Tag::Nil => "nil",
        other => return Err(unexpected(markup, Token::Open(other), "a type of XML-RPC")),
    };
    let text = text(markup, name)?;
    let written = text.trim_ascii();
    let value = match tag {
        // As in Python, i1 to i8 are names for the same: what counts is that no number comes out wrong.
        Tag::Int => written.parse().ok().map(Value::Int),
        // In Python an integer has no end. Here it has 64 bits, with a sign or without.
        Tag::BigInteger => {
            written.parse().map(Value::Int).or_else(|_| written.parse::<u64>().map(Value::from)).ok()
        }
        Tag::BigDecimal => decimal::parse(written).map(Value::Float),
        Tag::Boolean => boolean(written).map(Value::Bool),
        Tag::Double => written.parse().ok().map(Value::Float),
        Tag::DateTime => date::parse(written).map(Value::Timestamp),
        Tag::Base64 => base64(written).map(Value::Bytes),
        _ => written.is_empty().then_some(Value::Null),
    };
    value.ok_or_else(|| markup.error(Flaw::Value, format!("`{}` is no {name} that fits", clipped(written))))
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().any(|b| b.is_ascii_whitespace()) {
        return BASE64.decode(text).ok();
    }
    let mut packed = text.as_bytes().to_vec();
    packed.retain(|b| !b.is_ascii_whitespace());
    BASE64.decode(packed).ok()
}

/// The text that comes next, which may be empty, and what follows it.
fn text_and_next<'a>(markup: &mut Markup<'a>) -> Result<(Cow<'a, str>, Token), DecodeError> {
    match markup.next()? {
        Token::Text => Ok((markup.take_text(), markup.next()?)),
        token => Ok((Cow::Borrowed(""), token)),
    }
}

/// The text of the element that has just been opened, up to and with its end.
pub(crate) fn text<'a>(markup: &mut Markup<'a>, name: &'static str) -> Result<Cow<'a, str>, DecodeError> {
    let (text, token) = text_and_next(markup)?;
    match token {
        Token::Close => Ok(text),
        token => Err(unexpected(markup, token, name)),
    }
}

pub(crate) fn expect_open(markup: &mut Markup<'_>, wanted: Tag) -> Result<(), DecodeError> {
    match markup.next_tag()? {
        Token::Open(tag) if tag == wanted => Ok(()),
        token => Err(unexpected(markup, token, &markup.name_of(wanted))),
    }
}

pub(crate) fn expect_close(markup: &mut Markup<'_>, name: &str) -> Result<(), DecodeError> {
    match markup.next_tag()? {
        Token::Close => Ok(()),
        token => Err(unexpected(markup, token, &format!("the end of {name}"))),
    }
}

/// An element that has no place where it is.
pub(crate) fn unexpected(markup: &Markup<'_>, token: Token, wanted: &str) -> DecodeError {
    let got = match token {
        Token::Open(tag) => markup.name_of(tag),
        Token::Close => "the end of the element".to_owned(),
        Token::Text => "text".to_owned(),
        Token::End => "the end of the document".to_owned(),
    };
    markup.error(Flaw::Message, format!("expected {wanted}, got {got}"))
}
