//! A server on a port of its own, as the program runs it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Activity, Limits, Memory, Methods, Metrics, Peer, Shutdown};
use manywire_grpc::{Server, Settings};
use manywire_http::{Guard, Http2, Terms};
use manywire_notes::auth::Token;
use manywire_notes::files::Files;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

/// A running server; it ends with the value.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
    pub(crate) metrics: Metrics,
    pub(crate) shutdown: Shutdown,
    /// What all connections make the server hold.
    pub(crate) memory: Memory,
    data: TempDir,
    accepting: JoinHandle<()>,
}

impl Host {
    /// A server that ticks every 5 ms.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}, Http2::default()).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut Choices), http2: Http2) -> Self {
        let data = TempDir::new().unwrap();
        let (shutdown, metrics) = (Shutdown::new(), Metrics::new());
        let mut settings = Settings::new(Methods::new());
        settings.drain = shutdown.drain();
        settings.metrics = metrics.clone();
        let mut choices = Choices { settings, tick: Duration::from_millis(5), token: None, methods: None };
        adjust(&mut choices);
        let Choices { mut settings, tick, token, methods } = choices;
        // The registry is made once it is known what the settings allow.
        let files = Files::open(data.path(), &settings.limits).unwrap();
        let notes = manywire_notes::Settings { tick, files: Some(files) };
        let mut methods = methods.unwrap_or_else(|| manywire_notes::methods(notes));
        if let Some(token) = token {
            methods.guard("", token.guard());
        }
        settings.methods = Arc::new(methods);
        let limits = settings.limits.clone();
        let memory = Memory::new(&limits);
        let guard = Guard { origins: settings.web_origins.clone(), ..Guard::default() };
        let terms = {
            let (http2, guard, shutdown, memory) =
                (Arc::new(http2), Arc::new(guard), shutdown.clone(), memory.clone());
            move || Terms {
                http2: http2.clone(),
                guard: guard.clone(),
                budget: memory.connection(&limits),
                ..Terms::new(limits.clone(), shutdown.drain())
            }
        };
        let server = Server::new(settings).unwrap();
        server.set_ready(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(accept(listener, server.clone(), terms, shutdown.clone()));
        Self { address, server, metrics, shutdown, memory, data, accepting }
    }

    /// A server with these limits.
    pub(crate) async fn limited(adjust: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        adjust(&mut limits);
        Self::with(|choices| choices.settings.limits = Arc::new(limits), Http2::default()).await
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// The names in the data directory.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.data()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn channel(&self) -> Channel {
        connect(&self.url()).await
    }
}

/// What a test decides of its server.
pub(crate) struct Choices {
    pub(crate) settings: Settings,
    /// The time between two messages of a ticking stream.
    pub(crate) tick: Duration,
    /// What callers must show.
    pub(crate) token: Option<Token>,
    /// What is served in place of the notes' methods.
    pub(crate) methods: Option<Methods>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: Server, terms: impl Fn() -> Terms, shutdown: Shutdown) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let (terms, token) = (terms(), shutdown.track());
        let server = server.for_connection(&terms.limits, &terms.budget, &Activity::new(), Peer::default());
        tokio::spawn(async move {
            manywire_http::serve(tcp, server, &terms).await;
            drop(token);
        });
    }
}

pub(crate) async fn connect(url: &str) -> Channel {
    Channel::from_shared(url.to_owned()).unwrap().connect().await.unwrap()
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(tokio::time::Instant::now() < patience, "waited too long: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
