//! What the servers have told of their methods; each is asked for once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use manywire_core::{DESCRIBE, Description, ErrorKind, Origin, RpcError, Value, from_value};
use tokio::sync::OnceCell;

use crate::Signature;
use crate::connection::WireClient;

/// A program calls no more methods than this; of one that makes up names, no more are kept.
const MOST: usize = 10_000;

/// The signatures that are known, and of which methods it is known that they are not.
#[derive(Clone, Default)]
pub(crate) struct Signatures(Arc<Known>);

#[derive(Default)]
struct Known {
    methods: ArcSwap<HashMap<Box<str>, Arc<Slot>>>,
    /// Whether the servers have no method that describes others.
    is_silent: AtomicBool,
}

/// Calls that need the same signature wait for one answer.
type Slot = OnceCell<Option<Arc<Signature>>>;

impl Signatures {
    /// What a method takes, if the server says so.
    pub(crate) async fn of(
        &self,
        server: &WireClient,
        method: &str,
    ) -> Result<Option<Arc<Signature>>, RpcError> {
        if self.0.is_silent.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let slot = match self.0.methods.load().get(method) {
            Some(slot) => slot.clone(),
            None => self.slot(method),
        };
        slot.get_or_try_init(|| self.ask(server, method)).await.cloned()
    }

    /// The same, asked for again: a server that was there for long may have been replaced by a newer one.
    pub(crate) async fn afresh(
        &self,
        server: &WireClient,
        method: &str,
    ) -> Result<Option<Arc<Signature>>, RpcError> {
        self.0.methods.rcu(|methods| {
            let mut methods = HashMap::clone(methods);
            methods.remove(method);
            methods
        });
        self.of(server, method).await
    }

    fn slot(&self, method: &str) -> Arc<Slot> {
        let fresh = Arc::<Slot>::default();
        let mut kept = fresh.clone();
        self.0.methods.rcu(|methods| {
            let mut methods = HashMap::clone(methods);
            kept = methods.get(method).unwrap_or(&fresh).clone();
            if methods.len() < MOST {
                methods.insert(method.into(), kept.clone());
            }
            methods
        });
        kept
    }

    async fn ask(&self, server: &WireClient, method: &str) -> Result<Option<Arc<Signature>>, RpcError> {
        let error = match server.describe(method).await {
            Ok(description) if description.is_open() => return Ok(None),
            Ok(description) => return Ok(Some(Arc::new(Signature::from(description)))),
            Err(error) => error,
        };
        match error.origin() {
            // The call itself has not been sent.
            Origin::Lost => Err(error.with_origin(Origin::Connect)),
            Origin::Connect | Origin::Time => Err(error),
            // What answered there is no such server.
            Origin::Protocol if server.is_closed() => Err(error),
            _ => {
                if error.kind() == ErrorKind::UnknownMethod && !matches!(server, WireClient::Grpc(_)) {
                    self.0.is_silent.store(true, Ordering::Relaxed);
                }
                Ok(None)
            }
        }
    }
}

impl WireClient {
    async fn describe(&self, method: &str) -> Result<Description, RpcError> {
        let asked = || vec![Value::from(method)];
        let answer = match self {
            WireClient::Netrpc(client) => return client.call(DESCRIBE, method.to_owned()).await,
            WireClient::Post(client) => return client.call(DESCRIBE, method.to_owned()).await,
            WireClient::Jsonrpc(client) => client.call(DESCRIBE, asked()).await?,
            WireClient::Xmlrpc(client) => client.call(DESCRIBE, asked()).await?,
            WireClient::Zerorpc(client) => client.call("_zerorpc_describe", asked()).await?,
            WireClient::Grpc(client) => return client.describe(method),
        };
        from_value(answer).map_err(|error| {
            let message = format!("{DESCRIBE} of {method} cannot be read: {error}");
            RpcError::arose(Origin::Protocol, message)
        })
    }
}
