//! Methods on values of any type.

use manywire_core::{RpcError, Value};
use serde::Deserialize;

/// Any one value.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Any {
    x: Value,
}

/// The same value.
pub async fn echo(Any { x }: Any) -> Result<Value, RpcError> {
    Ok(x)
}
