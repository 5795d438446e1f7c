//! A future that is left alone until something has happened to it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use pin_project_lite::pin_project;

/// Wraps what is waited for beside every read and write of a connection: a shutdown, a time limit.
///
/// The connection polls it with every request, and a token or a timer takes locks and atomic steps each time, some of them
/// shared by all connections. The gate opens when the inner future has called its waker; until then a poll is a comparison.
pub fn gated<F: Future>(future: F) -> Gated<F> {
    let bell = Arc::new(Bell { has_rung: AtomicBool::new(false), outer: AtomicWaker::new() });
    Gated { future, waker: Waker::from(bell.clone()), bell, told: None }
}

pin_project! {
    /// A future behind a gate; see [`gated`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Gated<F> {
        #[pin]
        future: F,
        bell: Arc<Bell>,
        // The bell, as the inner future sees it.
        waker: Waker,
        // Whom the bell wakes.
        told: Option<Waker>,
    }
}

struct Bell {
    has_rung: AtomicBool,
    outer: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Before the task is woken, so that its poll finds the gate open.
        self.has_rung.store(true, Ordering::Release);
        self.outer.wake();
    }
}

impl<F: Future> Future for Gated<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let is_told = this.told.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if is_told && !this.bell.has_rung.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        if !is_told {
            *this.told = Some(cx.waker().clone());
        }
        // In this order: a ring before the task is registered, which it does not hear, is of something that the inner poll
        // will find; and one after it opens the gate again.
        this.bell.has_rung.swap(false, Ordering::AcqRel);
        this.bell.outer.register(cx.waker());
        this.future.poll(&mut Context::from_waker(this.waker))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;
    use std::task::ready;

    use tokio::sync::{mpsc, oneshot};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_inner_future_is_polled_only_after_it_has_woken() {
        let (sender, mut receiver) = oneshot::channel::<i32>();
        let polls = AtomicUsize::new(0);
        let mut gated = pin!(gated(std::future::poll_fn(|cx| {
            polls.fetch_add(1, Ordering::SeqCst);
            Poll::Ready(ready!(Pin::new(&mut receiver).poll(cx)).unwrap())
        })));
        let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
        let wakers = counts.clone().map(Waker::from);
        // One poll for each waker that is new to it.
        for (waker, expected) in [(0, 1), (0, 1), (1, 2), (1, 2)] {
            assert!(gated.as_mut().poll(&mut Context::from_waker(&wakers[waker])).is_pending());
            assert_eq!(polls.load(Ordering::SeqCst), expected);
        }
        sender.send(7).unwrap();
        assert_eq!(counts.each_ref().map(|count| count.0.load(Ordering::SeqCst)), [0, 1]);
        assert_eq!(gated.as_mut().poll(&mut Context::from_waker(&wakers[1])), Poll::Ready(7));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_is_missed_however_it_falls_between_polls() {
        for round in 0..2_000 {
            let (sender, mut receiver) = mpsc::channel(1);
            let waiting = tokio::spawn(async move {
                let mut gated = pin!(gated(async {
                    let mut got = Vec::new();
                    while let Some(item) = receiver.recv().await {
                        got.push(item);
                    }
                    got
                }));
                // Polled again and again by one waker, as beside a busy connection.
                loop {
                    tokio::select! {
                        biased;
                        got = &mut gated => return got,
                        () = tokio::task::yield_now(), if round % 2 == 0 => {}
                    }
                }
            });
            for item in 0..3 {
                sender.send(item).await.unwrap();
            }
            drop(sender);
            assert_eq!(waiting.await.unwrap(), [0, 1, 2]);
        }
    }
}
