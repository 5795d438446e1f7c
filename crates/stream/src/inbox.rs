//! What was read from a peer and not yet taken.

use std::fmt;
use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use manywire_core::{Budget, Charge, Limits};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

use crate::stall::Stall;

/// What a read is offered. It lies on the stack, so that an idle connection holds no buffer.
const CHUNK: usize = 16 << 10;

/// A message that is longer than a chunk is read into its own buffer, so much at a time.
const LONG_READ: usize = 64 << 10;

/// A part of a message that is smaller than this may stand still for ever.
const NEGLIGIBLE: usize = 4 << 10;

type Room = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Bytes received, in order.
pub struct Inbox {
    bytes: BytesMut,
    /// The size of the buffer; what was taken off its front is a part of it, though not of its capacity.
    allocated: usize,
    budget: Budget,
    charge: Charge,
    stall: Stall,
    /// Told when the budget is no longer full.
    room: Option<Room>,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("bytes", &self.bytes)
            .field("charge", &self.charge)
            .finish_non_exhaustive()
    }
}

impl Inbox {
    /// What was read before, and a budget to charge.
    pub fn new(bytes: BytesMut, budget: &Budget, limits: &Limits) -> Self {
        Self {
            allocated: bytes.capacity(),
            bytes,
            budget: budget.clone(),
            charge: budget.nothing(),
            stall: Stall::new(limits.stall),
            room: None,
        }
    }

