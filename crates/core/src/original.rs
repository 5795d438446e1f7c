//! A message that goes on as it came, to the last byte.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::Blob;

/// A value, with the bytes of its message where it came in one that may say more than the type knows: a field of a newer
/// `.proto`, say. Where it goes out in the same format, it is these bytes; elsewhere it is the value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Original<T> {
    /// What the type knows.
    pub value: T,
    bytes: Option<Bytes>,
}

/// The name under which serde sees it.
const NAME: &str = "$manywire::Original";

thread_local! {
    static IS_WANTED: Cell<bool> = const { Cell::new(false) };
}

/// Has every [`Original`] written as its bytes while `write` runs.
pub fn with_originals<T>(write: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            IS_WANTED.set(self.0);
        }
    }
    let _restore = Restore(IS_WANTED.replace(true));
    write()
}

/// The bytes of a message alone, to be written where their format is spoken.
#[derive(Debug, Clone)]
pub(crate) struct Verbatim(pub(crate) Bytes);

impl Serialize for Verbatim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &Blob(self.0.clone()))
    }
}

/// Reads the bytes of a message where they are to be had, and by a seed where they are not.
pub(crate) struct OrElse<S>(pub(crate) S);

/// A message as it came, or what was read of it.
pub(crate) enum Came<T> {
    Message(Bytes),
    Value(T),
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for OrElse<S> {
    type Value = Came<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for OrElse<S> {
    type Value = Came<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Came::Value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        // Whoever it is meant for reads it.
        let _: Option<IgnoredAny> = seq.next_element()?;
        let bytes: Option<Blob> = seq.next_element()?;
        bytes
            .map(|Blob(bytes)| Came::Message(bytes))
            .ok_or_else(|| A::Error::custom("a message without its bytes"))
    }
}

impl<T> From<T> for Original<T> {
    fn from(value: T) -> Self {
        Self { value, bytes: None }
    }
}

impl<T: Serialize> Serialize for Original<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.bytes {
            Some(bytes) if IS_WANTED.get() => serializer.serialize_newtype_struct(NAME, &Blob(bytes.clone())),
            _ => self.value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Original<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, OriginalVisitor(PhantomData))
    }
}

struct OriginalVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OriginalVisitor<T> {
    type Value = Original<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Original<T>, D::Error> {
        T::deserialize(deserializer).map(Original::from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Original<T>, A::Error> {
        let missing = || A::Error::custom("a message is its value and its bytes");
        let value = seq.next_element()?.ok_or_else(missing)?;
        let bytes: Blob = seq.next_element()?.ok_or_else(missing)?;
        Ok(Original { value, bytes: Some(bytes.0) })
    }
}
