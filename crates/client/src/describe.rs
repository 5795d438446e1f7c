//! What a server says of itself, through each wire's own introspection.

use std::future::ready;
use std::sync::Arc;

use manywire_core::{ErrorKind, Origin, RpcError, Value};

use crate::connection::Connection;
use crate::{Client, Wire};

impl Client {
    /// The names of the server's methods.
    pub(crate) async fn methods_by_wire(&self) -> Result<Vec<String>, RpcError> {
        let list = match self.url().wire {
            Wire::Zerorpc => self.call("_zerorpc_list", Vec::new()).await,
            _ => self.call("system.listMethods", Vec::new()).await,
        };
        match list.map_err(|error| self.unasked(error))? {
            Value::Array(names) => Ok(names.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            other => {
                let message = format!("{} listed its methods as {}", self.url(), other.kind());
                Err(RpcError::arose(Origin::Protocol, message))
            }
        }
    }

    /// What one method is called with, what it answers, and what it is for.
    pub(crate) async fn describe_by_wire(&self, method: &str) -> Result<String, RpcError> {
        let described = match self.url().wire {
            Wire::Grpc => {
                let find = |connection: Arc<Connection>| {
                    ready(connection.grpc().and_then(|client| client.method(method)))
                };
                let (method, _) = self.attempt(find).await?;
                return Ok(format!("{}\n\n{}", method.signature, method.messages.trim_end()));
            }
            Wire::Zerorpc => self.describe_exposed(method).await,
            _ => self.describe_by_system(method).await,
        };
        match described {
            Err(error) if error.origin() == Origin::Server => Err(self.undescribed(method, error).await),
            described => described,
        }
    }

    /// By the methods whose names begin with `system.`: on net/rpc the signature is one text, elsewhere lists of types.
    async fn describe_by_system(&self, method: &str) -> Result<String, RpcError> {
        let signature = self.call("system.methodSignature", vec![method.into()]).await?;
        let help = self.call("system.methodHelp", vec![method.into()]).await?;
        let signature = match signature.as_str() {
            Some(text) => text.to_owned(),
            None => signatures(method, &signature),
        };
        Ok(format!("{signature}\n{}", help.as_str().unwrap_or_default()))
    }

    async fn describe_exposed(&self, method: &str) -> Result<String, RpcError> {
        let help = self.call("_zerorpc_help", vec![method.into()]).await?;
        let arguments = match self.call("_zerorpc_args", vec![method.into()]).await {
            Ok(arguments) => names(&arguments).join(", "),
            // Python's zerorpc 0.6.3 asks for them in a way that went with Python 3.11.
            Err(error) if error.kind() == ErrorKind::Failed => "…".to_owned(),
            Err(error) => return Err(error),
        };
        Ok(format!("{method}({arguments})\n{}", help.as_str().unwrap_or_default()))
    }

    /// Why a method could not be described: servers say in many ways that there is no such method, and that they cannot be
    /// asked, so that the list of their methods is what tells.
    async fn undescribed(&self, method: &str, error: RpcError) -> RpcError {
        match self.methods().await {
            Ok(names) if names.iter().any(|name| name == method) => error,
            Ok(_) => error.with_kind(ErrorKind::UnknownMethod),
            Err(unlisted) => unlisted,
        }
    }

    /// The error of a server that does not list its methods.
    fn unasked(&self, error: RpcError) -> RpcError {
        if error.origin() != Origin::Server {
            return error;
        }
        let why = match self.url().wire {
            Wire::Gob | Wire::Jsonrpc1 => {
                "net/rpc has no introspection; a Go server may have a page at /debug/rpc".to_owned()
            }
            Wire::Zerorpc => format!("it has no _zerorpc_list ({error})"),
            _ => format!("it has no system.listMethods ({error})"),
        };
        self.unsupported(&format!("cannot be asked for its methods: {why}"))
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
