//! The `system.*` methods that tell about the server; `system.multicall` has a file of its own.

use manywire_core::introspect::{Own, Told, TypeNames, View};
use manywire_core::{DESCRIBE, Description, Kind, Methods, Value, to_value};

use crate::encode::kind;
use crate::error::Fault;

/// The name of the method that makes many calls at once.
pub(crate) const MULTICALL: &str = "system.multicall";

const OWN: &[Own] = &[
    Own {
        name: "system.getCapabilities",
        doc: "What this server supports, each with its specification.",
        signature: &["struct"],
    },
    Own {
        name: DESCRIBE,
        doc: "What the method of this name takes and returns, for programs.",
        signature: &["struct", "string"],
    },
    Own { name: "system.listMethods", doc: "The names of all methods.", signature: &["array"] },
    Own {
        name: "system.methodHelp",
        doc: "What the method of this name does.",
        signature: &["string", "string"],
    },
    Own {
        name: "system.methodSignature",
        doc: "The types of the method's result and parameters, as lists.",
        signature: &["array", "string"],
    },
    Own {
        name: MULTICALL,
        doc: "Makes the calls [{methodName, params}, …] in their order; each is answered with [result] or a fault.",
        signature: &["array", "array"],
    },
];

/// A number may be an int or a double, each a signature of its own.
const TYPES: TypeNames = TypeNames {
    unit: "nil",
    bool: "boolean",
    int: "int",
    float: "double",
    number: &["int", "double"],
    string: "string",
    bytes: "base64",
    timestamp: "dateTime.iso8601",
    list: "array",
    map: "struct",
    any: "any",
};

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

fn view(methods: &Methods) -> View<'_> {
    View::new(methods, |kind| kind == Kind::Unary, OWN)
}

fn find<'m>(methods: &'m Methods, name: &str) -> Result<Told<'m>, Fault> {
    view(methods).find(name).map_err(|untold| Fault::unknown_method(untold.to_string()))
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
    view(methods).names().into_iter().map(Value::from).collect::<Vec<_>>().into()
}

fn help(methods: &Methods, name: &str) -> Result<Value, Fault> {
    Ok(match find(methods, name)? {
        Told::Own(own) => own.doc.into(),
        Told::Method(method) => format!("{}\n\n{}", method.signature(), method.doc()).into(),
    })
}

fn signatures(methods: &Methods, name: &str) -> Result<Value, Fault> {
    let list = |types: Vec<&'static str>| Value::Array(types.into_iter().map(Value::from).collect());
    let signatures = find(methods, name)?.signatures(&TYPES);
    Ok(signatures.into_iter().map(list).collect::<Vec<_>>().into())
}

fn describe(methods: &Methods, name: &str) -> Result<Value, Fault> {
    match find(methods, name)? {
        Told::Method(method) => {
            to_value(&Description::of(name, method)).map_err(|error| Fault::internal(error.to_string()))
        }
        Told::Own(_) => {
            Err(Fault::unknown_method(format!("{name} is the wire's own; system.methodHelp tells of it")))
        }
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
