//! A server of ours on a free port, or on a stream in memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use manywire_core::{
    Activity, Connection, Context, Dispatch, Empty, ErrorKind, Limits, Memory, Methods, Metrics, Peer,
    Requests, RpcError, Shutdown, current_deadline,
};
use manywire_http::{Arrival, Guard, Origins, Terms};
use manywire_jsonhttp::Server;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpListener;

/// What the connections of a test share.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Metrics,
    pub(crate) memory: Memory,
    pub(crate) shutdown: Shutdown,
    dispatch: Arc<Dispatch>,
    limits: Arc<Limits>,
}

/// Serves the notes' methods, and some that tests need, until the test's runtime ends.
pub(crate) async fn serve(limits: Limits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = Served { address: listener.local_addr().unwrap(), ..in_memory(limits) };
    let accepting = served.clone();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            accepting.connection(tcp);
        }
    });
    served
}

/// The same without a socket; [`Served::connect`] makes connections.
pub(crate) fn in_memory(limits: Limits) -> Served {
    let metrics = Metrics::new();
    Served {
        address: ([127, 0, 0, 1], 0).into(),
        dispatch: Dispatch::new("http", Arc::new(methods()), &metrics),
        metrics,
        memory: Memory::new(&limits),
        shutdown: Shutdown::new(),
        limits: Arc::new(limits),
    }
}

impl Served {
    /// A connection in memory.
    pub(crate) fn connect(&self) -> DuplexStream {
        let (ours, theirs) = duplex(64 << 10);
        self.connection(ours);
        theirs
    }

    fn connection<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, io: IO) {
        let Self { limits, shutdown, .. } = self;
        let budget = self.memory.connection(limits);
        let session = self.dispatch.session_of(limits, &Activity::new(), &budget, Peer::default());
        let connection = Connection { budget, ..Connection::new(session, limits.clone(), shutdown.drain()) };
        let origins = Origins::new(&["https://page.example".to_owned()]).unwrap();
        let terms = Terms {
            guard: Arc::new(Guard { origins, ..Guard::default() }),
            arrival: Arrival::at(self.address, false),
            ..Terms::of(&connection)
        };
        let token = shutdown.track();
        tokio::spawn(async move {
            manywire_http::serve(io, Server::new(connection), &terms).await;
            drop(token);
        });
    }
}

fn methods() -> Methods {
    let mut methods = manywire_notes::methods(manywire_notes::Settings::default());
    methods.add("test.fails", "Fails with a kind of its own.", |kind: String| async move {
        Err::<i64, _>(RpcError::new(kind_named(&kind), format!("as told: {kind}")))
    });
    methods.add("test.nan", "Returns what JSON cannot carry.", |_: Empty| async { Ok(f64::NAN) }).safe();
    methods.add("test.panics", "Panics.", panics);
    methods.add("test.text", "So many bytes.", |length: usize| async move { Ok("x".repeat(length)) });
    methods.add("test.headers", "Says what came, and sends some back.", |context: Context, name: String| {
        let value = context.metadata().text(&name).map(str::to_owned);
        context.answer_with("x-asked", name.as_bytes());
        context.answer_with("content-length", *b"0");
        async move { value.ok_or_else(|| RpcError::new(ErrorKind::NotFound, "no such header")) }
    });
    methods
        .add("test.deadline", "Whether there is one.", |_: Empty| async { Ok(current_deadline().is_some()) });
    methods.add("test.never", "Never answers.", |_: Empty| std::future::pending::<Result<i64, RpcError>>());
    methods.add("test.holds", "Never answers, and holds a text.", |text: String| async move {
        std::future::pending::<()>().await;
        Ok(text)
    });
    methods.add("test.guarded", "Answers those who have the key.", |_: Empty| async { Ok(1_i64) }).safe();
    methods.guard("test.guarded", |head| match head.metadata().get("x-key") {
        Some(b"right") => Ok(()),
        _ => Err(RpcError::new(ErrorKind::Unauthenticated, "send x-key")),
    });
    methods.add_stream("test.breaks", "Two numbers and an error.", |_: Empty| {
        stream::iter([Ok(1_i64), Ok(2), Err(RpcError::failed("enough"))])
    });
    methods.add_stream("test.endless", "One number, and silence.", |context: Context, _: Empty| {
        context.answer_with("x-stream", *b"yes");
        stream::iter([Ok(1_i64)]).chain(stream::pending())
    });
    methods.add_stream("test.silent", "Holds a text, and says nothing.", |text: String| {
        stream::pending().inspect(move |_: &Result<i64, RpcError>| drop(text.clone()))
    });
    methods.add_stream("test.pages", "Long texts without an end.", |length: usize| {
        stream::repeat_with(move || Ok("x".repeat(length)))
    });
    methods.add_client_stream("test.sum", "The sum of all.", |numbers: Requests<i64>| async move {
        Ok(numbers.fold(0, |sum, n| async move { sum + n.unwrap_or_default() }).await)
    });
    methods
}

async fn panics(_: Empty) -> Result<i64, RpcError> {
    panic!("as the test wants")
}

fn kind_named(name: &str) -> ErrorKind {
    match name {
        "unauthenticated" => ErrorKind::Unauthenticated,
        "not_found" => ErrorKind::NotFound,
        "unavailable" => ErrorKind::Unavailable,
        "resource_exhausted" => ErrorKind::ResourceExhausted,
        _ => ErrorKind::Failed,
    }
}

/// Waits until something is so; the test fails where it does not come about.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "never: {what}");
}
