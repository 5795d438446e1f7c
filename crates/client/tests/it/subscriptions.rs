//! Methods whose names begin with `subscribe_`: streams where the server says so, and methods like any other elsewhere.

use std::process::Stdio;

use futures_util::TryStreamExt as _;
use manywire_client::{Answer, Client, Options};
use manywire_core::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::serve;

/// jsonrpclib-pelix, whose server knows no subscriptions.
const FOREIGN: &str = "
from jsonrpclib.SimpleJSONRPCServer import SimpleJSONRPCServer
server = SimpleJSONRPCServer(('127.0.0.1', 0), logRequests=False)
server.register_function(lambda name: 'subscribed ' + name, 'subscribe_news')
server.register_function(lambda name: 'ended ' + name, 'unsubscribe_news')
print(server.socket.getsockname()[1], flush=True)
server.serve_forever()
";

#[tokio::test]
async fn a_foreign_servers_method_of_such_a_name_is_called() {
    let Some(python) = manywire_peers::python("jsonrpclib") else { return };
    let mut peer = Command::new(python);
    let mut peer = peer.args(["-c", FOREIGN]).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(peer.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().unwrap();
    let client = Client::connect(&format!("jsonrpc://127.0.0.1:{port}"), Options::default()).await.unwrap();
    let Ok(Answer::Value(answer)) = client.request("subscribe_news", vec!["daily".into()]).await else {
        panic!("a value")
    };
    assert_eq!(answer, "subscribed daily".into());
}

#[tokio::test]
async fn a_stream_that_the_server_describes_is_one() {
    let (_running, at) = serve(&[]).await;
    let client = Client::connect(&format!("jsonrpc+ws://{at}"), Options::default()).await.unwrap();
    let Ok(Answer::Stream(mut ticks)) = client.request("subscribe_ticks", Vec::new()).await else {
        panic!("a stream")
    };
    let first: Value = ticks.try_next().await.unwrap().unwrap();
    assert_eq!(first.get("n"), Some(&1.into()));
}
