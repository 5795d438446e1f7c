//! Parameters in a query: text, made what the method's types say.

use manywire_core::{Budget, Charge, ErrorKind, Method, OverBudget, Params, RpcError, Shape, Value};

/// Bytes of a query whose values are not charged.
const SMALL: usize = 256;

/// Bytes that a value takes in memory for a byte of a query, at most: `x&x&x` in a list.
const WEIGHT: usize = 16;

/// Parameters that came in a query, and the charge for them.
#[derive(Debug)]
pub(crate) struct Parameters {
    pairs: Vec<(String, Value)>,
    is_record: bool,
    _charge: Option<Charge>,
}

impl Parameters {
    /// What a method is called with.
    pub(crate) fn params(&mut self) -> Params<'static, 'static> {
        let pairs = std::mem::take(&mut self.pairs);
        match self.is_record {
            true => Params::Named(pairs.into_iter().map(|(name, value)| (name.into(), value)).collect()),
            false => Params::Positional(pairs.into_iter().map(|(_, value)| value).collect()),
        }
    }
}

/// Reads the query of a call. A name that stands more than once is a list.
pub(crate) fn read_query(query: &str, method: &Method, budget: &Budget) -> Result<Parameters, RpcError> {
    let charge = charge_large(query, budget)?;
    let shapes = method.arguments().parameters();
    let mut pairs: Vec<(String, Value)> = Vec::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let Some((_, shape)) = shapes.iter().find(|(known, _)| *known == name) else {
            let (method, signature) = (method.name(), method.signature());
            return Err(RpcError::invalid_params(format!(
                "{method} has no parameter `{name}`; call it as {signature}"
            )));
        };
        let read = |shape| read_value(&text, shape).map_err(|why| misfit(method, &name, &why));
        let known = pairs.iter_mut().find(|(known, _)| *known == name);
        match (list_of(shape), known) {
            (Some(item), Some((_, Value::Array(items)))) => items.push(read(item)?),
            (Some(item), _) => pairs.push((name.to_string(), Value::Array(vec![read(item)?]))),
            (None, None) => pairs.push((name.to_string(), read(shape)?)),
            (None, Some(_)) => return Err(misfit(method, &name, "it is no list, and stands more than once")),
        }
    }
    let is_record = matches!(method.arguments(), Shape::Record(_));
    // Nothing at all is no parameters, whatever the method takes.
    Ok(Parameters { is_record: is_record && !pairs.is_empty(), pairs, _charge: charge })
}

fn charge_large(query: &str, budget: &Budget) -> Result<Option<Charge>, OverBudget> {
    (query.len() > SMALL).then(|| budget.charge(query.len() * WEIGHT)).transpose()
}

fn misfit(method: &Method, name: &str, why: &str) -> RpcError {
    RpcError::new(ErrorKind::InvalidParams, format!("{}: parameter `{name}`: {why}", method.name()))
}

fn list_of(shape: &Shape) -> Option<&Shape> {
    match shape {
        Shape::List(item) => Some(item),
        Shape::Optional(inner) => list_of(inner),
        _ => None,
    }
}

/// The value that a text is for a parameter of this type.
fn read_value(text: &str, shape: &Shape) -> Result<Value, String> {
    let value = match shape {
        Shape::Int => integer(text),
        Shape::Float => float(text),
        Shape::Number => integer(text).or_else(|| float(text)),
        Shape::Bool => text.parse().ok().map(Value::Bool),
        Shape::String | Shape::Timestamp | Shape::Any => Some(Value::String(text.to_owned())),
        Shape::Optional(_) if text.is_empty() => Some(Value::Null),
        Shape::Optional(inner) => return read_value(text, inner),
        _ => return Err(format!("a query cannot carry {shape}; send it by POST, as JSON")),
    };
    value.ok_or_else(|| format!("expected {shape}, got {:?}", shortened(text)))
}

fn integer(text: &str) -> Option<Value> {
    text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::Uint)).ok()
}

