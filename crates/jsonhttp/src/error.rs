//! Statuses: an [`RpcError`] as HTTP says it.

use http::StatusCode;
use http::header::{ALLOW, HeaderValue};
use manywire_core::{ErrorKind, OverBudget, RpcError};
use manywire_http::{BodyError, Content, Response, reply};
use manywire_json::{Text, write_string};

pub(crate) const JSON: &str = "application/json";

/// A call that is answered with an error.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: RpcError,
    /// The methods that the path does answer, where that is what is wrong.
    allow: Option<&'static str>,
}

impl Refusal {
    /// A content type that is not ours to read.
    pub(crate) fn content_type() -> Self {
        let message = "send the parameters as application/json: an object by name, or a list by position";
        let error = RpcError::new(ErrorKind::InvalidRequest, message);
        Self { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, error, allow: None }
    }

    /// An HTTP method by which the call is not made.
    pub(crate) fn http_method(message: String, allow: &'static str) -> Self {
        let error = RpcError::new(ErrorKind::Unsupported, message);
        Self { status: StatusCode::METHOD_NOT_ALLOWED, error, allow: Some(allow) }
    }

    pub(crate) fn into_response(self) -> Response {
        let mut text = Text::new();
        write_error(&mut text, &self.error);
        let mut response = reply(self.status, JSON, content(text));
        if let Some(allow) = self.allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

impl From<RpcError> for Refusal {
    fn from(error: RpcError) -> Self {
        Self { status: status(error.kind()), error, allow: None }
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        let status = error.status();
        Self { status, error: RpcError::new(error.kind(), error.to_string()), allow: None }
    }
}

impl From<OverBudget> for Refusal {
    fn from(error: OverBudget) -> Self {
        BodyError::from(error).into()
    }
}

/// The status of each kind. What the method itself refused is the caller's to mend, as its parameters are.
fn status(kind: ErrorKind) -> StatusCode {
    use ErrorKind::*;
    match kind {
        InvalidRequest | InvalidParams | InvalidValue | DivideByZero | Overflow | Failed => {
            StatusCode::BAD_REQUEST
        }
        Unauthenticated => StatusCode::UNAUTHORIZED,
        // A method that this wire cannot carry has no place here.
        UnknownMethod | NotFound | Unsupported => StatusCode::NOT_FOUND,
        DeadlineExceeded | Cancelled => StatusCode::REQUEST_TIMEOUT,
        ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Why a stream that may have no end has one.
pub(crate) fn shutting_down() -> RpcError {
    RpcError::new(ErrorKind::Unavailable, "the server is shutting down; call another one, or later")
}

/// `{"error":{"kind":…,"message":…}}`
pub(crate) fn write_error(text: &mut Text, error: &RpcError) {
    text.push_short(br#"{"error":{"kind":"#);
    write_string(text, error.kind().as_str());
    text.push_short(br#","message":"#);
    write_string(text, error.message());
    text.push_short(b"}}");
}

pub(crate) fn content(text: Text) -> Content {
    match text.into_parts() {
        (bytes, Some(charge)) => Content::charged(bytes, charge),
        (bytes, None) => bytes.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_status() {
        use ErrorKind::*;
        for (kind, expected) in [
            (UnknownMethod, 404),
            (InvalidRequest, 400),
            (InvalidParams, 400),
            (DivideByZero, 400),
            (Overflow, 400),
            (InvalidValue, 400),
            (Failed, 400),
            (NotFound, 404),
            (Unauthenticated, 401),
            (ResourceExhausted, 429),
            (DeadlineExceeded, 408),
            (Cancelled, 408),
            (Unavailable, 503),
            (Unsupported, 404),
            (Internal, 500),
        ] {
            let response = Refusal::from(RpcError::new(kind, "")).into_response();
            assert_eq!(response.status(), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_body_that_was_not_read_has_the_status_of_its_own() {
        for (error, status, kind) in [
            (BodyError::TooLarge(1), 413, ErrorKind::ResourceExhausted),
            (BodyError::TimedOut, 408, ErrorKind::DeadlineExceeded),
            (BodyError::Damaged("gzip"), 400, ErrorKind::InvalidRequest),
            (BodyError::UnknownEncoding("br".into()), 415, ErrorKind::Unsupported),
            (BodyError::OverBudget(OverBudget::Connection(1)), 503, ErrorKind::ResourceExhausted),
        ] {
            let refusal = Refusal::from(error);
            assert_eq!((refusal.status.as_u16(), refusal.error.kind()), (status, kind));
        }
    }

    #[test]
    fn an_error_is_written_with_its_kind_and_its_text() {
        let mut text = Text::new();
        write_error(&mut text, &RpcError::failed("a \"b\"\n"));
        assert_eq!(text.bytes(), br#"{"error":{"kind":"failed","message":"a \"b\"\n"}}"#);
    }
}
