//! JSON-RPC over a WebSocket: requests, answers in the order in which they are ready, and the items of subscriptions.
//!
//! One task per connection: it reads while there is room for calls, polls the calls and streams in place, and writes
//! when nothing else is left to do. While a peer does not read, nothing is read from it and no stream is polled.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, SelectAll, SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderValue, Method, StatusCode, Version};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use manywire_core::{Drain, Limits};
use manywire_http::{Body, Request, Response, reply};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::answer::{Answer, Wire};
use crate::subscription::Subscriptions;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Written in one go at most; more waits for the peer to read.
const WRITE_BUFFER: usize = 32 << 10;

/// How long the goodbyes may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Whether a request asks for a WebSocket.
pub(crate) fn is_asked_for(request: &Request) -> bool {
    names(request, &UPGRADE, "websocket") && names(request, &CONNECTION, "upgrade")
}

fn names(request: &Request, header: &HeaderName, token: &str) -> bool {
    let values = request.headers().get_all(header).into_iter();
    let tokens = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tokens.into_iter().any(|named| named.trim().eq_ignore_ascii_case(token))
}

/// Answers the handshake and serves the connection from then on.
pub(crate) fn accept(mut request: Request, wire: Wire, drain: Drain) -> Response {
    let is_http1 = request.version() == Version::HTTP_11;
    let key =
        request.headers().get(SEC_WEBSOCKET_KEY).filter(|_| is_http1 && request.method() == Method::GET);
    let Some(key) = key.map(|key| derive_accept_key(key.as_bytes())) else {
        let why = "a WebSocket begins with GET, HTTP/1.1 and a sec-websocket-key\n";
        return reply(StatusCode::BAD_REQUEST, "text/plain", why);
    };
    let thirteen = HeaderValue::from_static("13");
    if request.headers().get(SEC_WEBSOCKET_VERSION) != Some(&thirteen) {
        let mut response = reply(StatusCode::UPGRADE_REQUIRED, "text/plain", "use WebSocket version 13\n");
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, thirteen);
        return response;
    }
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        tokio::select! {
            () = drain.cut() => {}
            upgraded = upgrade => match upgraded {
                Ok(upgraded) => serve(upgraded, wire, &drain).await,
                Err(error) => tracing::debug!(%error, "a WebSocket did not come about"),
            }
        }
    });
    switching_protocols(&key)
}

fn switching_protocols(key: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Ok(key) = HeaderValue::from_str(key) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    }
    response
}

async fn serve(upgraded: Upgraded, wire: Wire, drain: &Drain) {
    let config = config(&wire.limits);
    let socket = Socket::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    tokio::select! {
        () = drain.cut() => {}
        ended = talk(socket, &wire, drain) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a WebSocket broke");
            }
        }
    }
}

fn config(limits: &Limits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(8 << 10)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(limits.message_bytes))
        .max_frame_size(Some(limits.message_bytes))
}

/// Serves until either side says goodbye. Long, because it is one choice among the five things that may happen next.
async fn talk(socket: Socket, wire: &Wire, drain: &Drain) -> Result<(), Error> {
    let (mut sink, mut messages) = socket.split();
    let subscriptions = &Subscriptions::new(wire.limits.in_flight);
    let run = |message: Bytes| async move { wire.answer(&message, Some(subscriptions)).await };
    let mut calls = FuturesUnordered::new();
    let mut streams = SelectAll::new();
    let (mut is_draining, mut is_flushed) = (false, true);

    // In this order: answers make room, requests may end subscriptions, and one write carries as much as it can.
    let goodbye = loop {
        if is_draining && calls.is_empty() {
            break close(CloseCode::Away, "the server is shutting down");
        }
        tokio::select! {
            biased;
            () = drain.started(), if !is_draining => {
                is_draining = true;
                streams.clear();
            }
            Some(Answer { text, started }) = calls.next(), if !calls.is_empty() => {
                send(&mut sink, text).await?;
                is_flushed = false;
                streams.extend(started.into_iter().filter(|_| !is_draining));
            }
            message = messages.next(), if !is_draining && calls.len() < wire.limits.in_flight => match message {
                Some(Ok(Message::Text(text))) => calls.push(run(text.into())),
                Some(Ok(Message::Binary(bytes))) => calls.push(run(bytes)),
                // tungstenite has put the answer to a close or a ping into its buffer.
                Some(Ok(Message::Close(_))) => return sink.flush().await,
                // Its buffer has no bound, and a peer may send pings without reading what they bring.
                Some(Ok(_)) => tokio::select! {
                    biased;
                    flushed = sink.flush() => flushed?,
                    () = drain.started() => {}
                },
                Some(Err(error)) => break complaint(error)?,
                None => return Ok(()),
            },
            Some(notification) = streams.next(), if !streams.is_empty() => {
                is_flushed = false;
                // A peer that reads none of its stream must not hold the shutdown up.
                tokio::select! {
                    biased;
                    sent = send(&mut sink, notification) => sent?,
                    () = drain.started() => {}
                }
            }
            flushed = sink.flush(), if !is_flushed => {
                flushed?;
                is_flushed = true;
            }
        }
    };
    // The peer may be gone, or not reading; neither is ours to wait for.
    let _ = tokio::time::timeout(GOODBYE, farewell(sink, messages, goodbye)).await;
    Ok(())
}

/// Says goodbye and waits for the peer's.
async fn farewell(
    mut sink: SplitSink<Socket, Message>,
    mut messages: SplitStream<Socket>,
    goodbye: CloseFrame,
) -> Result<(), Error> {
    let is_broken = goodbye.code != CloseCode::Away;
    sink.send(Message::Close(Some(goodbye))).await?;
    while let Some(Ok(_)) = messages.next().await {}
    // To close on bytes that were not read would reset the connection, and take our goodbye with it.
    if is_broken && let Ok(mut socket) = messages.reunite(sink) {
        tokio::io::copy(socket.get_mut(), &mut tokio::io::sink()).await?;
    }
    Ok(())
}

/// Puts a text into the write buffer, once there is room.
async fn send(sink: &mut SplitSink<Socket, Message>, text: Vec<u8>) -> Result<(), Error> {
    if text.is_empty() {
        return Ok(());
    }
    sink.feed(Message::Text(Utf8Bytes::try_from(text)?)).await
}

fn close(code: CloseCode, reason: &'static str) -> CloseFrame {
    CloseFrame { code, reason: Utf8Bytes::from_static(reason) }
}

/// What we say to a peer that broke the rules; an error where no one is left to hear it.
fn complaint(error: Error) -> Result<CloseFrame, Error> {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => {
            Ok(close(CloseCode::Size, "the message is longer than this server takes"))
        }
        Error::Utf8(_) => Ok(close(CloseCode::Invalid, "the text is not UTF-8")),
        Error::Protocol(_) => Ok(close(CloseCode::Protocol, "the frames break RFC 6455")),
        other => Err(other),
    }
}
