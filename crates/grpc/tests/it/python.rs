//! The notes' own Python clients, run as a person runs them.

use std::path::PathBuf;

use manywire_http::Http2;
use tokio::process::Command;

use crate::host::Host;

pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

pub(crate) fn interpreter() -> Option<&'static str> {
    manywire_peers::python("grpc")
}

/// What a client printed, and whether it succeeded.
pub(crate) async fn run(python: &str, host: &Host, script: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(python)
        .current_dir(root())
        .arg(script)
        .args(["--target", &host.address.to_string()])
        .args(arguments)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(60), output).await.unwrap().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.success(), text)
}

/// Runs a client that must succeed.
async fn prints(python: &str, host: &Host, script: &str, arguments: &[&str]) -> String {
    let (is_ok, text) = run(python, host, script, arguments).await;
    assert!(is_ok, "{script}: {text}");
    text
}

#[tokio::test]
async fn the_notes_clients_print_what_the_notes_say() {
    let Some(python) = interpreter() else { return };
    let host = Host::start().await;
    assert_eq!(prints(python, &host, "python/grpc_client.py", &[]).await, "hello world\n");
    let chinese = prints(python, &host, "python/grpc_client.py", &["--language", "zh", "世界"]).await;
    assert_eq!(chinese, "你好,世界\n");
    let streams = prints(python, &host, "python/grpc_stream_client.py", &[]).await;
    assert!(streams.contains("client stream: received 10\n"), "{streams}");
    let times = streams.lines().filter_map(|line| line.strip_prefix("server stream: ")?.parse::<i64>().ok());
    assert_eq!(times.count(), 12, "{streams}");
    let chat = prints(python, &host, "python/grpc_chat_client.py", &["a", "b"]).await;
    assert_eq!(chat, "server send world to client!i=0\nserver send world to client!i=1\n");
    let types = prints(python, &host, "python/types_client.py", &[]).await;
    assert!(
        types.contains("came back the same: True") && types.contains("optional_int32: 0, set: True"),
        "{types}"
    );
}

#[tokio::test]
async fn a_token_is_asked_for_in_the_notes_words() {
    let Some(python) = interpreter() else { return };
    let open = Host::start().await;
    assert_eq!(prints(python, &open, "python/grpc_user_client.py", &["7"]).await, "user 7: itxiaoshen\n");
    let host = Host::with(|choices| choices.token = Some("app:key".parse().unwrap()), Http2::default()).await;
    let script = "python/grpc_user_client.py";
    assert_eq!(prints(python, &host, script, &["--token", "app:key"]).await, "user 1: itxiaoshen\n");
    let refused = |text: &str| (false, format!("the server refused: UNAUTHENTICATED: {text}\n"));
    assert_eq!(run(python, &host, script, &[]).await, refused("未传输token"));
    assert_eq!(run(python, &host, script, &["--token", "app:wrong"]).await, refused("token 不正确"));
}

#[tokio::test]
async fn the_file_clients_store_and_fetch() {
    let Some(python) = interpreter() else { return };
    let host = Host::start().await;
    let here = tempfile::TempDir::new().unwrap();
    let path = here.path().join("notes.bin");
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 253) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    prints(python, &host, "python/grpc_upload_client.py", &[path.to_str().unwrap()]).await;
    std::fs::remove_file(&path).unwrap();
    let script = "python/grpc_download_client.py";
    prints(python, &host, script, &[path.to_str().unwrap()]).await;
    assert!(std::fs::read(&path).unwrap() == bytes);
    let absent = here.path().join("absent");
    let (is_ok, text) = run(python, &host, script, &[absent.to_str().unwrap()]).await;
    assert!(!is_ok && text.contains("NOT_FOUND"), "{text}");
    assert_eq!(std::fs::read_dir(here.path()).unwrap().count(), 1);
}

/// Runs one case of `peer_client.py`, which fails by itself.
async fn case(name: &str) {
    let Some(python) = interpreter() else { return };
    let host = Host::start().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/peer_client.py");
    let run =
        Command::new(python).args([script, &host.address.to_string(), name]).kill_on_drop(true).output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(60), run).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn grpcio_asks_for_health() {
    case("health").await;
}

#[tokio::test]
async fn grpcio_asks_for_the_schema() {
    case("reflection").await;
}

#[tokio::test]
async fn grpcio_compresses() {
    case("compression").await;
}

#[tokio::test]
async fn grpcio_gets_the_right_statuses() {
    case("statuses").await;
}

#[tokio::test]
async fn grpcio_cancels() {
    case("cancels").await;
}
