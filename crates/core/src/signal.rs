//! A word that is said once, to everybody who waits for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// A [`CancellationToken`] to be waited for beside every read and write of a connection.
///
/// The token's own future takes two locks that all connections share each time it is polled. A connection polls what it waits
/// for with every request, so here that is a load and a comparison.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signal {
    is_given: Arc<AtomicBool>,
    token: CancellationToken,
}

impl Signal {
    pub(crate) fn give(&self) {
        // Before the wakers are called, so that whoever is woken sees it.
        self.is_given.store(true, Ordering::Release);
        self.token.cancel();
    }

    pub(crate) fn is_given(&self) -> bool {
        self.is_given.load(Ordering::Acquire)
    }

    pub(crate) fn given(&self) -> Given<'_> {
        Given { is_given: &self.is_given, token: self.token.cancelled(), told: None }
    }
}

pin_project! {
    /// Resolves once the signal is given.
    #[must_use = "futures do nothing unless polled"]
    pub struct Given<'s> {
        is_given: &'s AtomicBool,
        #[pin]
        token: WaitForCancellationFuture<'s>,
        // Whom the token will wake.
        told: Option<Waker>,
    }
}

impl Future for Given<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let will_wake = this.told.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if will_wake && !this.is_given.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        *this.told = Some(cx.waker().clone());
        ready!(this.token.poll(cx));
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn whoever_polled_last_is_woken() {
        let signal = Signal::default();
        let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
        let wakers = counts.clone().map(Waker::from);
        let mut given = pin!(signal.given());
        for waker in [&wakers[0], &wakers[0], &wakers[1], &wakers[1]] {
            assert!(given.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        assert!(!signal.is_given());
        signal.give();
        assert!(signal.is_given());
        assert_eq!(counts.map(|count| count.0.load(Ordering::SeqCst)), [0, 1]);
        assert!(given.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_ready());
    }

    #[test]
    fn it_is_heard_by_who_comes_late() {
        let signal = Signal::default();
        signal.give();
        let late = signal.clone();
        let mut given = pin!(late.given());
        assert!(given.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_word_is_missed_however_it_falls_between_polls() {
        for _ in 0..2_000 {
            let signal = Signal::default();
            let waiting = tokio::spawn({
                let signal = signal.clone();
                async move {
                    let mut given = pin!(signal.given());
                    // Polled again and again by one waker, as beside a busy connection.
                    tokio::select! {
                        () = &mut given => return,
                        () = tokio::task::yield_now() => {}
                    }
                    given.await;
                }
            });
            signal.give();
            waiting.await.unwrap();
        }
    }
}
