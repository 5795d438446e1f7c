//! The client: calls by name, wherever and however the servers are spoken to.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use manywire_core::{ErrorKind, Limits, Origin, RpcError, Value, hand_on};

use crate::connection::{Connection, within};
use crate::retry::Budget;
use crate::servers::{Lease, Servers};
use crate::{Arguments, Protos, Retry, Signature, Tap, Tls, Transport, Url, Wire};

/// How to connect, and what every call carries.
#[derive(Clone, Default)]
pub struct Options {
    /// What a call may take until its answer, or the first item of it, is there; all attempts together. A server is told where
    /// the method surely answers once, and, whatever the method, when the caller of the method that calls here gives up.
    pub timeout: Option<Duration>,
    /// What connecting may take, shared by several servers; as `timeout` where it is not given.
    pub connect_timeout: Option<Duration>,
    /// Metadata of gRPC calls, such as `appid` and `appkey`; headers of HTTP requests.
    pub metadata: Vec<(String, String)>,
    /// How much an answer may be.
    pub limits: Limits,
    /// Whom to trust, and who we are, where the URL asks for TLS.
    pub tls: Tls,
    /// When calls are made again.
    pub retry: Retry,
    /// Whether every call may be made twice, so that one whose connection broke is made again.
    pub idempotent: bool,
    /// Is shown every byte.
    pub tap: Option<Arc<dyn Tap>>,
    /// What a gRPC server serves, where it has no reflection.
    pub protos: Option<Protos>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Metadata may hold a token.
        f.debug_struct("Options")
            .field("timeout", &self.timeout)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// So much longer than its caller waits a server is told: the caller's own error says what happened, and says it the same on
/// every wire.
const GRACE: Duration = Duration::from_millis(250);

/// Calls the methods of a server, or of several that may take each other's place. Many calls may be in flight; clones
/// share the connections. Dropping a call's future gives the call up.
#[derive(Clone)]
pub struct Client {
    servers: Arc<Servers>,
    budget: Arc<Budget>,
    timeout: Option<Duration>,
    idempotent: bool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.servers.url)
    }
}

/// The items of a stream; dropping them ends it.
pub type Items = BoxStream<'static, Result<Value, RpcError>>;

/// Messages of protocol buffers as they come; dropping them ends their call.
pub type BytesStream = BoxStream<'static, Result<Bytes, RpcError>>;

/// What a method answers with.
pub enum Answer {
    /// One value.
    Value(Value),
    /// A stream of values.
    Stream(Items),
}

/// How a method takes its requests and gives its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodKind {
    /// One request, one answer.
    Unary,
    /// One request, a stream of answers.
    ServerStream,
    /// A stream of requests, one answer.
    ClientStream,
    /// Streams both ways.
    TwoWay,
}

impl Client {
    /// Connects to the server at a URL such as `gob://127.0.0.1:1234`, or to one of several: `gob://a:1234,b:1234`.
    ///
    /// HTTP/1.1 is connected to with the first call.
    pub async fn connect(url: &str, options: Options) -> Result<Self, RpcError> {
        let url: Url = url.parse()?;
        if !options.metadata.is_empty() && !url.has_headers() {
            let message = format!("{url} carries no headers; gRPC and the HTTP wires do");
            return Err(unsupported_here(message));
        }
        if options.protos.is_some() && url.wire != Wire::Grpc {
            return Err(unsupported_here(format!("{url} has no use for proto files; gRPC has")));
        }
        if options.tls.is_given() && !url.tls {
            return Err(url.not_in_tls());
        }
        let limit = options.connect_timeout.or(options.timeout);
        let (mut servers, shown) = (None, url.clone());
        let connected = within(limit, &shown, async {
            let client = Self::of(servers.insert(Servers::find(url, options).await?).clone());
            client.reach().await?;
            Ok(client)
        });
        let connected = connected.await;
        connected
            .map_err(|error| servers.map_or_else(|| error.clone(), |servers| servers.explain(error.clone())))
    }

