//! Our values and the tagged JSON of the cases.

use manywire_core::{RpcError, Timestamp, Value};
use manywire_interop::answers::tag;
use serde_json::{Value as Json, json};

/// Reads a value of a case.
pub(crate) fn from_tagged(value: &Json) -> Result<Value, RpcError> {
    let list = |items: &Vec<Json>| items.iter().map(from_tagged).collect::<Result<Vec<_>, _>>();
    Ok(match (tag(value), value) {
        (Some((kind, content)), _) => {
            special(kind, content).ok_or_else(|| RpcError::internal(format!("{value} is no tagged value")))?
        }
        (None, Json::Null) => Value::Null,
        (None, Json::Bool(is_true)) => (*is_true).into(),
        (None, Json::String(text)) => text.as_str().into(),
        (None, Json::Array(items)) => list(items)?.into(),
        (None, Json::Object(fields)) => {
            let read = |(key, value): (&String, &Json)| Ok((key.as_str().into(), from_tagged(value)?));
            Value::Map(fields.iter().map(read).collect::<Result<_, RpcError>>()?)
        }
        (None, Json::Number(_)) => return Err(RpcError::internal(format!("{value} has no tag"))),
    })
}

fn special(kind: &str, content: &Json) -> Option<Value> {
    let text = content.as_str();
    Some(match kind {
        "$int" => text?
            .parse()
            .map(Value::Int)
            .or_else(|_| text.unwrap_or_default().parse().map(Value::Uint))
            .ok()?,
        "$float" => Value::Float(text?.parse().ok()?),
        "$bytes" => Value::Bytes(bytes(text?)?),
        "$date" => Value::Timestamp(Timestamp::parse(text?)?),
        "$pairs" => {
            let pair = |pair: &Json| Some((from_tagged(pair.get(0)?).ok()?, from_tagged(pair.get(1)?).ok()?));
            Value::Map(content.as_array()?.iter().map(pair).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Writes a value as cases have it.
pub(crate) fn to_tagged(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(is_true) => json!(is_true),
        Value::Int(int) => json!({ "$int": int.to_string() }),
        Value::Uint(uint) => json!({ "$int": uint.to_string() }),
        Value::Float(float) => json!({ "$float": format!("{float:?}") }),
        Value::String(text) => json!(text),
        Value::Bytes(bytes) => {
            json!({ "$bytes": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
        }
        Value::Timestamp(time) => json!({ "$date": time.to_string() }),
        Value::Array(items) => items.iter().map(to_tagged).collect(),
        Value::Map(pairs)
            if pairs.iter().all(|(key, _)| key.as_str().is_some_and(|key| !key.starts_with('$'))) =>
        {
            let pairs = pairs.iter().map(|(key, value)| (key.as_str().unwrap_or_default(), to_tagged(value)));
            Json::Object(pairs.map(|(key, value)| (key.to_owned(), value)).collect())
        }
        Value::Map(pairs) => {
            json!({ "$pairs": pairs.iter().map(|(key, value)| json!([to_tagged(key), to_tagged(value)])).collect::<Json>() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tagged_values_there_and_back() {
        for value in [
            json!(null),
            json!({"$int": "18446744073709551615"}),
            json!({"$int": "-9223372036854775808"}),
            json!({"$float": "-0.0"}),
            json!({"$bytes": "00ff"}),
            json!({"$date": "1998-07-17T14:08:55"}),
            json!({"$pairs": [[{"$int": "1"}, "one"]]}),
            json!({"a": [true, {"b": "世"}]}),
        ] {
            assert_eq!(to_tagged(&from_tagged(&value).unwrap()), value);
        }
        for nonsense in [json!(5), json!({"$int": "x"}), json!({"$bytes": "0g"}), json!({"$what": "x"})] {
            assert!(from_tagged(&nonsense).is_err(), "{nonsense}");
        }
    }
}
