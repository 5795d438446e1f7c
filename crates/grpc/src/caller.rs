//! What the calls of one connection share.

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use manywire_core::{Activity, Budget, Dispatch, Limits, Peer, Session};
use tonic::Status;

use crate::registered;

/// A connection, as its calls see it.
pub(crate) struct Caller {
    /// Calls the methods of the registry.
    pub(crate) session: Session,
    /// What a message may hold.
    pub(crate) limits: manywire_protobuf::Limits,
    /// What it makes the server hold is charged here.
    pub(crate) budget: Budget,
    /// Its calls under way are counted here.
    pub(crate) activity: Activity,
    /// No more than this can ever be charged.
    pub(crate) most: usize,
    /// Bytes in one message, decompressed too, of a request or of an answer.
    pub(crate) message_bytes: usize,
    /// Room for a message whose length is known only in the end.
    pub(crate) reserve: usize,
    /// How long a request may take to come, beside the time that its bytes earn.
    pub(crate) handshake: Duration,
    /// How long to wait for room in the budget, or for the next piece of an upload.
    pub(crate) stall: Duration,
}

/// What a call that waits for its peer, or answers with a stream, holds in buffers and headers. Connections have this much
/// for free, so that a first call is taken when memory is short.
pub(crate) const OPEN: usize = 8 << 10;

/// Messages up to this size fit into buffers that every call has.
pub(crate) const SMALL: usize = 8 << 10;

impl Caller {
    pub(crate) fn new(
        dispatch: &Arc<Dispatch>,
        limits: &Limits,
        budget: &Budget,
        activity: &Activity,
        peer: Peer,
    ) -> Arc<Self> {
        Arc::new(Self {
            session: dispatch.session_of(limits, activity, budget, peer),
            limits: registered::limits(limits),
            budget: budget.clone(),
            activity: activity.clone(),
            most: limits.connection_memory.min(limits.memory),
            message_bytes: limits.message_bytes,
            reserve: limits.message_bytes.min(limits.connection_memory / 4),
            handshake: limits.handshake,
            stall: limits.stall,
        })
    }
    /// Waits until the budget is no longer full, and has room for so many bytes.
    pub(crate) fn room(self: Arc<Self>, bytes: usize) -> BoxFuture<'static, Result<(), Status>> {
        Box::pin(async move {
            let room = async {
                self.budget.room().await;
                self.budget.room_for(bytes).await;
            };
            let waited = tokio::time::timeout(self.stall, room).await;
            waited
                .map_err(|_| Status::resource_exhausted("the server holds too much at once; try again later"))
        })
    }
}
