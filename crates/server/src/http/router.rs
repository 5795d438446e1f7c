//! Which wire an HTTP request is for: by path and content type, request by request.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use manywire_http::{Handler, Request, Response, reply};

use crate::listen::Peer;
use crate::shared::{BoundWire, Shared};
use crate::wires::{Wire, Wires};

/// The HTTP wires of one connection; those that its listener does not answer are none.
#[derive(Clone)]
pub(crate) struct Router {
    wires: Arc<Wires>,
    #[cfg(feature = "netrpc")]
    netrpc: Option<manywire_netrpc::JsonPost>,
    #[cfg(feature = "http")]
    http: Option<manywire_jsonhttp::Server>,
    #[cfg(feature = "jsonrpc")]
    jsonrpc: Option<manywire_jsonrpc::Server>,
    #[cfg(feature = "xmlrpc")]
    xmlrpc: Option<manywire_xmlrpc::Server>,
    #[cfg(feature = "grpc")]
    grpc: Option<manywire_grpc::Server>,
}

impl Router {
    pub(crate) fn new(server: &Shared, wires: &Wires, peer: &Peer) -> Self {
        let connect = |wire, bound: &BoundWire| wires.has(wire).then(|| bound.connection(server, peer));
        let bound = &server.bound;
        Self {
            #[cfg(feature = "netrpc")]
            netrpc: connect(Wire::Netrpc, &bound.jsonrpc1).map(manywire_netrpc::JsonPost::new),
            #[cfg(feature = "http")]
            http: connect(Wire::Http, &bound.http).map(manywire_jsonhttp::Server::new),
            #[cfg(feature = "jsonrpc")]
            jsonrpc: connect(Wire::Jsonrpc, &bound.jsonrpc).map(manywire_jsonrpc::Server::new),
            #[cfg(feature = "xmlrpc")]
            xmlrpc: connect(Wire::Xmlrpc, &bound.xmlrpc).map(manywire_xmlrpc::Server::new),
            #[cfg(feature = "grpc")]
            grpc: server.grpc.as_ref().filter(|_| wires.has(Wire::Grpc)).map(|grpc| {
                let limits = &server.settings.limits;
                grpc.for_connection(limits, &peer.budget, &peer.activity, peer.caller.clone())
            }),
            wires: Arc::new(wires.clone()),
        }
    }

    /// The wire that a request is for.
    fn pick(&self, request: &Request) -> Option<Wire> {
        let only = self.wires.only().filter(|wire| *wire != Wire::Netrpc);
        if only.is_some() && request.version() != Version::HTTP_2 {
            return only;
        }
        let wire = by_request(request, self.wires.has(Wire::Http));
        // A port with one wire has no other to mistake it for, so any path and content type will do; but a call of gRPC may
        // not end before it is answered, and is nothing else.
        only.filter(|_| wire != Some(Wire::Grpc)).or_else(|| wire.filter(|wire| self.wires.has(*wire)))
    }
}

fn by_request(request: &Request, has_calls: bool) -> Option<Wire> {
    let (path, headers) = (request.uri().path(), request.headers());
    let is_post = request.method() == Method::POST;
    #[cfg(feature = "netrpc")]
    if path == manywire_netrpc::GOB_PATH || is_post && path == manywire_netrpc::JSON_PATH {
        return Some(Wire::Netrpc);
    }
    // A service of gRPC may have this name too.
    #[cfg(feature = "http")]
    if has_calls && manywire_jsonhttp::is_call(path) && !begins(media_type(headers), b"application/grpc") {
        return Some(Wire::Http);
    }
    #[cfg(feature = "grpc")]
    if manywire_grpc::is_for_grpc(request) {
        return Some(Wire::Grpc);
    }
    let media_type = media_type(headers);
    let is = |name: &[u8]| media_type.eq_ignore_ascii_case(name);
    if is_post && (is(b"text/xml") || is(b"application/xml")) {
        return Some(Wire::Xmlrpc);
    }
    if is_post {
        return Some(Wire::Jsonrpc);
    }
    let is_websocket =
        headers.get(http::header::UPGRADE).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if is_websocket {
        return Some(Wire::Jsonrpc);
    }
    let has_operand = || {
        let query = request.uri().query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == "a" || key == "b")
    };
    (request.method() == Method::GET && has_operand()).then_some(Wire::Http)
}

#[cfg(feature = "http")]
fn begins(media_type: &[u8], start: &[u8]) -> bool {
    media_type.split_at_checked(start.len()).is_some_and(|(begin, _)| begin.eq_ignore_ascii_case(start))
}

/// The content type without its parameters.
fn media_type(headers: &HeaderMap) -> &[u8] {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

impl Handler for Router {
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send {
        match self.pick(&request) {
            #[cfg(feature = "netrpc")]
            Some(Wire::Netrpc) => answer(self.netrpc.as_ref(), request),
            #[cfg(feature = "http")]
            Some(Wire::Http) => answer(self.http.as_ref(), request),
            #[cfg(feature = "jsonrpc")]
            Some(Wire::Jsonrpc) => answer(self.jsonrpc.as_ref(), request),
            #[cfg(feature = "grpc")]
            Some(Wire::Grpc) => answer(self.grpc.as_ref(), request),
            #[cfg(feature = "xmlrpc")]
            Some(Wire::Xmlrpc) => answer(self.xmlrpc.as_ref(), request),
            _ => Box::pin(ready(not_found(&self.wires))),
        }
    }
}

/// Boxed, so that a request takes the memory of its own wire and not of the largest: it is moved on its way to a task.
fn answer<'h, H: Handler>(
    handler: Option<&'h H>,
    request: Request,
) -> Pin<Box<dyn Future<Output = Response> + Send + 'h>> {
    match handler {
        Some(handler) => Box::pin(handler.handle(request)),
        None => {
            Box::pin(ready(reply(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n")))
        }
    }
}

fn not_found(wires: &Wires) -> Response {
    let text = format!("404 page not found\n\nThis port answers: {}.\n", wires.about());
    reply(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", text)
}
