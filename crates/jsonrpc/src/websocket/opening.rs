//! What the request that asked for a WebSocket said of the calls on it.

use std::time::{Duration, Instant};

use http::HeaderMap;
use manywire_core::{Budget, Charge, Metadata, RpcError, Terms};
use manywire_http::{Beside, Headers};

/// Headers of a usual length are not charged.
const SMALL: usize = 4 << 10;

/// Bytes that a header takes in memory beside its text.
const HEADER: usize = 64;

/// The headers of the handshake. They are copied, since they share the memory of all that came with them.
pub(crate) struct Opening {
    metadata: Metadata,
    /// How long the caller waits for each answer.
    timeout: Option<Duration>,
    _charge: Option<Charge>,
}

impl Opening {
    /// Keeps the headers of a handshake; an error where they are too many, or the timeout is malformed.
    pub(crate) fn of(headers: &HeaderMap, budget: &Budget) -> Result<Self, RpcError> {
        let sent = Headers(headers);
        let timeout = sent.timeout()?;
        let weight: usize =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER).sum();
        let charge = (weight > SMALL).then(|| budget.charge(weight)).transpose()?;
        Ok(Self { metadata: Metadata::of(&sent), timeout, _charge: charge })
    }

    /// What travels beside a message that has come now. No headers go with its answer.
    pub(crate) fn beside(&self) -> Beside<'_> {
        let deadline = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Beside { terms: Terms { metadata: &self.metadata, deadline }, answer: None }
    }
}
