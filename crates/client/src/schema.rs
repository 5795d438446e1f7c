//! What a server says of all its methods at once, and what people are shown of it.

use std::future::ready;
use std::sync::Arc;

use manywire_core::introspect::{MethodSchema, PROTOS, ProtoFile, SCHEMA, Schema};
use manywire_core::{Empty, Kind, Origin, Returns, RpcError, from_value};

use crate::connection::{Connection, WireClient};
use crate::{Arguments, Client, Wire};

/// A method that a server lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name that callers use.
    pub name: String,
    /// Whether it takes and gives one message or a stream, where the server says so.
    pub kind: Option<Kind>,
}

impl WireClient {
    async fn schema(&self) -> Result<Schema, RpcError> {
        match self {
            WireClient::Grpc(client) => Ok(client.schema()),
            other => other.told(SCHEMA).await,
        }
    }

    async fn protos(&self) -> Result<Vec<ProtoFile>, RpcError> {
        match self {
            WireClient::Grpc(client) => Ok(client.protos()),
            other => other.told(PROTOS).await,
        }
    }

    async fn told<T: Returns>(&self, method: &str) -> Result<T, RpcError> {
        let answer = match self {
            // In gob the fields have names of Go's, which are found again by the type alone.
            WireClient::Netrpc(client) => return client.call(method, Empty {}).await,
            WireClient::Post(client) => return client.call(method, Empty {}).await,
            WireClient::Jsonrpc(client) => client.call(method, Arguments::from(Vec::new())).await?,
            WireClient::Xmlrpc(client) => client.call(method, Vec::new()).await?,
            WireClient::Zerorpc(client) => client.call(method, Vec::new()).await?,
            WireClient::Grpc(client) => client.call(method, Vec::new()).await?,
        };
        from_value(answer).map_err(|error| {
            let message = format!("the answer of {method} has another type than expected: {error}");
            RpcError::arose(Origin::Protocol, message)
        })
    }
}

impl Client {
    /// All methods with their types: of a server of ours on any wire, of others on gRPC by reflection.
    pub async fn schema(&self) -> Result<Schema, RpcError> {
        let schema = |connection: Arc<Connection>| async move { connection.client.schema().await };
        Ok(self.attempt(schema).await?.0)
    }

    /// The `.proto` files that describe the methods: of a server of ours on any wire, of others on gRPC by reflection.
    pub async fn protos(&self) -> Result<Vec<ProtoFile>, RpcError> {
        let protos = |connection: Arc<Connection>| async move { connection.client.protos().await };
        Ok(self.attempt(protos).await?.0)
    }

    /// The descriptors of a gRPC server's services, as a set of files; under a prefix, all that they declare is in a package of
    /// that name.
    pub async fn descriptors(&self, prefix: Option<&str>) -> Result<Vec<u8>, RpcError> {
        let files =
            |connection: Arc<Connection>| ready(connection.grpc().map(|client| client.descriptors(prefix)));
        Ok(self.attempt(files).await?.0)
    }

    /// The server's methods: all that a server of ours has, on whichever wire it is asked.
    pub async fn list(&self) -> Result<Vec<Listed>, RpcError> {
        if self.url().wire == Wire::Grpc {
            let methods =
                |connection: Arc<Connection>| ready(connection.grpc().map(manywire_grpc::Client::methods));
            let listed = |method: manywire_grpc::MethodInfo| {
                let kind = Kind::of(method.takes_stream, method.returns_stream);
                Listed { name: method.name, kind: Some(kind) }
            };
            return Ok(self.attempt(methods).await?.0.into_iter().map(listed).collect());
        }
        if let Some(schema) = self.told().await? {
            let listed = |method: MethodSchema| Listed { name: method.name, kind: Some(method.kind) };
            let mut list: Vec<_> = schema.methods.into_iter().map(listed).collect();
            list.sort_unstable_by(|one, other| one.name.cmp(&other.name));
            return Ok(list);
        }
        let names = self.methods_by_wire().await?;
        Ok(names.into_iter().map(|name| Listed { name, kind: None }).collect())
    }

    /// The names of the server's methods.
    pub async fn methods(&self) -> Result<Vec<String>, RpcError> {
        Ok(self.list().await?.into_iter().map(|listed| listed.name).collect())
    }

    /// What one method is called with, what it answers, and what it is for.
    pub async fn describe(&self, method: &str) -> Result<String, RpcError> {
        if self.url().wire != Wire::Grpc
            && let Some(schema) = self.told().await?
            && let Some(method) = schema.method(method)
        {
            return Ok(self.words(method));
        }
        self.describe_by_wire(method).await
    }

    /// The schema, unless the server has none to tell.
    async fn told(&self) -> Result<Option<Schema>, RpcError> {
        match self.schema().await {
            Ok(schema) => Ok(Some(schema)),
            Err(error) if matches!(error.origin(), Origin::Connect | Origin::Lost | Origin::Time) => {
                Err(error)
            }
            Err(_) => Ok(None),
        }
    }

    fn words(&self, method: &MethodSchema) -> String {
        let mut words = method.signature.clone();
        if !method.doc.is_empty() {
            words = format!("{words}\n{}", method.doc);
        }
        match (method.kind, self.url().wire) {
            (Kind::Unary, _) | (Kind::ServerStream, Wire::Zerorpc) => {}
            (Kind::ServerStream, Wire::Jsonrpc) if self.url().has_streams() => {
                words = format!("{words}\nCall it as subscribe_{}.", method.name);
            }
            (kind, _) => words = format!("{words}\nIt {}.", kind.elsewhere()),
        }
        words
    }
}