    /// A client of servers that were found.
    pub(crate) fn of(servers: Arc<Servers>) -> Self {
        let Options { timeout, idempotent, retry, .. } = &servers.options;
        let budget = Arc::new(Budget::new(retry));
        Self { budget, timeout: *timeout, idempotent: *idempotent, servers }
    }

    async fn reach(&self) -> Result<(), RpcError> {
        let retry = &self.servers.options.retry;
        let mut failed = 0;
        loop {
            match self.servers.reach().await {
                Err(error) if error.is_unsent() && failed + 1 < retry.attempts && self.budget.spend() => {
                    failed += 1;
                    tokio::time::sleep(retry.pause(failed)).await;
                }
                reached => return reached,
            }
        }
    }

    /// Whether there is a connection now, on the wires that keep one.
    pub fn is_open(&self) -> Option<bool> {
        let keeps_one = match self.url().wire {
            Wire::Gob | Wire::Zerorpc => true,
            Wire::Jsonrpc1 => self.url().transport == Transport::Tcp,
            Wire::Jsonrpc => self.url().transport == Transport::WebSocket,
            Wire::Xmlrpc | Wire::Grpc => false,
        };
        keeps_one.then(|| self.servers.open().is_some())
    }

    /// Sees whether one of the servers is there, without calling anything: there is a connection, or one can be made.
    pub async fn probe(&self) -> Result<(), RpcError> {
        if self.is_open() == Some(true) { Ok(()) } else { self.servers.probe().await }
    }

    /// Where it is connected to.
    pub fn url(&self) -> &Url {
        &self.servers.url
    }

