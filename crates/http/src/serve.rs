//! HTTP/1 and HTTP/2 on an accepted stream, with its timeouts and its graceful end.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::{CONNECTION, EXPECT};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use manywire_core::{Drain, gated};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::guard::KnownHost;
use crate::progress::Progress;
use crate::stream_task::{self, Streams};
use crate::watch::Watched;
use crate::{Request, RequestBody, Response, Terms, head};

/// Answers requests: what a wire is to HTTP.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. Errors are answers too.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// Among the extensions of a response: its body goes on until the peer has had enough of it. When the server winds down the
/// body is to end by itself, and is not waited for where the peer takes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endless;

/// Serves HTTP on a stream until the peer leaves, stalls, or the server winds down.
///
/// The stream itself may outlive this call: a WebSocket takes it over.
pub async fn serve<IO, H>(io: IO, handler: H, terms: &Terms)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    let progress = Progress::new(terms);
    let io = TokioIo::new(Watched::new(io, progress.clone(), terms));
    let door = Arc::new(Door::new(handler, progress.clone(), terms));
    let service = service_fn(|request| Door::answer(&door, request));
    let builder = builder(terms);
    let mut connection = pin!(builder.serve_connection_with_upgrades(io, service));
    let mut last_call = pin!(gated(async {
        tokio::select! {
            () = terms.drain.started() => {}
            () = grown_old(terms.http2.max_age) => {}
        }
    }));
    let mut lost = pin!(gated(async {
        tokio::select! {
            () = progress.stalled(&terms.limits) => {}
            () = terms.drain.cut() => {}
            () = async {
                outlived(&terms.drain).await;
                if !progress.is_endless() {
                    std::future::pending::<()>().await;
                }
            } => {}
            () = unparted(&terms.drain, &progress) => {}
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

/// How long a peer may take to make room for the last words of an answer without an end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Resolves when an answer without an end should have ended with the server.
async fn outlived(drain: &Drain) {
    drain.started().await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// Resolves when the server winds down and an HTTP/2 connection has nothing left to answer or to send: a peer that does not
/// answer the ping of a goodbye is not waited for.
async fn unparted(drain: &Drain, progress: &Progress) {
    outlived(drain).await;
    loop {
        tokio::time::sleep(LAST_WORDS).await;
        if progress.is_http2() && progress.is_idle() {
            return;
        }
    }
}

async fn grown_old(max_age: Option<Duration>) {
    match max_age {
        Some(age) => tokio::time::sleep(age).await,
        None => std::future::pending().await,
    }
}

/// How many full streams fit into a connection's window, where its budget allows it.
///
/// h2 0.4.20 ends a connection on which half of its window's bytes wait in small frames, each counted as 256. A client of
/// gRPC may well fill one stream's window with messages of eight bytes, 13 in a frame, before they are looked at: that is
/// twenty times the window, and half of this is more.
const CONNECTION_STREAMS: u32 = 64;

/// What HTTP/2 itself starts with; a smaller window cannot be had.
const LEAST_WINDOW: u32 = 65_535;

/// Less would be slow, and saves little.
const LEAST_STREAM: u32 = 8 << 10;

/// What hyper reads of HTTP/1 at a time, and the longest head: as in HTTP/2 and in Node. No budget counts this buffer, and a
/// crowd has one for each of its bodies.
const HEAD: usize = 16 << 10;

/// What hyper takes of HTTP/2's answers before it writes, and the longest body that is skipped.
const BUFFER: usize = 64 << 10;

fn builder(terms: &Terms) -> Builder<Streams> {
    let Terms { limits, http2, .. } = terms;
    let mut builder = Builder::new(Streams { patience: limits.stall });
    // A script that shuts down its sending side after the request still gets its answer.
    builder.http1().timer(TokioTimer::new()).half_close(true).header_read_timeout(None).max_buf_size(HEAD);
    let half_budget = u32::try_from(limits.connection_memory / 2).unwrap_or(u32::MAX >> 1);
    let window = http2.stream_window.saturating_mul(CONNECTION_STREAMS).min(half_budget).max(LEAST_WINDOW);
    let streams = u32::try_from(limits.in_flight).unwrap_or(u32::MAX).min(http2.streams);
    // All streams fit into the connection's window at once: those that wait for room would keep out the one that has it.
    let stream_window = http2.stream_window.min(window / streams.max(1)).max(LEAST_STREAM);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(streams)
        .max_header_list_size(http2.header_bytes.saturating_mul(head::LENIENCE))
        .max_send_buf_size(BUFFER)
        .initial_stream_window_size(stream_window)
        .initial_connection_window_size(window)
        .keep_alive_interval(http2.ping_interval)
        .keep_alive_timeout(http2.ping_timeout);
    builder
}

/// Where requests come in and answers go out.
struct Door<H> {
    handler: H,
    progress: Arc<Progress>,
    terms: Terms,
    host: KnownHost,
}

impl<H: Handler> Door<H> {
    fn new(handler: H, progress: Arc<Progress>, terms: &Terms) -> Self {
        Self { handler, progress, terms: terms.clone(), host: KnownHost::default() }
    }

    /// Begins to answer. The future holds a request once, for it is moved into a task or a box.
    fn answer(
        self: &Arc<Self>,
        request: http::Request<Incoming>,
    ) -> impl Future<Output = Result<http::Response<Answer>, Infallible>> + use<H> {
        let door = self.clone();
        let (busy, since) = door.progress.request();
        let expects_word = !door.progress.is_http2() && request.headers().contains_key(EXPECT);
        let admitted = door.admit(request, since);
        async move {
            let mut response = match admitted {
                Ok(request) => door.handler.handle(request).await,
                Err(refusal) => *refusal,
            };
            if let Some(left) = door.progress.take_left()
                && (expects_word || !Box::pin(door.skip(left)).await)
            {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            door.note_end(response.extensions().get::<Endless>().is_some());
            Ok(response.map(|body| Answer::new(body, door.terms.budget.clone(), busy)))
        }
    }

    fn admit(
        &self,
        request: http::Request<Incoming>,
        since: Option<Instant>,
    ) -> Result<Request, Box<Response>> {
        let (parts, incoming) = request.into_parts();
        let patience = self.terms.limits.handshake;
        let body = RequestBody::new(incoming, &parts.headers, patience, since, &self.progress);
        self.terms.guard.check_again(&parts, self.terms.arrival, &self.host)?;
        head::check(&parts, &self.terms.http2)?;
        Ok(Request::from_parts(parts, body))
    }

    /// Remembers whether the answer has an end of its own.
    fn note_end(&self, is_endless: bool) {
        if !self.progress.is_http2() {
            self.progress.set_endless(is_endless);
        } else if is_endless {
            let drain = self.terms.drain.clone();
            stream_task::end_after(async move { outlived(&drain).await });
        }
    }

    /// Reads what a handler left of a body, if it is short; the connection then serves the next request.
    async fn skip(&self, mut left: Incoming) -> bool {
        let is_short = left.size_hint().upper().is_some_and(|length| length <= BUFFER as u64);
        let skipped = async { while let Some(Ok(_)) = left.frame().await {} };
        let is_over = is_short && tokio::time::timeout(Duration::from_secs(1), skipped).await.is_ok();
        if is_over {
            self.progress.finished_reading();
        }
        is_over
    }
}
