//! Bytes as methods take and give them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

/// Bytes, which cost one copy to read and none to clone. Text formats carry them as base64.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Blob(pub Bytes);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.serialize_str(&BASE64.encode(&self.0));
        }
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BlobVisitor)
    }
}

struct BlobVisitor;

impl<'de> Visitor<'de> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes, or their base64")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
        Ok(Blob(Bytes::copy_from_slice(bytes)))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Blob, E> {
        Ok(Blob(bytes.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Blob, E> {
        let bytes = BASE64.decode(text);
        bytes.map(|bytes| Blob(bytes.into())).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Blob, A::Error> {
        let mut bytes = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(4096));
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(Blob(bytes.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Value, from_value, to_value};

    #[test]
    fn bytes_are_bytes_in_values_and_base64_in_text() {
        let blob = Blob(Bytes::from_static(&[0, 255]));
        assert_eq!(to_value(&blob).unwrap(), Value::Bytes(vec![0, 255]));
        assert_eq!(serde_json::to_string(&blob).unwrap(), r#""AP8=""#);
        for value in [Value::Bytes(vec![0, 255]), "AP8=".into(), vec![0.into(), 255.into()].into()] {
            assert_eq!(from_value::<Blob>(value).unwrap(), blob);
        }
        from_value::<Blob>("no base64".into()).unwrap_err();
    }
}
