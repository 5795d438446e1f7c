//! Reading a request's body under the limits: its size, before and after decompression, and the budget.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;
use manywire_core::{Budget, Charge, ErrorKind, Limits, OverBudget};
use tokio::time::Instant;

use crate::Content;
use crate::content::SMALL;
use crate::inflate::{Coding, inflate};

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the limit, as sent or decompressed.
    #[error("the body is longer than the limit of {0} bytes")]
    TooLarge(usize),
    /// The peer stopped sending, or sends too slowly.
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
    /// The connection, or the server, holds too much already.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}

impl BodyError {
    /// The HTTP status that says it.
    pub fn status(&self) -> StatusCode {
        match self {
            BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken(_) | BodyError::Damaged(_) => StatusCode::BAD_REQUEST,
            BodyError::UnknownEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            BodyError::OverBudget(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The kind that says it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            BodyError::TooLarge(_) | BodyError::OverBudget(_) => ErrorKind::ResourceExhausted,
            BodyError::TimedOut => ErrorKind::DeadlineExceeded,
            BodyError::Broken(_) | BodyError::Damaged(_) => ErrorKind::InvalidRequest,
            BodyError::UnknownEncoding(_) => ErrorKind::Unsupported,
        }
    }
}

/// Reads a whole body and undoes its `content-encoding`. What it holds is charged to the budget, and so is what it returns.
pub async fn read_body<B>(
    headers: &HeaderMap,
    body: &mut B,
    limits: &Limits,
    budget: &Budget,
) -> Result<Content, BodyError>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase());
    let coding = match encoding.as_deref() {
        None | Some(b"" | b"identity") => None,
        Some(b"gzip" | b"x-gzip") => Some(Coding::Gzip),
        Some(b"deflate") => Some(Coding::Deflate),
        Some(other) => {
            return Err(BodyError::UnknownEncoding(String::from_utf8_lossy(other).into_owned()));
        }
    };
    let sent = read_sent(headers, body, limits, budget).await?;
    match coding {
        None => Ok(sent),
        Some(coding) => Box::pin(inflate(coding, &sent, limits, budget)).await,
    }
}

async fn read_sent<B>(
    headers: &HeaderMap,
    body: &mut B,
    limits: &Limits,
    budget: &Budget,
) -> Result<Content, BodyError>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let limit = limits.message_bytes;
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(BodyError::TooLarge(limit));
    }
    // The usual body is one piece, which is handed on as it is.
    let Some(first) = next(body).await? else { return Ok(Content::default()) };
    let second = next(body).await?;
    let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(limit);
    let mut whole = Whole::new(announced, limit, budget);
    let Some(second) = second else {
        whole.check(first.len())?;
        whole.charge_for(first.len())?;
        return Ok(Content { bytes: first, charge: Some(whole.charge) });
    };
    // Boxed, so that the usual body does not take the memory of this.
    let together = async move {
        let mut patience = Patience { limits, budget, until: None };
        patience.push(&mut whole, first).await?;
        patience.push(&mut whole, second).await?;
        while let Some(piece) = next(body).await? {
            patience.push(&mut whole, piece).await?;
        }
        Ok(whole.finish())
    };
    Box::pin(together).await
}

/// How long a body waits, and is not read, while the server's memory is short.
struct Patience<'a> {
    limits: &'a Limits,
    budget: &'a Budget,
    until: Option<Instant>,
}

impl Patience<'_> {
    async fn push(&mut self, whole: &mut Whole, piece: Bytes) -> Result<(), BodyError> {
        loop {
            let refused = match whole.push(&piece) {
                Err(BodyError::OverBudget(error @ OverBudget::Process(_))) => error,
                pushed => return pushed,
            };
            // The handshake limit once for a body, and no wait for its own connection: that holds what it holds.
            let until = *self.until.get_or_insert_with(|| Instant::now() + self.limits.handshake);
            let room = self.budget.room_for(whole.growth(piece.len()));
            tokio::time::timeout_at(until, room).await.map_err(|_| refused)?;
        }
    }
}

/// The next piece of data.
async fn next<B>(body: &mut B) -> Result<Option<Bytes>, BodyError>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    loop {
        if body.is_end_stream() {
            return Ok(None);
        }
        let Some(frame) = body.frame().await.transpose()? else { return Ok(None) };
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
}

/// The pieces of a body put together.
pub(crate) struct Whole {
    bytes: Vec<u8>,
    /// What it can come to.
    most: usize,
    limit: usize,
    charge: Charge,
}

impl Whole {
    pub(crate) fn new(announced: usize, limit: usize, budget: &Budget) -> Self {
        Self { bytes: Vec::new(), most: announced.min(limit), limit, charge: budget.nothing() }
    }

    pub(crate) fn finish(self) -> Content {
        Content::charged(self.bytes, self.charge)
    }

    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        let length = self.bytes.len() + piece.len();
        self.check(length)?;
        if length > self.bytes.capacity() {
            let capacity = self.bytes.capacity() + self.growth(piece.len());
            self.charge_for(capacity)?;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// How many bytes larger the buffer becomes for so many more: it is doubled, so that each byte is moved once or twice, and
    /// never larger than was announced.
    fn growth(&self, more: usize) -> usize {
        let (length, capacity) = (self.bytes.len() + more, self.bytes.capacity());
        if length <= capacity { 0 } else { length.max((capacity * 2).min(self.most)) - capacity }
    }

    fn check(&self, length: usize) -> Result<(), BodyError> {
        if length > self.limit { Err(BodyError::TooLarge(self.limit)) } else { Ok(()) }
    }

    fn charge_for(&mut self, bytes: usize) -> Result<(), OverBudget> {
        if bytes > SMALL { self.charge.resize(bytes) } else { Ok(()) }
    }
}