fn float(text: &str) -> Option<Value> {
    text.parse().ok().filter(|float: &f64| float.is_finite()).map(Value::Float)
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use manywire_core::{Empty, Limits, Methods, Number};

    use super::*;

    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct All {
        int: i64,
        float: f64,
        number: Number,
        flag: bool,
        text: Option<String>,
        list: Vec<i64>,
        any: Value,
        bytes: Option<std::collections::BTreeMap<String, i64>>,
    }

    fn methods() -> Methods {
        let mut methods = Methods::new();
        methods.add("all", "", |_: All| async { Ok(0_i64) });
        methods.add("one", "", |text: String| async { Ok(text) });
        methods.add("none", "", |_: Empty| async { Ok(0_i64) });
        methods
    }

    fn read(method: &str, query: &str) -> Result<Vec<(String, Value)>, String> {
        let (methods, budget) = (methods(), Budget::alone(&Limits::default()));
        let read = read_query(query, methods.get(method).unwrap(), &budget);
        read.map(|parameters| parameters.pairs).map_err(|error| error.to_string())
    }

    fn value(query: &str) -> Value {
        read("all", query).unwrap().pop().unwrap().1
    }

    #[test]
    fn a_text_is_what_the_type_says() {
        assert_eq!(value("int=-3"), Value::Int(-3));
        assert_eq!(value("int=18446744073709551615"), Value::Uint(u64::MAX));
        assert_eq!(value("float=2"), Value::Float(2.0));
        assert_eq!(value("number=2"), Value::Int(2));
        assert_eq!(value("number=2.5e1"), Value::Float(25.0));
        assert_eq!(value("flag=true"), Value::Bool(true));
        assert_eq!(value("text=5+%E2%82%AC"), "5 €".into());
        assert_eq!(value("text="), Value::Null);
        assert_eq!(value("any=5"), "5".into());
        assert_eq!(value("list=1&list=2"), Value::Array(vec![1.into(), 2.into()]));
        assert_eq!(read("one", "arg="), Ok(vec![("arg".to_owned(), "".into())]));
        assert_eq!(read("none", ""), Ok(vec![]));
    }

    #[test]
    fn what_does_not_fit_names_method_parameter_and_type() {
        for (query, expected) in [
            ("int=x", "all: parameter `int`: expected int, got \"x\""),
            ("int=1.0", "all: parameter `int`: expected int, got \"1.0\""),
            ("int=", "all: parameter `int`: expected int, got \"\""),
            ("int=99999999999999999999", "all: parameter `int`: expected int, got \"99999999999999999999\""),
            ("float=nan", "all: parameter `float`: expected float, got \"nan\""),
            ("number=1e999", "all: parameter `number`: expected number, got \"1e999\""),
            ("flag=1", "all: parameter `flag`: expected bool, got \"1\""),
            ("int=1&int=2", "all: parameter `int`: it is no list, and stands more than once"),
            ("bytes=x", "all: parameter `bytes`: a query cannot carry map; send it by POST, as JSON"),
        ] {
            assert_eq!(read("all", query).unwrap_err(), expected, "{query}");
        }
        assert_eq!(
            read("one", "x=1").unwrap_err(),
            "one has no parameter `x`; call it as one(arg: string) -> string"
        );
        assert!(read("all", &format!("int={}", "x".repeat(10_000))).unwrap_err().len() < 100);
    }

    #[test]
    fn a_long_query_is_charged() {
        let (methods, limits) = (methods(), Limits { connection_memory: 100_000, ..Limits::default() });
        let (budget, query) = (Budget::alone(&limits), "list=1&".repeat(500));
        let read = read_query(&query, methods.get("all").unwrap(), &budget).unwrap();
        assert_eq!(budget.held(), query.len() * WEIGHT);
        drop(read);
        let long = query.repeat(3);
        let refused = read_query(&long, methods.get("all").unwrap(), &budget).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ResourceExhausted);
    }
}
