//! Errors in Go's words.

use manywire_core::{ErrorKind, Methods, RpcError};

/// Says an error as Go's net/rpc would.
pub(crate) fn go_text(error: RpcError, name: &str, methods: &Methods) -> RpcError {
    match error.kind() {
        ErrorKind::UnknownMethod => unknown_method(name, methods),
        _ => error,
    }
}

/// Service and method split at the last dot, and the service is looked up first.
fn unknown_method(name: &str, methods: &Methods) -> RpcError {
    let (kind, text) = match name.rsplit_once('.') {
        None => (ErrorKind::InvalidRequest, "service/method request ill-formed: "),
        Some((service, _)) if methods.has_service(service) => {
            (ErrorKind::UnknownMethod, "can't find method ")
        }
        Some(_) => (ErrorKind::UnknownMethod, "can't find service "),
    };
    RpcError::new(kind, format!("rpc: {text}{name}"))
}

/// What a server said. net/rpc's errors are text alone, and these beginnings are all that Go's own client could know of them: the
/// wire's vocabulary, which is read here and nowhere else.
pub(crate) fn from_go_text(text: String) -> RpcError {
    let kind = if text.starts_with("rpc: can't find ")
        || text.starts_with("rpc: service/method request ill-formed")
    {
        ErrorKind::UnknownMethod
    } else if text.starts_with("gob: ") || text.starts_with("json: ") || text.starts_with("jsonrpc: ") {
        ErrorKind::InvalidParams
    } else {
        ErrorKind::Failed
    };
    RpcError::answered(kind, text)
}
