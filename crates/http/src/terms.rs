//! What a connection is served under.

use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Budget, Connection, Drain, Limits};
use tokio::time::Instant;

use crate::{Arrival, Guard};

/// Everything that [`serve`](crate::serve) is told of a connection.
#[derive(Clone)]
pub struct Terms {
    /// What the peer may ask for.
    pub limits: Arc<Limits>,
    /// What an operator set for HTTP/2.
    pub http2: Arc<Http2>,
    /// What the peer makes the server hold is charged here.
    pub budget: Budget,
    /// When to wind down.
    pub drain: Drain,
    /// Who may call.
    pub guard: Arc<Guard>,
    /// How the connection came.
    pub arrival: Arrival,
    /// When the connection was accepted: the time for its first request began there.
    pub accepted: Instant,
}

impl Terms {
    /// The defaults, with a budget for this connection alone. The connection was accepted now.
    pub fn new(limits: Arc<Limits>, drain: Drain) -> Self {
        Self {
            budget: Budget::alone(&limits),
            http2: Arc::default(),
            guard: Arc::default(),
            arrival: Arrival::default(),
            accepted: Instant::now(),
            limits,
            drain,
        }
    }

    /// The same, with what a connection's wire has: limits, budget, drain, and when it was accepted.
    pub fn of(connection: &Connection) -> Self {
        let Connection { limits, budget, drain, accepted, .. } = connection;
        Self { budget: budget.clone(), accepted: *accepted, ..Self::new(limits.clone(), drain.clone()) }
    }
}

/// What an operator may set for HTTP/2 connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http2 {
    /// Pings a silent peer this often, to notice that it is gone.
    pub ping_interval: Option<Duration>,
    /// Takes a peer for gone that does not answer a ping within this time.
    pub ping_timeout: Duration,
    /// Ends a connection at this age, so that balancers can move its client.
    pub max_age: Option<Duration>,
    /// Requests under way on one connection.
    pub streams: u32,
    /// Bytes of headers in one request.
    pub header_bytes: u32,
    /// Bytes that one stream may send before we have taken them in.
    pub stream_window: u32,
}

impl Default for Http2 {
    fn default() -> Self {
        Self {
            ping_interval: Some(Duration::from_secs(60)),
            ping_timeout: Duration::from_secs(20),
            max_age: None,
            streams: 128,
            header_bytes: 16 << 10,
            stream_window: 256 << 10,
        }
    }
}
