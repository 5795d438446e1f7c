//! Requests that are made while the call is under way: from stdin, or from a file.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use manywire_client::Url;
use manywire_core::{Origin, RpcError, Value};
use tokio::sync::{mpsc, oneshot, watch};

use super::Failure;

/// How many requests may wait to be sent.
const WAITING: usize = 4;

/// Requests to come.
pub(crate) struct Feed {
    /// Ends when all of them are sent; never, when making them failed.
    pub(crate) requests: BoxStream<'static, Value>,
    /// Resolves only if making them failed.
    pub(crate) failed: BoxFuture<'static, Failure>,
    /// When the server is what is waited for, and not whoever makes the requests.
    pub(crate) wait: Wait,
}

/// Whether a request waits to be taken; that they are all taken is said by an end.
pub(crate) struct Wait(watch::Receiver<bool>);

impl Wait {
    /// Resolves when the server has kept us waiting so long: it takes no request, or does not answer after the last one.
    pub(crate) async fn too_long(mut self, limit: Duration, url: &Url) -> Failure {
        loop {
            let is_waiting = *self.0.borrow_and_update();
            let change = self.0.changed();
            let changed =
                if is_waiting { tokio::time::timeout(limit, change).await } else { Ok(change.await) };
            match changed {
                Ok(Ok(())) => continue,
                Ok(Err(_)) => tokio::time::sleep(limit).await,
                Err(_) => {}
            }
            let message = format!("no answer from {url} within {limit:?}");
            return RpcError::arose(Origin::Time, message).into();
        }
    }
}

/// Gives a request away and waits until there is room for another; false where no one takes them any more.
pub(crate) type Give<'g> = dyn Fn(Value) -> bool + 'g;

/// Makes requests on a thread of their own, since reading a file or a terminal blocks. The thread is not waited for in the end.
pub(crate) fn feed(make: impl FnOnce(&Give<'_>) -> Result<(), Failure> + Send + 'static) -> Feed {
    let (sender, receiver) = mpsc::channel(WAITING);
    let (fail, failed) = oneshot::channel();
    let (waiting, wait) = watch::channel(false);
    std::thread::spawn(move || {
        let give = |request| {
            waiting.send_replace(true);
            let is_taken = sender.blocking_send(request).is_ok();
            waiting.send_replace(false);
            is_taken
        };
        if let Err(failure) = make(&give)
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
    Feed { requests: requests.boxed(), failed: failed.boxed(), wait: Wait(wait) }
}
