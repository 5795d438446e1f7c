//! A value of any type as a `manywire.Value`.

use serde::Serialize;

use super::Writer;
use super::accept::{Accept, Fields, Items, Via};
use super::buffer::Begun;
use super::scalar::Scalar;
use super::special::Time;
use crate::schema::Type;
use crate::schema::numbers::{self, kind};
use crate::{Error, TIMESTAMP};

/// Takes any value.
pub(super) struct Any<'w, 's>(pub(super) &'w mut Writer<'s>);

impl<'w, 's> Any<'w, 's> {
    fn scalar(self, number: u32, ty: Type) -> Scalar<'w, 's> {
        Scalar { writer: self.0, number: Some(number), ty, is_explicit: true }
    }
}

impl<'w, 's> Accept for Any<'w, 's> {
    type Items = List<'w, 's>;
    type Fields = Map<'w, 's>;

    fn expected(&self) -> String {
        "any value".to_owned()
    }

    /// Null is a value in which nothing is set.
    fn none(self) -> Result<(), Error> {
        Ok(())
    }
    fn bool(self, value: bool) -> Result<(), Error> {
        self.scalar(kind::BOOL, Type::Bool).bool(value)
    }
    fn int(self, value: i64) -> Result<(), Error> {
        self.scalar(kind::INT, Type::Int64).int(value)
    }
    fn uint(self, value: u64) -> Result<(), Error> {
        match i64::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => self.scalar(kind::UINT, Type::Uint64).uint(value),
        }
    }
    fn float(self, value: f64) -> Result<(), Error> {
        self.scalar(kind::FLOAT, Type::Double).float(value)
    }
    fn text(self, value: &str) -> Result<(), Error> {
        self.scalar(kind::TEXT, Type::String).text(value)
    }
    fn bytes(self, value: &[u8]) -> Result<(), Error> {
        self.scalar(kind::BYTES, Type::Bytes).bytes(value)
    }

    fn named<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Error> {
        if name == TIMESTAMP {
            return self.0.nested(kind::TIMESTAMP, |writer| value.serialize(Via(Time::new(writer))));
        }
        value.serialize(Via(self))
    }

    fn items(self) -> Result<List<'w, 's>, Error> {
        self.0.go_deeper()?;
        let begun = self.0.buffer.begin(kind::LIST);
        Ok(List { writer: self.0, begun })
    }

    fn fields(self) -> Result<Map<'w, 's>, Error> {
        self.0.go_deeper()?;
        let begun = self.0.buffer.begin(kind::MAP);
        Ok(Map { writer: self.0, begun: Some(begun), entry: None })
    }
}

/// Takes the items of a `manywire.List`.
pub(super) struct List<'w, 's> {
    writer: &'w mut Writer<'s>,
    begun: Begun,
}

impl Items for List<'_, '_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.writer.nested(numbers::VALUES, |writer| value.serialize(Via(Any(writer))))
    }

    fn finish(self) -> Result<(), Error> {
        self.writer.buffer.end(self.begun);
        self.writer.depth += 1;
        Ok(())
    }
}

/// Takes the pairs of a `manywire.Map`.
pub(super) struct Map<'w, 's> {
    writer: &'w mut Writer<'s>,
    begun: Option<Begun>,
    entry: Option<Begun>,
}

impl Fields for Map<'_, '_> {
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(Via(Key(self)))
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let entry = self.entry.take().ok_or_else(|| Error::misfit("a value came before its key"))?;
        self.writer.nested(2, |writer| value.serialize(Via(Any(writer))))?;
        self.writer.buffer.end(entry);
        Ok(())
    }

    fn finish(mut self) -> Result<(), Error> {
        if let Some(begun) = self.begun.take() {
            self.writer.buffer.end(begun);
            self.writer.depth += 1;
        }
        Ok(())
    }
}

/// Takes a key: a text among the fields, anything else among the pairs.
struct Key<'k, 'w, 's>(&'k mut Map<'w, 's>);

impl Key<'_, '_, '_> {
    fn other<T: Serialize + ?Sized>(self, key: &T) -> Result<(), Error> {
        let Map { writer, entry, .. } = self.0;
        *entry = Some(writer.buffer.begin(numbers::PAIRS));
        writer.nested(1, |writer| key.serialize(Via(Any(writer))))
    }
}

impl Accept for Key<'_, '_, '_> {
    type Items = super::accept::Never;
    type Fields = super::accept::Never;

    fn expected(&self) -> String {
        "a key that is a text, a number, a bool, bytes or a timestamp".to_owned()
    }

    fn none(self) -> Result<(), Error> {
        self.other(&())
    }
    fn bool(self, key: bool) -> Result<(), Error> {
        self.other(&key)
    }
    fn int(self, key: i64) -> Result<(), Error> {
        self.other(&key)
    }
    fn uint(self, key: u64) -> Result<(), Error> {
        self.other(&key)
    }
    fn float(self, key: f64) -> Result<(), Error> {
        self.other(&key)
    }
    fn bytes(self, key: &[u8]) -> Result<(), Error> {
        self.other(&Bytes(key))
    }

    fn text(self, key: &str) -> Result<(), Error> {
        let Map { writer, entry, .. } = self.0;
        *entry = Some(writer.buffer.begin(numbers::FIELDS));
        Scalar { writer, number: Some(1), ty: Type::String, is_explicit: true }.text(key)
    }

    fn named<T: Serialize + ?Sized>(self, name: &'static str, key: &T) -> Result<(), Error> {
        if name == TIMESTAMP { self.other(&Named(key)) } else { key.serialize(Via(self)) }
    }
}

struct Bytes<'b>(&'b [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// A timestamp under its name.
struct Named<'t, T: ?Sized>(&'t T);

impl<T: Serialize + ?Sized> Serialize for Named<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TIMESTAMP, self.0)
    }
}
