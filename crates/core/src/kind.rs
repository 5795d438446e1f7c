//! The four kinds of method.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a method takes and gives: one message or a stream of them, in each direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One request, one answer.
    Unary,
    /// One request, a stream of answers.
    ServerStream,
    /// A stream of requests, one answer.
    ClientStream,
    /// Streams both ways.
    TwoWay,
}

impl Kind {
    /// The kind of a method that takes a stream or one request, and answers with a stream or once.
    pub fn of(takes_stream: bool, answers_stream: bool) -> Self {
        match (takes_stream, answers_stream) {
            (false, false) => Kind::Unary,
            (false, true) => Kind::ServerStream,
            (true, false) => Kind::ClientStream,
            (true, true) => Kind::TwoWay,
        }
    }

    /// Whether requests come as a stream.
    pub fn takes_stream(self) -> bool {
        matches!(self, Kind::ClientStream | Kind::TwoWay)
    }

    /// Whether answers go as a stream.
    pub fn answers_stream(self) -> bool {
        matches!(self, Kind::ServerStream | Kind::TwoWay)
    }

    /// The name that introspection gives it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Unary => "unary",
            Kind::ServerStream => "server_stream",
            Kind::ClientStream => "client_stream",
            Kind::TwoWay => "two_way",
        }
    }

    /// What a caller on a wire that cannot carry this kind is told: what the method does, and which wires can.
    pub fn elsewhere(self) -> &'static str {
        match self {
            Kind::Unary => "has one request and one answer; every wire carries it",
            Kind::ServerStream => {
                "answers with a stream; call it by zerorpc, by gRPC, by POST /call/… over HTTP, or by JSON-RPC over a WebSocket"
            }
            Kind::ClientStream => "takes a stream of requests; call it by gRPC",
            Kind::TwoWay => "streams both ways; call it by gRPC",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
