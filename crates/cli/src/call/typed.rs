//! Arguments as the method wants them, where the server says what that is: a text for a text, bytes and times out of texts.

use manywire_client::{Arguments, Client, Signature, Type, Wire};
use manywire_core::Value;

use super::{Failure, tagged};

/// A `--set`: its value as JSON would have it, and as it was typed.
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) typed: String,
}

/// Makes the named arguments what the method takes.
pub(super) async fn settings(
    client: &Client,
    method: &str,
    settings: Vec<Setting>,
) -> Result<Arguments, Failure> {
    let signature = client.signature(method).await?;
    let wire = client.url().wire;
    let read = |Setting { name, value, typed }: Setting| {
        let wanted =
            signature.as_ref().and_then(|signature| signature.parameter(&name)).map(|(_, wanted)| wanted);
        let value = match (wanted, value) {
            (Some(wanted), Value::String(text)) => fit(wanted, text.into(), wire),
            (Some(wanted), _) if is_text(wanted) => Ok(typed.into()),
            (Some(wanted), value) => fit(wanted, value, wire),
            (None, value) => Ok(value),
        };
        let value = value.map_err(|why| Failure::Usage(format!("--set {name}: {why}")))?;
        Ok((name, value))
    };
    Ok(Arguments::Named(settings.into_iter().map(read).collect::<Result<_, Failure>>()?))
}

fn is_text(wanted: &Type) -> bool {
    match wanted {
        Type::Optional(inner) => is_text(inner),
        wanted => *wanted == Type::String,
    }
}

/// Makes the arguments by position what the method takes; asks the server only where JSON leaves that open.
pub(super) async fn values(client: &Client, method: &str, values: Vec<Value>) -> Result<Vec<Value>, Failure> {
    let wire = client.url().wire;
    if !has_bytes(wire) || !values.iter().any(is_open) {
        return Ok(values);
    }
    let Some(signature) = client.signature(method).await? else { return Ok(values) };
    let fitted = match <[Value; 1]>::try_from(values) {
        Ok([Value::Map(pairs)]) => vec![record(&signature, pairs, wire)],
        Ok(one) => by_position(&signature, one.into(), wire),
        // The arguments of gRPC are messages, one after the other.
        Err(values) if wire == Wire::Grpc => values.into_iter().map(Ok).collect(),
        Err(values) => by_position(&signature, values, wire),
    };
    let numbered = fitted.into_iter().enumerate();
    let told = |(at, value): (usize, Result<Value, String>)| {
        value.map_err(|why| Failure::Usage(format!("argument {}: {why}", at + 1)))
    };
    numbered.map(told).collect()
}

/// The wires on which bytes and times are no texts.
fn has_bytes(wire: Wire) -> bool {
    matches!(wire, Wire::Gob | Wire::Xmlrpc | Wire::Zerorpc)
}

/// Whether a value may stand for one of another type.
fn is_open(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Map(_) => true,
        Value::Array(items) => items.iter().any(is_open),
        _ => false,
    }
}

fn by_position(signature: &Signature, values: Vec<Value>, wire: Wire) -> Vec<Result<Value, String>> {
    let parameters = signature.parameters();
    let fit_at = |(at, value)| match parameters.get(at) {
        Some((_, wanted)) => fit(wanted, value, wire),
        None => Ok(value),
    };
    values.into_iter().enumerate().map(fit_at).collect()
}

/// A single map: the record of all parameters, or the one parameter.
fn record(signature: &Signature, pairs: Vec<(Value, Value)>, wire: Wire) -> Result<Value, String> {
    if let [(_, wanted @ (Type::Map | Type::Record(_)))] = signature.parameters() {
        return fit(wanted, Value::Map(pairs), wire);
    }
    let fit_named = |(key, value): (Value, Value)| {
        let parameter = key.as_str().and_then(|name| signature.parameter(name));
        let value = match parameter {
            Some((_, wanted)) => fit(wanted, value, wire)?,
            None => value,
        };
        Ok((key, value))
    };
    pairs.into_iter().map(fit_named).collect::<Result<_, String>>().map(Value::Map)
}

/// A value as a type wants it. What does not fit is left for the server to refuse.
fn fit(wanted: &Type, value: Value, wire: Wire) -> Result<Value, String> {
    match (wanted, value) {
        (Type::Optional(inner), value) => fit(inner, value, wire),
        (Type::Bytes, Value::String(text)) => tagged::bytes(&text),
        (Type::Timestamp, Value::String(text)) => tagged::time(&text),
        (Type::Map, value) => Ok(tagged::as_map(value, wire)),
        (Type::List(item), Value::Array(items)) => {
            let items = items.into_iter().map(|value| fit(item, value, wire));
            items.collect::<Result<_, _>>().map(Value::Array)
        }
        (Type::Record(fields), Value::Map(pairs)) => {
            let fit_field = |(key, value): (Value, Value)| {
                let field = fields.iter().find(|(name, _)| key.as_str() == Some(name));
                let value = match field {
                    Some((_, wanted)) => fit(wanted, value, wire)?,
                    None => value,
                };
                Ok((key, value))
            };
            pairs.into_iter().map(fit_field).collect::<Result<_, String>>().map(Value::Map)
        }
        (_, value) => Ok(value),
    }
}
