//! Requests that are refused before their bodies were read, by clients that go on sending.

use std::process::Stdio;
use std::time::Duration;

use manywire_core::Limits;
use tokio::process::Command;

use crate::demo::listen;

async fn said(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(60), output).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Every client posts 8 MiB ten times to a path that is not there, and ten times where 2 MiB are too much.
const EXPECTED: &str = "404 404 404 404 404 404 404 404 404 404 413 413 413 413 413 413 413 413 413 413";

async fn url() -> String {
    // What is refused is read to its end, up to four messages of it.
    let limits = Limits { message_bytes: 2 << 20, ..Limits::default() };
    format!("http://{}", listen(limits).await.0)
}

#[tokio::test]
async fn python_s_http_client_reads_why() {
    let Some(python) = manywire_peers::python("http.client") else { return };
    let mut command = Command::new(python);
    command.arg("-c").arg(PYTHON).arg(url().await);
    assert_eq!(said(command).await.trim(), EXPECTED);
}

const PYTHON: &str = r#"
import http.client, sys
statuses = []
for path in ["/left"] * 10 + ["/"] * 10:
    connection = http.client.HTTPConnection(sys.argv[1].removeprefix("http://"), timeout=20)
    connection.request("POST", path, body=b"x" * (8 << 20))
    answer = connection.getresponse()
    answer.read()
    statuses.append(str(answer.status))
print(*statuses)
"#;

#[tokio::test]
async fn node_reads_why() {
    if std::process::Command::new("node").arg("--version").output().is_err() {
        return manywire_peers::skip("no Node");
    }
    let mut command = Command::new("node");
    command.arg("-e").arg(NODE).arg(url().await);
    assert_eq!(said(command).await.trim(), EXPECTED);
}

const NODE: &str = r#"
const http = require('node:http');
const post = (path) => new Promise((resolve, reject) => {
  const options = { method: 'POST', headers: { 'content-length': 8 << 20 }, agent: false };
  const request = http.request(process.argv[1] + path, options, (answer) => {
    answer.resume();
    answer.on('end', () => resolve(answer.statusCode));
  });
  request.on('error', reject);
  request.end(Buffer.alloc(8 << 20));
});
(async () => {
  const statuses = [];
  for (const path of [...Array(10).fill('/left'), ...Array(10).fill('/')]) statuses.push(await post(path));
  console.log(statuses.join(' '));
})();
"#;

#[tokio::test]
async fn go_reads_why() {
    let module = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/go");
    let Some(program) = manywire_peers::go::build(&module, "./cmd/refused") else { return };
    let mut command = Command::new(program);
    command.arg(url().await);
    assert_eq!(said(command).await.trim(), EXPECTED);
}
