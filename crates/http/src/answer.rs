//! An answer on its way to the socket: cut into pieces, charged until the last of them was written.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use manywire_core::{Budget, Charge};

use crate::body::{BoxError, Kind};
use crate::content::SMALL;
use crate::progress::{Busy, Progress};
use crate::stream_task;
use crate::{Body, Content};

/// hyper is handed no more than this at a time. What it was handed of an HTTP/2 stream can no longer be taken back.
const PIECE: usize = 64 << 10;

/// A body that keeps its request marked as being answered, and its bytes charged.
pub(crate) struct Answer {
    body: Body,
    /// What is left of the frame that the body gave last.
    rest: Bytes,
    /// The charge of that frame, kept by all of its pieces: they share its memory.
    charge: Option<Arc<Charge>>,
    budget: Budget,
    /// Bytes of an HTTP/2 stream that were written, once it has more than one small piece.
    written: Option<Arc<AtomicUsize>>,
    busy: Busy,
}

impl Answer {
    pub(crate) fn new(body: Body, budget: Budget, busy: Busy) -> Self {
        Self { body, rest: Bytes::new(), charge: None, budget, written: None, busy }
    }

    /// Takes a whole body with its charge, or waits for a stream's next frame.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Kind::Whole(content) = &mut self.body.0 {
            let Content { bytes, charge } = std::mem::take(content);
            self.charge = charge.map(Arc::new);
            return Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))));
        }
        self.charge = None;
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn begin_frame(&mut self, bytes: Bytes) {
        if bytes.len() > SMALL && self.charge.is_none() {
            let mut charge = self.budget.nothing();
            charge.set(bytes.len());
            self.charge = Some(Arc::new(charge));
        }
        self.rest = bytes;
    }

    fn next_piece(&mut self) -> Piece {
        let bytes = self.rest.split_to(self.rest.len().min(PIECE));
        let progress = self.busy.progress();
        if progress.is_http2() {
            let written = &mut self.written;
            stream_task::handed_over(|is_first| {
                if written.is_none() && !(is_first && bytes.len() <= SMALL) {
                    *written = Some(Arc::default());
                }
                written.clone()
            });
        }
        progress.handed_over(bytes.len());
        Piece {
            bytes,
            written: self.written.clone(),
            progress: progress.clone(),
            _charge: self.charge.clone(),
        }
    }
}

impl HttpBody for Answer {
    type Data = Piece;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, BoxError>>> {
        stream_task::asked_for_more();
        if self.rest.is_empty() {
            let Some(frame) = ready!(self.poll_body(cx)).transpose()? else { return Poll::Ready(None) };
            match frame.into_data() {
                Ok(bytes) => self.begin_frame(bytes),
                Err(other) => {
                    return Poll::Ready(
                        other.into_trailers().ok().map(|trailers| Ok(Frame::trailers(trailers))),
                    );
                }
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.next_piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest + body.lower());
        if let Some(upper) = body.upper() {
            hint.set_upper(rest + upper);
        }
        hint
    }
}

/// Bytes that hyper was handed, until it has written them.
pub(crate) struct Piece {
    bytes: Bytes,
    written: Option<Arc<AtomicUsize>>,
    progress: Arc<Progress>,
    _charge: Option<Arc<Charge>>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.progress.wrote(count);
        if let Some(written) = &self.written {
            written.fetch_add(count, Relaxed);
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.progress.dropped(self.bytes.len());
    }
}
