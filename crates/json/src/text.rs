//! The text of an answer while it is written: it has a longest length, and what is large is charged while it grows.

use manywire_core::{Budget, Charge, ErrorKind, OverBudget, RpcError};

/// Up to here a text is not charged, so that small calls cost nothing more.
const SMALL: usize = 4 << 10;

/// An answer, and the charge for its bytes.
#[derive(Debug, Default)]
pub struct Text {
    bytes: Vec<u8>,
    charge: Option<Charge>,
}

/// How long a text may become, and who pays for it.
#[derive(Debug, Clone, Copy)]
pub struct Room<'r> {
    /// Bytes that it may have.
    pub limit: usize,
    /// Where it is charged.
    pub budget: &'r Budget,
}

/// Why a text cannot become longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// It has its longest length.
    #[error("the answer is longer than the limit of {0} bytes; ask for less at a time")]
    TooLong(usize),
    /// The connection, or the server, holds too much.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}

impl From<Full> for RpcError {
    fn from(full: Full) -> Self {
        RpcError::new(ErrorKind::ResourceExhausted, full.to_string())
    }
}

impl Text {
    /// An empty text with room for the usual answer, so that it is allocated once.
    pub fn new() -> Self {
        Self { bytes: Vec::with_capacity(128), charge: None }
    }

    /// What was written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes back everything behind the first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// The bytes, and what is to be kept until they are sent.
    pub fn into_parts(self) -> (Vec<u8>, Option<Charge>) {
        (self.bytes, self.charge)
    }

    /// Appends bytes where there is room for them.
    pub fn push(&mut self, bytes: &[u8], room: Room<'_>) -> Result<(), Full> {
        if bytes.len() > self.bytes.capacity() - self.bytes.len() {
            self.grow(bytes.len(), room)?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    #[cold]
    fn grow(&mut self, more: usize, room: Room<'_>) -> Result<(), Full> {
        let length = self.bytes.len().saturating_add(more);
        if length > room.limit {
            return Err(Full::TooLong(room.limit));
        }
        let capacity = length.max(self.bytes.capacity().saturating_mul(2)).min(room.limit);
        if capacity > SMALL {
            let charge = self.charge.get_or_insert_with(|| room.budget.nothing());
            charge.resize(capacity)?;
        }
        self.bytes.reserve_exact(capacity - self.bytes.len());
        Ok(())
    }

    /// Appends what is short and must be said: the frame of an answer, an error.
    pub fn push_short(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if let Some(charge) = &mut self.charge {
            charge.set(self.bytes.capacity());
        }
    }
}

#[cfg(test)]
mod tests {
    use manywire_core::Limits;

    use super::*;

    #[test]
    fn a_text_ends_at_its_limit_and_is_charged_while_it_is_held() {
        let budget = Budget::alone(&Limits::default());
        let room = Room { limit: 100_000, budget: &budget };
        let mut text = Text::new();
        while text.push(&[b'x'; 999], room).is_ok() {
            let charged = if text.bytes.capacity() > SMALL { text.bytes.capacity() } else { 0 };
            assert_eq!(budget.held(), charged);
        }
        assert_eq!(text.len(), 100 * 999);
        assert!(text.push(&[b'x'; 100], room).is_ok());
        assert_eq!(text.push(b"x", room), Err(Full::TooLong(100_000)));
        text.push_short(b"an error");
        assert!(budget.held() >= text.len());
        drop(text);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn a_text_that_the_budget_refuses_stays_as_it_was() {
        let budget = Budget::alone(&Limits { connection_memory: 10_000, ..Limits::default() });
        let room = Room { limit: 1 << 20, budget: &budget };
        let mut text = Text::new();
        text.push(&[b'x'; 6_000], room).unwrap();
        assert!(matches!(text.push(&[b'x'; 6_000], room), Err(Full::OverBudget(_))));
        assert_eq!(text.len(), 6_000);
    }
}
