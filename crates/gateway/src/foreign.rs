//! What servers that are not ours tell of their methods, each in the way of its wire.

use manywire_client::{Client, Wire};
use manywire_core::{Kind, Origin, Outline, RpcError, Shape, Takes, Value};

use crate::learn::{Learnt, is_its_own};

/// Asks for the methods.
pub(crate) async fn told(client: &Client) -> Result<Vec<Learnt>, RpcError> {
    match client.url().wire {
        Wire::Zerorpc => inspected(client).await,
        _ => listed(client).await,
    }
}

/// The methods of a zerorpc server, by the names of their parameters. Whether one answers with a stream is not told.
async fn inspected(client: &Client) -> Result<Vec<Learnt>, RpcError> {
    let told = match client.call("_zerorpc_inspect", Vec::new()).await {
        Ok(told) => told,
        // Python's zerorpc 0.6.3 looks at its functions in a way that went with Python 3.11.
        Err(error) if error.origin() == Origin::Server => return named(client).await,
        Err(error) => return Err(error),
    };
    let Some(Value::Map(methods)) = told.get("methods") else { return named(client).await };
    let methods = methods.iter().filter_map(|(name, told)| Some((name.as_str()?, told)));
    methods
        .filter(|(name, _)| !is_its_own(name))
        .map(|(name, told)| {
            let takes = parameters(told.get("args"))?;
            let doc = told.get("doc").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
            Ok(unsure(name, doc, takes))
        })
        .collect()
}

/// `[{name: "x"}, {name: "y", default: 1}]`: of any type, those with a default at the end.
fn parameters(args: Option<&Value>) -> Result<Takes, RpcError> {
    let Some(Value::Array(args)) = args else { return Ok(Takes::Anything) };
    let mut fields = Vec::with_capacity(args.len());
    for arg in args {
        let name = arg.as_str().or_else(|| arg.get("name")?.as_str());
        let Some(name) = name else { return Ok(Takes::Anything) };
        let has_default = arg.get("default").is_some();
        fields.push((name, if has_default { Shape::Optional(Box::new(Shape::Any)) } else { Shape::Any }));
    }
    Shape::record("Parameters", fields).map(Takes::Shape)
}

/// The methods by their names alone.
async fn named(client: &Client) -> Result<Vec<Learnt>, RpcError> {
    let names = client.methods().await?;
    let served = names.iter().filter(|name| !is_its_own(name));
    Ok(served.map(|name| unsure(name, String::new(), Takes::Anything)).collect())
}

fn unsure(name: &str, doc: String, takes: Takes) -> Learnt {
    let outline = Outline { kind: Kind::Unary, takes, returns: Shape::Any };
    Learnt { name: name.to_owned(), doc, outline, is_unsure: true }
}

/// The methods as `system.listMethods` and its kin tell of them.
async fn listed(client: &Client) -> Result<Vec<Learnt>, RpcError> {
    let mut learnt = named(client).await?;
    for method in &mut learnt {
        method.is_unsure = false;
        let asked = || vec![Value::from(method.name.as_str())];
        if let Some(returns) = answered(client.call("system.methodSignature", asked()).await)? {
            method.outline.returns = returned(&returns);
        }
        if let Some(help) = answered(client.call("system.methodHelp", asked()).await)? {
            method.doc = help.as_str().unwrap_or_default().trim().to_owned();
        }
    }
    Ok(learnt)
}

/// What a server says when it is asked; one that does not say it may do without.
fn answered(answer: Result<Value, RpcError>) -> Result<Option<Value>, RpcError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.origin() == Origin::Server => Ok(None),
        Err(error) => Err(error),
    }
}

/// The type of the answer, where all forms of a method have the same. What it takes has types there and no names: those it
/// checks itself.
fn returned(signatures: &Value) -> Shape {
    let Value::Array(forms) = signatures else { return Shape::Any };
    let mut types = forms.iter().map(|form| match form {
        Value::Array(types) => types.first().and_then(Value::as_str),
        _ => None,
    });
    let first = types.next().flatten();
    match first.filter(|first| types.all(|other| other == Some(first))) {
        Some("int" | "i4" | "i8") => Shape::Int,
        Some("boolean") => Shape::Bool,
        Some("double") => Shape::Float,
        Some("string") => Shape::String,
        Some("base64") => Shape::Bytes,
        Some("dateTime.iso8601") => Shape::Timestamp,
        _ => Shape::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_with_a_default_may_be_left_out() {
        let named = |name: &str| Value::map([("name", name.into())]);
        let with_default = Value::map([("name", "y".into()), ("default", Value::Null)]);
        let takes = parameters(Some(&Value::Array(vec![named("x"), with_default]))).unwrap();
        let Takes::Shape(shape) = takes else { panic!("a shape") };
        assert_eq!(shape.to_string(), "{x: any, y: any?}");
        assert_eq!(parameters(Some(&Value::Null)), Ok(Takes::Anything));
    }

    #[test]
    fn an_answer_has_a_type_where_all_forms_agree() {
        let form = |types: &[&str]| Value::Array(types.iter().map(|name| Value::from(*name)).collect());
        let forms = |all: &[&[&str]]| Value::Array(all.iter().map(|types| form(types)).collect());
        assert_eq!(returned(&forms(&[&["int", "int", "int"]])), Shape::Int);
        assert_eq!(returned(&forms(&[&["int", "int"], &["double", "double"]])), Shape::Any);
        assert_eq!(returned(&"signatures not supported".into()), Shape::Any);
    }
}
