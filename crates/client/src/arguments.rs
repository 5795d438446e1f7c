//! The arguments of a call, and what each wire makes of them.

use serde::Serialize;

use manywire_core::{Empty, ErrorKind, Origin, RpcError, Value, to_value};

/// What a method is called with.
#[derive(Debug, Clone, PartialEq)]
pub enum Arguments {
    /// One after the other.
    Positional(Vec<Value>),
    /// Each with its name.
    Named(Vec<(String, Value)>),
    /// Each with its name, and in the method's own order: sent by position on the wires whose methods take several.
    Record(Vec<(String, Value)>),
}

impl Arguments {
    /// The one argument of a method that is written in Rust; the fields of a struct are parameters of their own.
    pub fn of(argument: &impl Serialize) -> Result<Self, RpcError> {
        let name = |(key, value): (Value, Value)| match key {
            Value::String(name) => Some((name, value)),
            _ => None,
        };
        match Self::value("the argument", argument)? {
            Value::Map(pairs) if pairs.iter().all(|(key, _)| key.as_str().is_some()) => {
                Ok(Self::Record(pairs.into_iter().filter_map(name).collect()))
            }
            value => Ok(Self::Positional(vec![value])),
        }
    }

    /// One parameter.
    pub fn value(name: &str, parameter: &impl Serialize) -> Result<Value, RpcError> {
        to_value(parameter).map_err(|error| unfit(format!("{name} cannot be sent: {error}")))
    }

    /// For net/rpc, whose methods take one: named arguments are the fields of a struct, none is an empty one.
    pub(crate) fn into_one(self, method: &str) -> Result<Value, RpcError> {
        match self {
            Arguments::Named(pairs) | Arguments::Record(pairs) => Ok(Value::map(pairs)),
            Arguments::Positional(mut values) if values.len() <= 1 => {
                // An empty struct always encodes.
                Ok(values.pop().unwrap_or_else(|| to_value(&Empty {}).unwrap_or_default()))
            }
            Arguments::Positional(values) => Err(unfit(format!(
                "{method} was given {} arguments, but methods of net/rpc take one; for a struct write {{\"A\":17,\"B\":8}} or --set A=17 --set B=8",
                values.len()
            ))),
        }
    }

    /// For gRPC, whose methods take messages.
    pub(crate) fn into_messages(self) -> Vec<Value> {
        match self {
            Arguments::Positional(values) => values,
            Arguments::Named(pairs) | Arguments::Record(pairs) => vec![Value::map(pairs)],
        }
    }

    /// For wires without names: named arguments are one map.
    pub(crate) fn into_list(self) -> Vec<Value> {
        match self {
            Arguments::Positional(values) => values,
            Arguments::Named(pairs) => vec![Value::map(pairs)],
            Arguments::Record(pairs) => pairs.into_iter().map(|(_, value)| value).collect(),
        }
    }
}

/// Arguments that the method or the wire cannot take.
pub(crate) fn unfit(message: String) -> RpcError {
    RpcError::arose(Origin::Usage, message).with_kind(ErrorKind::InvalidParams)
}

impl From<Arguments> for manywire_jsonrpc::Arguments {
    fn from(arguments: Arguments) -> Self {
        match arguments {
            Arguments::Positional(values) => Self::Positional(values),
            Arguments::Record(_) => Self::Positional(arguments.into_list()),
            Arguments::Named(pairs) => {
                Self::Named(pairs.into_iter().map(|(name, value)| (name.into(), value)).collect())
            }
        }
    }
}

impl From<Vec<Value>> for Arguments {
    fn from(values: Vec<Value>) -> Self {
        Self::Positional(values)
    }
}
