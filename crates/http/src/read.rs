//! Reading a request's body under the limits: its size, before and after decompression, and the patience for a slow peer.

use std::io::Read as _;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use futures_util::future::poll_immediate;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use manywire_core::Limits;
use tokio::time::Instant;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the limit, as sent or decompressed.
    #[error("the body is longer than the limit of {0} bytes")]
    TooLarge(usize),
    /// The peer stopped sending.
    #[error("the body did not arrive in time")]
    TimedOut,
    /// The connection broke, or the framing is wrong.
    #[error("the body broke off: {0}")]
    Broken(#[from] hyper::Error),
    /// Its compression is damaged.
    #[error("the body is not valid {0}")]
    Damaged(&'static str),
    /// Its compression is one that we do not know.
    #[error("content-encoding {0} is not supported; send gzip, deflate or identity")]
    UnknownEncoding(String),
}

impl BodyError {
    /// The HTTP status that says it.
    pub fn status(&self) -> StatusCode {
        match self {
            BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken(_) | BodyError::Damaged(_) => StatusCode::BAD_REQUEST,
            BodyError::UnknownEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }
}

/// Reads a whole body and undoes its `content-encoding`.
pub async fn read_body(
    headers: &HeaderMap,
    body: &mut Incoming,
    limits: &Limits,
) -> Result<Bytes, BodyError> {
    let sent = read_sent(headers, body, limits).await?;
    let encoding = headers.get(CONTENT_ENCODING).map(|v| v.as_bytes().to_ascii_lowercase());
    match encoding.as_deref() {
        None | Some(b"" | b"identity") => Ok(sent),
        Some(b"gzip" | b"x-gzip") => inflate(MultiGzDecoder::new(&sent[..]), "gzip", limits.message_bytes),
        Some(b"deflate") => inflate(ZlibDecoder::new(&sent[..]), "deflate", limits.message_bytes),
        Some(other) => Err(BodyError::UnknownEncoding(String::from_utf8_lossy(other).into_owned())),
    }
}

async fn read_sent(headers: &HeaderMap, body: &mut Incoming, limits: &Limits) -> Result<Bytes, BodyError> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.message_bytes as u64) {
        return Err(BodyError::TooLarge(limits.message_bytes));
    }
    let mut pieces = Pieces { body, limits, waiting_since: None, received: 0 };
    let Some(first) = pieces.next().await? else { return Ok(Bytes::new()) };
    // The usual body is one piece, which is handed on as it is.
    let Some(second) = pieces.next().await? else { return Ok(first) };
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&second);
    while let Some(piece) = pieces.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// A peer that sends more slowly than this, in bytes per second, has the handshake limit and no more.
const SLOWEST: u32 = 8 << 10;

/// The pieces of a body, under the limits of size and time.
struct Pieces<'b> {
    body: &'b mut Incoming,
    limits: &'b Limits,
    /// When it was first waited for; a body that came with its headers never is.
    waiting_since: Option<Instant>,
    received: usize,
}

impl Pieces<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            if http_body::Body::is_end_stream(self.body) {
                return Ok(None);
            }
            let frame = match poll_immediate(self.body.frame()).await {
                Some(frame) => frame,
                None => {
                    let waited = tokio::time::timeout_at(self.deadline(), self.body.frame()).await;
                    waited.map_err(|_| BodyError::TimedOut)?
                }
            };
            let Some(frame) = frame.transpose()? else { return Ok(None) };
            let Ok(data) = frame.into_data() else { continue };
            self.received += data.len();
            if self.received > self.limits.message_bytes {
                return Err(BodyError::TooLarge(self.limits.message_bytes));
            }
            return Ok(Some(data));
        }
    }

    /// Each byte that came earns time for those after it, so that a peer that trickles is not waited for.
    fn deadline(&mut self) -> Instant {
        let earned = Duration::from_secs_f64(self.received as f64 / f64::from(SLOWEST));
        *self.waiting_since.get_or_insert_with(Instant::now) + self.limits.handshake + earned
    }
}

fn inflate(decoder: impl std::io::Read, name: &'static str, limit: usize) -> Result<Bytes, BodyError> {
    let mut bytes = Vec::new();
    let allowed = limit as u64 + 1;
    decoder.take(allowed).read_to_end(&mut bytes).map_err(|_| BodyError::Damaged(name))?;
    if bytes.len() > limit {
        return Err(BodyError::TooLarge(limit));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_compression_bomb_stops_at_the_limit() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 2_000);
        let result = inflate(MultiGzDecoder::new(&bomb[..]), "gzip", 1_000);
        assert!(matches!(result, Err(BodyError::TooLarge(1_000))));
        assert_eq!(inflate(MultiGzDecoder::new(&bomb[..]), "gzip", 1 << 20).unwrap().len(), 1 << 20);
    }

    #[test]
    fn damaged_compression_is_an_error() {
        assert!(matches!(
            inflate(MultiGzDecoder::new(&b"nonsense"[..]), "gzip", 100),
            Err(BodyError::Damaged("gzip"))
        ));
    }
}
