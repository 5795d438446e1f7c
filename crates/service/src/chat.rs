//! A conversation.

use futures_core::Stream;
use futures_util::StreamExt as _;
use manywire_core::{Requests, RpcError};
use serde::{Deserialize, Serialize};

/// What a client says.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct TextRequest {
    #[expect(dead_code, reason = "every message gets the same answer")]
    message: String,
}

/// What the server answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextResponse {
    /// The text.
    pub message: String,
}

/// One answer for each message, numbered from 0.
pub fn answers(incoming: Requests<TextRequest>) -> impl Stream<Item = Result<TextResponse, RpcError>> + Send {
    let answer = |i| TextResponse { message: format!("server send world to client!i={i}") };
    incoming.enumerate().map(move |(i, message)| message.map(|_| answer(i)))
}