    /// The same for a client, which waits for its user to take what was asked for, however long that takes.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { stall: Stall::new(Duration::MAX), ..self }
    }

    /// What is there; a codec takes complete messages off its front.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// What is there, to look at.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives up a large buffer more than half of which was taken. To be called when messages were taken, before a wait for
    /// anything but more input.
    pub fn trim(&mut self) {
        let left = self.bytes.len();
        if self.allocated > CHUNK && left < self.allocated / 2 {
            self.bytes = BytesMut::from(&self.bytes[..]);
            self.allocated = self.bytes.capacity();
            self.hold();
        }
        if left == 0 {
            self.stall.rest();
        }
    }

    /// Reads once; zero bytes mean that the peer sends no more.
    ///
    /// While the budget is full nothing is read, and it is an error when a part of a message has stood still for the whole of
    /// [`Limits::stall`]: it is what others wait for.
    pub fn poll_read<IO>(&mut self, io: &mut IO, cx: &mut Context<'_>) -> Poll<io::Result<usize>>
    where
        IO: AsyncRead + Unpin,
    {
        self.trim();
        if self.budget.is_full() {
            ready!(self.poll_room(cx))?;
        }
        let Poll::Ready(count) = self.poll_chunk(io, cx)? else {
            self.hold();
            return self.poll_starved(cx).map(Err);
        };
        self.stall.progress();
        if self.allocated > CHUNK {
            self.hold();
        }
        Poll::Ready(Ok(count))
    }

    /// Charges what is held; it exists already, so it is not asked whether it may.
    fn hold(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = BytesMut::new();
            self.allocated = 0;
        }
        if self.charge.bytes() != self.allocated {
            self.charge.set(self.allocated);
        }
    }

    fn poll_chunk<IO: AsyncRead + Unpin>(
        &mut self,
        io: &mut IO,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let capacity = self.bytes.capacity();
        let polled = if self.bytes.len() < CHUNK {
            let mut space = [MaybeUninit::uninit(); CHUNK];
            let mut chunk = ReadBuf::uninit(&mut space);
            Pin::new(io).poll_read(cx, &mut chunk).map_ok(|()| {
                self.bytes.extend_from_slice(chunk.filled());
                chunk.filled().len()
            })
        } else {
            self.bytes.reserve(LONG_READ);
            poll_read_buf(Pin::new(io), cx, &mut self.bytes)
        };
        self.measure(capacity);
        polled
    }

    /// Notes how large the buffer has become, whose capacity was this much.
    fn measure(&mut self, before: usize) {
        let after = self.bytes.capacity();
        // Within what there was, only the part in front that was taken has come back.
        if after > self.allocated {
            let taken = self.allocated.saturating_sub(before);
            self.allocated = taken + after;
        }
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.budget.is_full() {
            let budget = &self.budget;
            let room = self.room.get_or_insert_with(|| {
                let budget = budget.clone();
                Box::pin(async move { budget.room().await })
            });
            if room.as_mut().poll(cx).is_pending() {
                self.hold();
                return self.poll_starved(cx).map(Err);
            }
            self.room = None;
        }
        Poll::Ready(Ok(()))
    }

    /// Ready when a part of a message has stood still for too long, and memory is short.
    fn poll_starved(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.allocated <= NEGLIGIBLE {
            return Poll::Pending;
        }
        loop {
            ready!(self.stall.poll(cx));
            if self.budget.is_full() {
                let why = "memory is short, and a request has stood still for too long";
                return Poll::Ready(io::Error::new(io::ErrorKind::OutOfMemory, why));
            }
            self.stall.progress();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Waker;

    use bytes::Buf as _;
    use proptest::prelude::*;
    use tokio::io::{AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    use super::*;

    fn limits() -> Limits {
        Limits { stall: Duration::from_secs(5), connection_memory: 1 << 20, ..Limits::default() }
    }

    fn inbox(budget: &Budget) -> Inbox {
        Inbox::new(BytesMut::new(), budget, &limits())
    }

    async fn read<IO: AsyncRead + Unpin>(inbox: &mut Inbox, io: &mut IO) -> io::Result<usize> {
        poll_fn(|cx| inbox.poll_read(io, cx)).await
    }

    fn is_idle<IO: AsyncRead + Unpin>(inbox: &mut Inbox, io: &mut IO) -> bool {
        inbox.poll_read(io, &mut Context::from_waker(Waker::noop())).is_pending()
    }

    #[tokio::test]
    async fn what_waits_is_charged_and_an_idle_connection_holds_nothing() {
        let (mut ours, mut theirs) = duplex(1 << 20);
        let budget = Budget::alone(&limits());
        let mut inbox = inbox(&budget);
        theirs.write_all(&[7; 300]).await.unwrap();
        assert_eq!(read(&mut inbox, &mut ours).await.unwrap(), 300);
        assert_eq!(budget.held(), 0, "small messages come and go uncharged");
        inbox.buffer().advance(100);
        assert!(is_idle(&mut inbox, &mut ours));
        assert!((200..1000).contains(&budget.held()), "{}", budget.held());
        inbox.buffer().advance(200);
        assert!(is_idle(&mut inbox, &mut ours));
        assert_eq!((budget.held(), inbox.bytes.capacity()), (0, 0));
        drop(theirs);
        assert_eq!(read(&mut inbox, &mut ours).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_long_message_is_charged_as_it_grows_and_given_back_once_taken() {
        let (mut ours, mut theirs) = duplex(1 << 20);
        let budget = Budget::alone(&limits());
        let mut inbox = inbox(&budget);
        theirs.write_all(&[7; 300_000]).await.unwrap();
        while inbox.bytes().len() < 300_000 {
            read(&mut inbox, &mut ours).await.unwrap();
        }
        assert!((300_000..900_000).contains(&budget.held()), "{}", budget.held());
        inbox.buffer().advance(299_990);
        assert!(is_idle(&mut inbox, &mut ours));
        assert!((10..1000).contains(&budget.held()), "{}", budget.held());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_budget_is_not_read_until_there_is_room() {
        let (mut ours, mut theirs) = duplex(1 << 20);
        let budget = Budget::alone(&limits());
        let mut inbox = inbox(&budget);
        let other = budget.charge(800_000).unwrap();
        theirs.write_all(&[7; 100]).await.unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(3600), read(&mut inbox, &mut ours)).await;
        assert!(waited.is_err(), "a connection without a part of a message may wait for ever");
        let give_back = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(other);
        };
        let (count, ()) = tokio::join!(read(&mut inbox, &mut ours), give_back);
        assert_eq!(count.unwrap(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_of_a_message_that_stands_still_is_given_up_when_memory_is_short() {
        let (mut ours, mut theirs) = duplex(1 << 20);
        let budget = Budget::alone(&limits());
        let mut inbox = inbox(&budget);
        theirs.write_all(&[7; 10_000]).await.unwrap();
        assert_eq!(read(&mut inbox, &mut ours).await.unwrap(), 10_000);
        let waited = tokio::time::timeout(Duration::from_secs(3600), read(&mut inbox, &mut ours)).await;
        assert!(waited.is_err(), "while memory is not short");
        let _other = budget.charge(800_000).unwrap();
        let start = Instant::now();
        let error = read(&mut inbox, &mut ours).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert!(start.elapsed() <= Duration::from_secs(5));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// However bytes come and are taken, they stay in order, and no less is charged than the buffer has.
        #[test]
        fn bytes_stay_in_order_and_are_charged(steps in proptest::collection::vec((0..100_000_usize, 0..120_000_usize), 1..12)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let _entered = runtime.enter();
            let budget = Budget::alone(&Limits::default());
            let mut inbox = Inbox::new(BytesMut::new(), &budget, &limits());
            let cx = &mut Context::from_waker(Waker::noop());
            let (mut come, mut taken) = (0_usize, 0_usize);
            for (more, fewer) in steps {
                let bytes: Vec<u8> = (come..come + more).map(|n| n as u8).collect();
                let mut packet = &bytes[..];
                while !packet.is_empty() {
                    prop_assert!(matches!(inbox.poll_read(&mut packet, cx), Poll::Ready(Ok(1..))));
                }
                come += more;
                let fewer = fewer.min(inbox.bytes().len());
                let expected: Vec<u8> = (taken..taken + fewer).map(|n| n as u8).collect();
                prop_assert!(inbox.bytes()[..fewer] == expected);
                inbox.buffer().advance(fewer);
                taken += fewer;
                prop_assert_eq!(inbox.bytes().len(), come - taken);
                prop_assert!(inbox.poll_read(&mut Nothing, cx).is_pending());
                prop_assert!(budget.held() >= inbox.bytes.capacity());
                prop_assert!(budget.held() <= 4 * inbox.bytes().len() + LONG_READ + CHUNK, "{} for {}", budget.held(), inbox.bytes().len());
            }
        }
    }

    /// A peer that sends nothing.
    struct Nothing;

    impl AsyncRead for Nothing {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }
}
