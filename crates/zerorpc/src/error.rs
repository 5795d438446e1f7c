//! Our errors as Python's exceptions, and back: an ERR event is `[name, message, traceback]`.

use manywire_core::{ErrorKind, RpcError, Value};

use crate::msgpack;

/// The exception that Python would have raised.
fn exception_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::UnknownMethod => "NameError",
        ErrorKind::InvalidParams => "TypeError",
        ErrorKind::InvalidValue | ErrorKind::InvalidRequest => "ValueError",
        ErrorKind::DivideByZero => "ZeroDivisionError",
        ErrorKind::Overflow => "OverflowError",
        ErrorKind::NotFound => "LookupError",
        ErrorKind::Unauthenticated => "PermissionError",
        ErrorKind::DeadlineExceeded => "TimeoutError",
        ErrorKind::Unsupported => "NotImplementedError",
        ErrorKind::Unavailable => "ConnectionError",
        _ => "RuntimeError",
    }
}

/// What a Python exception means to a caller here.
fn kind_of(name: &str) -> ErrorKind {
    match name {
        "NameError" => ErrorKind::UnknownMethod,
        "TypeError" => ErrorKind::InvalidParams,
        "ValueError" => ErrorKind::InvalidValue,
        "ZeroDivisionError" => ErrorKind::DivideByZero,
        "OverflowError" => ErrorKind::Overflow,
        "KeyError" | "IndexError" | "LookupError" | "FileNotFoundError" => ErrorKind::NotFound,
        "PermissionError" => ErrorKind::Unauthenticated,
        "TimeoutError" | "TimeoutExpired" => ErrorKind::DeadlineExceeded,
        "NotImplementedError" => ErrorKind::Unsupported,
        "ConnectionError" | "LostRemote" => ErrorKind::Unavailable,
        _ => ErrorKind::Failed,
    }
}

/// Appends the arguments of an ERR. Python's client shows nothing but the traceback, so it repeats name and message.
pub(crate) fn encode(out: &mut Vec<u8>, error: &RpcError) -> Result<(), RpcError> {
    encode_named(out, exception_name(error.kind()), error.message())
}

/// The same, for an exception that has no kind of ours.
pub(crate) fn encode_named(out: &mut Vec<u8>, name: &str, message: &str) -> Result<(), RpcError> {
    let traceback = format!("{name}: {message}");
    msgpack::encode_array(out, &[name.into(), message.into(), traceback.into()])
}

/// Reads the arguments of an ERR; one of another shape is shown as it came.
pub(crate) fn decode(args: &Value) -> RpcError {
    let Value::Array(parts) = args else {
        return RpcError::failed(format!("{args:?}"));
    };
    let text = |index: usize| parts.get(index).and_then(Value::as_str);
    let (Some(name), Some(message)) = (text(0), text(1)) else {
        return RpcError::failed(format!("{parts:?}"));
    };
    let kind = kind_of(name);
    let shown = match kind {
        ErrorKind::UnknownMethod | ErrorKind::Failed | ErrorKind::NotFound => format!("{name}: {message}"),
        _ => message.to_owned(),
    };
    let traceback = parts.get(2).cloned().unwrap_or_default();
    RpcError::new(kind, shown).with_data(Value::map([("name", name.into()), ("traceback", traceback)]))
}
