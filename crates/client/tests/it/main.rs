//! The client against the whole server, over cables that can be cut.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod batches;
mod cable;
mod calls;
mod deadline;
mod errors;
mod several;
mod subscriptions;
mod tls;

use std::net::SocketAddr;

use manywire_cli::Running;
use manywire_client::Arguments;
use manywire_core::Value;

/// Every wire but TLS, on one port, and with other flags where a test wants them.
async fn serve(flags: &[&str]) -> (Running, SocketAddr) {
    let data_dir = std::env::temp_dir();
    let fixed = ["--listen", "any=127.0.0.1:0", "--tick", "5ms", "--data-dir", data_dir.to_str().unwrap()];
    let flags: Vec<String> = fixed.iter().chain(flags).map(|flag| (*flag).to_owned()).collect();
    let running = manywire_cli::start(&flags).await.unwrap();
    let address = running.addresses().next().unwrap();
    (running, address)
}

/// `{A, B}`, as Arith's methods take it.
fn pair(a: i64, b: i64) -> Arguments {
    Arguments::Named(vec![("A".into(), a.into()), ("B".into(), b.into())])
}

fn named(key: &str, value: impl Into<Value>) -> Value {
    Value::map([(key, value.into())])
}
