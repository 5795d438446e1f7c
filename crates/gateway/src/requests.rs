//! A stream of requests on its way to another server.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::future::{Either, select};
use futures_util::stream::{Stream, StreamExt as _};
use manywire_core::{Given, Requests, RpcError};
use tokio::sync::oneshot;

/// Learns of it when the requests end before they are complete.
pub(crate) struct Broken(oneshot::Receiver<RpcError>);

/// The requests as the client sends them. Where they break off, they never end: to end them would say that they are complete.
pub(crate) fn forwarded(requests: Requests<Given>) -> (impl Stream<Item = Given> + Send + 'static, Broken) {
    let (tell, told) = oneshot::channel();
    let requests = futures_util::stream::unfold((requests, Some(tell)), |(mut requests, tell)| async {
        match requests.next().await? {
            Ok(given) => Some((given, (requests, tell))),
            Err(error) => {
                tell.map(|tell| tell.send(error));
                std::future::pending().await
            }
        }
    });
    (requests, Broken(told))
}

impl Broken {
    /// The answer, or why the requests broke off, whichever is first. The call is given up then.
    pub(crate) async fn or<T>(
        &mut self,
        answer: impl Future<Output = Result<T, RpcError>>,
    ) -> Result<T, RpcError> {
        match select(&mut self.0, pin!(answer)).await {
            Either::Left((Ok(error), _)) => Err(error),
            // The requests are complete.
            Either::Left((Err(_), answer)) => answer.await,
            Either::Right((answer, _)) => answer,
        }
    }

    /// The answers, which end with why the requests broke off.
    pub(crate) fn ending<S, T>(self, answers: S) -> impl Stream<Item = Result<T, RpcError>> + Send + 'static
    where
        S: Stream<Item = Result<T, RpcError>> + Send + Unpin + 'static,
        T: 'static,
    {
        Ending { answers: Some(answers), broken: Some(self.0) }
    }
}

struct Ending<S> {
    answers: Option<S>,
    broken: Option<oneshot::Receiver<RpcError>>,
}

impl<T, S: Stream<Item = Result<T, RpcError>> + Unpin> Stream for Ending<S> {
    type Item = Result<T, RpcError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(broken) = &mut self.broken
            && let Poll::Ready(told) = Pin::new(broken).poll(cx)
        {
            self.broken = None;
            if let Ok(error) = told {
                self.answers = None;
                return Poll::Ready(Some(Err(error)));
            }
        }
        match &mut self.answers {
            Some(answers) => answers.poll_next_unpin(cx),
            None => Poll::Ready(None),
        }
    }
}
