//! The wire's own methods: introspection, as Python's servers have it, and subscriptions to streams.

use manywire_core::{
    DESCRIBE, Description, Kind, Method, Methods, Params, Reply, RpcError, Shape, Value, to_value,
};

/// A method that is in no registry.
pub(crate) enum Builtin<'a> {
    ListMethods,
    MethodHelp,
    MethodSignature,
    Describe,
    /// Begins the stream of this name.
    Subscribe(&'a str),
    /// Ends a subscription to the stream of this name.
    Unsubscribe(&'a str),
}

impl<'a> Builtin<'a> {
    /// The builtin of this name; a registered method of the same name goes first.
    pub(crate) fn named(name: &'a str, methods: &Methods) -> Option<Self> {
        let is_stream =
            |stream: &&str| methods.get(stream).is_some_and(|method| method.kind() == Kind::ServerStream);
        let builtin = match name {
            "system.listMethods" => Builtin::ListMethods,
            "system.methodHelp" => Builtin::MethodHelp,
            "system.methodSignature" => Builtin::MethodSignature,
            DESCRIBE => Builtin::Describe,
            _ => match name.split_once("subscribe_") {
                Some(("", stream)) => Some(stream).filter(is_stream).map(Builtin::Subscribe)?,
                Some(("un", stream)) => Some(stream).filter(is_stream).map(Builtin::Unsubscribe)?,
                _ => return None,
            },
        };
        methods.get(name).is_none().then_some(builtin)
    }

    /// Answers a question about the methods.
    pub(crate) fn answer(
        self,
        methods: &Methods,
        params: Params<'_, '_>,
    ) -> Result<Box<dyn Reply>, RpcError> {
        let value = match self {
            Builtin::MethodHelp => about(params, |name| help(methods, name))?,
            Builtin::MethodSignature => about(params, |name| signatures(methods, name))?,
            Builtin::Describe => about(params, |name| describe(methods, name))?,
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

fn about(params: Params<'_, '_>, tell: impl FnOnce(&str) -> Option<Value>) -> Result<Value, RpcError> {
    let Some(Value::String(name)) = only(params) else {
        return Err(RpcError::invalid_params("give one parameter, the name of a method"));
    };
    tell(&name).ok_or_else(|| {
        RpcError::invalid_params(format!("no method {name}; system.listMethods lists all that there are"))
    })
}

/// Every name that can be called, sorted.
fn names(methods: &Methods) -> Value {
    let mut names: Vec<String> =
        [DESCRIBE, "system.listMethods", "system.methodHelp", "system.methodSignature"]
            .map(str::to_owned)
            .into();
    for method in methods {
        match method.kind() {
            Kind::Unary => names.push(method.name().to_owned()),
            Kind::ServerStream => {
                names.extend([
                    format!("subscribe_{}", method.name()),
                    format!("unsubscribe_{}", method.name()),
                ]);
            }
            Kind::ClientStream | Kind::TwoWay => {}
        }
    }
    names.sort_unstable();
    Value::Array(names.into_iter().map(Value::String).collect())
}

fn help(methods: &Methods, name: &str) -> Option<Value> {
    let text = match Builtin::named(name, methods) {
        None => methods.get(name)?.doc().to_owned(),
        Some(Builtin::ListMethods) => "The names of all methods.".to_owned(),
        Some(Builtin::MethodHelp) => "What a method does.".to_owned(),
        Some(Builtin::MethodSignature) => "The types of a method's result and parameters.".to_owned(),
        Some(Builtin::Describe) => "What a method takes and returns, for programs.".to_owned(),
        Some(Builtin::Subscribe(stream)) => {
            let doc = methods.get(stream)?.doc();
            format!("{doc} Returns the subscription's id; the items follow as notifications named {stream}.")
        }
        Some(Builtin::Unsubscribe(stream)) => {
            format!("Ends a subscription to {stream}, by its id. False: there is none.")
        }
    };
    Some(Value::String(text))
}

/// The one way to call a method: the type of its result, then those of its parameters.
fn signatures(methods: &Methods, name: &str) -> Option<Value> {
    let types: Vec<&str> = match Builtin::named(name, methods) {
        None => {
            let method = methods.get(name)?;
            types_of(method.returns(), method)
        }
        Some(Builtin::ListMethods) => vec!["array"],
        Some(Builtin::MethodHelp) => vec!["string", "string"],
        Some(Builtin::MethodSignature) => vec!["array", "string"],
        Some(Builtin::Describe) => vec!["object", "string"],
        Some(Builtin::Subscribe(stream)) => types_of(&Shape::Int, methods.get(stream)?),
        Some(Builtin::Unsubscribe(_)) => vec!["boolean", "integer"],
    };
    let signature = types.into_iter().map(Value::from).collect();
    Some(Value::Array(vec![Value::Array(signature)]))
}

/// A registered method, or a stream by the name that subscribes to it.
fn describe(methods: &Methods, name: &str) -> Option<Value> {
    let method = match Builtin::named(name, methods) {
        None => methods.get(name)?,
        Some(Builtin::Subscribe(stream)) => methods.get(stream)?,
        Some(_) => return None,
    };
    to_value(&Description::of(name, method)).ok()
}

fn types_of(returns: &Shape, method: &Method) -> Vec<&'static str> {
    let parameters = method.arguments().parameters();
    let shapes = parameters.into_iter().map(|(_, shape)| shape);
    std::iter::once(returns).chain(shapes).map(json_type).collect()
}

/// The name that JSON Schema has for a type.
fn json_type(shape: &Shape) -> &'static str {
    match shape {
        Shape::Unit => "null",
        Shape::Bool => "boolean",
        Shape::Int => "integer",
        Shape::Float | Shape::Number => "number",
        Shape::String | Shape::Bytes | Shape::Timestamp => "string",
        Shape::Optional(inner) => json_type(inner),
        Shape::List(_) => "array",
        Shape::Map(_) | Shape::Record(_) | Shape::Outer(_) => "object",
        Shape::Any => "any",
    }
}
