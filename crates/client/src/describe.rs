//! What a server says of itself, through each wire's own introspection.

use manywire_core::{RpcError, Value};

use crate::Client;
use crate::client::Inner;

impl Client {
    /// The names of the server's methods.
    pub async fn methods(&self) -> Result<Vec<String>, RpcError> {
        let list = match self.inner() {
            Inner::Grpc(client) => {
                return Ok(client.methods().into_iter().map(|method| method.name).collect());
            }
            Inner::Jsonrpc(_) | Inner::Xmlrpc(_) => self.call("system.listMethods", Vec::new()).await?,
            Inner::Zerorpc(_) => self.call("_zerorpc_list", Vec::new()).await?,
            Inner::Netrpc(_) | Inner::Post(_) => return Err(self.no_introspection()),
        };
        match list {
            Value::Array(names) => Ok(names.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            other => {
                Err(RpcError::internal(format!("{} listed its methods as {}", self.url(), other.kind())))
            }
        }
    }

    /// What one method is called with, what it answers, and what it is for.
    pub async fn describe(&self, method: &str) -> Result<String, RpcError> {
        match self.inner() {
            Inner::Grpc(client) => {
                let method = client.method(method)?;
                Ok(format!("{}\n\n{}", method.signature, method.messages.trim_end()))
            }
            Inner::Jsonrpc(_) | Inner::Xmlrpc(_) => {
                let signature = self.call("system.methodSignature", vec![method.into()]).await?;
                let help = self.call("system.methodHelp", vec![method.into()]).await?;
                Ok(format!("{}\n{}", signatures(method, &signature), help.as_str().unwrap_or_default()))
            }
            Inner::Zerorpc(_) => {
                let help = self.call("_zerorpc_help", vec![method.into()]).await?;
                let arguments = self.call("_zerorpc_args", vec![method.into()]).await?;
                Ok(format!(
                    "{method}({})\n{}",
                    names(&arguments).join(", "),
                    help.as_str().unwrap_or_default()
                ))
            }
            Inner::Netrpc(_) | Inner::Post(_) => Err(self.no_introspection()),
        }
    }

    fn no_introspection(&self) -> RpcError {
        self.unsupported("cannot be asked for its methods: net/rpc has no introspection; a Go server may have a page at /debug/rpc")
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
