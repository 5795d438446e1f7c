//! The `system.*` methods that tell about the server; `system.multicall` has a file of its own.

use manywire_core::{DESCRIBE, Description, Kind, Method, Methods, Shape, Value, to_value};

use crate::encode::kind;
use crate::error::Fault;

/// The name of the method that makes many calls at once.
pub(crate) const MULTICALL: &str = "system.multicall";

/// A method of the wire itself: its name, what it does, its result type and its parameter types.
type Builtin = (&'static str, &'static str, &'static [&'static str]);

const BUILTINS: [Builtin; 6] = [
    ("system.getCapabilities", "What this server supports, each with its specification.", &["struct"]),
    (DESCRIBE, "What the method of this name takes and returns, for programs.", &["struct", "string"]),
    ("system.listMethods", "The names of all methods.", &["array"]),
    ("system.methodHelp", "What the method of this name does.", &["string", "string"]),
    (
        "system.methodSignature",
        "The types of the method's result and parameters, as lists.",
        &["array", "string"],
    ),
    (
        MULTICALL,
        "Makes the calls [{methodName, params}, …] in their order; each is answered with [result] or a fault.",
        &["array", "array"],
    ),
];

/// Answers the method if it is one of the wire's own.
pub(crate) fn answer(methods: &Methods, name: &str, params: &[Value]) -> Option<Result<Value, Fault>> {
    let answer = match name {
        "system.getCapabilities" => no_params(name, params).map(|()| capabilities()),
        "system.listMethods" => no_params(name, params).map(|()| list(methods)),
        "system.methodHelp" => one_name(name, params).and_then(|wanted| help(methods, wanted)),
        "system.methodSignature" => one_name(name, params).and_then(|wanted| signatures(methods, wanted)),
        DESCRIBE => one_name(name, params).and_then(|wanted| describe(methods, wanted)),
        _ => return None,
    };
    Some(answer)
}

/// A method that answers with a stream has no place on this wire.
fn find<'a>(methods: &'a Methods, name: &str) -> Result<&'a Method, Fault> {
    let found = methods.get(name).filter(|method| method.kind() == Kind::Unary);
    found.ok_or_else(|| Fault::unknown_method(format!("no method {name}; system.listMethods names them all")))
}

fn builtin(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|(known, ..)| *known == name)
}

fn no_params(name: &str, params: &[Value]) -> Result<(), Fault> {
    match params.len() {
        0 => Ok(()),
        got => Err(Fault::invalid_params(format!("{name} takes 0 parameters, got {got}"))),
    }
}

fn one_name<'a>(name: &str, params: &'a [Value]) -> Result<&'a str, Fault> {
    match params {
        [Value::String(wanted)] => Ok(wanted),
        [other] => Err(Fault::invalid_params(format!("{name} takes a method's name, got {}", kind(other)))),
        many => Err(Fault::invalid_params(format!("{name} takes 1 parameter, got {}", many.len()))),
    }
}

fn list(methods: &Methods) -> Value {
    let registered = methods.iter().filter(|method| method.kind() == Kind::Unary).map(Method::name);
    let mut names: Vec<&str> = registered.chain(BUILTINS.iter().map(|(name, ..)| *name)).collect();
    names.sort_unstable();
    names.into_iter().map(Value::from).collect::<Vec<_>>().into()
}

fn help(methods: &Methods, name: &str) -> Result<Value, Fault> {
    if let Some((_, doc, _)) = builtin(name) {
        return Ok((*doc).into());
    }
    let method = find(methods, name)?;
    Ok(format!("{}\n\n{}", method.signature(), method.doc()).into())
}

/// One signature for each way to read the parameters: a number may be an int or a double.
fn signatures(methods: &Methods, name: &str) -> Result<Value, Fault> {
    let types = |types: &[&str]| Value::Array(types.iter().copied().map(Value::from).collect());
    if let Some((_, _, known)) = builtin(name) {
        return Ok(vec![types(known)].into());
    }
    let method = find(methods, name)?;
    let parameters = method.arguments().parameters();
    let shapes: Vec<&Shape> =
        std::iter::once(method.returns()).chain(parameters.into_iter().map(|(_, s)| s)).collect();
    let reading = |number| shapes.iter().map(|shape| type_name(shape, number)).collect::<Vec<_>>();
    let mut readings = vec![reading("int"), reading("double")];
    readings.dedup();
    Ok(readings.iter().map(|reading| types(reading)).collect::<Vec<_>>().into())
}

fn describe(methods: &Methods, name: &str) -> Result<Value, Fault> {
    let description = Description::of(name, find(methods, name)?);
    to_value(&description).map_err(|error| Fault::internal(error.to_string()))
}

fn type_name(shape: &Shape, number: &'static str) -> &'static str {
    match shape {
        Shape::Unit => "nil",
        Shape::Bool => "boolean",
        Shape::Int => "int",
        Shape::Float => "double",
        Shape::Number => number,
        Shape::String => "string",
        Shape::Bytes => "base64",
        Shape::Timestamp => "dateTime.iso8601",
        Shape::Optional(inner) => type_name(inner, number),
        Shape::List(_) => "array",
        Shape::Map(_) | Shape::Record(_) | Shape::Outer(_) => "struct",
        Shape::Any => "any",
    }
}

fn capabilities() -> Value {
    let capability = |(name, url, version): (&'static str, &'static str, i64)| {
        (name, Value::map([("specUrl", Value::from(url)), ("specVersion", Value::Int(version))]))
    };
    let supported = [
        ("xmlrpc", "http://www.xmlrpc.com/spec", 1),
        ("faults_interop", "http://xmlrpc-epi.sourceforge.net/specs/rfc.fault_codes.php", 20_010_516),
        ("introspection", "http://xmlrpc-c.sourceforge.net/xmlrpc-c/introspection.html", 1),
        (MULTICALL, "http://www.xmlrpc.com/discuss/msgReader$1208", 1),
    ];
    Value::map(supported.map(capability))
}
