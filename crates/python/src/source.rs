//! The items of a stream, read in chunks: as many as are there, but at least one.

use std::sync::{Arc, PoisonError};

use futures_util::{FutureExt as _, StreamExt as _};
use manywire_client::Items;
use manywire_core::{RpcError, Value};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::feed::{Failure, Trouble};

/// The most items of one chunk.
const CHUNK: usize = 256;

/// What was read: items, or why there are no more; no items at the end.
pub(crate) type Chunk = Result<Vec<Value>, Trouble>;

/// A stream that any number of readers may share, and give up waiting for without a loss.
pub(crate) struct Source {
    state: Mutex<State>,
    /// Read already, for whoever takes it first.
    chunk: std::sync::Mutex<Option<Chunk>>,
    closed: CancellationToken,
    /// Where it is fed from Python.
    failure: Option<Arc<Failure>>,
}

enum State {
    Open(Items),
    /// It failed behind items that had to be read first.
    Failed(Trouble),
    Over,
}

impl Source {
    pub(crate) fn new(items: Items, failure: Option<Arc<Failure>>) -> Self {
        let (state, chunk) = (Mutex::new(State::Open(items)), std::sync::Mutex::default());
        Self { state, chunk, closed: CancellationToken::new(), failure }
    }

    /// Waits until there is a chunk to take, which another reader may still take first.
    pub(crate) async fn ready(&self) {
        let read = async {
            let mut state = self.state.lock().await;
            if self.chunk().is_none() {
                let chunk = state.next(self.failure.as_deref()).await;
                *self.chunk() = Some(chunk);
            }
        };
        if self.closed.run_until_cancelled(read).await.is_none() {
            *self.chunk() = Some(Ok(Vec::new()));
        }
    }

    /// Takes the chunk that is there.
    pub(crate) fn take(&self) -> Option<Chunk> {
        self.chunk().take()
    }

    /// Waits for a chunk and takes it.
    pub(crate) async fn next(&self) -> Chunk {
        loop {
            self.ready().await;
            if let Some(chunk) = self.take() {
                return chunk;
            }
        }
    }

    fn chunk(&self) -> std::sync::MutexGuard<'_, Option<Chunk>> {
        self.chunk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it for the server too; whoever waits for an item gets none.
    pub(crate) fn close(&self) {
        self.closed.cancel();
        // A reader that holds it lets go at its next turn, and the last owner drops the items.
        if let Ok(mut state) = self.state.try_lock() {
            *state = State::Over;
        }
    }
}

impl State {
    async fn next(&mut self, failure: Option<&Failure>) -> Chunk {
        let State::Open(items) = self else {
            return match std::mem::replace(self, State::Over) {
                State::Failed(trouble) => Err(trouble),
                _ => Ok(Vec::new()),
            };
        };
        let first = match failure {
            None => Ok(items.next().await),
            Some(failure) => failure.or(items.next()).await,
        };
        let mut chunk = Vec::new();
        let end = match first {
            Ok(first) => fill(&mut chunk, first, items),
            Err(raised) => Some(State::Failed(Trouble::Source(raised))),
        };
        if let Some(end) = end {
            *self = end;
        }
        if chunk.is_empty()
            && let State::Failed(trouble) = std::mem::replace(self, State::Over)
        {
            return Err(trouble);
        }
        Ok(chunk)
    }
}

/// Takes what is there; tells how the stream has ended, if it has.
fn fill(chunk: &mut Vec<Value>, first: Option<Result<Value, RpcError>>, items: &mut Items) -> Option<State> {
    let mut next = first;
    loop {
        match next {
            Some(Ok(value)) => chunk.push(value),
            Some(Err(error)) => return Some(State::Failed(error.into())),
            None => return Some(State::Over),
        }
        if chunk.len() == CHUNK {
            return None;
        }
        next = items.next().now_or_never()?;
    }
}
