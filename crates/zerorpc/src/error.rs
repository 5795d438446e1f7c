//! Our errors as Python's exceptions, and back: an ERR event is `[name, message, traceback]`.

use manywire_core::{ErrorKind, RpcError, Value};

use crate::msgpack::{self, Keys};

/// The name of the exception: that of an error which came from a zerorpc peer is kept.
pub(crate) fn name_of(error: &RpcError) -> &str {
    error.name().unwrap_or(exception_name(error.kind()))
}

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

/// The traceback of an error which came from a zerorpc peer.
pub(crate) fn traceback_of(error: &RpcError) -> Option<&str> {
    error.name().and(error.data()?.get("traceback")?.as_str())
}

/// Appends the arguments of an ERR. Python's client shows nothing but the traceback: where there is none, it repeats name and
/// message.
pub(crate) fn encode(
    out: &mut Vec<u8>,
    name: &str,
    message: &str,
    traceback: Option<&str>,
) -> Result<(), RpcError> {
    let traceback = traceback.map_or_else(|| format!("{name}: {message}"), str::to_owned);
    msgpack::encode_array(out, &[name.into(), message.into(), traceback.into()], Keys::Texts)
}

/// The same for a peer of the first version, which takes one text: the exception as Python's `repr` has it.
pub(crate) fn encode_text(out: &mut Vec<u8>, name: &str, message: &str) -> Result<(), RpcError> {
    msgpack::encode_array(out, &[format!("{name}({})", repr(message)).into()], Keys::Texts)
}

fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if char == quote => out.extend(['\\', char]),
            // Control characters end at U+009F.
            _ if char.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out.push(quote);
    out
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
    let traceback = parts.get(2).cloned().unwrap_or_default();
    let data = Value::map([("name", name.into()), ("traceback", traceback)]);
    RpcError::answered(kind_of(name), message.to_owned()).with_name(name).with_data(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msgpack::{Bounds, Reader};

    fn there_and_back(error: &RpcError) -> RpcError {
        let mut out = Vec::new();
        encode(&mut out, name_of(error), error.message(), traceback_of(error)).unwrap();
        let bounds = Bounds { nesting: 2, values: 10 };
        decode(&Reader::new(&out).value(bounds).unwrap().0)
    }

    #[test]
    fn a_kind_survives_the_wire_where_python_has_an_exception_for_it() {
        use ErrorKind::*;
        for kind in [InvalidParams, Unauthenticated, DeadlineExceeded, Unsupported, Unavailable] {
            let back = there_and_back(&RpcError::new(kind, "why"));
            assert_eq!((back.kind(), back.message()), (kind, "why"));
        }
        for kind in [InvalidValue, DivideByZero, Overflow] {
            let back = there_and_back(&RpcError::new(kind, "why"));
            assert_eq!((back.kind(), back.name()), (Failed, Some(exception_name(kind))));
        }
        let failed = there_and_back(&RpcError::failed("why"));
        assert_eq!((failed.kind(), failed.name(), failed.message()), (Failed, Some("RuntimeError"), "why"));
        assert_eq!(failed.to_string(), "RuntimeError: why");
        let traceback = failed.data().and_then(|data| data.get("traceback"));
        assert_eq!(traceback, Some(&"RuntimeError: why".into()));
        let data = Value::map([("traceback", "Traceback (most recent call last)".into())]);
        let passed_on = there_and_back(&failed.clone().with_data(data.clone()));
        assert_eq!(passed_on.data().and_then(|told| told.get("traceback")), data.get("traceback"));
    }

    /// From Python 3.11.
    #[test]
    fn a_text_is_quoted_as_python_quotes_it() {
        for (text, quoted) in [
            ("plain é", "'plain é'"),
            ("it's", "\"it's\""),
            ("it's \"both\"", "'it\\'s \"both\"'"),
            ("a\\b\n\r\t\0\x7f\u{85}", "'a\\\\b\\n\\r\\t\\x00\\x7f\\x85'"),
        ] {
            assert_eq!(repr(text), quoted);
        }
    }

    #[test]
    fn a_name_of_python_s_survives_even_where_we_have_no_kind_for_it() {
        let custom = RpcError::failed("no stock").with_name("OutOfStock");
        assert_eq!(there_and_back(&custom).name(), Some("OutOfStock"));
    }

    #[test]
    fn an_error_of_another_shape_is_shown_as_it_came() {
        for args in [Value::Null, vec![1.into()].into(), vec!["one text".into()].into()] {
            let error = decode(&args);
            assert_eq!(error.kind(), ErrorKind::Failed);
            assert!(!error.message().is_empty());
        }
    }
}
