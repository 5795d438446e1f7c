//! The size of an HTTP/2 request's head. In HTTP/1 hyper keeps the limit.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, Version};

use crate::{Body, Http2, Response, reply};

/// How many times the limit h2 lets pass. What it refuses by itself it answers with 431 and nothing else, of which clients
/// of gRPC make an unknown error.
pub(crate) const LENIENCE: u32 = 5;

/// Refuses a head over the limit, in the words of its wire.
pub(crate) fn check(head: &Parts, http2: &Http2) -> Result<(), Box<Response>> {
    if head.version != Version::HTTP_2 {
        return Ok(());
    }
    let (size, limit) = (size(head), http2.header_bytes as usize);
    if size <= limit {
        return Ok(());
    }
    let text = format!("the headers have {size} bytes, more than the limit of {limit} bytes");
    let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    Err(Box::new(if content_type.starts_with(b"application/grpc-web") {
        refuse_call("application/grpc-web+proto", &text)
    } else if content_type.starts_with(b"application/grpc") {
        refuse_call("application/grpc", &text)
    } else {
        let code = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        reply(code, "text/plain; charset=utf-8", text + "\n")
    }))
}

/// As HTTP/2 counts: names, values, and 32 for each pair.
fn size(head: &Parts) -> usize {
    head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
}

/// An answer of gRPC, or of gRPC-Web, that is a status and no more.
fn refuse_call(content_type: &'static str, text: &str) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // RESOURCE_EXHAUSTED
    headers.insert("grpc-status", HeaderValue::from_static("8"));
    // Letters and digits alone make a header value.
    headers.extend(HeaderValue::from_str(text).map(|text| (HeaderName::from_static("grpc-message"), text)));
    response
}
