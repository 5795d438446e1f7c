//! How many values one message may hold: a byte of a message can be a value of 32 bytes in memory.

use crate::Limits;

/// A message has more values than [`Limits::values`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {0} values in one message; send fewer, or as bytes")]
pub struct TooManyValues(pub usize);

/// Counts the values of one message while it is read.
///
/// Each value is one. What it points to, the text of a string or the items of a list, is another.
#[derive(Debug, Clone)]
pub struct ValueCount {
    left: usize,
    limit: usize,
}

impl ValueCount {
    /// Counts up to this many.
    pub fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    /// How many were counted.
    pub fn counted(&self) -> usize {
        self.limit - self.left
    }

    /// Counts more values, or refuses them.
    pub fn add(&mut self, values: usize) -> Result<(), TooManyValues> {
        self.left = self.left.checked_sub(values).ok_or(TooManyValues(self.limit))?;
        Ok(())
    }
}

impl Limits {
    /// Refuses well-formed JSON that holds too many values, before any of them takes memory.
    pub fn check_json_values(&self, text: &[u8]) -> Result<(), TooManyValues> {
        // No byte of JSON counts for more than two, so the usual message is not looked at.
        if text.len() / 2 < self.values() {
            return Ok(());
        }
        let mut count = ValueCount::new(self.values());
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let length = json_string_length(&text[at - 1..]);
                    count.add(usize::from(length > 2))?;
                    at += length - 1;
                }
                // A first item, and the room for it.
                b'[' | b'{' => count.add(2)?,
                b',' | b':' => count.add(1)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// The length of the JSON string at the start of a text, with its quotes; all of the text, where it does not end.
pub fn json_string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_values_point_to_counts_too() {
        let limits = Limits { message_bytes: 4_000, ..Limits::default() };
        let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
        for (item, most) in
            [("1", 999), (r#""""#, 999), ("[]", 333), (r#""a\"""#, 499), (r#"{"a":[0]}"#, 142)]
        {
            let text = |count| format!("{}{}", list(item, count), " ".repeat(4_000));
            assert_eq!(limits.check_json_values(text(most).as_bytes()), Ok(()), "{item}");
            assert_eq!(
                limits.check_json_values(text(most + 1).as_bytes()),
                Err(TooManyValues(1_000)),
                "{item}"
            );
        }
        assert_eq!(limits.check_json_values(format!("{:?}", ",[{:".repeat(3_000)).as_bytes()), Ok(()));
    }
}
