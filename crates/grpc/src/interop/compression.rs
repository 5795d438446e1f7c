//! Seeing which messages came compressed, and compressing some messages of a stream and not others.

use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;
use http_body::{Body as HttpBody, Frame};
use tonic::Status;
use tonic::body::Body;

use super::Flags;

/// A message's flag and length.
const PREFIX: usize = 5;

/// A request body that notes which of its messages are compressed.
pub(super) struct Received {
    body: Body,
    flags: Flags,
    prefix: Vec<u8>,
    /// What is left of the message after the last whole prefix.
    rest: usize,
}

impl Received {
    pub(super) fn new(body: Body, flags: Flags) -> Self {
        Self { body, flags, prefix: Vec::with_capacity(PREFIX), rest: 0 }
    }

    fn note(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            if self.rest > 0 {
                let length = self.rest.min(data.len());
                data.advance(length);
                self.rest -= length;
                continue;
            }
            let (start, after) = data.split_at((PREFIX - self.prefix.len()).min(data.len()));
            self.prefix.extend_from_slice(start);
            data = after;
            if let [flag, length @ ..] = &self.prefix[..]
                && let Ok(length) = <[u8; 4]>::try_from(length)
            {
                self.flags.lock().received.push_back(*flag == 1);
                self.rest = u32::from_be_bytes(length) as usize;
                self.prefix.clear();
            }
        }
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.note(data);
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// Compresses the messages of an answer that shall be, and leaves the others as they are.
pub(super) fn repack(mut response: http::Response<Body>, flags: Flags) -> http::Response<Body> {
    response.headers_mut().insert("grpc-encoding", HeaderValue::from_static("gzip"));
    response.map(|body| Body::new(Repacked { body, flags, waiting: BytesMut::new() }))
}

struct Repacked {
    body: Body,
    flags: Flags,
    /// The start of a message whose end has not come.
    waiting: BytesMut,
}

impl Repacked {
    fn repack(&mut self, data: &[u8]) -> Bytes {
        self.waiting.extend_from_slice(data);
        let mut out = BytesMut::new();
        while let Some(message) = next_message(&mut self.waiting) {
            let is_wanted = self.flags.lock().to_send.pop_front().unwrap_or(false);
            match is_wanted.then(|| gzip(&message)) {
                Some(Ok(packed)) => put(&mut out, 1, &packed),
                _ => put(&mut out, 0, &message),
            }
        }
        out.freeze()
    }
}

fn next_message(buffer: &mut BytesMut) -> Option<BytesMut> {
    let prefix = buffer.first_chunk::<PREFIX>()?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if buffer.len() < PREFIX + length {
        return None;
    }
    buffer.advance(PREFIX);
    Some(buffer.split_to(length))
}

fn gzip(message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message)?;
    encoder.finish()
}

fn put(out: &mut BytesMut, flag: u8, message: &[u8]) {
    out.put_u8(flag);
    // A message is within the limit, which is far below 4 GiB.
    out.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(message);
}

impl HttpBody for Repacked {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match polled {
            Some(Ok(frame)) => Some(Ok(match frame.into_data() {
                Ok(data) => Frame::data(self.repack(&data)),
                Err(trailers) => trailers,
            })),
            other => other,
        })
    }
}
