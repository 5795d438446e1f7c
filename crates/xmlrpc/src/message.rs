//! Calls and responses, to bytes and back.

use manywire_core::{Limits, Value};

use crate::decode::{self, expect_close, expect_open, unexpected};
use crate::document::{self, is_allowed};
use crate::encode;
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
}

/// Reads a `methodCall`.
pub fn decode_call(body: &[u8], limits: &Limits) -> Result<MethodCall, DecodeError> {
    decode(body, limits, read_call)
}

/// Reads a `methodResponse`: a result, or a fault.
pub fn decode_response(body: &[u8], limits: &Limits) -> Result<Result<Value, Fault>, DecodeError> {
    decode(body, limits, read_response)
}

/// Writes a `methodCall`.
pub fn encode_call(name: &str, params: &[Value]) -> Result<Vec<u8>, EncodeError> {
    let mut out = begin("<methodCall><methodName>");
    encode::text(&mut out, name)?;
    out.push_str("</methodName><params>");
    for param in params {
        out.push_str("<param>");
        encode::value(&mut out, param)?;
        out.push_str("</param>");
    }
    out.push_str("</params></methodCall>\n");
    Ok(out.into_bytes())
}

/// Writes a `methodResponse` with a result.
pub fn encode_result(result: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut written = Ok(());
    let response = respond(|out| written = encode::value(out, result));
    written.map(|()| response)
}

/// Writes a `methodResponse` whose `<value>` the given function appends.
pub(crate) fn respond(value: impl FnOnce(&mut String)) -> Vec<u8> {
    let mut out = begin("<methodResponse><params><param>");
    value(&mut out);
    out.push_str("</param></params></methodResponse>\n");
    out.into_bytes()
}

/// Writes a `methodResponse` with a fault; what XML cannot carry of its message becomes U+FFFD.
pub fn encode_fault(fault: &Fault) -> Vec<u8> {
    let mut out = begin("<methodResponse><fault>");
    fault_value(&mut out, fault);
    out.push_str("</fault></methodResponse>\n");
    out.into_bytes()
}

/// Writes a fault as the struct that it is on the wire.
pub(crate) fn fault_value(out: &mut String, fault: &Fault) {
    let readable = |c| if is_allowed(c) { c } else { char::REPLACEMENT_CHARACTER };
    let message: String = fault.message.chars().map(readable).collect();
    let members = Value::map([("faultCode", Value::Int(fault.code)), ("faultString", message.into())]);
    // The message was made fit, the code is an integer and the names are ours: this cannot fail.
    let _ = encode::value(out, &members);
}

fn begin(opening: &str) -> String {
    let mut out = String::with_capacity(256);
    out.push_str(DECLARATION);
    out.push_str(opening);
    out
}

/// Reads a whole document. One that is not well-formed is called that, whatever else is wrong before.
fn decode<T>(
    body: &[u8],
    limits: &Limits,
    read: impl FnOnce(&mut Markup<'_>, usize) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let text = document::text(body)?;
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

fn read_call(markup: &mut Markup<'_>, nesting: usize) -> Result<MethodCall, DecodeError> {
    expect_open(markup, Tag::MethodCall)?;
    expect_open(markup, Tag::MethodName)?;
    let name = decode::text(markup, "the method's name")?.trim_ascii().to_owned();
    if name.is_empty() {
        return Err(markup.error(Flaw::Message, "the method's name is empty"));
    }
    let mut params = Vec::new();
    match markup.next_tag()? {
        Token::Close => return Ok(MethodCall { name, params }),
        Token::Open(Tag::Params) => {}
        token => return Err(unexpected(markup, token, "params")),
    }
    while next_param(markup)? {
        params.push(param(markup, nesting)?);
    }
    expect_close(markup, "methodCall")?;
    Ok(MethodCall { name, params })
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
