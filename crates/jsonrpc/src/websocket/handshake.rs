//! The request that asks for a WebSocket, and its answer. RFC 6455, section 4.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use hyper_util::rt::TokioIo;
use manywire_core::Drain;
use manywire_http::{Body, Request, Response, reply};
use sha1::{Digest as _, Sha1};

use super::Opening;
use super::connection::serve;
use crate::answer::Wire;

/// Whether a request asks for a WebSocket.
pub(crate) fn is_asked_for(request: &Request) -> bool {
    let names =
        |header, token: &str| listed(request.headers(), header).any(|t| t.eq_ignore_ascii_case(token));
    names(&UPGRADE, "websocket") && names(&CONNECTION, "upgrade")
}

/// The tokens of a header that is a list.
fn listed<'h>(headers: &'h HeaderMap, header: &'h HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Answers the handshake and serves the connection from then on.
pub(crate) fn accept(mut request: Request, wire: Wire, opening: Opening, drain: Drain) -> Response {
    let is_get = request.version() == Version::HTTP_11 && request.method() == Method::GET;
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY).filter(|key| is_get && is_key(key)) else {
        let why = "a WebSocket begins with GET, HTTP/1.1 and a sec-websocket-key of 16 bytes in base64\n";
        return reply(StatusCode::BAD_REQUEST, "text/plain", why);
    };
    let thirteen = HeaderValue::from_static("13");
    if request.headers().get(SEC_WEBSOCKET_VERSION) != Some(&thirteen) {
        let mut response = reply(StatusCode::UPGRADE_REQUIRED, "text/plain", "use WebSocket version 13\n");
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, thirteen);
        return response;
    }
    let response = switching_protocols(&accept_key(key.as_bytes()), protocol(request.headers()));
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        tokio::select! {
            () = drain.cut() => {}
            upgraded = upgrade => match upgraded {
                Ok(upgraded) => serve(TokioIo::new(upgraded), &wire, &opening, &drain).await,
                Err(error) => tracing::debug!(%error, "a WebSocket did not come about"),
            }
        }
    });
    response
}

fn is_key(key: &HeaderValue) -> bool {
    BASE64.decode(key.as_bytes()).is_ok_and(|key| key.len() == 16)
}

/// What proves that the request was understood.
pub(crate) fn accept_key(key: &[u8]) -> String {
    let digest =
        Sha1::new().chain_update(key).chain_update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    BASE64.encode(digest)
}

/// The subprotocol that is agreed on: the first that the client offers and that means JSON-RPC 2.0, however it writes it.
/// Where it offers others alone, there is none, and it will leave.
fn protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = listed(headers, &SEC_WEBSOCKET_PROTOCOL).find(|name| {
        let letters = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
        matches!(&*letters.collect::<String>(), "jsonrpc" | "jsonrpc2" | "jsonrpc20")
    });
    offered.and_then(|name| HeaderValue::from_str(name).ok())
}

fn switching_protocols(key: &str, protocol: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Ok(key) = HeaderValue::from_str(key) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    }
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_accepted_as_in_the_specification() {
        assert_eq!(accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_sixteen_bytes() {
        let is_key = |key| is_key(&HeaderValue::from_static(key));
        assert!(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
        for key in ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "no base64 at all =======", "AAAA"]
        {
            assert!(!is_key(key), "{key}");
        }
    }

    #[test]
    fn the_first_subprotocol_that_means_json_rpc_is_chosen_as_it_was_written() {
        let chosen = |offers: &[&'static str]| {
            let offer = |offer: &&'static str| (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(offer));
            protocol(&offers.iter().map(offer).collect()).map(|chosen| chosen.to_str().unwrap().to_owned())
        };
        for name in ["jsonrpc", "jsonrpc-2.0", "jsonrpc2.0", "jsonrpc2", "json-rpc", "JSON-RPC-2.0"] {
            assert_eq!(chosen(&[name]).as_deref(), Some(name));
        }
        assert_eq!(chosen(&["wamp.2.json , json-rpc,jsonrpc"]).as_deref(), Some("json-rpc"));
        assert_eq!(chosen(&["graphql-ws", "soap,jsonrpc2"]).as_deref(), Some("jsonrpc2"));
        assert_eq!(chosen(&["graphql-ws", "jsonrpc-1.0"]), None);
        assert_eq!(chosen(&[]), None);
    }
}
