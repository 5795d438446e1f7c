//! HTTP/1 and HTTP/2 on an accepted stream, with its timeouts and its graceful end.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use manywire_core::{Drain, Limits, gated};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::watch::{Busy, Progress, Watched};
use crate::{Body, BoxError, Request, Response};

/// Answers requests: what a wire is to HTTP.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. Errors are answers too.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// What an operator may set for HTTP/2 connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http2 {
    /// Pings a silent peer this often, to notice that it is gone.
    pub ping_interval: Option<Duration>,
    /// Takes a peer for gone that does not answer a ping within this time.
    pub ping_timeout: Duration,
    /// Ends a connection at this age, so that balancers can move its client.
    pub max_age: Option<Duration>,
    /// Bytes of headers in one request.
    pub header_bytes: u32,
    /// Bytes that one stream may send before we have taken them in.
    pub stream_window: u32,
}

impl Default for Http2 {
    fn default() -> Self {
        Self {
            ping_interval: Some(Duration::from_secs(60)),
            ping_timeout: Duration::from_secs(20),
            max_age: None,
            header_bytes: 16 << 10,
            stream_window: 1 << 20,
        }
    }
}

/// Serves HTTP on a stream until the peer leaves, stalls, or the server winds down.
///
/// The stream itself may outlive this call: a WebSocket takes it over.
pub async fn serve<IO, H>(io: IO, handler: H, limits: &Limits, http2: &Http2, drain: &Drain)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    let progress = Progress::new();
    let io = TokioIo::new(Watched::new(io, progress.clone()));
    let handler = Arc::new(handler);
    let service = service_fn(|request: Request| {
        let (handler, busy) = (handler.clone(), progress.request());
        async move {
            let response = handler.handle(request).await;
            Ok::<_, Infallible>(response.map(|body| Answer { body, _busy: busy }))
        }
    });
    let builder = builder(limits, http2);
    let mut connection = pin!(builder.serve_connection_with_upgrades(io, service));
    let mut last_call = pin!(gated(async {
        tokio::select! {
            () = drain.started() => {}
            () = grown_old(http2.max_age) => {}
        }
    }));
    let mut lost = pin!(gated(async {
        tokio::select! {
            () = progress.stalled(limits) => {}
            () = drain.cut() => {}
        }
    }));
    let mut is_ending = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "an HTTP connection broke");
                }
                return;
            }
            () = &mut last_call, if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            () = &mut lost => return,
        }
    }
}

async fn grown_old(max_age: Option<Duration>) {
    match max_age {
        Some(age) => tokio::time::sleep(age).await,
        None => std::future::pending().await,
    }
}

/// How many full streams fit into a connection's window.
///
/// h2 0.4.20 ends a connection on which half of its window's bytes wait in small frames, each counted as 256. A client of
/// gRPC may well fill one stream's window with messages of eight bytes before they are looked at.
const CONNECTION_STREAMS: u32 = 64;

fn builder(limits: &Limits, http2: &Http2) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // A script that shuts down its sending side after the request still gets its answer.
    builder.http1().timer(TokioTimer::new()).half_close(true).header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(u32::try_from(limits.in_flight).unwrap_or(u32::MAX))
        .max_header_list_size(http2.header_bytes)
        .initial_stream_window_size(http2.stream_window)
        .initial_connection_window_size(http2.stream_window.saturating_mul(CONNECTION_STREAMS))
        .keep_alive_interval(http2.ping_interval)
        .keep_alive_timeout(http2.ping_timeout);
    builder
}

/// A body that keeps its request marked as being answered until the last byte was taken.
struct Answer {
    body: Body,
    _busy: Busy,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
