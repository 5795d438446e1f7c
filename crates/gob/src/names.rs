//! Names that mean something: of fields, and of types that serde has none for.

use std::borrow::Cow;

/// A newtype struct of this name is a point in time: `(seconds since 1970, nanoseconds, offset from UTC in seconds)`, an
/// `i64`, a `u32` and an `Option<i32>`. In gob it is Go's `time.Time`.
///
/// Read as any type, a time is a map of one entry, whose key is this name as bytes.
pub const TIMESTAMP: &str = "$manywire::Timestamp";

/// A newtype struct of this name is an integer or a float; as a field, whose type is told once, a float.
pub const NUMBER: &str = "$manywire::Number";

/// A field's name as Go has it. Go sends and receives only fields whose names begin with a capital, so `page_size` can
/// mean nothing but `PageSize`.
pub(crate) fn exported(name: &str) -> Cow<'_, str> {
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Cow::Borrowed(name);
    }
    let mut capitalised = String::with_capacity(name.len());
    for word in name.split('_') {
        let mut letters = word.chars();
        capitalised.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        capitalised.push_str(letters.as_str());
    }
    Cow::Owned(capitalised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_go_could_not_receive_begins_with_a_capital() {
        for (name, go) in [("page_size", "PageSize"), ("A", "A"), ("_private", "_private"), ("é", "é")] {
            assert_eq!(exported(name), go);
        }
    }
}
