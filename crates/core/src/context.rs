//! What a call is beside its arguments. A method that names a [`Context`] as its first argument is given one; the others
//! pay nothing for it.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::{Budget, Metadata, Peer, ReadMetadata};

/// A call as its wire knows it, before anything of it was read.
pub struct Head<'a> {
    wire: &'static str,
    method: &'a str,
    peer: &'a Peer,
    budget: &'a Budget,
    metadata: &'a dyn ReadMetadata,
    deadline: Option<Instant>,
    context: OnceCell<Context>,
}

impl<'a> Head<'a> {
    pub(crate) fn new(
        wire: &'static str,
        method: &'a str,
        peer: &'a Peer,
        budget: &'a Budget,
        terms: Terms<'a>,
    ) -> Self {
        let Terms { metadata, deadline } = terms;
        Self { wire, method, peer, budget, metadata, deadline, context: OnceCell::new() }
    }

    /// The wire that carries the call, by the name that metrics give it.
    pub fn wire(&self) -> &'static str {
        self.wire
    }

    /// The method, by its own name.
    pub fn method(&self) -> &str {
        self.method
    }

    /// Who calls.
    pub fn peer(&self) -> &Peer {
        self.peer
    }

    /// What came beside the parameters.
    pub fn metadata(&self) -> &dyn ReadMetadata {
        self.metadata
    }

    /// When the caller gives up.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The context of the call, made when it is first asked for.
    pub(crate) fn context(&self) -> Context {
        self.context.get_or_init(|| Context::of(self)).clone()
    }

    pub(crate) fn into_context(self) -> Option<Context> {
        self.context.into_inner()
    }
}

/// What a wire says of a call beside its name and parameters.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The request's metadata.
    pub metadata: &'a dyn ReadMetadata,
    /// When the caller gives up, where the wire says so.
    pub deadline: Option<Instant>,
}

impl Default for Terms<'_> {
    fn default() -> Self {
        Self { metadata: &(), deadline: None }
    }
}

/// A call, as its method and the hooks around it see it. Clones are one call.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    wire: &'static str,
    method: Box<str>,
    peer: Peer,
    budget: Budget,
    metadata: Metadata,
    answer: Mutex<Metadata>,
    deadline: Option<Instant>,
    is_over: AtomicBool,
    over: Notify,
}

impl Context {
    fn of(head: &Head<'_>) -> Self {
        Self(Arc::new(Inner {
            wire: head.wire,
            method: head.method.into(),
            peer: head.peer.clone(),
            budget: head.budget.clone(),
            metadata: Metadata::of(head.metadata),
            answer: Mutex::default(),
            deadline: head.deadline,
            is_over: AtomicBool::new(false),
            over: Notify::new(),
        }))
    }

    /// The wire that carries the call, by the name that metrics give it.
    pub fn wire(&self) -> &'static str {
        self.0.wire
    }

    /// The method's name.
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// Where the caller is, where the connection has an address.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.0.peer.address
    }

    /// The certificate that the caller showed in TLS, as DER; the server has found it good.
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        self.0.peer.certificate.as_deref()
    }

    /// Where a method charges what it holds for the call beyond its arguments and its answer: files, say.
    pub fn budget(&self) -> &Budget {
        &self.0.budget
    }

    /// What came beside the parameters: headers on the HTTP wires, metadata on gRPC, the event's header on zerorpc.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// Sends a header with the answer, on the wires that have them; those of a stream go with its end.
    pub fn answer_with(&self, name: &str, value: impl AsRef<[u8]>) {
        self.0.answer.lock().unwrap_or_else(PoisonError::into_inner).append(name, value);
    }

    /// Takes what the method wants sent beside its answer.
    pub(crate) fn take_answer_metadata(&self) -> Metadata {
        std::mem::take(&mut *self.0.answer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When the caller gives up. The call ends then by itself.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// Waits until the call is over: answered, given up by its caller, or past its deadline. For work that a method has
    /// handed to other tasks; the method's own future is dropped.
    pub async fn over(&self) {
        // Told of an end from here on, so that none comes between the look and the wait.
        let over = self.0.over.notified();
        if !self.0.is_over.load(SeqCst) {
            over.await;
        }
    }

    pub(crate) fn end(&self) {
        self.0.is_over.store(true, SeqCst);
        self.0.over.notify_waiters();
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { wire, method, peer, deadline, .. } = &*self.0;
        f.debug_struct("Context")
            .field("wire", wire)
            .field("method", method)
            .field("peer", peer)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

thread_local! {
    /// The deadline of the call that is polled on this thread.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// When the caller of the method that runs here gives up. A client that a method calls further with tells its server.
pub fn current_deadline() -> Option<Instant> {
    DEADLINE.get()
}

/// How long the caller of the method that runs here still waits.
pub fn time_left() -> Option<Duration> {
    current_deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Runs a call further with this as the [`current_deadline`], unless that is nearer. It does not end the call.
pub async fn hand_on<T>(deadline: Instant, call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    poll_fn(|cx| {
        let nearest = current_deadline().map_or(deadline, |outer| outer.min(deadline));
        with_deadline(nearest, || call.as_mut().poll(cx))
    })
    .await
}

thread_local! {
    /// What goes with the calls that are made further by what is polled on this thread.
    static HEADERS: RefCell<Option<Arc<Metadata>>> = const { RefCell::new(None) };
}

/// What goes on with the calls that the method which runs here makes, beside what its client sends anyway.
pub fn current_headers() -> Option<Arc<Metadata>> {
    HEADERS.with_borrow(Clone::clone)
}

/// Runs a call further with these as the [`current_headers`]. Clients send them on the wires that have headers.
pub async fn hand_on_headers<T>(headers: Metadata, call: impl Future<Output = T>) -> T {
    struct Restore(Option<Arc<Metadata>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            HEADERS.set(self.0.take());
        }
    }
    let headers = Arc::new(headers);
    let mut call = pin!(call);
    poll_fn(|cx| {
        let _restore = Restore(HEADERS.replace(Some(headers.clone())));
        call.as_mut().poll(cx)
    })
    .await
}

/// Runs `poll` with this as the [`current_deadline`].
pub(crate) fn with_deadline<T>(deadline: Instant, poll: impl FnOnce() -> T) -> T {
    struct Restore(Option<Instant>);
    impl Drop for Restore {
        fn drop(&mut self) {
            DEADLINE.set(self.0);
        }
    }
    let _restore = Restore(DEADLINE.replace(Some(deadline)));
    poll()
}
