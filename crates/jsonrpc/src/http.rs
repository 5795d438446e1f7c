//! JSON-RPC in HTTP requests: one message in, one message or nothing out.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use manywire_core::{Connection, Drain, RpcError};
use manywire_http::{
    AnswerHeaders, Beside, Body, BodyError, Content, Handler, Headers, Request, RequestBody, Response,
    method_not_allowed, read_body, reply, reply_compressed,
};
use manywire_json::Text;

use crate::answer::Wire;
use crate::error::{invalid_request, parse_error};
use crate::reply::write_error;
use crate::request::Version;
use crate::websocket::{self, Opening};

const JSON: &str = "application/json";

/// Answers the JSON-RPC requests of one HTTP connection, on whatever path they come, and takes over its WebSockets.
#[derive(Clone)]
pub struct Server {
    wire: Wire,
    drain: Drain,
}

impl Server {
    /// The server of one connection.
    pub fn new(connection: Connection) -> Self {
        let Connection { session, limits, budget, drain, .. } = connection;
        Self { wire: Wire { session, limits, budget }, drain }
    }

    async fn answer(&self, headers: &HeaderMap, body: &mut RequestBody) -> Response {
        let (sent, gathered) = (Headers(headers), AnswerHeaders::default());
        let terms = match sent.terms() {
            Ok(terms) => terms,
            Err(error) => return refuse(&self.wire, StatusCode::BAD_REQUEST, &error),
        };
        let body = match read_body(headers, body, &self.wire.limits, &self.wire.budget).await {
            Ok(body) => body,
            Err(error) => return refuse(&self.wire, error.status(), &unread(&error)),
        };
        let work = self.wire.begin(&body, Beside { terms, answer: Some(&gathered) }, None).await;
        // What waits has what it needs.
        drop(body);
        let (answer, charge) = work.finish().await.text.into_parts();
        let mut response = match charge {
            _ if answer.is_empty() => nothing_to_say(headers),
            Some(charge) => reply_compressed(headers, StatusCode::OK, JSON, Content::charged(answer, charge)),
            None => reply_compressed(headers, StatusCode::OK, JSON, answer),
        };
        gathered.put_into(&mut response);
        response
    }
}

impl Handler for Server {
    async fn handle(&self, mut request: Request) -> Response {
        if websocket::is_asked_for(&request) {
            return match Opening::of(request.headers(), &self.wire.budget) {
                Ok(opening) => websocket::accept(request, self.wire.clone(), opening, self.drain.clone()),
                Err(error) => refuse(&self.wire, StatusCode::BAD_REQUEST, &error),
            };
        }
        if request.method() != Method::POST {
            return method_not_allowed("POST");
        }
        let headers = std::mem::take(request.headers_mut());
        self.answer(&headers, request.body_mut()).await
    }
}

/// Why a body could not be read.
fn unread(error: &BodyError) -> RpcError {
    match error {
        BodyError::Damaged(_) | BodyError::Broken(_) => parse_error(error),
        _ => invalid_request(error.to_string()),
    }
}

/// Says in both protocols that a request could not be read.
fn refuse(wire: &Wire, status: StatusCode, error: &RpcError) -> Response {
    let mut text = Text::new();
    write_error(&mut text, wire.room(), Version::V2, "null", error);
    reply(status, JSON, text.into_parts().0)
}

/// The answer to notifications: 204, as JSON-RPC over HTTP has had it from its first draft on, and as Go's jrpc2 needs it.
/// jsonrpclib takes anything but 200 for a failure. It is known by its name, or by its content type, which no other client
/// sends that minds the difference.
fn nothing_to_say(request: &HeaderMap) -> Response {
    let begins = |header, start: &[u8]| {
        let value = request.get(header).map_or(&[][..], HeaderValue::as_bytes);
        value.get(..start.len()).is_some_and(|value| value.eq_ignore_ascii_case(start))
    };
    let is_jsonrpclib = begins(USER_AGENT, b"jsonrpclib") || begins(CONTENT_TYPE, b"application/json-rpc");
    if is_jsonrpclib {
        return reply(StatusCode::OK, JSON, Bytes::new());
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
