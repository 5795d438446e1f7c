//! Streams as subscriptions: each item is a notification that names the stream and carries the subscription's id.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::stream::{AbortHandle, Abortable};
use futures_util::{FutureExt as _, StreamExt as _};
use manywire_core::{CallStream, Charge, ErrorKind, Reply, RpcError, Value};
use manywire_json::Text;

use crate::answer::Wire;
use crate::reply::{Event, notification};

/// The notifications of one subscription, written out.
pub(crate) type Notifications = Abortable<Feed>;

/// Bytes that a subscription takes; an estimate.
const SUBSCRIPTION: usize = 1 << 10;

/// The subscriptions of one connection.
pub(crate) struct Subscriptions {
    active: Arc<Active>,
    wire: Wire,
}

#[derive(Default)]
struct Active(Mutex<Table>);

#[derive(Default)]
struct Table {
    last: u64,
    /// By id: the stream's name, and how to end it.
    entries: HashMap<u64, (String, AbortHandle)>,
}

impl Active {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Held for a few instructions that cannot panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriptions {
    /// At most as many at a time as calls may be in flight.
    pub(crate) fn new(wire: &Wire) -> Self {
        Self { active: Arc::default(), wire: wire.clone() }
    }

    /// Begins a subscription. A stream that fails at once is an error and not a subscription.
    pub(crate) fn begin(&self, name: &str, mut items: CallStream) -> Result<(u64, Notifications), RpcError> {
        let first = match items.next().now_or_never() {
            Some(Some(Err(error))) => return Err(error),
            Some(Some(Ok(item))) => Some(item),
            _ => None,
        };
        let charge = self.wire.budget.charge(SUBSCRIPTION)?;
        let (abort, registration) = AbortHandle::new_pair();
        let mut table = self.active.lock();
        let limit = self.wire.limits.in_flight;
        if table.entries.len() >= limit {
            let message = format!("this connection has {limit} subscriptions; end one first");
            return Err(RpcError::new(ErrorKind::ResourceExhausted, message));
        }
        table.last += 1;
        let id = table.last;
        table.entries.insert(id, (name.to_owned(), abort));
        let feed = Feed {
            id,
            name: name.to_owned(),
            first,
            items: Some(items),
            active: self.active.clone(),
            wire: self.wire.clone(),
            _charge: charge,
        };
        Ok((id, Abortable::new(feed, registration)))
    }

    /// Ends a subscription to the stream of this name. False: there is none.
    pub(crate) fn end(&self, name: &str, id: &Value) -> bool {
        let Some(id) = id.as_i64().and_then(|id| u64::try_from(id).ok()) else {
            return false;
        };
        let mut table = self.active.lock();
        match table.entries.get(&id) {
            Some((stream, abort)) if stream == name => abort.abort(),
            _ => return false,
        }
        table.entries.remove(&id);
        true
    }
}

/// One stream on its way to a peer.
pub(crate) struct Feed {
    id: u64,
    name: String,
    /// An item that was there when the subscription began.
    first: Option<Box<dyn Reply>>,
    /// None once it has ended.
    items: Option<CallStream>,
    active: Arc<Active>,
    wire: Wire,
    _charge: Charge,
}

impl Stream for Feed {
    type Item = Text;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Text>> {
        let event = match (self.first.take(), &mut self.items) {
            (Some(item), _) => Event::Item(item),
            (None, None) => return Poll::Ready(None),
            (None, Some(items)) => match ready!(items.poll_next_unpin(cx)) {
                Some(Ok(item)) => Event::Item(item),
                Some(Err(error)) => Event::Failed(error),
                None => Event::Ended,
            },
        };
        if !matches!(event, Event::Item(_)) {
            self.items = None;
        }
        Poll::Ready(Some(notification(self.wire.room(), &self.name, self.id, event)))
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.active.lock().entries.remove(&self.id);
    }
}
