//! What a wire is handed beside the stream that its caller accepted.

use std::sync::Arc;

use crate::{Drain, Limits, Session};

/// Everything that one connection needs: the methods, the limits, and word of the shutdown.
#[derive(Clone)]
pub struct Connection {
    /// Calls methods, under this connection's rate limit.
    pub session: Session,
    /// What the peer may ask for.
    pub limits: Arc<Limits>,
    /// When to wind down.
    pub drain: Drain,
}
