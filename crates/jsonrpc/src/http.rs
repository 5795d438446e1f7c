//! JSON-RPC in HTTP requests: one message in, one message or nothing out.

use bytes::Bytes;
use http::{Method, StatusCode};
use manywire_core::{Budget, Connection, Drain, RpcError};
use manywire_http::{
    BodyError, Handler, Request, Response, method_not_allowed, read_body, reply, reply_compressed,
};

use crate::answer::Wire;
use crate::error::{invalid_request, parse_error};
use crate::reply::write_error;
use crate::request::Version;
use crate::websocket;

const JSON: &str = "application/json";

/// Answers the JSON-RPC requests of one HTTP connection, on whatever path they come, and takes over its WebSockets.
#[derive(Clone)]
pub struct Server {
    wire: Wire,
    budget: Budget,
    drain: Drain,
}

impl Server {
    /// The server of one connection.
    pub fn new(connection: Connection) -> Self {
        let Connection { session, limits, budget, drain } = connection;
        Self { wire: Wire { session, limits }, budget, drain }
    }

    async fn answer(&self, mut request: Request) -> Response {
        let (headers, body) = (std::mem::take(request.headers_mut()), request.body_mut());
        let body = match read_body(&headers, body, &self.wire.limits, &self.budget).await {
            Ok(body) => body,
            Err(error) => return refuse(&error),
        };
        let answer = self.wire.answer(&body, None).await.text;
        // jsonrpclib-pelix 1.2 takes 204 for a failure, so nothing to say is 200 and an empty body.
        reply_compressed(&headers, StatusCode::OK, JSON, Bytes::from(answer))
    }
}

impl Handler for Server {
    async fn handle(&self, request: Request) -> Response {
        if websocket::is_asked_for(&request) {
            return websocket::accept(request, self.wire.clone(), self.drain.clone());
        }
        if request.method() != Method::POST {
            return method_not_allowed("POST");
        }
        self.answer(request).await
    }
}

/// Says in both protocols that a body could not be read.
fn refuse(error: &BodyError) -> Response {
    let object: RpcError = match error {
        BodyError::Damaged(_) | BodyError::Broken(_) => parse_error(error),
        _ => invalid_request(error.to_string()),
    };
    let mut text = Vec::new();
    write_error(&mut text, Version::V2, "null", &object);
    reply(error.status(), JSON, text)
}
