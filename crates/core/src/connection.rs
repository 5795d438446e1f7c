//! What a wire is handed beside the stream that its caller accepted.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{Budget, Drain, Limits, Session};

/// Everything that one connection needs: the methods, the limits, the budget, and word of the shutdown.
#[derive(Clone)]
pub struct Connection {
    /// Calls methods, under this connection's rate limit.
    pub session: Session,
    /// What the peer may ask for.
    pub limits: Arc<Limits>,
    /// What the peer makes the server hold is charged here.
    pub budget: Budget,
    /// When to wind down.
    pub drain: Drain,
    /// When it was accepted: the time for everything before its first call is complete began there.
    pub accepted: Instant,
}

impl Connection {
    /// A connection that was accepted now, with a budget of its own; set `budget` where several share one process's.
    pub fn new(session: Session, limits: Arc<Limits>, drain: Drain) -> Self {
        let budget = Budget::alone(&limits);
        Self { session, limits, budget, drain, accepted: Instant::now() }
    }
}
