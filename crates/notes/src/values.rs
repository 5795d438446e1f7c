//! Methods on values of any type.

use manywire_core::{RpcError, Value};

/// Any one value.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct Any {
    x: Value,
}

/// The same value.
pub async fn echo(Any { x }: Any) -> Result<Value, RpcError> {
    Ok(x)
}
