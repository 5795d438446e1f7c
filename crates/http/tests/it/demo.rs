//! A server with a few routes, on a stream in memory or on a socket.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use manywire_core::{Budget, Limits, Memory, ReplyBuffer, Shutdown};
use manywire_http::{
    Body, Content, Endless, Handler, Request, Response, Terms, read_body, reply, reply_compressed, serve,
};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::net::TcpListener;

/// Sends back the body that it was sent; other paths do something else.
#[derive(Clone)]
pub(crate) struct Demo {
    limits: Arc<Limits>,
    budget: Budget,
}

impl Demo {
    pub(crate) fn of(terms: &Terms) -> Self {
        Self { limits: terms.limits.clone(), budget: terms.budget.clone() }
    }

    fn long(&self, asked: &HeaderMap, text: &[u8]) -> Response {
        let mut answer = ReplyBuffer::new(&self.limits, &self.budget);
        let _ = text.chunks(10_000).try_for_each(|piece| answer.push(piece));
        match Content::of(answer) {
            Ok(content) => reply_compressed(asked, StatusCode::OK, "text/plain", content),
            Err(error) => reply(StatusCode::SERVICE_UNAVAILABLE, "text/plain", error.to_string()),
        }
    }
}

impl Handler for Demo {
    async fn handle(&self, request: Request) -> Response {
        let (parts, mut body) = request.into_parts();
        match parts.uri.path().split_at(parts.uri.path().len().min(6)) {
            ("/slow", "") => tokio::time::sleep(Duration::from_secs(120)).await,
            ("/left", "") => return reply(StatusCode::NOT_FOUND, "text/plain", "not read\n"),
            ("/none", "") => return Response::new(Body::empty()),
            ("/held", "") => {
                tokio::time::sleep(Duration::from_secs(120)).await;
                drop(body);
                return reply(StatusCode::OK, "text/plain", "held\n");
            }
            // So many bytes that do not compress.
            ("/long/", length) => {
                return self.long(&parts.headers, &noise(length));
            }
            // So many bytes, and then nothing more for ever.
            ("/ever/", length) => {
                let first = Frame::data(Bytes::from(noise(length)));
                let frames = stream::iter([Ok::<_, Infallible>(first)]).chain(stream::pending());
                let mut response = Response::new(Body::stream(StreamBody::new(frames)));
                response.extensions_mut().insert(Endless);
                return response;
            }
            ("/many/", length) => {
                return Response::new(Body::stream(http_body_util::Full::from(noise(length))));
            }
            _ => {}
        }
        match read_body(&parts.headers, &mut body, &self.limits, &self.budget).await {
            Ok(body) => reply(StatusCode::OK, "text/plain", body),
            Err(error) => reply(error.status(), "text/plain", error.to_string()),
        }
    }
}

/// Bytes that do not compress, as many as the text says.
pub(crate) fn noise(length: &str) -> Vec<u8> {
    let mut state = 1_u64;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    (0..length.parse().unwrap()).map(step).collect()
}

/// Serves one connection in memory.
pub(crate) fn start(limits: Limits, shutdown: &Shutdown) -> DuplexStream {
    started(Terms::new(Arc::new(limits), shutdown.drain()), shutdown).0
}

/// The same, with the budget of the connection.
pub(crate) fn started(terms: Terms, shutdown: &Shutdown) -> (DuplexStream, Budget) {
    let (ours, theirs) = duplex(64 << 10);
    let (budget, token) = (terms.budget.clone(), shutdown.track());
    tokio::spawn(async move {
        serve(LikeSocket(ours), Demo::of(&terms), &terms).await;
        drop(token);
    });
    (theirs, budget)
}

/// Serves on a socket, all connections within one budget.
pub(crate) async fn listen(limits: Limits) -> (SocketAddr, Memory) {
    let (limits, shutdown) = (Arc::new(limits), Shutdown::new());
    let memory = Memory::new(&limits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let all = memory.clone();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let budget = all.connection(&limits);
            let terms = Terms { budget, ..Terms::new(limits.clone(), shutdown.drain()) };
            tokio::spawn(async move { serve(tcp, Demo::of(&terms), &terms).await });
        }
    });
    (address, memory)
}

/// A stream in memory that takes several buffers at once, as sockets do: hyper then copies nothing.
struct LikeSocket(DuplexStream);

impl AsyncRead for LikeSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for LikeSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
    fn is_write_vectored(&self) -> bool {
        true
    }
}
