//! Compressing an answer: a short one at once, a long one slice by slice as the peer takes it.

use std::io::Write as _;
use std::task::{Context, Poll};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::Content;

/// A worker is not held for longer than this many bytes take: well under a millisecond.
pub(crate) const SLICE: usize = 64 << 10;

/// A long answer that is compressed while it is sent. Only a slice of it is ever held compressed.
pub(crate) struct Gzip {
    content: Content,
    /// None once the last byte was handed out.
    encoder: Option<GzEncoder<Vec<u8>>>,
    /// Whether others have had their turn since the last slice.
    has_yielded: bool,
}

impl Gzip {
    pub(crate) fn new(content: Content) -> Self {
        let encoder = GzEncoder::new(Vec::new(), Compression::fast());
        Self { content, encoder: Some(encoder), has_yielded: true }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.encoder.is_none()
    }

    /// The next compressed bytes, after one slice or several.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.has_yielded {
            self.has_yielded = false;
            match self.compress_slice() {
                Some(packed) if packed.is_empty() => {}
                packed => return Poll::Ready(packed),
            }
        }
        self.has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn compress_slice(&mut self) -> Option<Bytes> {
        let mut encoder = self.encoder.take()?;
        if self.content.is_empty() {
            // Writing into memory does not fail, here and below.
            return encoder.finish().ok().map(Bytes::from);
        }
        let length = self.content.len().min(SLICE);
        encoder.write_all(&self.content.bytes.split_to(length)).ok()?;
        let packed = std::mem::take(encoder.get_mut());
        self.encoder = Some(encoder);
        Some(Bytes::from(packed))
    }
}

/// A short answer, compressed.
pub(crate) fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
