//! The one error that every method returns and every wire translates.

use std::borrow::Cow;
use std::fmt;

use crate::{Misfit, Value};

/// What went wrong, in terms that every wire can translate into its own codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No method has this name.
    UnknownMethod,
    /// What came is not a request: no name, or a name that is ill-formed.
    InvalidRequest,
    /// The parameters do not fit the method: their number, names or types.
    InvalidParams,
    /// The method divided by zero.
    DivideByZero,
    /// A result does not fit its type.
    Overflow,
    /// A parameter has the right type and a value that the method refuses.
    InvalidValue,
    /// The method failed for a reason of its own, told in the message.
    Failed,
    /// A thing that the call named does not exist.
    NotFound,
    /// The call carried no credentials, or wrong ones.
    Unauthenticated,
    /// A limit was reached: a size, a rate, a number of calls.
    ResourceExhausted,
    /// The answer did not come in time.
    DeadlineExceeded,
    /// The caller gave up.
    Cancelled,
    /// The server is going away, or could not be reached.
    Unavailable,
    /// This wire or this server cannot do what was asked.
    Unsupported,
    /// A fault of the server's own.
    Internal,
}

impl ErrorKind {
    /// Whether the method itself said no, as against the call never having reached it.
    pub fn is_application(self) -> bool {
        use ErrorKind::*;
        matches!(self, DivideByZero | Overflow | InvalidValue | Failed | NotFound)
    }

    /// The name used in metrics and logs.
    pub fn as_str(self) -> &'static str {
        use ErrorKind::*;
        match self {
            UnknownMethod => "unknown_method",
            InvalidRequest => "invalid_request",
            InvalidParams => "invalid_params",
            DivideByZero => "divide_by_zero",
            Overflow => "overflow",
            InvalidValue => "invalid_value",
            Failed => "failed",
            NotFound => "not_found",
            Unauthenticated => "unauthenticated",
            ResourceExhausted => "resource_exhausted",
            DeadlineExceeded => "deadline_exceeded",
            Cancelled => "cancelled",
            Unavailable => "unavailable",
            Unsupported => "unsupported",
            Internal => "internal",
        }
    }
}

/// Where an error arose, which tells what the server said from what went wrong on the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The method or its server: every error that is not a client's own.
    Server,
    /// No connection could be made, so that nothing was sent.
    Connect,
    /// The connection was lost under way, or what answered there is no such server: whether the method ran is not known.
    Lost,
    /// The time that the caller gave ran out.
    Time,
    /// The caller: a URL, an argument, or a thing that the wire cannot do. Nothing was sent.
    Usage,
    /// What came as the answer cannot be read.
    Protocol,
}

impl Origin {
    /// The name used in logs and in errors that programs read.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Server => "server",
            Origin::Connect => "connect",
            Origin::Lost => "lost",
            Origin::Time => "time",
            Origin::Usage => "usage",
            Origin::Protocol => "protocol",
        }
    }

    /// What an error that arises there is, where nothing more is known.
    fn usual_kind(self) -> ErrorKind {
        match self {
            Origin::Server => ErrorKind::Failed,
            Origin::Connect | Origin::Lost => ErrorKind::Unavailable,
            Origin::Time => ErrorKind::DeadlineExceeded,
            Origin::Usage => ErrorKind::InvalidRequest,
            Origin::Protocol => ErrorKind::Internal,
        }
    }
}

/// An error of a call: a kind for programs, a message for people, and where it arose.
///
/// A client also keeps what the wire said: its numeric `code`, the `name` of an exception, and any `data`.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcError {
    kind: ErrorKind,
    origin: Origin,
    message: Cow<'static, str>,
    /// In a box, so that a call's result is small where all is well.
    beside: Option<Box<Beside>>,
    misfit: Option<Box<Misfit>>,
}

/// What is said beside kind and message.
#[derive(Debug, Clone, Default, PartialEq)]
struct Beside {
    code: Option<i64>,
    /// The wire that gave the code; none where the method chose it.
    code_of: Option<&'static str>,
    details: Option<Box<[u8]>>,
    name: Option<Box<str>>,
    data: Option<Value>,
}

