//! The side that calls.

mod connect;
mod driver;
mod stream;
mod subscriber;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use manywire_core::{ErrorKind, Limits, Origin, RpcError, Value, time_left};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::{self, UnboundedSender};

use self::connect::{Target, greet};
use self::driver::{Command, Driver, Inbound};
pub use self::stream::Stream;
pub use self::subscriber::{Published, Subscriber};
use crate::event::{Route, Writer};
use crate::msgpack::{self, Keys};

/// How long Python's client waits for the first answer, too.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls the methods of one server; its clones share the connection.
///
/// Any number of calls may be under way at one time. A lost connection fails them; the next call makes another one.
#[derive(Clone)]
pub struct Client {
    commands: UnboundedSender<Command>,
    writer: Writer,
    target: Arc<Target>,
    timeout: Option<Duration>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("target", &self.target).finish_non_exhaustive()
    }
}

/// What a method answers with.
#[derive(Debug)]
pub enum Answer {
    /// One value.
    Value(Value),
    /// A stream of values.
    Stream(Stream),
}

impl Client {
    /// Connects to a server at `host:port`, as in `127.0.0.1:4242` or `tcp://127.0.0.1:4242`.
    pub async fn connect(address: &str, limits: &Limits) -> Result<Self, RpcError> {
        let target = Arc::new(Target::new(address, limits));
        let link = target.connect().await?;
        Ok(Self::start(target.clone(), |driver| driver.run_tcp(link)))
    }

    /// Calls over a stream that is already connected; when it is lost, so is the client. `name` says in errors who is called.
    pub async fn over<IO>(io: IO, name: &str, limits: &Limits) -> Result<Self, RpcError>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let target = Arc::new(Target::new(name, limits));
        let link = greet(io, &target).await?;
        Ok(Self::start(target.clone(), |driver| driver.run_once(link)))
    }

    fn start<F: Future<Output = ()> + Send + 'static>(
        target: Arc<Target>,
        run: impl FnOnce(Driver) -> F,
    ) -> Self {
        let (commands, incoming) = mpsc::unbounded_channel();
        let writer = Writer::new();
        tokio::spawn(run(Driver::new(target.clone(), writer.clone(), incoming)));
        Self { commands, writer, target, timeout: Some(TIMEOUT) }
    }

    /// The same client with another time to wait for a first answer (30 s at first); with none it waits as long as
    /// the server is there.
    #[must_use]
    pub fn with_timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// Whether the connection of a client made with [`Client::over`] has ended; calls will fail.
    pub fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    /// Calls a method and waits for its answer.
    pub async fn call(&self, method: &str, args: Vec<Value>) -> Result<Value, RpcError> {
        match self.request(method, args).await? {
            Answer::Value(value) => Ok(value),
            Answer::Stream(_) => Err(other_kind(format!("{method} answers with a stream; read it as one"))),
        }
    }

    /// Calls a method that answers with a stream, and waits for its first item.
    pub async fn stream(&self, method: &str, args: Vec<Value>) -> Result<Stream, RpcError> {
        match self.request(method, args).await? {
            Answer::Stream(stream) => Ok(stream),
            Answer::Value(_) => Err(other_kind(format!("{method} answers once; call it for its value"))),
        }
    }

    /// Calls a method of either kind. Dropping the call gives it up.
    pub async fn request(&self, method: &str, args: Vec<Value>) -> Result<Answer, RpcError> {
        let mut stream = self.open(method, &args)?;
        let first = match self.timeout {
            None => stream.receive().await,
            Some(limit) => tokio::time::timeout(limit, stream.receive())
                .await
                .map_err(|_| self.timed_out(method, limit))?,
        };
        match first {
            Inbound::Ok(value) => Ok(Answer::Value(value)),
            Inbound::Failed(error) => Err(error),
            Inbound::Item(_) | Inbound::Done => {
                stream.put_back(first);
                Ok(Answer::Stream(stream))
            }
        }
    }

    fn open(&self, method: &str, args: &[Value]) -> Result<Stream, RpcError> {
        let mut message = Vec::with_capacity(128);
        let encode = |out: &mut Vec<u8>| msgpack::encode_array(out, args, Keys::Texts);
        let id = self
            .writer
            .write_within(&mut message, Route::to_server(None), time_left(), method, encode)
            .map_err(|error| error.with_origin(Origin::Usage))?;
        let (sender, events) = mpsc::unbounded_channel();
        let opened = self.commands.send(Command::Open { id, message, sender });
        opened.map_err(|_| self.target.gone())?;
        Ok(Stream::new(id, events, self.commands.clone(), self.target.clone()))
    }

    fn timed_out(&self, method: &str, limit: Duration) -> RpcError {
        let message = format!("{method} at {} did not answer within {limit:?}", self.target.name);
        RpcError::arose(Origin::Time, message)
    }
}

/// A method of another kind than it was called as.
fn other_kind(message: String) -> RpcError {
    RpcError::arose(Origin::Usage, message).with_kind(ErrorKind::Unsupported)
}
