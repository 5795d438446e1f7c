//! Answers.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::body::Kind;
use crate::gzip::{Gzip, SLICE, gzip};
use crate::{Body, Content, Response};

/// Below this, compressing costs more than it saves.
const WORTH_COMPRESSING: usize = 1_400;

/// An answer with a whole body.
pub fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Content>) -> Response {
    respond(status, content_type, Body::whole(body))
}

fn respond(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The same, in gzip where the request accepts it and the body is long enough for it to pay.
pub fn reply_compressed(
    request: &HeaderMap,
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Content>,
) -> Response {
    let content = body.into();
    if content.len() < WORTH_COMPRESSING || !accepts_gzip(request) {
        return reply(status, content_type, content);
    }
    let packed = if content.len() <= SLICE {
        match gzip(&content) {
            Ok(packed) => Body::whole(packed),
            Err(_) => return reply(status, content_type, content),
        }
    } else {
        Body(Kind::Gzip(Box::new(Gzip::new(content))))
    };
    let mut response = respond(status, content_type, packed);
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// 405, with the methods that the path does answer.
pub fn method_not_allowed(allowed: &'static str) -> Response {
    let text = Bytes::from(format!("use {allowed}\n"));
    let mut response = reply(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", text);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    accepts(request, &ACCEPT_ENCODING, &["gzip", "x-gzip", "*"])
}

/// Whether a header such as `accept` lists one of these, and not with the weight 0.
pub fn accepts(request: &HeaderMap, header: &HeaderName, names: &[&str]) -> bool {
    let values = request.get_all(header).into_iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).any(|entry| {
        let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        names.iter().any(|known| name.trim().eq_ignore_ascii_case(known)) && weight.is_ok_and(|q| q > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use http_body_util::BodyExt as _;

    use super::*;

    fn headers(accept: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accept))])
    }

    #[test]
    fn gzip_is_sent_only_where_it_is_wanted_and_pays() {
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

    #[tokio::test]
    async fn an_answer_of_any_length_is_the_same_when_it_was_unpacked() {
        for length in [1_400, SLICE, SLICE + 1, 1_000_000] {
            let plain = (0..length).map(|at| (at % 251) as u8 ^ (at / 1_000) as u8).collect::<Vec<_>>();
            let response = reply_compressed(&headers("gzip"), StatusCode::OK, "text/xml", plain.clone());
            let packed = response.into_body().collect().await.unwrap().to_bytes();
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
            assert!(unpacked == plain && packed.len() < length, "{length}");
        }
    }
}