impl RpcError {
    /// An error of a method or its server, with the text that the caller will read.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, origin: Origin::Server, message: message.into(), beside: None, misfit: None }
    }

    /// An error of a client's own.
    pub fn arose(origin: Origin, message: impl Into<Cow<'static, str>>) -> Self {
        Self { origin, ..Self::new(origin.usual_kind(), message) }
    }

    /// An error that a client was answered with. Which of its values a method refused, only some wires can say: to callers
    /// it has failed, on all of them. The wire's code or name, where there is one, says more.
    pub fn answered(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let kind = match kind {
            ErrorKind::DivideByZero | ErrorKind::Overflow | ErrorKind::InvalidValue => ErrorKind::Failed,
            kind => kind,
        };
        Self::new(kind, message)
    }

    /// The method's own failure.
    pub fn failed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Failed, message)
    }

    /// Parameters that do not fit the method.
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidParams, message)
    }

    /// A result that does not fit its type.
    pub fn overflow(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Overflow, message)
    }

    /// A fault of the server's own.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The same error with a code that the method has chosen, for the wires on which methods do.
    #[must_use]
    pub fn with_code(mut self, code: i64) -> Self {
        let beside = self.beside.get_or_insert_default();
        (beside.code, beside.code_of) = (Some(code), None);
        self
    }

    /// The same error with the code that a server on this wire gave it. On other wires it means nothing.
    #[must_use]
    pub fn with_wire_code(mut self, wire: &'static str, code: i64) -> Self {
        let beside = self.beside.get_or_insert_default();
        (beside.code, beside.code_of) = (Some(code), Some(wire));
        self
    }

    /// The same error with what its wire says beside code and text, in the wire's own bytes.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<Box<[u8]>>) -> Self {
        self.beside.get_or_insert_default().details = Some(details.into());
        self
    }

    /// The same error with the name that the wire gave it: zerorpc has those of Python's exceptions.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Box<str>>) -> Self {
        self.beside.get_or_insert_default().name = Some(name.into());
        self
    }

    /// The same error with a hint for whoever reads it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl fmt::Display) -> Self {
        self.message = format!("{}; {hint}", self.message).into();
        self
    }

    /// The same error of another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// The same error with further data for programs.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.beside.get_or_insert_default().data = Some(data);
        self
    }

    /// A parameter of another type than the method's.
    pub(crate) fn misfit_of(misfit: Misfit) -> Self {
        let error = Self::invalid_params(misfit.told(|word| word));
        Self { misfit: Some(Box::new(misfit)), ..error }
    }

    /// The same error from elsewhere.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Where it arose.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether the call surely never reached the server, so that making it again does no harm.
    pub fn is_unsent(&self) -> bool {
        self.origin == Origin::Connect
    }

    /// What went wrong, for programs.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What went wrong, for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The code of this error, where its wire has codes or its method has chosen one.
    pub fn code(&self) -> Option<i64> {
        self.beside.as_ref()?.code
    }

    /// The code that this error has on a wire: the one that a server gave it there.
    pub fn code_on(&self, wire: &str) -> Option<i64> {
        self.beside.as_ref().filter(|beside| beside.code_of == Some(wire))?.code
    }

    /// The code that the method has chosen.
    pub fn own_code(&self) -> Option<i64> {
        self.beside.as_ref().filter(|beside| beside.code_of.is_none())?.code
    }

    /// What its wire says beside code and text, in the wire's own bytes.
    pub fn details(&self) -> Option<&[u8]> {
        self.beside.as_ref()?.details.as_deref()
    }

    /// The name that the wire gave this error, where the wire has names: `ZeroDivisionError`.
    pub fn name(&self) -> Option<&str> {
        self.beside.as_ref()?.name.as_deref()
    }

    /// The types, if what went wrong is that a parameter is of another type than the method's.
    pub fn misfit(&self) -> Option<&Misfit> {
        self.misfit.as_deref()
    }

    /// Further data that came with the error.
    pub fn data(&self) -> Option<&Value> {
        self.beside.as_ref()?.data.as_ref()
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            write!(f, "{name}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for RpcError {}
