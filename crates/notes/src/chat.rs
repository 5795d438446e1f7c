//! A conversation.

use futures_core::Stream;
use futures_util::StreamExt as _;
use manywire_core::{Requests, RpcError};

/// What a client says.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct TextRequest {
    message: String,
}

/// What the server answers.
#[manywire_core::message]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextResponse {
    /// The text.
    pub message: String,
}

/// One answer for each message, numbered from 0.
pub fn answers(incoming: Requests<TextRequest>) -> impl Stream<Item = Result<TextResponse, RpcError>> + Send {
    let answer = |i| TextResponse { message: format!("server send world to client!i={i}") };
    incoming.enumerate().map(move |(i, message)| message.map(|_| answer(i)))
}
