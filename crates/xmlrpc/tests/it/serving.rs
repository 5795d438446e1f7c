//! A server of ours on a free port, and peers that run as processes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use manywire_core::{Budget, Connection, Dispatch, Empty, Limits, Metrics, RpcError, Shutdown};
use manywire_http::Terms;
use manywire_xmlrpc::Server;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::Instant;

/// Serves the notes' methods, and a few that fail in their own ways, until the test's runtime ends.
pub(crate) async fn serve(limits: Limits) -> SocketAddr {
    serve_by_budget(limits).await.0
}

/// The same, with the one budget that all connections have here.
pub(crate) async fn serve_by_budget(limits: Limits) -> (SocketAddr, Budget) {
    let mut methods = manywire_notes::methods(manywire_notes::Settings::default());
    methods
        .add("test.control", "Returns what XML cannot carry.", |_: Empty| async { Ok("\u{1}".to_owned()) });
    methods.add("test.unsigned", "Returns what i8 cannot carry.", |_: Empty| async { Ok(u64::MAX) });
    methods.add("test.fails", "Fails with what XML cannot carry.", |_: Empty| async {
        Err::<i64, _>(RpcError::failed("told \u{1} off"))
    });
    methods.add("test.panics", "Panics.", panics);
    let dispatch = Dispatch::new("xmlrpc", Arc::new(methods), &Metrics::new());
    let drain = Shutdown::new().drain();
    let connection = Connection::new(dispatch.session(&limits), Arc::new(limits), drain);
    let budget = connection.budget.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = Connection { accepted: Instant::now(), ..connection.clone() };
            let terms = Terms::of(&connection);
            tokio::spawn(async move { manywire_http::serve(stream, Server::new(connection), &terms).await });
        }
    });
    (address, budget)
}

async fn panics(_: Empty) -> Result<i64, RpcError> {
    panic!("as the test wants")
}

/// A Python program beside these tests; none, and the test is skipped, where there is no Python.
pub(crate) fn python(script: &str) -> Option<Command> {
    let interpreter = manywire_peers::python("xmlrpc")?;
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "peers", script].iter().collect();
    let mut command = Command::new(interpreter);
    command.arg("-u").arg(path).kill_on_drop(true);
    Some(command)
}
