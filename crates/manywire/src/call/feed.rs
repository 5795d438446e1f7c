//! Requests that are made while the call is under way: from stdin, or from a file.

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use manywire_core::Value;
use tokio::sync::{mpsc, oneshot};

use super::Failure;

/// How many requests may wait to be sent.
const WAITING: usize = 4;

/// Requests to come.
pub(crate) struct Feed {
    /// Ends when all of them are sent; never, when making them failed.
    pub(crate) requests: BoxStream<'static, Value>,
    /// Resolves only if making them failed.
    pub(crate) failed: BoxFuture<'static, Failure>,
}

/// Gives a request away and waits until there is room for another; false where no one takes them any more.
pub(crate) type Give<'g> = dyn Fn(Value) -> bool + 'g;

/// Makes requests on a thread of their own, since reading a file or a terminal blocks. The thread is not waited for in the end.
pub(crate) fn feed(make: impl FnOnce(&Give<'_>) -> Result<(), Failure> + Send + 'static) -> Feed {
    let (sender, receiver) = mpsc::channel(WAITING);
    let (fail, failed) = oneshot::channel();
    std::thread::spawn(move || {
        if let Err(failure) = make(&|request| sender.blocking_send(request).is_ok())
            && fail.send(failure).is_ok()
        {
            // To go away would end the requests, as if they were complete.
            loop {
                std::thread::park();
            }
        }
    });
    let requests =
        stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    let failed = async {
        match failed.await {
            Ok(failure) => failure,
            Err(_) => std::future::pending().await,
        }
    };
    Feed { requests: requests.boxed(), failed: failed.boxed() }
}
