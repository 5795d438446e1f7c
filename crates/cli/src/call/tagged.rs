//! What JSON has no form for, as people type it: an object with one name, which begins with `$`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use manywire_client::Wire;
use manywire_core::{Timestamp, Value};

/// Puts the values in the place of what stands for them.
pub(super) fn resolve(value: Value, wire: Wire) -> Result<Value, String> {
    let pairs = match value {
        Value::Array(items) => {
            let items = items.into_iter().map(|item| resolve(item, wire));
            return items.collect::<Result<_, _>>().map(Value::Array);
        }
        Value::Map(pairs) => pairs,
        plain => return Ok(plain),
    };
    match <[(Value, Value); 1]>::try_from(pairs) {
        Ok([(Value::String(name), value)]) => match &*name {
            "$map" => map(value, wire),
            "$bytes" => text(&name, &value).and_then(bytes),
            "$time" => text(&name, &value).and_then(time),
            "$uint" => uint(&value),
            "$float" => text(&name, &value).and_then(float),
            _ => Ok(Value::Map(vec![(name.into(), resolve(value, wire)?)])),
        },
        Ok([pair]) => Ok(Value::Map(vec![pair])),
        Err(pairs) => each(pairs, wire),
    }
}

fn each(pairs: Vec<(Value, Value)>, wire: Wire) -> Result<Value, String> {
    let pairs = pairs.into_iter().map(|(key, value)| Ok((key, resolve(value, wire)?)));
    pairs.collect::<Result<_, String>>().map(Value::Map)
}

/// A map that is no struct. Its names are taken as they are, so that one may begin with `$`.
fn map(value: Value, wire: Wire) -> Result<Value, String> {
    match value {
        Value::Map(pairs) => Ok(as_map(each(pairs, wire)?, wire)),
        other => Err(format!("$map stands before an object, not before {}", other.kind())),
    }
}

/// To gob a map with texts for keys is a struct, and one with bytes for keys a map.
pub(super) fn as_map(value: Value, wire: Wire) -> Value {
    let Value::Map(pairs) = value else { return value };
    let key = |key: Value| match key {
        Value::String(text) if wire == Wire::Gob => Value::Bytes(text.into_bytes()),
        key => key,
    };
    Value::Map(pairs.into_iter().map(|(name, value)| (key(name), value)).collect())
}

fn text<'v>(name: &str, value: &'v Value) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("{name} stands before a text, not before {}", value.kind()))
}

/// Bytes that are written in base64.
pub(super) fn bytes(text: &str) -> Result<Value, String> {
    let read = BASE64_STANDARD.decode(text);
    read.map(Value::Bytes)
        .map_err(|error| format!("{text:?} is no base64, which bytes are written in: {error}"))
}

/// A time, with a zone or without.
pub(super) fn time(text: &str) -> Result<Value, String> {
    let read = Timestamp::parse(text).map(Value::Timestamp);
    read.ok_or_else(|| format!("{text:?} is no time such as 2026-01-02T03:04:05Z"))
}

fn uint(value: &Value) -> Result<Value, String> {
    let number = match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        Value::Uint(number) => Some(*number),
        _ => None,
    };
    number.map(Value::Uint).ok_or_else(|| "$uint stands before a number from 0 up".to_owned())
}

/// The floats that JSON has not.
fn float(text: &str) -> Result<Value, String> {
    match text {
        "NaN" => Ok(Value::Float(f64::NAN)),
        "Infinity" => Ok(Value::Float(f64::INFINITY)),
        "-Infinity" => Ok(Value::Float(f64::NEG_INFINITY)),
        _ => Err(format!("$float stands before NaN, Infinity or -Infinity, not before {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, wire: Wire) -> Result<Value, String> {
        resolve(serde_json::from_str(json).unwrap(), wire)
    }

    #[test]
    fn what_json_has_not_is_said_with_one_name() {
        assert_eq!(read(r#"{"$bytes":"aGk="}"#, Wire::Xmlrpc), Ok(Value::Bytes(b"hi".to_vec())));
        assert_eq!(read(r#"[{"$uint":7}]"#, Wire::Gob), Ok(Value::Array(vec![Value::Uint(7)])));
        let time = Timestamp::utc(1_767_323_045, 0);
        assert_eq!(
            read(r#"{"a":{"$time":"2026-01-02T03:04:05Z"}}"#, Wire::Gob),
            Ok(Value::map([("a", time.into())]))
        );
        assert_eq!(read(r#"{"$float":"-Infinity"}"#, Wire::Zerorpc), Ok(Value::Float(f64::NEG_INFINITY)));
        let map = Value::Map(vec![(Value::Bytes(b"a".to_vec()), 1.into())]);
        assert_eq!(read(r#"{"$map":{"a":1}}"#, Wire::Gob), Ok(map));
        assert_eq!(
            read(r#"{"$map":{"$bytes":"no"}}"#, Wire::Jsonrpc),
            Ok(Value::map([("$bytes", "no".into())]))
        );
        assert_eq!(read(r#"{"$other":1}"#, Wire::Gob), Ok(Value::map([("$other", 1.into())])));
    }

    #[test]
    fn what_does_not_fit_is_explained() {
        for (json, words) in [
            (r#"{"$bytes":"?"}"#, "\"?\" is no base64"),
            (r#"{"$bytes":5}"#, "$bytes stands before a text, not before int"),
            (r#"{"a":[{"$time":"soon"}]}"#, "\"soon\" is no time such as"),
            (r#"{"$map":[1]}"#, "$map stands before an object"),
            (r#"{"$uint":-1}"#, "$uint stands before a number from 0 up"),
            (r#"{"$float":"1"}"#, "$float stands before NaN"),
        ] {
            let said = read(json, Wire::Gob).unwrap_err();
            assert!(said.starts_with(words), "{json}: {said}");
        }
    }
}
