//! What runs around methods: guards before anything of a call is read, hooks around its run, observers after its end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, stream};

use crate::context::Head;
use crate::handler::Items;
use crate::{Context, ErrorKind, Peer, Reply, ReplyFuture, ReplyStream, Returns, RpcError};

/// Lets a call through, or says why not.
pub(crate) type Guard = dyn Fn(&Head<'_>) -> Result<(), RpcError> + Send + Sync;

/// Is told of every call that has ended.
pub(crate) type Observer = dyn Fn(&Ended<'_>) + Send + Sync;

/// A call that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// The wire that carried it.
    pub wire: &'static str,
    /// The method, or [`UNKNOWN_METHOD`](crate::UNKNOWN_METHOD).
    pub method: &'a str,
    /// Who called.
    pub peer: &'a Peer,
    /// How long it took.
    pub took: Duration,
    /// What kind of error it was answered with, if any.
    pub error: Option<ErrorKind>,
}

/// What a call is answered with.
pub enum Answer {
    /// One value.
    Once(Box<dyn Reply>),
    /// A stream of values.
    Stream(ReplyStream),
}

impl Answer {
    /// One value.
    pub fn once(value: impl Returns) -> Self {
        Answer::Once(Box::new(value))
    }
}

/// A call that is on its way to its answer.
pub type AnswerFuture = Pin<Box<dyn Future<Output = Result<Answer, RpcError>> + Send>>;

/// An async function around calls: it may refuse one, time it, answer it itself, or hand it on with [`Next::run`].
pub trait Hook: Send + Sync + 'static {
    /// Handles one call, whose arguments were read.
    fn call(&self, context: Context, next: Next) -> AnswerFuture;
}

impl<F, Fut> Hook for F
where
    F: Fn(Context, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Answer, RpcError>> + Send + 'static,
{
    fn call(&self, context: Context, next: Next) -> AnswerFuture {
        Box::pin(self(context, next))
    }
}

/// The rest of a call: the hooks further in, then the method.
pub struct Next {
    context: Context,
    hooks: Arc<[Arc<dyn Hook>]>,
    at: usize,
    method: AnswerFuture,
}

impl Next {
    /// Goes on with the call. Dropping it instead leaves the method alone.
    pub fn run(mut self) -> AnswerFuture {
        let Some(hook) = self.hooks.get(self.at).cloned() else { return self.method };
        self.at += 1;
        hook.call(self.context.clone(), self)
    }
}

/// The same call with its hooks around it.
pub(crate) fn around(hooks: &Arc<[Arc<dyn Hook>]>, context: Context, method: ReplyFuture) -> ReplyFuture {
    let method = Box::pin(method.map(|reply| reply.map(Answer::Once)));
    let answer = Next { context, hooks: hooks.clone(), at: 0, method }.run();
    Box::pin(async move {
        match answer.await? {
            Answer::Once(reply) => Ok(reply),
            Answer::Stream(_) => {
                Err(RpcError::internal("a hook answered with a stream where one value is due"))
            }
        }
    })
}

/// The same for a method that answers with a stream; its hooks end when the stream begins.
pub(crate) fn around_items(hooks: &Arc<[Arc<dyn Hook>]>, context: Context, method: Items) -> Items {
    let method: AnswerFuture = Box::pin(async move {
        Ok(Answer::Stream(match method {
            Items::Open(items) => items,
            Items::Opening(opening) => opening.await?,
        }))
    });
    let answer = Next { context, hooks: hooks.clone(), at: 0, method }.run();
    Items::Opening(Box::pin(async move {
        Ok(match answer.await? {
            Answer::Stream(items) => items,
            Answer::Once(reply) => Box::pin(stream::iter([Ok(reply)])) as ReplyStream,
        })
    }))
}