    /// The same client with another limit on each call.
    #[must_use]
    pub fn with_timeout(&self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// The same client for calls that may be made twice: one whose connection broke is made again.
    #[must_use]
    pub fn idempotent(&self) -> Self {
        Self { idempotent: true, ..self.clone() }
    }

    /// Calls a method that answers once.
    pub async fn call(&self, method: &str, arguments: impl Into<Arguments>) -> Result<Value, RpcError> {
        let arguments = arguments.into();
        let limit = self.timeout;
        let call = |connection: Arc<Connection>| {
            let arguments = arguments.clone();
            async move { connection.call(method, arguments, limit).await }
        };
        let call = self.attempt(call);
        let answered = match limit.and_then(|limit| Instant::now().checked_add(limit.saturating_add(GRACE))) {
            Some(deadline) => hand_on(deadline, call).await,
            None => call.await,
        };
        answered.map(|(answer, _)| answer)
    }

    /// Calls a method of which it is not known whether it answers once or with a stream.
    pub async fn request(&self, method: &str, arguments: impl Into<Arguments>) -> Result<Answer, RpcError> {
        let arguments = arguments.into();
        let limit = self.timeout;
        let request = |connection: Arc<Connection>| {
            let arguments = arguments.clone();
            async move { connection.request(method, arguments, limit).await }
        };
        Ok(match self.attempt(request).await? {
            (Answer::Stream(items), lease) => Answer::Stream(holding(lease, items)),
            (value, _) => value,
        })
    }

    /// Calls a method that answers with a stream.
    pub async fn stream(&self, method: &str, arguments: impl Into<Arguments>) -> Result<Items, RpcError> {
        let arguments = arguments.into();
        let url = self.url();
        if !url.has_streams() {
            return Err(self.unsupported("has no streams; use zerorpc://, grpc:// or jsonrpc+ws://"));
        }
        let begin = |connection: Arc<Connection>| {
            let arguments = arguments.clone();
            async move { connection.stream(method, arguments).await }
        };
        self.attempt(begin).await.map(|(items, lease)| holding(lease, items))
    }

    /// Sends a stream of requests and waits for the one answer: gRPC only. It is not made again.
    pub async fn send(
        &self,
        method: &str,
        requests: impl Stream<Item = Value> + Send + 'static,
    ) -> Result<Value, RpcError> {
        within(self.timeout, self.url(), async {
            let mut answers = self.exchange(method, requests).await?;
            let none = || RpcError::arose(Origin::Protocol, format!("{method} ended without an answer"));
            let answer = answers.try_next().await?.ok_or_else(none)?;
            // The status comes after the answer, and may yet be an error.
            match answers.try_next().await? {
                None => Ok(answer),
                Some(_) => Err(unsupported_here(format!("{method} answers with a stream; read it as one"))),
            }
        })
        .await
    }

    /// Sends a stream of requests while the answers come: gRPC only. It is not made again, and has no limit in time.
    pub async fn exchange(
        &self,
        method: &str,
        requests: impl Stream<Item = Value> + Send + 'static,
    ) -> Result<Items, RpcError> {
        if self.url().wire != Wire::Grpc {
            return Err(self.unsupported("takes one request for a call; streams of requests are gRPC's"));
        }
        let (connection, lease) = self.attempt(|connection| std::future::ready(Ok(connection))).await?;
        let begun = connection.grpc()?.stream(method, requests).await;
        if begun.as_ref().is_err_and(RpcError::is_unsent) {
            lease.0.is_lost();
        }
        Ok(holding(lease, begun?))
    }

    /// Calls a method of any kind with messages of protocol buffers that are encoded already: gRPC only. A call with one request
    /// is made again like any other.
    pub async fn message(&self, method: &str, request: Bytes) -> Result<BytesStream, RpcError> {
        let call = |connection: Arc<Connection>| {
            let request = request.clone();
            async move {
                let requests = futures_util::stream::once(std::future::ready(request));
                connection.grpc()?.exchange_messages(method, requests).await
            }
        };
        self.attempt(call).await.map(|(answers, lease)| holding(lease, answers))
    }

    /// The same with a stream of requests. It is not made again.
    pub async fn exchange_messages(
        &self,
        method: &str,
        requests: impl Stream<Item = Bytes> + Send + 'static,
    ) -> Result<BytesStream, RpcError> {
        let (connection, lease) = self.attempt(|connection| std::future::ready(Ok(connection))).await?;
        let begun = connection.grpc()?.exchange_messages(method, requests).await;
        if begun.as_ref().is_err_and(RpcError::is_unsent) {
            lease.0.is_lost();
        }
        Ok(holding(lease, begun?))
    }

    /// Calls a method without asking for an answer, where the wire has that.
    pub async fn notify(&self, method: &str, arguments: impl Into<Arguments>) -> Result<(), RpcError> {
        if self.url().wire != Wire::Jsonrpc {
            return Err(self.unsupported("has no notifications; use jsonrpc://"));
        }
        let arguments = arguments.into();
        let notify = |connection: Arc<Connection>| {
            let arguments = arguments.clone();
            async move { connection.notify(method, arguments).await }
        };
        self.attempt(notify).await.map(|((), _)| ())
    }

    /// What a method takes, where the server says so: servers of ours on every wire, those of gRPC by their descriptors.
    pub async fn signature(&self, method: &str) -> Result<Option<Arc<Signature>>, RpcError> {
        let ask = |connection: Arc<Connection>| async move { connection.signature(method).await };
        self.attempt(ask).await.map(|(signature, _)| signature)
    }

    /// How a method is called, where the server has said so: gRPC only.
    pub fn kind_of(&self, method: &str) -> Option<MethodKind> {
        let connection = self.servers.open()?;
        let method = connection.grpc().ok()?.method(method).ok()?;
        Some(match (method.takes_stream, method.returns_stream) {
            (false, false) => MethodKind::Unary,
            (false, true) => MethodKind::ServerStream,
            (true, false) => MethodKind::ClientStream,
            (true, true) => MethodKind::TwoWay,
        })
    }

    /// Makes a call at one server after the other until one answers, then again after a pause, as far as that is safe.
    /// The lease is of the server that answered.
    ///
    /// The attempts are futures of one type, so that it is known that they can move between threads.
    pub(crate) async fn attempt<T, F>(
        &self,
        call: impl Fn(Arc<Connection>) -> F,
    ) -> Result<(T, Lease), RpcError>
    where
        F: Future<Output = Result<T, RpcError>>,
    {
        let attempts = within(self.timeout, self.url(), async {
            let mut tried = Vec::new();
            let mut rounds = 0;
            let mut last = None;
            loop {
                let Some(lease) = self.servers.choose(&tried) else {
                    let error =
                        last.unwrap_or_else(|| unsupported_here(format!("{} names no server", self.url())));
                    rounds += 1;
                    if rounds >= self.servers.options.retry.attempts || !self.budget.spend() {
                        self.servers.refresh_aside();
                        return Err(error);
                    }
                    tokio::time::sleep(self.servers.options.retry.pause(rounds)).await;
                    self.servers.refresh().await;
                    (tried, last) = (Vec::new(), None);
                    continue;
                };
                let server = &lease.0;
                let outcome = match self.servers.connection(server).await {
                    Ok(connection) => call(connection).await,
                    Err(error) => Err(error),
                };
                match outcome {
                    Err(error) if error.is_unsent() => {
                        server.is_lost();
                        last = Some(error);
                    }
                    Err(error) if self.idempotent && error.kind() == ErrorKind::Unavailable => {
                        last = Some(error);
                    }
                    outcome => {
                        server.is_well();
                        self.budget.succeed();
                        if outcome.as_ref().map_or_else(|error| error.origin() == Origin::Server, |_| true) {
                            server.has_answered();
                        }
                        return outcome.map(|answer| (answer, lease));
                    }
                }
                tried.push(server.place().clone());
            }
        });
        attempts.await.map_err(|error| self.servers.explain(error))
    }

    /// How many calls go into one batch: what our own servers take by default.
    pub(crate) fn batch_limit(&self) -> usize {
        self.servers.options.limits.batch.max(1)
    }

    pub(crate) fn unsupported(&self, what: &str) -> RpcError {
        unsupported_here(format!("{} {what}", self.url()))
    }
}

fn unsupported_here(message: String) -> RpcError {
    RpcError::arose(Origin::Usage, message).with_kind(ErrorKind::Unsupported)
}

/// A stream counts as a call under way until it is dropped.
fn holding<T: Send + 'static>(
    lease: Lease,
    items: BoxStream<'static, Result<T, RpcError>>,
) -> BoxStream<'static, Result<T, RpcError>> {
    items
        .inspect(move |_| {
            let _ = &lease;
        })
        .boxed()
}

impl Url {
    /// Whether calls carry headers or metadata.
    pub fn has_headers(&self) -> bool {
        match self.wire {
            Wire::Gob | Wire::Zerorpc => false,
            _ => self.transport != Transport::Tcp,
        }
    }

    pub(crate) fn has_streams(&self) -> bool {
        match self.wire {
            Wire::Grpc | Wire::Zerorpc => true,
            Wire::Jsonrpc => self.transport == Transport::WebSocket,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a runtime with several threads asks of every call.
    fn movable<T: Send>(_: T) {}

    #[test]
    fn calls_can_be_made_from_tasks_that_move_between_threads() {
        fn compiles(client: &Client) {
            movable(client.call("m", Vec::new()));
            movable(client.request("m", Vec::new()));
            movable(client.stream("m", Vec::new()));
            movable(client.send("m", futures_util::stream::empty()));
            movable(client.exchange("m", futures_util::stream::empty()));
            movable(client.notify("m", Vec::new()));
            movable(client.batch(Vec::new()));
            movable(client.methods());
            movable(client.describe("m"));
            movable(client.list());
            movable(client.schema());
            movable(client.signature("m"));
            movable(Client::connect("gob://127.0.0.1:1", Options::default()));
        }
        let _ = compiles;
    }
}
