//! The example clients in `python/`, run as a reader of them would.

use tokio::process::Command;

use crate::peers::{PATIENCE, Server, python};

/// What an example prints, and whether it succeeded; nothing where Python has no zerorpc.
async fn run(name: &str, url: &str) -> Option<(String, String, bool)> {
    let path = format!("{}/../../python/{name}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python()?).args([&path, "--url", url]).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&output.stdout), text(&output.stderr), output.status.success()))
}

#[tokio::test]
async fn the_examples_print_what_the_server_says() {
    let server = Server::start().await;
    for (name, expected) in [
        ("zerorpc_client.py", "Hello,RPC\nget info : this is test string\n2 to the power of 10: 1024\n"),
        ("zero_stream_client.py", "10\n12\n14\n16\n18\n"),
        ("zero_stream_n_client.py", "0 10 20\n2 12 22\n4 14 24\n6 16 26\n8 18 28\n"),
    ] {
        let Some((printed, errors, succeeded)) = run(name, &server.url()).await else {
            return;
        };
        assert!(succeeded && printed.starts_with(expected), "{name}: {printed}{errors}");
    }
}

#[tokio::test]
async fn the_examples_say_what_to_do_where_there_is_no_server() {
    let names = ["zerorpc_client.py", "zero_stream_client.py", "zero_stream_n_client.py"];
    let runs = names.map(|name| run(name, "tcp://127.0.0.1:1"));
    for run in futures_util::future::join_all(runs).await {
        let Some((_, errors, succeeded)) = run else {
            return;
        };
        let is_friendly = errors.starts_with("no zerorpc server at tcp://127.0.0.1:1")
            && errors.trim_end().ends_with("start one with: cargo run -- serve");
        assert!(!succeeded && is_friendly, "{errors}");
    }
}
