//! gRPC-Web: the same calls from a browser, and the browser's question whether it may.

use http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, CONTENT_TYPE,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use manywire_http::{Origins, Request, Response, reply};
use tonic::body::Body;
use tower::{Layer as _, ServiceExt as _};

use crate::call;
use crate::protocol::WebKind;
use crate::server::Server;

/// Tells the browser. Without the headers it keeps the page from calling.
pub(crate) fn preflight(origins: &Origins, asked: &HeaderMap) -> Response {
    let mut response = reply(StatusCode::NO_CONTENT, "text/plain", "");
    let headers = response.headers_mut();
    if allow(origins, asked, headers) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
        if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }
    response
}

/// Answers a gRPC-Web request.
pub(crate) async fn answer(server: &Server, mut request: Request, kind: WebKind) -> http::Response<Body> {
    name_kinds(request.headers_mut(), kind);
    let asked = request.headers().get(ORIGIN).cloned().map(|origin| HeaderMap::from_iter([(ORIGIN, origin)]));
    let calls = tower::service_fn(|request| async {
        Ok::<_, std::convert::Infallible>(call::answer(server, request).await)
    });
    let mut response = match tonic_web::GrpcWebLayer::new().layer(calls).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if let Some(asked) = asked
        && allow(&server.shared.web_origins, &asked, response.headers_mut())
    {
        let exposed =
            HeaderValue::from_static("grpc-status, grpc-message, grpc-status-details-bin, grpc-encoding");
        response.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

/// Names the kinds of the request and of its answer as tonic-web knows them: without parameters, and an answer of the
/// request's own kind unless another one is asked for.
fn name_kinds(headers: &mut HeaderMap, kind: WebKind) {
    let name = |kind| match kind {
        WebKind::Binary => HeaderValue::from_static("application/grpc-web+proto"),
        WebKind::Text => HeaderValue::from_static("application/grpc-web-text+proto"),
    };
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let asked =
        accepted.flat_map(|list| list.split(',')).find_map(|kind| WebKind::of(kind.trim().as_bytes()));
    headers.insert(CONTENT_TYPE, name(kind));
    headers.insert(ACCEPT, name(asked.unwrap_or(kind)));
}

/// Lets a page from an origin in, if it is one of those named.
fn allow(origins: &Origins, asked: &HeaderMap, headers: &mut HeaderMap) -> bool {
    headers.insert(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = asked.get(ORIGIN) else { return false };
    let is_allowed = origins.allow(origin);
    if is_allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    is_allowed
}
