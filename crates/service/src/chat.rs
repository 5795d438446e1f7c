//! A conversation.

use futures_core::Stream;
use futures_util::StreamExt as _;
use manywire_core::RpcError;

/// One answer for each message, numbered from 0.
pub fn answers<T>(
    incoming: impl Stream<Item = Result<T, RpcError>>,
) -> impl Stream<Item = Result<String, RpcError>> {
    incoming.enumerate().map(|(i, message)| message.map(|_| format!("server send world to client!i={i}")))
}
