//! Calls and responses, to bytes and back.

use manywire_core::{Limits, Value};

use crate::decode::{self, expect_close, expect_open, unexpected};
use crate::document::{Document, is_allowed};
use crate::encode::{self, EXTENSIONS, Writer};
use crate::error::{DecodeError, EncodeError, Fault, Flaw};
use crate::markup::{Markup, Token};
use crate::tag::Tag;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// A method's name and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodCall {
    /// The method's name, as the caller wrote it.
    pub name: String,
    /// The parameters in their order.
    pub params: Vec<Value>,
    /// Whether the message declares Apache's extensions. Its sender then reads nil, and integers beyond 32 bits, in their
    /// namespace alone.
    pub extensions: bool,
}

impl Document<'_> {
    /// Reads a `methodCall`.
    pub fn call(&self, limits: &Limits) -> Result<MethodCall, DecodeError> {
        self.read(limits, read_call)
    }

    /// Reads a `methodResponse`: a result, or a fault.
    pub fn response(&self, limits: &Limits) -> Result<Result<Value, Fault>, DecodeError> {
        self.read(limits, read_response)
    }

    /// Reads a whole document. One that is not well-formed is called that, whatever else is wrong before.
    fn read<T>(
        &self,
        limits: &Limits,
        read: impl FnOnce(&mut Markup<'_>, usize) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let text = self.text()?;
        let mut markup = Markup::new(&text, limits.nesting);
        let message = read(&mut markup, limits.nesting);
        if matches!(&message, Err(error) if error.flaw() == Flaw::Malformed) {
            return message;
        }
        match markup.finish() {
            Err(error) if message.is_ok() || error.flaw() == Flaw::Malformed => Err(error),
            _ => message,
        }
    }
}

/// Reads a `methodCall` that came without a content type.
pub fn decode_call(body: &[u8], limits: &Limits) -> Result<MethodCall, DecodeError> {
    Document::new(body).call(limits)
}

/// Reads a `methodResponse` that came without a content type.
pub fn decode_response(body: &[u8], limits: &Limits) -> Result<Result<Value, Fault>, DecodeError> {
    Document::new(body).response(limits)
}

/// Writes a `methodCall`.
pub fn encode_call(name: &str, params: &[Value]) -> Result<Vec<u8>, EncodeError> {
    let mut out = Writer::unlimited();
    out.push_all(&[DECLARATION, "<methodCall><methodName>"])?;
    encode::text(&mut out, name)?;
    out.push("</methodName><params>")?;
    for param in params {
        out.push("<param>")?;
        encode::value(&mut out, param)?;
        out.push("</param>")?;
    }
    out.push("</params></methodCall>\n")?;
    out.finish().map(|(bytes, _)| bytes)
}

/// Writes a `methodResponse` with a result.
pub fn encode_result(result: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut out = Writer::unlimited();
    respond(&mut out, |out| encode::value(out, result))?;
    out.finish().map(|(bytes, _)| bytes)
}

/// Writes a `methodResponse` whose `<value>` the given function appends.
pub(crate) fn respond(
    out: &mut Writer,
    value: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    out.push(DECLARATION)?;
    if out.has_extensions() {
        out.push_all(&["<methodResponse xmlns:ex=\"", EXTENSIONS, "\">"])?;
    } else {
        out.push("<methodResponse>")?;
    }
    out.push("<params><param>")?;
    value(out)?;
    out.push("</param></params></methodResponse>\n")
}

/// Writes a `methodResponse` with a fault; what XML cannot carry of its message becomes U+FFFD.
pub fn encode_fault(fault: &Fault) -> Vec<u8> {
    let mut out = Writer::unlimited();
    // Every fault can be written, and there is no limit.
    let _ = respond_fault(&mut out, fault);
    out.finish().map(|(bytes, _)| bytes).unwrap_or_default()
}

/// Writes a `methodResponse` with a fault. An error only where there is no room.
pub(crate) fn respond_fault(out: &mut Writer, fault: &Fault) -> Result<(), EncodeError> {
    out.push_all(&[DECLARATION, "<methodResponse><fault>"])?;
    fault_value(out, fault)?;
    out.push("</fault></methodResponse>\n")
}

/// Writes a fault as the struct that it is on the wire. An error only where there is no room.
pub(crate) fn fault_value(out: &mut Writer, fault: &Fault) -> Result<(), EncodeError> {
    let readable = |c| if is_allowed(c) { c } else { char::REPLACEMENT_CHARACTER };
    let message: String = fault.message.chars().map(readable).collect();
    let members = Value::map([("faultCode", Value::Int(fault.code)), ("faultString", message.into())]);
    encode::value(out, &members)
}

fn read_call(markup: &mut Markup<'_>, nesting: usize) -> Result<MethodCall, DecodeError> {
    let (mut name, mut params) = (String::new(), Vec::new());
    match markup.next_tag()? {
        Token::Open(Tag::MethodCall) => {
            expect_open(markup, Tag::MethodName)?;
            name.push_str(decode::text(markup, "the method's name")?.trim_ascii());
            match markup.next_tag()? {
                Token::Close => {}
                Token::Open(Tag::Params) => {
                    params = read_params(markup, nesting)?;
                    expect_close(markup, "methodCall")?;
                }
                token => return Err(unexpected(markup, token, "params")),
            }
        }
        // All that Python's xmlrpc.client (3.13) sends where the name is empty.
        Token::Open(Tag::Params) => params = read_params(markup, nesting)?,
        token => return Err(unexpected(markup, token, "<methodCall>")),
    }
    Ok(MethodCall { name, params, extensions: markup.has_extensions() })
}

fn read_params(markup: &mut Markup<'_>, nesting: usize) -> Result<Vec<Value>, DecodeError> {
    let mut params = Vec::new();
    while next_param(markup)? {
        params.push(param(markup, nesting)?);
    }
    Ok(params)
}

/// Whether a `param` was opened, and not the `params` closed.
fn next_param(markup: &mut Markup<'_>) -> Result<bool, DecodeError> {
    match markup.next_tag()? {
        Token::Open(Tag::Param) => Ok(true),
        Token::Close => Ok(false),
        token => Err(unexpected(markup, token, "a param")),
    }
}

fn param(markup: &mut Markup<'_>, nesting: usize) -> Result<Value, DecodeError> {
    expect_open(markup, Tag::Value)?;
    let value = decode::value(markup, nesting)?;
    expect_close(markup, "param")?;
    Ok(value)
}

fn read_response(markup: &mut Markup<'_>, nesting: usize) -> Result<Result<Value, Fault>, DecodeError> {
    expect_open(markup, Tag::MethodResponse)?;
    let response = match markup.next_tag()? {
        Token::Open(Tag::Params) => {
            expect_open(markup, Tag::Param)?;
            let value = param(markup, nesting)?;
            expect_close(markup, "params")?;
            Ok(value)
        }
        Token::Open(Tag::Fault) => {
            expect_open(markup, Tag::Value)?;
            let value = decode::value(markup, nesting)?;
            expect_close(markup, "fault")?;
            Err(read_fault(&value)
                .ok_or_else(|| markup.error(Flaw::Message, "a fault without code and text"))?)
        }
        token => return Err(unexpected(markup, token, "params or a fault")),
    };
    expect_close(markup, "methodResponse")?;
    Ok(response)
}

/// A fault out of its struct.
pub(crate) fn read_fault(value: &Value) -> Option<Fault> {
    Some(Fault {
        code: value.get("faultCode")?.as_i64()?,
        message: value.get("faultString")?.as_str()?.to_owned(),
    })
}
