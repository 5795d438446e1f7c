//! Errors in Go's words.

use manywire_core::{ErrorKind, Method, Methods, RpcError, Shape};

/// Says an error as Go's net/rpc would.
pub(crate) fn go_text(error: RpcError, name: &str, methods: &Methods) -> RpcError {
    match error.kind() {
        ErrorKind::UnknownMethod => unknown_method(name, methods),
        ErrorKind::InvalidParams => {
            let arguments = methods.get(name).map_or(&Shape::Any, Method::arguments);
            RpcError::invalid_params(go_types(error.message(), arguments))
        }
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

fn go_types(message: &str, arguments: &Shape) -> String {
    let message = &in_a_word(message);
    if let Some((received, path)) = wrong_field(message) {
        let field = path.rsplit("::").next().unwrap_or(path);
        let wanted = field.split_once('.').map_or("", |(_, name)| go_name_of_field(arguments, name));
        return format!("gob: wrong type ({wanted}) for received field {field}; received {received}");
    }
    let Some((before, rest)) = message.split_once("local type ") else { return without_path(message) };
    let (rust, after) = rest.split_once(',').unwrap_or((rest, ""));
    let known = GO_NAMES.iter().find(|(name, _)| *name == rust);
    let go = known.map_or_else(|| without_path(rust), |(_, go)| (*go).to_owned());
    format!("{before}local type {go},{after}")
}

/// gobwire 0.1 puts the received type where Go puts the field's own; the two halves of its message.
fn wrong_field(message: &str) -> Option<(&str, &str)> {
    message.strip_prefix("gob: wrong type (")?.split_once(") for received field ")
}

/// gobwire 0.1 shows a type of the sender's as its own structs have it: `Slice { name: "", elem: 2 }`.
fn in_a_word(message: &str) -> String {
    let mut message = message.to_owned();
    for kind in ["Struct", "Slice", "Map", "Array"] {
        if let Some(start) = message.find(&format!("{kind} {{ name: "))
            && let Some(end) = message.rfind('}')
        {
            message.replace_range(start..=end, &kind.to_lowercase());
        }
    }
    message
}

fn go_name_of_field(arguments: &Shape, name: &str) -> &'static str {
    let Shape::Record(fields) = arguments else { return "?" };
    match fields.iter().find(|(field, _)| *field == name).map(|(_, shape)| shape) {
        Some(Shape::Int) => "int",
        Some(Shape::Float | Shape::Number) => "float64",
        Some(Shape::Bool) => "bool",
        Some(Shape::String) => "string",
        Some(Shape::Bytes) => "[]uint8",
        Some(Shape::List(_)) => "slice",
        Some(Shape::Map) => "map",
        Some(Shape::Record(_)) => "struct",
        _ => "?",
    }
}

/// Drops module paths, which mean nothing to a caller: `service::arith::Args` is `Args`.
fn without_path(message: &str) -> String {
    let words = message.split(' ').map(|word| word.rsplit_once("::").map_or(word, |(_, last)| last));
    words.collect::<Vec<_>>().join(" ")
}

/// A name that a client asked for, when the server says in Go's words that it has none.
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
    RpcError::new(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_in_go() {
        let arguments = Shape::Record(vec![("A", Shape::Int)]);
        let field = "gob: wrong type (string) for received field manywire_service::arith::Args.A";
        assert_eq!(
            go_types(field, &arguments),
            "gob: wrong type (int) for received field Args.A; received string"
        );
        let field = "gob: wrong type (Struct { name: \"\", fields: [WireField { name: \"X\", id: 2 }] }) for received field Args.A";
        assert_eq!(
            go_types(field, &arguments),
            "gob: wrong type (int) for received field Args.A; received struct"
        );
        let value =
            "gob: decoding into local type service::Args, received remote type Slice { name: \"\", elem: 2 }";
        assert_eq!(
            go_types(value, &arguments),
            "gob: decoding into local type Args, received remote type slice"
        );
        let value = "gob: decoding into local type alloc::string::String, received remote type int";
        assert_eq!(
            go_types(value, &Shape::String),
            "gob: decoding into local type *string, received remote type int"
        );
    }
}
