//! The two sides of a test: our server in this process, Python in another.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Connection, Dispatch, Limits, Memory, Methods, Metrics, Shutdown};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::{AbortHandle, JoinSet};

/// Longer than any test needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server of the notes' methods on a free port, for as long as the test's runtime lives.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) memory: Memory,
    acceptor: Acceptor,
    accepting: AbortHandle,
}

/// Serves what is accepted.
#[derive(Clone)]
struct Acceptor {
    dispatch: Arc<Dispatch>,
    limits: Arc<Limits>,
    memory: Memory,
    shutdown: Shutdown,
}

impl Acceptor {
    async fn serve(self, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self { dispatch, limits, memory, shutdown } = self;
        let (budget, open) = (memory.connection(&limits), shutdown.track());
        let connection = Connection::new(dispatch.session(&limits), limits, shutdown.drain());
        manywire_zerorpc::serve(io, Connection { budget, ..connection }).await;
        drop(open);
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(service(), Limits::default()).await
    }

    pub(crate) async fn with(methods: Methods, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = Acceptor {
            dispatch: Dispatch::new("zerorpc", Arc::new(methods), &Metrics::new()),
            memory: Memory::new(&limits),
            limits: Arc::new(limits),
            shutdown: Shutdown::new(),
        };
        let (shutdown, memory) = (acceptor.shutdown.clone(), acceptor.memory.clone());
        let serving = acceptor.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serving.clone().serve(stream));
            }
        });
        let accepting = accepting.abort_handle();
        Self { address, shutdown, memory, acceptor, accepting }
    }

    /// A connection whose buffers hold so much and no more, for tests in which time is not real.
    pub(crate) fn pipe(&self, bytes: usize) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(bytes);
        tokio::spawn(self.acceptor.clone().serve(theirs));
        ours
    }

    /// Stops listening and drops every connection, as when the process dies.
    pub(crate) fn kill(&self) {
        self.accepting.abort();
    }

    pub(crate) fn url(&self) -> String {
        format!("tcp://{}", self.address)
    }
}

/// The notes' methods, ticking fast.
pub(crate) fn service() -> Methods {
    let tick = Duration::from_millis(20);
    manywire_notes::methods(manywire_notes::Settings { tick, ..Default::default() })
}

/// An interpreter that has zerorpc.
pub(crate) fn python() -> Option<&'static str> {
    manywire_peers::python("zerorpc")
}

/// Starts a Python script with our preamble; nothing where there is no interpreter.
pub(crate) fn start_python(script: &str, argument: &str) -> Option<Child> {
    let mut command = Command::new(python()?);
    command
        .arg("-c")
        .arg(format!("{}\n{script}", include_str!("preamble.py")))
        .arg(argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Some(command.spawn().unwrap())
}

/// Runs a Python script to its end; its assertions are the test. Returns what it printed.
pub(crate) async fn run_python(script: &str, argument: &str) -> Option<String> {
    let child = start_python(script, argument)?;
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .expect("Python did not finish in time")
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{stderr}\n{stdout}");
    Some(stdout)
}
