//! [`RpcError`] and the error objects of the specification, both ways.

use manywire_core::{ErrorKind, RpcError};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const INTERNAL_ERROR: i64 = -32603;
const APPLICATION_ERROR: i64 = -32000;
// From here on the specification leaves the codes to the server.
const UNAUTHENTICATED: i64 = -32001;
const DEADLINE_EXCEEDED: i64 = -32002;
const CANCELLED: i64 = -32003;
const UNAVAILABLE: i64 = -32004;
const RESOURCE_EXHAUSTED: i64 = -32005;

/// The codes that are the server's own, each with its name and what it means.
pub(crate) const OWN_CODES: [(i64, &str, &str); 6] = [
    (APPLICATION_ERROR, "Failed", "The method's own error; its message says which."),
    (UNAUTHENTICATED, "Unauthenticated", "The caller has not shown who it is."),
    (DEADLINE_EXCEEDED, "DeadlineExceeded", "The answer was not there in time."),
    (CANCELLED, "Cancelled", "The call was given up."),
    (UNAVAILABLE, "Unavailable", "The server cannot answer now; it may later."),
    (RESOURCE_EXHAUSTED, "ResourceExhausted", "A limit of the server was reached; a later call may pass."),
];

/// What came is no JSON.
pub(crate) fn parse_error(why: impl std::fmt::Display) -> RpcError {
    RpcError::new(ErrorKind::InvalidRequest, format!("not valid JSON: {why}")).with_code(PARSE_ERROR)
}

/// What came is JSON and no request.
pub(crate) fn invalid_request(why: impl Into<std::borrow::Cow<'static, str>>) -> RpcError {
    RpcError::new(ErrorKind::InvalidRequest, why)
}

/// Whose codes they are.
pub(crate) const WIRE: &str = "jsonrpc";

/// The codes that the specification keeps to itself; XML-RPC's has the same. All others are the methods'.
const RESERVED: std::ops::RangeInclusive<i64> = -32768..=-32000;

/// The code that goes with an error; one that the error carries goes first.
pub(crate) fn code(error: &RpcError) -> i64 {
    let fault = || error.code_on("xmlrpc").filter(|code| !RESERVED.contains(code));
    error.own_code().or_else(|| error.code_on(WIRE)).or_else(fault).unwrap_or(match error.kind() {
        ErrorKind::InvalidRequest => INVALID_REQUEST,
        // The specification's words for this code: "does not exist / is not available".
        ErrorKind::UnknownMethod | ErrorKind::Unsupported => METHOD_NOT_FOUND,
        ErrorKind::InvalidParams => INVALID_PARAMS,
        ErrorKind::Unauthenticated => UNAUTHENTICATED,
        ErrorKind::DeadlineExceeded => DEADLINE_EXCEEDED,
        ErrorKind::Cancelled => CANCELLED,
        ErrorKind::Unavailable => UNAVAILABLE,
        ErrorKind::ResourceExhausted => RESOURCE_EXHAUSTED,
        ErrorKind::Internal => INTERNAL_ERROR,
        _ => APPLICATION_ERROR,
    })
}

/// What a client makes of a server's code.
pub(crate) fn kind(code: i64) -> ErrorKind {
    match code {
        PARSE_ERROR | INVALID_REQUEST => ErrorKind::InvalidRequest,
        METHOD_NOT_FOUND => ErrorKind::UnknownMethod,
        INVALID_PARAMS => ErrorKind::InvalidParams,
        INTERNAL_ERROR => ErrorKind::Internal,
        UNAUTHENTICATED => ErrorKind::Unauthenticated,
        DEADLINE_EXCEEDED => ErrorKind::DeadlineExceeded,
        CANCELLED => ErrorKind::Cancelled,
        UNAVAILABLE => ErrorKind::Unavailable,
        RESOURCE_EXHAUSTED => ErrorKind::ResourceExhausted,
        _ => ErrorKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_may_choose_its_code() {
        assert_eq!(code(&RpcError::failed("no")), -32000);
        assert_eq!(code(&RpcError::failed("no").with_code(7)), 7);
        assert_eq!(code(&RpcError::failed("no").with_wire_code("jsonrpc", -32050)), -32050);
        assert_eq!(code(&RpcError::failed("no").with_wire_code("xmlrpc", 7)), 7);
        assert_eq!(code(&RpcError::failed("no").with_wire_code("xmlrpc", -32500)), -32000);
        assert_eq!(code(&RpcError::failed("no").with_wire_code("grpc", 7)), -32000);
        assert_eq!(code(&RpcError::overflow("too much")), -32000);
        assert_eq!(code(&parse_error("?")), -32700);
    }

    #[test]
    fn codes_come_back_as_they_went() {
        for code in [-32600, -32601, -32602, -32603, -32001, -32002, -32003, -32004, -32005] {
            assert_eq!(super::code(&RpcError::new(kind(code), "")), code);
        }
    }
}
