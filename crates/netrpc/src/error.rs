//! Errors in Go's words.

use manywire_core::{ErrorKind, Methods, RpcError};

/// Says an error as Go's net/rpc would.
pub(crate) fn go_text(error: RpcError, name: &str, methods: &Methods) -> RpcError {
    match error.kind() {
        ErrorKind::UnknownMethod => unknown_method(name, methods),
        ErrorKind::InvalidParams => RpcError::invalid_params(go_types(error.message())),
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

/// Rust's names of types, as gobwire puts them into its errors, and what Go calls them there.
const GO_NAMES: &[(&str, &str)] = &[
    ("alloc::string::String", "*string"),
    ("i64", "*int"),
    ("u64", "*uint"),
    ("f64", "*float64"),
    ("bool", "*bool"),
];

fn go_types(message: &str) -> String {
    let Some((before, rest)) = message.split_once("local type ") else {
        return without_path(message);
    };
    let (rust, after) = rest.split_once(',').unwrap_or((rest, ""));
    let go = GO_NAMES
        .iter()
        .find(|(name, _)| *name == rust)
        .map_or_else(|| without_path(rust), |(_, go)| (*go).to_owned());
    format!("{before}local type {go},{after}")
}

/// Drops module paths: `wrong type (int) for received field service::arith::Args.A` is about `Args.A`.
fn without_path(message: &str) -> String {
    let words = message.split(' ').map(|word| word.rsplit_once("::").map_or(word, |(_, last)| last));
    words.collect::<Vec<_>>().join(" ")
}

/// A name that a client asked for, when the server says in Go's words that it has none.
pub(crate) fn from_go_text(text: String) -> RpcError {
    let kind = if text.starts_with("rpc: can't find ") {
        ErrorKind::UnknownMethod
    } else if text.starts_with("rpc: service/method request ill-formed") {
        ErrorKind::InvalidRequest
    } else if text.starts_with("gob: ") || text.starts_with("json: ") || text.starts_with("jsonrpc: ") {
        ErrorKind::InvalidParams
    } else {
        ErrorKind::Failed
    };
    RpcError::new(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_in_go() {
        let field = "gob: wrong type (int) for received field manywire_service::arith::Args.A";
        assert_eq!(go_types(field), "gob: wrong type (int) for received field Args.A");
        let value = "gob: decoding into local type alloc::string::String, received remote type int";
        assert_eq!(go_types(value), "gob: decoding into local type *string, received remote type int");
    }
}
