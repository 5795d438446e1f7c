//! Fault codes: [`RpcError`] and our own decoding errors into what XML-RPC says, and back.
//!
//! The codes are those of the fault-code interoperability specification, which `system.getCapabilities` names.

use std::borrow::Cow;

use manywire_core::{ErrorKind, OverBudget, RpcError};

const MALFORMED: i64 = -32700;
const UNSUPPORTED_ENCODING: i64 = -32701;
const INVALID_REQUEST: i64 = -32600;
const UNKNOWN_METHOD: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const INTERNAL: i64 = -32603;
const APPLICATION: i64 = -32500;
const SYSTEM: i64 = -32400;

/// Whose codes they are.
const WIRE: &str = "xmlrpc";

/// The codes that the specification keeps to itself; JSON-RPC's has the same. All others are the methods'.
const RESERVED: std::ops::RangeInclusive<i64> = -32768..=-32000;

/// How XML-RPC says that a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong, for programs.
    pub code: i64,
    /// What went wrong, for people.
    pub message: String,
}

impl Fault {
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self { code: INVALID_REQUEST, message: message.into() }
    }

    pub(crate) fn unknown_method(message: impl Into<String>) -> Self {
        Self { code: UNKNOWN_METHOD, message: message.into() }
    }

    pub(crate) fn invalid_params(message: impl Into<String>) -> Self {
        Self { code: INVALID_PARAMS, message: message.into() }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self { code: INTERNAL, message: message.into() }
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self { code: MALFORMED, message: message.into() }
    }
}

impl From<RpcError> for Fault {
    fn from(error: RpcError) -> Self {
        use ErrorKind::*;
        let elsewhere = || error.code_on("jsonrpc").filter(|code| !RESERVED.contains(code));
        let given = error.own_code().or_else(|| error.code_on(WIRE)).or_else(elsewhere);
        let code = given.unwrap_or(match error.kind() {
            // A method of streams has no place on this wire, so here it is no method.
            UnknownMethod | Unsupported => UNKNOWN_METHOD,
            InvalidRequest => INVALID_REQUEST,
            InvalidParams => INVALID_PARAMS,
            ResourceExhausted | DeadlineExceeded | Cancelled | Unavailable => SYSTEM,
            Internal => INTERNAL,
            _ => APPLICATION,
        });
        let message = match error.misfit() {
            None => error.message().to_owned(),
            Some(misfit) => misfit.told(word),
        };
        Self { code, message }
    }
}

/// A type's name in XML-RPC's words.
pub(crate) fn word(ours: &str) -> &str {
    match ours {
        "null" => "nil",
        "bool" => "boolean",
        "float" => "double",
        "bytes" => "base64",
        "timestamp" => "dateTime.iso8601",
        "map" => "struct",
        other => other,
    }
}

impl From<OverBudget> for Fault {
    fn from(error: OverBudget) -> Self {
        RpcError::from(error).into()
    }
}

impl From<Fault> for RpcError {
    fn from(fault: Fault) -> Self {
        let kind = match fault.code {
            MALFORMED | INVALID_REQUEST => ErrorKind::InvalidRequest,
            UNSUPPORTED_ENCODING => ErrorKind::Unsupported,
            UNKNOWN_METHOD => ErrorKind::UnknownMethod,
            INVALID_PARAMS => ErrorKind::InvalidParams,
            INTERNAL => ErrorKind::Internal,
            SYSTEM => ErrorKind::Unavailable,
            _ => ErrorKind::Failed,
        };
        RpcError::answered(kind, fault.message).with_wire_code(WIRE, fault.code)
    }
}

/// In what way a message is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// It is not well-formed XML, or has a document type definition.
    Malformed,
    /// It declares an encoding that we do not read.
    Encoding,
    /// It is XML and no such message, or nested too deeply.
    Message,
    /// A value in it does not parse.
    Value,
}

/// Why a message could not be read, and where.
///
/// Boxed, so that the many steps of a parser that succeed return in registers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}, at byte {}", .0.what, .0.at)]
pub struct DecodeError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    flaw: Flaw,
    at: usize,
    what: Cow<'static, str>,
}

impl DecodeError {
    pub(crate) fn new(flaw: Flaw, at: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details { flaw, at, what: what.into() }))
    }

    /// In what way the message is wrong.
    pub fn flaw(&self) -> Flaw {
        self.0.flaw
    }

    /// The same error, where it turns out to be inside a value.
    pub(crate) fn in_value(mut self) -> Self {
        if self.0.flaw == Flaw::Message {
            self.0.flaw = Flaw::Value;
        }
        self
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        let (code, prefix) = match error.flaw() {
            Flaw::Malformed => (MALFORMED, "not well-formed XML"),
            Flaw::Encoding => (UNSUPPORTED_ENCODING, "unsupported encoding"),
            Flaw::Message => (INVALID_REQUEST, "not a methodCall"),
            Flaw::Value => (INVALID_PARAMS, "a parameter cannot be read"),
        };
        Self { code, message: format!("{prefix}: {error}") }
    }
}

/// Why a value cannot be written as XML-RPC.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// XML has no way to write the character, not even escaped.
    #[error("XML cannot carry the character U+{:04X}; send such text as bytes (base64)", *.0 as u32)]
    Character(char),
    /// The integer is beyond `i8`, XML-RPC's widest.
    #[error("the integer {0} is beyond 64-bit signed integers")]
    Integer(u64),
    /// A struct's member is named by something other than text.
    #[error("a struct's member names must be strings, got {0}")]
    MemberName(&'static str),
    /// The year is not one of four digits.
    #[error("dateTime.iso8601 has years 0 to 9999, which {0} is not in")]
    Year(String),
    /// The message would be longer than a message may be, or has no room in memory.
    #[error(transparent)]
    NoRoom(Box<RpcError>),
}

impl From<RpcError> for EncodeError {
    fn from(error: RpcError) -> Self {
        Self::NoRoom(Box::new(error))
    }
}

/// A method's result that cannot be sent.
impl From<EncodeError> for Fault {
    fn from(error: EncodeError) -> Self {
        let code = match error {
            EncodeError::Integer(_) => APPLICATION,
            EncodeError::NoRoom(_) => SYSTEM,
            _ => INTERNAL,
        };
        Self { code, message: format!("the result cannot be sent: {error}") }
    }
}
