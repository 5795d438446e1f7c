//! What every zerorpc server answers about itself, in the shapes of Python's zerorpc 0.6.3.
//!
//! On Python 3.11 its own `_zerorpc_args` and `_zerorpc_inspect` fail (`inspect.getargspec` is gone); these are the answers of 3.8.

use manywire_core::introspect::{Told, View};
use manywire_core::{Description, Method, Methods, RpcError, Value, to_value};

/// The name that clients see; Python's is that of the class served.
const SERVER: &str = "manywire";

/// A failure with the name that Python gives it.
pub(super) struct Failure {
    pub(super) name: &'static str,
    pub(super) message: String,
}

/// Answers a built-in method; none when the name is not one of theirs.
pub(super) fn answer(
    methods: &Methods,
    name: &str,
    args: impl FnOnce() -> Result<Vec<Value>, RpcError>,
) -> Option<Result<Value, Failure>> {
    let takes = match name {
        "_zerorpc_ping" | "_zerorpc_list" | "_zerorpc_name" | "_zerorpc_inspect" => 0,
        "_zerorpc_help" | "_zerorpc_args" | "_zerorpc_describe" => 1,
        _ => return None,
    };
    let args = match args() {
        Ok(args) => args,
        Err(error) => return Some(Err(type_error(error.to_string()))),
    };
    if args.len() != takes {
        let plural = if takes == 1 { "" } else { "s" };
        let message =
            format!("{name}() takes {takes} positional argument{plural} but {} were given", args.len());
        return Some(Err(type_error(message)));
    }
    let about = || method(methods, args.first().unwrap_or(&Value::Null));
    Some(match name {
        "_zerorpc_ping" => Ok(Value::Array(vec!["pong".into(), SERVER.into()])),
        "_zerorpc_list" => Ok(view(methods).carried().map(|m| m.name().into()).collect::<Vec<_>>().into()),
        "_zerorpc_name" => Ok(SERVER.into()),
        "_zerorpc_help" => about().map(doc),
        "_zerorpc_args" => about().map(argspec),
        // Ours alone: Python's servers know no types.
        "_zerorpc_describe" => about().map(describe),
        _ => Ok(inspect(methods)),
    })
}

fn type_error(message: String) -> Failure {
    Failure { name: "TypeError", message }
}

fn view(methods: &Methods) -> View<'_> {
    View::new(methods, |kind| !kind.takes_stream(), &[])
}

fn method<'m>(methods: &'m Methods, name: &Value) -> Result<&'m Method, Failure> {
    let unknown = |message| Failure { name: "KeyError", message };
    let Value::String(name) = name else { return Err(unknown(name.kind().to_owned())) };
    match view(methods).find(name) {
        Ok(Told::Method(method)) => Ok(method),
        Err(untold) if untold.is_elsewhere() => Err(unknown(untold.to_string())),
        _ => Err(unknown(format!("'{name}'"))),
    }
}

fn doc(method: &Method) -> Value {
    match method.doc() {
        "" => Value::Null,
        doc => doc.into(),
    }
}

fn describe(method: &Method) -> Value {
    // Texts always make a value.
    to_value(&Description::of(method.name(), method)).unwrap_or_default()
}

/// `inspect.ArgSpec`: names, `*args`, `**kwargs`, and the defaults of the last parameters.
fn argspec(method: &Method) -> Value {
    let parameters = method.arguments().parameters();
    let names: Vec<Value> = parameters.iter().map(|(name, _)| (*name).into()).collect();
    let defaults = match parameters.len() - method.required() {
        0 => Value::Null,
        count => vec![Value::Null; count].into(),
    };
    vec![names.into(), Value::Null, Value::Null, defaults].into()
}

fn inspect(methods: &Methods) -> Value {
    let described = view(methods).carried().map(|method| {
        let about = Value::map([("args", arguments(method)), ("doc", doc(method))]);
        (method.name(), about)
    });
    Value::map([("name", SERVER.into()), ("methods", Value::map(described))])
}

fn arguments(method: &Method) -> Value {
    let parameters = method.arguments().parameters();
    let required = method.required();
    let described = parameters.iter().enumerate().map(|(index, (name, _))| {
        let mut pairs = vec![("name", (*name).into())];
        if index >= required {
            pairs.push(("default", Value::Null));
        }
        Value::map(pairs)
    });
    described.collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Default, Deserialize)]
    struct Args {
        first: i64,
        second: Option<i64>,
    }

    #[test]
    fn parameters_that_may_be_left_out_have_a_default() {
        let mut methods = Methods::new();
        let sum = |Args { first, second }: Args| async move { Ok(first + second.unwrap_or(0)) };
        methods.add("sum", "", sum);
        let ask = |name: &str, args: Vec<Value>| answer(&methods, name, || Ok(args));

        let Some(Ok(spec)) = ask("_zerorpc_args", vec!["sum".into()]) else {
            panic!("no argspec");
        };
        let names = vec!["first".into(), "second".into()].into();
        let defaults = vec![Value::Null].into();
        assert_eq!(spec, vec![names, Value::Null, Value::Null, defaults].into());

        let Some(Ok(about)) = ask("_zerorpc_inspect", vec![]) else {
            panic!("no description");
        };
        let sum = about.get("methods").and_then(|methods| methods.get("sum")).unwrap();
        let first = Value::map([("name", "first".into())]);
        let second = Value::map([("name", "second".into()), ("default", Value::Null)]);
        assert_eq!(sum.get("args"), Some(&vec![first, second].into()));
        assert_eq!(sum.get("doc"), Some(&Value::Null));
        assert!(ask("_zerorpc_nope", vec![]).is_none());
    }
}
