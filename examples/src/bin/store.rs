//! A key-value store with state, and a stream of its changes, on every wire.
//!
//! ```sh
//! cargo run --bin store
//! curl -X POST -H 'content-type: application/json' -d '{"key":"a","value":"1"}' http://127.0.0.1:2021/call/Store.Put
//! curl 'http://127.0.0.1:2021/call/Store.Get?key=a'
//! curl -N 'http://127.0.0.1:2021/call/Store.Watch?key=a'
//! grpcurl -plaintext -d '{"key":"a"}' 127.0.0.1:2021 Store/Get
//! ```
//!
//! Go calls it with `net/rpc`, and what it takes is a struct of the parameters:
//!
//! ```go
//! client, err := rpc.Dial("tcp", "127.0.0.1:2021")
//! var value string
//! err = client.Call("Store.Get", struct{ Key string }{"a"}, &value)
//! ```
//!
//! Python with whichever library it has:
//!
//! ```python
//! xmlrpc.client.ServerProxy("http://127.0.0.1:2021").Store.Get("a")
//! jsonrpclib.ServerProxy("http://127.0.0.1:2021").Store.Get(key="a")
//! for change in zerorpc.Client("tcp://127.0.0.1:2021")("Store.Watch", "a"): print(change)
//! ```

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt as _, stream};
use manywire::{Answers, ErrorKind, Methods, RpcError, Server};
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError::Lagged};

#[manywire::message]
#[derive(Clone)]
struct Change {
    key: String,
    /// None where the key is not there.
    value: Option<String>,
}

#[manywire::service(rename_all = "PascalCase")]
trait Store {
    /// Sets the value of a key, or removes it where none is given; returns whether the key had one.
    async fn put(&self, key: String, value: Option<String>) -> Result<bool, RpcError>;
    /// The value of a key.
    #[manywire(safe)]
    async fn get(&self, key: String) -> Result<String, RpcError>;
    /// The keys that begin like this.
    #[manywire(safe)]
    async fn keys(&self, prefix: String) -> Result<Vec<String>, RpcError>;
    /// The value of a key, and every change of it from then on.
    #[manywire(safe)]
    fn watch(&self, key: String) -> Answers<Change>;
}

struct InMemory {
    values: Mutex<BTreeMap<String, String>>,
    changes: broadcast::Sender<Change>,
}

impl Store for InMemory {
    async fn put(&self, key: String, value: Option<String>) -> Result<bool, RpcError> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match &value {
            Some(value) => values.insert(key.clone(), value.clone()),
            None => values.remove(&key),
        };
        // Nobody may be watching.
        let _ = self.changes.send(Change { key, value });
        Ok(before.is_some())
    }

    async fn get(&self, key: String) -> Result<String, RpcError> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(&key).cloned().ok_or_else(|| RpcError::new(ErrorKind::NotFound, format!("no key {key:?}")))
    }

    async fn keys(&self, prefix: String) -> Result<Vec<String>, RpcError> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(values.keys().filter(|key| key.starts_with(&prefix)).cloned().collect())
    }

    fn watch(&self, key: String) -> Answers<Change> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Change { key: key.clone(), value: values.get(&key).cloned() };
        let changes = BroadcastStream::new(self.changes.subscribe());
        Box::pin(stream::iter([Ok(now)]).chain(changes.filter_map(move |change| {
            std::future::ready(match change {
                Ok(change) => (change.key == key).then_some(Ok(change)),
                Err(Lagged(missed)) => Some(Err(RpcError::failed(format!("{missed} changes were missed")))),
            })
        })))
    }
}

#[tokio::main]
async fn main() -> Result<(), manywire::Error> {
    tracing_subscriber::fmt().init();
    let mut methods = Methods::new();
    InMemory { values: Mutex::default(), changes: broadcast::channel(1024).0 }.register(&mut methods);
    let listener = std::env::args().nth(1);
    Server::new(methods).listen(listener.as_deref().unwrap_or("any=127.0.0.1:2021"))?.run().await
}
