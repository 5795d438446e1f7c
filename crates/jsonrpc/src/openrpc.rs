//! [OpenRPC](https://spec.open-rpc.org) 1.3: a server's methods as `rpc.discover` answers them.
//!
//! A stream of answers is a pair of methods, `subscribe_NAME` with `"x-kind": "subscription"` and `unsubscribe_NAME`; what
//! the notifications are is in `x-notification`. Methods that this wire cannot carry are left out.

use manywire_core::introspect::{Field, MethodSchema, RecordSchema, Schema, Type, TypeKind};
use manywire_core::{Kind, Value};

use crate::error::OWN_CODES;

/// The version of the specification.
const OPENRPC: &str = "1.3.2";

/// The document about these methods.
pub fn document(served: &Schema) -> Value {
    let methods: Vec<Value> = served.methods.iter().flat_map(methods).collect();
    let info = [("title", "manywire".into()), ("version", env!("CARGO_PKG_VERSION").into())];
    let schemas = served.records.iter().map(|record| (&*record.name, record_schema(record)));
    let errors = OWN_CODES.map(|(code, name, message)| {
        (name, Value::map([("code", Value::Int(code)), ("message", message.into())]))
    });
    let components = [("schemas", Value::map(schemas)), ("errors", Value::map(errors))];
    Value::map([
        ("openrpc", OPENRPC.into()),
        ("info", Value::map(info)),
        ("methods", methods.into()),
        ("components", Value::map(components)),
    ])
}

/// What `subscribe_NAME` does.
pub(crate) fn subscription_doc(stream: &str, doc: &str) -> String {
    format!("{doc} Returns the subscription's id; the items follow as notifications named {stream}.")
}

/// What `unsubscribe_NAME` does.
pub(crate) fn unsubscription_doc(stream: &str) -> String {
    format!("Ends a subscription to {stream}, by its id. False: there is none.")
}

/// A method as this wire has it: itself, or what begins and ends its stream.
fn methods(method: &MethodSchema) -> Vec<Value> {
    match method.kind {
        Kind::Unary => {
            let result = content("result", schema(&method.returns), true);
            vec![Value::map(entry(&method.name, method.doc.clone(), method, result))]
        }
        Kind::ServerStream => vec![subscribe(method), unsubscribe(method)],
        Kind::ClientStream | Kind::TwoWay => Vec::new(),
    }
}

fn subscribe(method: &MethodSchema) -> Value {
    let (name, doc) = (format!("subscribe_{}", method.name), subscription_doc(&method.name, &method.doc));
    let mut entry = entry(&name, doc, method, content("subscription", of_type("integer"), true));
    let params =
        [content("subscription", of_type("integer"), true), content("result", schema(&method.returns), true)];
    let notification = [("method", Value::from(&*method.name)), ("params", Value::Array(params.into()))];
    entry.push(("x-kind", "subscription".into()));
    entry.push(("x-notification", Value::map(notification)));
    Value::map(entry)
}

fn unsubscribe(method: &MethodSchema) -> Value {
    Value::map([
        ("name", Value::from(format!("unsubscribe_{}", method.name))),
        ("summary", unsubscription_doc(&method.name).into()),
        ("params", vec![content("subscription", of_type("integer"), true)].into()),
        ("result", content("ended", of_type("boolean"), true)),
    ])
}

fn entry(name: &str, doc: String, method: &MethodSchema, result: Value) -> Vec<(&'static str, Value)> {
    let parameter = |field: &Field| content(&field.name, schema(&field.ty), field.required);
    let errors = OWN_CODES.map(|(_, name, _)| reference("errors", name));
    // Only a record's fields have names.
    let structure = if method.takes.kind == TypeKind::Record { "either" } else { "by-position" };
    let mut entry = vec![("name", name.into())];
    // A summary is one line; a text of several is a description too.
    if let Some(summary) = doc.lines().next() {
        entry.push(("summary", summary.into()));
    }
    if doc.lines().nth(1).is_some() {
        entry.push(("description", doc.into()));
    }
    entry.extend([
        ("paramStructure", structure.into()),
        ("params", Value::Array(method.parameters.iter().map(parameter).collect())),
        ("result", result),
        ("errors", Value::Array(errors.into())),
    ]);
    entry
}

fn content(name: &str, schema: Value, is_required: bool) -> Value {
    Value::map([("name", name.into()), ("required", is_required.into()), ("schema", schema)])
}

fn reference(component: &str, name: &str) -> Value {
    Value::map([("$ref", format!("#/components/{component}/{name}").into())])
}

fn record_schema(record: &RecordSchema) -> Value {
    let properties = record.fields.iter().map(|field| (&*field.name, schema(&field.ty)));
    let required = record.fields.iter().filter(|field| field.required).map(|field| (&*field.name).into());
    Value::map([
        ("type", "object".into()),
        ("properties", Value::map(properties)),
        ("required", Value::Array(required.collect())),
    ])
}

/// The JSON Schema of a type, as this wire writes its values.
fn schema(ty: &Type) -> Value {
    let inner = || ty.of.as_deref().map_or(Value::Map(Vec::new()), schema);
    match ty.kind {
        TypeKind::Any => Value::Map(Vec::new()),
        TypeKind::Nil => of_type("null"),
        TypeKind::Bool => of_type("boolean"),
        TypeKind::Int => of_type("integer"),
        TypeKind::Float | TypeKind::Number => of_type("number"),
        TypeKind::String => match &ty.choices {
            None => of_type("string"),
            Some(choices) => {
                let choices = choices.iter().map(|choice| Value::from(&**choice)).collect();
                with_type("string", "enum", Value::Array(choices))
            }
        },
        TypeKind::Bytes => with_type("string", "contentEncoding", "base64".into()),
        TypeKind::Timestamp => with_type("string", "format", "date-time".into()),
        TypeKind::Optional => Value::map([("anyOf", Value::Array(vec![inner(), of_type("null")]))]),
        TypeKind::List => with_type("array", "items", inner()),
        TypeKind::Map => with_type("object", "additionalProperties", inner()),
        TypeKind::Record => reference("schemas", ty.name.as_deref().unwrap_or_default()),
    }
}

fn of_type(name: &str) -> Value {
    Value::map([("type", name.into())])
}

fn with_type(name: &str, key: &str, value: Value) -> Value {
    Value::map([("type", name.into()), (key, value)])
}
