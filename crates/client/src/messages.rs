//! What gRPC makes of arguments: messages. By the signature, which says what the descriptors do, a call is written there as on
//! every other wire; and what cannot fit is refused in the same words.

use manywire_core::{RpcError, Value};

use crate::{Arguments, Signature, Type};

impl Signature {
    /// The messages of a call. A stream of requests has one after the other, any other call one; an argument that is alone
    /// in its message stands for it.
    pub(crate) fn messages(&self, arguments: Arguments) -> Result<Vec<Value>, RpcError> {
        match arguments {
            Arguments::Positional(values) if self.takes_stream || values.is_empty() => {
                values.iter().try_for_each(|value| self.check_message(value))?;
                Ok(values)
            }
            Arguments::Positional(values) => match <[Value; 1]>::try_from(values) {
                Ok([Value::Map(pairs)]) if self.is_message(&pairs) => self.message(Value::Map(pairs)),
                Ok(one) => self.placed(one.into()),
                Err(values) => self.placed(values),
            },
            Arguments::Named(pairs) if self.is_bare => Ok(vec![Value::map(self.one_map(pairs)?)]),
            Arguments::Named(pairs) | Arguments::Record(pairs) => self.message(Value::map(pairs)),
        }
    }

    fn message(&self, message: Value) -> Result<Vec<Value>, RpcError> {
        self.check_message(&message)?;
        Ok(vec![message])
    }

    /// Whether a map is a whole message: the only argument may itself be a map.
    fn is_message(&self, pairs: &[(Value, Value)]) -> bool {
        let [(only, _)] = &self.parameters[..] else { return true };
        let is_named = |key: &Value| key.as_str().is_some_and(|key| bare(only).eq(bare(key)));
        !self.takes_any || !self.is_bare && matches!(pairs, [(key, _)] if is_named(key))
    }

    /// Arguments by position: the fields in the order of their numbers.
    fn placed(&self, values: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        self.check_count(values.len())?;
        self.parameters
            .iter()
            .zip(&values)
            .try_for_each(|(parameter, value)| self.check_field(parameter, value))?;
        if self.is_bare {
            return Ok(values);
        }
        let names = self.parameters.iter().map(|(name, _)| name.clone());
        Ok(vec![Value::map(names.zip(values))])
    }

    /// Whether a message fits. A name may be written in two ways, and a number as a text.
    fn check_message(&self, message: &Value) -> Result<(), RpcError> {
        let Value::Map(pairs) = message else { return Ok(()) };
        if self.is_bare {
            return Ok(());
        }
        for (key, value) in pairs {
            let Some(key) = key.as_str() else { continue };
            let known = self.parameters.iter().find(|(name, _)| bare(name).eq(bare(key)));
            self.check_field(known.ok_or_else(|| self.unknown(key))?, value)?;
        }
        Ok(())
    }

    fn check_field(&self, parameter: &(String, Type), value: &Value) -> Result<(), RpcError> {
        if is_number_of_protobuf(&parameter.1, value) { Ok(()) } else { self.check(parameter, value) }
    }
}

/// A name of protobuf's in either form: `user_id`, `userId`.
fn bare(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase())
}

/// Whether protobuf's JSON form takes this for a number, or for a list of them: `"NaN"`, `"5"`, 5.0.
fn is_number_of_protobuf(wanted: &Type, value: &Value) -> bool {
    match (wanted, value) {
        (Type::Optional(inner), value) => is_number_of_protobuf(inner, value),
        (Type::Int | Type::Float, Value::String(text)) => text.parse::<f64>().is_ok(),
        (Type::Int | Type::Float, Value::Float(float)) => *wanted == Type::Float || float.fract() == 0.0,
        (Type::Int | Type::Float, Value::Int(_) | Value::Uint(_)) => true,
        // Its message, spelt out.
        (Type::Number, Value::Map(_)) => true,
        (Type::List(item), Value::Array(items)) => {
            matches!(**item, Type::Int | Type::Float)
                && items.iter().all(|value| is_number_of_protobuf(item, value))
        }
        _ => false,
    }
}
