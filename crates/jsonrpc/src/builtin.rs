//! The wire's own methods: introspection, as Python's servers have it and as OpenRPC has it, and subscriptions to streams.

use manywire_core::introspect::{Own, Schema, Told, TypeNames, View};
use manywire_core::{
    DESCRIBE, Description, Kind, Method, Methods, Params, Reply, RpcError, Session, Shape, Value, to_value,
};

use crate::openrpc;

/// A method that is in no registry.
pub(crate) enum Builtin<'m> {
    ListMethods,
    MethodHelp,
    MethodSignature,
    Describe,
    Discover,
    /// Begins this stream.
    Subscribe(&'m Method),
    /// Ends a subscription to this stream.
    Unsubscribe(&'m Method),
}

impl<'m> Builtin<'m> {
    /// The builtin of this name; a registered method of the same name goes first.
    pub(crate) fn named(name: &str, methods: &'m Methods) -> Option<Self> {
        let stream = |stream: &str| methods.get(stream).filter(|method| method.kind() == Kind::ServerStream);
        let builtin = match name {
            "system.listMethods" => Builtin::ListMethods,
            "system.methodHelp" => Builtin::MethodHelp,
            "system.methodSignature" => Builtin::MethodSignature,
            DESCRIBE => Builtin::Describe,
            "rpc.discover" => Builtin::Discover,
            _ => match name.split_once("subscribe_") {
                Some(("", name)) => stream(name).map(Builtin::Subscribe)?,
                Some(("un", name)) => stream(name).map(Builtin::Unsubscribe)?,
                _ => return None,
            },
        };
        methods.get(name).is_none().then_some(builtin)
    }

    /// Answers a question about the methods.
    pub(crate) fn answer(
        self,
        session: &Session,
        params: Params<'_, '_>,
    ) -> Result<Box<dyn Reply>, RpcError> {
        let methods = session.methods();
        let value = match self {
            Builtin::MethodHelp => about(params, |name| help(methods, name))?,
            Builtin::MethodSignature => about(params, |name| signatures(methods, name))?,
            Builtin::Describe => about(params, |name| describe(methods, name))?,
            Builtin::Discover => {
                let document = session.document(|methods| openrpc::document(&Schema::of(methods)));
                return Ok(Box::new(document));
            }
            _ => names(methods),
        };
        Ok(Box::new(value))
    }
}

/// The only parameter, whatever its name.
pub(crate) fn only(params: Params<'_, '_>) -> Option<Value> {
    match params {
        Params::Positional(mut values) if values.len() == 1 => values.pop(),
        Params::Named(mut pairs) if pairs.len() == 1 => pairs.pop().map(|(_, value)| value),
        _ => None,
    }
}

fn about(
    params: Params<'_, '_>,
    tell: impl FnOnce(&str) -> Result<Value, RpcError>,
) -> Result<Value, RpcError> {
    match only(params) {
        Some(Value::String(name)) => tell(&name),
        _ => Err(RpcError::invalid_params("give one parameter, the name of a method")),
    }
}

const OWN: &[Own] = &[
    Own { name: "system.listMethods", doc: "The names of all methods.", signature: &["array"] },
    Own { name: "system.methodHelp", doc: "What a method does.", signature: &["string", "string"] },
    Own {
        name: "system.methodSignature",
        doc: "The types of a method's result and parameters.",
        signature: &["array", "string"],
    },
    Own {
        name: DESCRIBE,
        doc: "What a method takes and returns, for programs.",
        signature: &["object", "string"],
    },
    Own { name: "rpc.discover", doc: "This server as an OpenRPC document.", signature: &["object"] },
];

/// The names that JSON Schema has.
const TYPES: TypeNames = TypeNames {
    unit: "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    number: &["number"],
    string: "string",
    bytes: "string",
    timestamp: "string",
    list: "array",
    map: "object",
    any: "any",
};

fn view(methods: &Methods) -> View<'_> {
    View::new(methods, |kind| kind == Kind::Unary, OWN)
}

/// Every name that can be called, sorted.
fn names(methods: &Methods) -> Value {
    let streams = methods.iter().filter(|method| method.kind() == Kind::ServerStream);
    let subscriptions = streams
        .flat_map(|stream| ["subscribe", "unsubscribe"].map(|what| format!("{what}_{}", stream.name())));
    let mut names: Vec<String> =
        view(methods).names().into_iter().map(str::to_owned).chain(subscriptions).collect();
    names.sort_unstable();
    Value::Array(names.into_iter().map(Value::String).collect())
}

fn find<'m>(methods: &'m Methods, name: &str) -> Result<Told<'m>, RpcError> {
    view(methods).find(name).map_err(|untold| RpcError::invalid_params(untold.to_string()))
}

fn help(methods: &Methods, name: &str) -> Result<Value, RpcError> {
    let text = match Builtin::named(name, methods) {
        Some(Builtin::Subscribe(stream)) => openrpc::subscription_doc(stream.name(), stream.doc()),
        Some(Builtin::Unsubscribe(stream)) => openrpc::unsubscription_doc(stream.name()),
        _ => find(methods, name)?.doc().to_owned(),
    };
    Ok(Value::String(text))
}

/// The one way to call a method: the type of its result, then those of its parameters.
fn signatures(methods: &Methods, name: &str) -> Result<Value, RpcError> {
    let signatures = match Builtin::named(name, methods) {
        Some(Builtin::Subscribe(stream)) => vec![TYPES.signature(&Shape::Int, stream, 0)],
        Some(Builtin::Unsubscribe(_)) => vec![vec![TYPES.bool, TYPES.int]],
        _ => find(methods, name)?.signatures(&TYPES),
    };
    let list = |types: Vec<&'static str>| Value::Array(types.into_iter().map(Value::from).collect());
    Ok(Value::Array(signatures.into_iter().map(list).collect()))
}

/// A registered method, or a stream by the name that subscribes to it.
fn describe(methods: &Methods, name: &str) -> Result<Value, RpcError> {
    let method = match (Builtin::named(name, methods), methods.get(name)) {
        (Some(Builtin::Subscribe(stream)), _) => stream,
        (None, Some(method)) => method,
        _ => return Err(find(methods, name).err().unwrap_or_else(|| undescribed(name))),
    };
    to_value(&Description::of(name, method)).map_err(|error| RpcError::internal(error.to_string()))
}

fn undescribed(name: &str) -> RpcError {
    RpcError::invalid_params(format!("{name} is the wire's own; system.methodHelp says what it does"))
}
