//! Reading a request's body under the limits: its size, before and after decompression, and the patience for a slow peer.

use std::io::Read as _;

use bytes::{Bytes, BytesMut};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use manywire_core::Limits;

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
    let Some(first) = next_piece(body, limits).await? else {
        return Ok(Bytes::new());
    };
    if first.len() > limits.message_bytes {
        return Err(BodyError::TooLarge(limits.message_bytes));
    }
    // The usual body is one piece, which is handed on as it is.
    let Some(second) = next_piece(body, limits).await? else {
        return Ok(first);
    };
    let mut whole = BytesMut::from(first);
    let mut piece = Some(second);
    while let Some(bytes) = piece {
        if whole.len() + bytes.len() > limits.message_bytes {
            return Err(BodyError::TooLarge(limits.message_bytes));
        }
        whole.extend_from_slice(&bytes);
        piece = next_piece(body, limits).await?;
    }
    Ok(whole.freeze())
}

/// The next data of the body, which must come within the handshake limit.
async fn next_piece(body: &mut Incoming, limits: &Limits) -> Result<Option<Bytes>, BodyError> {
    loop {
        if http_body::Body::is_end_stream(body) {
            return Ok(None);
        }
        let frame =
            tokio::time::timeout(limits.handshake, body.frame()).await.map_err(|_| BodyError::TimedOut)?;
        let Some(frame) = frame.transpose()? else {
            return Ok(None);
        };
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
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
