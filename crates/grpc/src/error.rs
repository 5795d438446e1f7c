//! [`RpcError`] to gRPC's status and back.

use bytes::Bytes;
use manywire_core::{ErrorKind, RpcError, Value};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Whose codes they are.
const WIRE: &str = "grpc";

/// The status that says an error; where a field is to blame, its details name it.
#[expect(clippy::needless_pass_by_value, reason = "for map_err, where an error is used last")]
pub(crate) fn to_status(error: RpcError) -> Status {
    let code = match error.code_on(WIRE) {
        // An error that came from a gRPC peer keeps its code, and all else that it said.
        Some(code) => i32::try_from(code).map_or(Code::Unknown, Code::from_i32),
        None => code(error.kind()),
    };
    if let Some(details) = error.details().filter(|_| error.code_on(WIRE).is_some()) {
        return Status::with_details(code, error.message(), Bytes::copy_from_slice(details));
    }
    let field = error.data().and_then(|data| data.get("field")).and_then(Value::as_str);
    match field {
        Some(field) if code == Code::InvalidArgument => {
            let details = ErrorDetails::with_bad_request_violation(field, error.message());
            Status::with_error_details(code, error.message(), details)
        }
        _ => Status::new(code, error.message()),
    }
}

/// What a status says. Its code is kept, but that of an error cannot be OK.
pub(crate) fn from_status(status: &Status) -> RpcError {
    let code = if status.code() == Code::Ok { Code::Unknown } else { status.code() };
    let violations = status.get_details_bad_request().map(|details| details.field_violations);
    let error = RpcError::answered(kind(code), status.message().to_owned()).with_wire_code(WIRE, code as i64);
    let error = match status.details() {
        [] => error,
        details => error.with_details(details),
    };
    match violations.as_deref() {
        Some([violation, ..]) => {
            let data = [("field", violation.field.as_str()), ("description", violation.description.as_str())];
            error.with_data(Value::map(data.map(|(key, text)| (key, text.into()))))
        }
        _ => error,
    }
}

/// The error of a request that could not be read, by what its codec found.
pub(crate) fn unreadable(error: RpcError, failure: Option<manywire_protobuf::ErrorKind>) -> RpcError {
    use manywire_protobuf::ErrorKind::{Malformed, Misfit, TooMuch};
    match failure {
        // As other servers answer what is no message.
        Some(Malformed) => error.with_kind(ErrorKind::Internal),
        Some(TooMuch) => error.with_kind(ErrorKind::ResourceExhausted),
        Some(Misfit) | None => error,
    }
}

pub(crate) fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::UnknownMethod | ErrorKind::Unsupported => Code::Unimplemented,
        ErrorKind::InvalidRequest
        | ErrorKind::InvalidParams
        | ErrorKind::InvalidValue
        | ErrorKind::DivideByZero => Code::InvalidArgument,
        ErrorKind::Overflow => Code::OutOfRange,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::ResourceExhausted => Code::ResourceExhausted,
        ErrorKind::DeadlineExceeded => Code::DeadlineExceeded,
        ErrorKind::Cancelled => Code::Cancelled,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Internal => Code::Internal,
        _ => Code::Unknown,
    }
}

pub(crate) fn kind(code: Code) -> ErrorKind {
    match code {
        Code::Unimplemented => ErrorKind::UnknownMethod,
        Code::InvalidArgument => ErrorKind::InvalidValue,
        Code::OutOfRange => ErrorKind::Overflow,
        Code::NotFound => ErrorKind::NotFound,
        Code::Unauthenticated | Code::PermissionDenied => ErrorKind::Unauthenticated,
        Code::ResourceExhausted => ErrorKind::ResourceExhausted,
        Code::DeadlineExceeded => ErrorKind::DeadlineExceeded,
        Code::Cancelled => ErrorKind::Cancelled,
        Code::Unavailable => ErrorKind::Unavailable,
        Code::Internal | Code::DataLoss => ErrorKind::Internal,
        _ => ErrorKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_to_blame_is_named_in_the_details() {
        let data = Value::map([("field", "id".into())]);
        let error = RpcError::new(ErrorKind::InvalidValue, "no such user").with_data(data);
        let status = to_status(error.clone());
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "id");
        let back = from_status(&status);
        // What a method refuses for a reason of its own is a failure on every wire.
        assert_eq!((back.kind(), back.message(), back.code()), (ErrorKind::Failed, error.message(), Some(3)));
        assert_eq!(back.data().unwrap().get("field"), Some(&"id".into()));
        assert_eq!(to_status(back).details(), status.details());
    }

    #[test]
    fn a_code_of_another_wire_means_nothing_here() {
        let fault = RpcError::new(ErrorKind::NotFound, "no").with_wire_code("xmlrpc", 1);
        assert_eq!(
            (to_status(fault.clone()).code(), to_status(fault.with_code(1)).code()),
            (Code::NotFound, Code::NotFound)
        );
    }

    #[test]
    fn a_status_survives_the_way_there_and_back() {
        for code in (1..=16).map(Code::from_i32) {
            assert_eq!(to_status(from_status(&Status::new(code, "why"))).code(), code);
        }
    }
}
