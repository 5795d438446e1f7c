//! Requests on their way from Python into a call that takes many.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use manywire_client::Wire;
use manywire_core::{RpcError, Value};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use tokio::sync::{Notify, mpsc};

use crate::bridge::{Bridge, Ticket};
use crate::client::Live;
use crate::convert::to_value;
use crate::errors;
use crate::process::Owned;

/// How many requests may wait to be sent; a file comes in pieces of up to a few MiB.
pub(crate) const ROOM: usize = 16;

/// The requests of a call, as the client takes them.
pub(crate) type Requests = BoxStream<'static, Value>;

/// The end of a channel into a call that requests are put in.
///
/// A channel that closes before it was finished was given up: it must not look complete to the server.
#[derive(Clone)]
pub(crate) struct Sender {
    queue: mpsc::Sender<Value>,
    is_complete: Arc<AtomicBool>,
}

impl Sender {
    /// Waits for room; false when the call is over.
    pub(crate) async fn send(&self, request: Value) -> bool {
        self.queue.send(request).await.is_ok()
    }

    /// That was the last request.
    pub(crate) fn finish(self) {
        self.is_complete.store(true, Ordering::Release);
    }
}

/// A channel into a call.
pub(crate) fn channel() -> (Sender, Requests) {
    let (queue, receiver) = mpsc::channel(ROOM);
    let is_complete = Arc::new(AtomicBool::new(false));
    let incoming = Incoming { receiver, is_complete: is_complete.clone() };
    (Sender { queue, is_complete }, incoming.boxed())
}

struct Incoming {
    receiver: mpsc::Receiver<Value>,
    is_complete: Arc<AtomicBool>,
}

impl Stream for Incoming {
    type Item = Value;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Value>> {
        match ready!(self.receiver.poll_recv(cx)) {
            None if self.is_complete.load(Ordering::Acquire) => Poll::Ready(None),
            // Whoever gave up drops the call too, or has already.
            None => Poll::Pending,
            request => Poll::Ready(request),
        }
    }
}

/// All requests at once, of a list or tuple.
pub(crate) fn complete(requests: &Bound<'_, PyAny>, wire: Wire) -> PyResult<Option<Requests>> {
    if !requests.is_instance_of::<PyList>() && !requests.is_instance_of::<PyTuple>() {
        return Ok(None);
    }
    let values =
        requests.try_iter()?.map(|request| Ok(to_value(&request?, wire)?)).collect::<PyResult<Vec<_>>>()?;
    Ok(Some(stream::iter(values).boxed()))
}

/// The requests of a list, a tuple or a `Feed`, and what tells of their failure.
pub(crate) fn take(requests: &Bound<'_, PyAny>, wire: Wire) -> PyResult<(Requests, Arc<Failure>)> {
    if let Ok(feed) = requests.cast::<Feed>() {
        return feed.get().take();
    }
    let requests = complete(requests, wire)?
        .ok_or_else(|| errors::usage("requests come in a list, a tuple or a Feed"))?;
    Ok((requests, Arc::default()))
}

/// Takes requests as they come and hands them to a call.
#[pyclass(frozen, module = "manywire._native")]
pub(crate) struct Feed {
    sender: Mutex<Option<Sender>>,
    requests: Mutex<Option<Requests>>,
    failure: Arc<Failure>,
    wire: Wire,
    /// The blocking client that sends them, if it is one.
    live: Weak<Owned<Live>>,
}

/// What the source of the requests raised.
#[derive(Default)]
pub(crate) struct Failure {
    raised: Mutex<Option<PyErr>>,
    is_there: Notify,
}

/// Why a call that is fed ended early.
pub(crate) enum Trouble {
    Call(RpcError),
    Source(PyErr),
}

impl From<RpcError> for Trouble {
    fn from(error: RpcError) -> Self {
        Trouble::Call(error)
    }
}

impl Trouble {
    pub(crate) fn into_exception(self, py: Python<'_>, wire: Wire) -> PyErr {
        match self {
            Trouble::Call(error) => errors::to_exception(py, &error, wire),
            Trouble::Source(raised) => raised,
        }
    }
}

impl Failure {
    /// Waits for a call, until its requests fail.
    pub(crate) async fn or<T>(&self, call: impl Future<Output = T>) -> Result<T, PyErr> {
        tokio::select! {
            biased;
            raised = self.raised() => Err(raised),
            outcome = call => Ok(outcome),
        }
    }

    async fn raised(&self) -> PyErr {
        loop {
            let told = self.is_there.notified();
            if let Some(raised) = lock(&self.raised).take() {
                return raised;
            }
            told.await;
        }
    }
}

impl Feed {
    pub(crate) fn new(wire: Wire, live: Weak<Owned<Live>>) -> Self {
        let (sender, requests) = channel();
        Self {
            sender: Mutex::new(Some(sender)),
            requests: Mutex::new(Some(requests)),
            failure: Arc::default(),
            wire,
            live,
        }
    }

    /// The end that a call takes; it can be taken once.
    fn take(&self) -> PyResult<(Requests, Arc<Failure>)> {
        let requests = lock(&self.requests).take();
        let requests = requests.ok_or_else(|| errors::usage("this Feed feeds a call already"))?;
        Ok((requests, self.failure.clone()))
    }

    fn sender(&self) -> Option<Sender> {
        lock(&self.sender).clone()
    }
}

#[pymethods]
impl Feed {
    /// A feed of an asyncio client.
    #[new]
    fn unattached() -> Self {
        Self::new(Wire::Grpc, Weak::new())
    }

    /// Hands on one request of a blocking client, once there is room; false when the call is over.
    fn put(&self, py: Python<'_>, request: &Bound<'_, PyAny>) -> PyResult<bool> {
        let request = to_value(request, self.wire)?;
        let live = self.live.upgrade();
        let (Some(sender), Some(live)) = (self.sender(), live.as_ref().and_then(|live| live.get())) else {
            return Ok(false);
        };
        let taken = live.io().wait(py, async { sender.send(request).await })?;
        // Nobody may be waiting for an answer just now.
        py.detach(|| live.io().turn());
        Ok(taken)
    }

    /// Hands on one request; false when the call is over, None when there is no room.
    fn try_put(&self, request: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
        let Some(sender) = self.sender() else { return Ok(Some(false)) };
        Ok(match sender.queue.try_reserve() {
            Ok(room) => {
                room.send(to_value(request, self.wire)?);
                Some(true)
            }
            Err(mpsc::error::TrySendError::Full(())) => None,
            Err(mpsc::error::TrySendError::Closed(())) => Some(false),
        })
    }

    /// Finishes an asyncio future when there is room, or the call is over.
    fn room(&self, future: Py<PyAny>, bridge: &Bridge) -> PyResult<Ticket> {
        let sender = self.sender();
        bridge.spawn(future, async move {
            if let Some(sender) = sender {
                // Either way there is something to be found out by the next attempt.
                let _ = sender.queue.reserve().await;
            }
            |py: Python<'_>| Ok(py.None())
        })
    }

    /// That was the last request.
    fn finish(&self, py: Python<'_>) {
        let Some(sender) = lock(&self.sender).take() else { return };
        sender.finish();
        if let Some(live) = self.live.upgrade() {
            py.detach(|| live.get().map(|live| live.io().turn()));
        }
    }

    /// The source of the requests raised: the call is given up.
    fn fail(&self, exception: Bound<'_, PyAny>) {
        *lock(&self.failure.raised) = Some(PyErr::from_value(exception));
        self.failure.is_there.notify_one();
        lock(&self.sender).take();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
