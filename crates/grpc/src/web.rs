//! gRPC-Web: the same calls from a browser, and the browser's question whether it may.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use manywire_http::{Origins, Request, Response, reply};
use tonic::body::Body;
use tower::{Layer as _, ServiceExt as _};

use crate::call;
use crate::server::Server;

/// Whether a browser asks if a page may call.
pub(crate) fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

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
pub(crate) async fn answer(server: &Server, request: Request) -> http::Response<Body> {
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
