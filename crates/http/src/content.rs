//! The bytes of a request's or an answer's body, charged while they are held.

use std::ops::Deref;

use bytes::Bytes;
use manywire_core::{Charge, ReplyBuffer, RpcError};

/// What is below this is charged neither when it is read nor when it is sent: most calls are.
pub(crate) const SMALL: usize = 4 << 10;

/// Bytes and their charge, if they are many. Dropping it gives the charge back.
#[derive(Debug, Default)]
pub struct Content {
    pub(crate) bytes: Bytes,
    pub(crate) charge: Option<Charge>,
}

impl Content {
    /// Bytes that were charged by whoever made them.
    pub fn charged(bytes: impl Into<Bytes>, charge: Charge) -> Self {
        Self { bytes: bytes.into(), charge: Some(charge) }
    }

    /// The bytes of an answer; an error where it was too long.
    pub fn of(answer: ReplyBuffer) -> Result<Self, RpcError> {
        let (bytes, charge) = answer.finish()?;
        Ok(Self::charged(bytes, charge))
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<B: Into<Bytes>> From<B> for Content {
    fn from(bytes: B) -> Self {
        Self { bytes: bytes.into(), charge: None }
    }
}
