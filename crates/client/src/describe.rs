//! What a server says of itself, through each wire's own introspection.

use std::future::ready;
use std::sync::Arc;

use manywire_core::{ErrorKind, RpcError, Value};

use crate::connection::Connection;
use crate::{Client, Wire};

impl Client {
    /// The names of the server's methods.
    pub(crate) async fn methods_by_wire(&self) -> Result<Vec<String>, RpcError> {
        let list = match self.url().wire {
            Wire::Jsonrpc | Wire::Xmlrpc => self.call("system.listMethods", Vec::new()).await?,
            Wire::Zerorpc => self.call("_zerorpc_list", Vec::new()).await?,
            _ => self.netrpc("system.listMethods", Vec::new()).await?,
        };
        match list {
            Value::Array(names) => Ok(names.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            other => {
                Err(RpcError::internal(format!("{} listed its methods as {}", self.url(), other.kind())))
            }
        }
    }

    /// What one method is called with, what it answers, and what it is for.
    pub(crate) async fn describe_by_wire(&self, method: &str) -> Result<String, RpcError> {
        match self.url().wire {
            Wire::Grpc => {
                let find = |connection: Arc<Connection>| {
                    ready(connection.grpc().and_then(|client| client.method(method)))
                };
                let (method, _) = self.attempt(find).await?;
                Ok(format!("{}\n\n{}", method.signature, method.messages.trim_end()))
            }
            Wire::Jsonrpc | Wire::Xmlrpc => {
                let signature = self.call("system.methodSignature", vec![method.into()]).await?;
                let help = self.call("system.methodHelp", vec![method.into()]).await?;
                Ok(format!("{}\n{}", signatures(method, &signature), help.as_str().unwrap_or_default()))
            }
            Wire::Zerorpc => {
                let help = self.call("_zerorpc_help", vec![method.into()]).await?;
                let arguments = match self.call("_zerorpc_args", vec![method.into()]).await {
                    Ok(arguments) => names(&arguments).join(", "),
                    // Python's zerorpc 0.6.3 asks for them in a way that went with Python 3.11.
                    Err(error) if error.kind() == ErrorKind::Failed => "…".to_owned(),
                    Err(error) => return Err(error),
                };
                Ok(format!("{method}({arguments})\n{}", help.as_str().unwrap_or_default()))
            }
            Wire::Gob | Wire::Jsonrpc1 => {
                let signature = self.netrpc("system.methodSignature", vec![method.into()]).await?;
                let help = self.netrpc("system.methodHelp", vec![method.into()]).await?;
                Ok(format!("{}\n{}", signature.as_str().unwrap_or(method), help.as_str().unwrap_or_default()))
            }
        }
    }

    /// Asks a net/rpc server of ours; Go's has no introspection.
    async fn netrpc(&self, method: &str, arguments: Vec<Value>) -> Result<Value, RpcError> {
        let answer = self.call(method, arguments).await;
        answer.map_err(|error| match error.kind() {
            ErrorKind::UnknownMethod => self.unsupported(
                "cannot be asked for its methods: net/rpc has no introspection; a Go server may have a page at /debug/rpc",
            ),
            _ => error,
        })
    }
}

/// `[[return, argument, …], …]` as one line for each form: `add(number, number) -> number`.
fn signatures(method: &str, list: &Value) -> String {
    let Value::Array(forms) = list else { return method.to_owned() };
    let forms = forms.iter().map(|form| {
        let types = names(form);
        let (returns, takes) = types.split_first().map_or(("any", &[][..]), |(first, rest)| (*first, rest));
        format!("{method}({}) -> {returns}", takes.join(", "))
    });
    forms.collect::<Vec<_>>().join("\n")
}

/// The texts of a list. zerorpc lists arguments as maps with a name.
fn names(list: &Value) -> Vec<&str> {
    let Value::Array(items) = list else { return Vec::new() };
    items.iter().filter_map(|item| item.as_str().or_else(|| item.get("name")?.as_str())).collect()
}
