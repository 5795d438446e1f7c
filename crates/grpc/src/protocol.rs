//! Which protocol of gRPC's family a request is in, by its headers.

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    Web(WebKind),
    /// A browser's question whether a page may call by gRPC-Web.
    Preflight,
    /// gRPC-Web's streams in a WebSocket, which clients of improbable-eng speak. It is not served.
    WebSocket,
    /// Connect, which clients of connectrpc.com speak unless they are told otherwise. It is not served.
    Connect,
}

/// How gRPC-Web carries its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WebKind {
    Binary,
    /// In base64.
    Text,
}

/// Whether a request is for a gRPC server, if only to be refused in words that its client understands.
pub fn is_for_grpc<B>(request: &Request<B>) -> bool {
    Protocol::of(request).is_some()
}

impl Protocol {
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if is_kind(content_type, b"application/grpc") {
            return Some(Self::Grpc);
        }
        if let Some(kind) = WebKind::of(content_type) {
            return Some(Self::Web(kind));
        }
        if request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return Some(Self::Preflight);
        }
        if is_connect(content_type, headers) {
            return Some(Self::Connect);
        }
        is_websocket(headers).then_some(Self::WebSocket)
    }
}

impl WebKind {
    /// The kind that a media type names.
    pub(crate) fn of(media_type: &[u8]) -> Option<Self> {
        if is_kind(media_type, b"application/grpc-web-text") {
            return Some(Self::Text);
        }
        is_kind(media_type, b"application/grpc-web").then_some(Self::Binary)
    }
}

/// Whether a media type is `kind`, perhaps with a message format (`+proto`) or parameters.
fn is_kind(media_type: &[u8], kind: &[u8]) -> bool {
    match media_type.split_at_checked(kind.len()) {
        Some((start, rest)) => {
            start.eq_ignore_ascii_case(kind) && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
        }
        None => false,
    }
}

const CONNECT_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");

fn is_connect(content_type: &[u8], headers: &HeaderMap) -> bool {
    // JSON alone may be that of others.
    is_kind(content_type, b"application/proto")
        || is_kind(content_type, b"application/connect")
        || is_kind(content_type, b"application/json") && headers.contains_key(CONNECT_VERSION)
}

fn is_websocket(headers: &HeaderMap) -> bool {
    if !headers.contains_key(UPGRADE) {
        return false;
    }
    let protocols = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    protocols.flat_map(|list| list.split(',')).any(|name| name.trim() == "grpc-websockets")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&str, &str)]) -> Option<Protocol> {
        let mut request = Request::post("/Greeter/SayHello");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Protocol::of(&request.body(()).unwrap())
    }

    #[test]
    fn content_types_are_told_apart_whatever_follows_them() {
        let kind = |value| of(&[("content-type", value)]);
        for grpc in ["application/grpc", "application/grpc+proto", "Application/gRPC; charset=utf-8"] {
            assert_eq!(kind(grpc), Some(Protocol::Grpc), "{grpc}");
        }
        for (web, is) in [
            ("application/grpc-web", WebKind::Binary),
            ("application/grpc-web+proto; x=y", WebKind::Binary),
            ("application/grpc-web-text", WebKind::Text),
            ("APPLICATION/grpc-web-text+proto", WebKind::Text),
        ] {
            assert_eq!(kind(web), Some(Protocol::Web(is)), "{web}");
        }
        for connect in ["application/proto", "application/connect+proto", "application/connect+json; a=b"] {
            assert_eq!(kind(connect), Some(Protocol::Connect), "{connect}");
        }
        for other in ["", "application/grpcx", "application/grpc-we", "application/json", "text/plain"] {
            assert_eq!(kind(other), None, "{other}");
        }
    }

    #[test]
    fn what_json_and_a_websocket_carry_is_said_by_other_headers() {
        let json = ("content-type", "application/json");
        assert_eq!(of(&[json, ("connect-protocol-version", "1")]), Some(Protocol::Connect));
        let upgrade = ("upgrade", "websocket");
        let protocols = ("sec-websocket-protocol", "x, grpc-websockets");
        assert_eq!(of(&[upgrade, protocols]), Some(Protocol::WebSocket));
        assert_eq!(of(&[upgrade, ("sec-websocket-protocol", "jsonrpc")]), None);
    }
}
