//! Answers.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::{Body, Response};

/// Below this, compressing costs more than it saves.
const WORTH_COMPRESSING: usize = 1_400;

/// An answer with a whole body.
pub fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The same, in gzip where the request accepts it and the body is long enough for it to pay.
pub fn reply_compressed(
    request: &HeaderMap,
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response {
    let body = body.into();
    if body.len() < WORTH_COMPRESSING || !accepts_gzip(request) {
        return reply(status, content_type, body);
    }
    let Ok(packed) = gzip(&body) else {
        return reply(status, content_type, body);
    };
    let mut response = reply(status, content_type, packed);
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// 405, with the methods that the path does answer.
pub fn method_not_allowed(allowed: &'static str) -> Response {
    let mut response =
        reply(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", format!("use {allowed}\n"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(ACCEPT_ENCODING).into_iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        matches!(name.trim(), "gzip" | "x-gzip" | "*") && weight.is_ok_and(|q| q > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_only_where_it_is_wanted_and_pays() {
        let headers =
            |value: &'static str| HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        let is_packed = |accept, length| {
            let response = reply_compressed(&headers(accept), StatusCode::OK, "text/xml", vec![b'x'; length]);
            response.headers().contains_key(CONTENT_ENCODING)
        };
        assert!(is_packed("gzip", 10_000));
        assert!(is_packed("deflate, gzip;q=0.5", 10_000));
        assert!(!is_packed("gzip;q=0", 10_000));
        assert!(!is_packed("deflate", 10_000));
        assert!(!is_packed("gzip", 100));
    }
}
