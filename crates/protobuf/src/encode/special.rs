//! The messages that stand for one value: points in time, and numbers that are integers or floats.

use serde::Serialize;

use super::Writer;
use super::accept::{Accept, Items, Never, Via};
use super::scalar::Scalar;
use crate::schema::{Type, numbers};
use crate::{Error, TIMESTAMP};

/// Takes a point in time as a `google.protobuf.Timestamp`.
pub(super) struct Time<'w, 's> {
    writer: &'w mut Writer<'s>,
    /// Seconds, nanoseconds; the offset that the clock showed has no place.
    parts: [i64; 2],
    next: usize,
}

impl<'w, 's> Time<'w, 's> {
    pub(super) fn new(writer: &'w mut Writer<'s>) -> Self {
        Self { writer, parts: [0; 2], next: 0 }
    }
}

impl<'w, 's> Accept for Time<'w, 's> {
    type Items = Self;
    type Fields = Never;

    fn expected(&self) -> String {
        "a timestamp".to_owned()
    }

    fn none(self) -> Result<(), Error> {
        self.writer.is_none = true;
        Ok(())
    }

    fn named<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Error> {
        if name == TIMESTAMP { value.serialize(Via(self)) } else { self.refuse(name) }
    }

    fn items(self) -> Result<Self, Error> {
        Ok(self)
    }
}

impl Items for Time<'_, '_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if let Some(part) = self.parts.get_mut(self.next) {
            value.serialize(Via(Part(part)))?;
        }
        self.next += 1;
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        let Self { writer, parts: [seconds, nanos], .. } = self;
        let mut put = |number, ty, value: i64| {
            Scalar { writer: &mut *writer, number: Some(number), ty, is_explicit: false }.int(value)
        };
        put(numbers::SECONDS, Type::Int64, seconds)?;
        put(numbers::NANOS, Type::Int32, nanos)
    }
}

struct Part<'p>(&'p mut i64);

impl Accept for Part<'_> {
    type Items = Never;
    type Fields = Never;

    fn expected(&self) -> String {
        "a part of a timestamp".to_owned()
    }

    fn int(self, part: i64) -> Result<(), Error> {
        *self.0 = part;
        Ok(())
    }
}

/// Takes a number as a `manywire.Number`.
pub(super) struct Number<'w, 's>(pub(super) &'w mut Writer<'s>);

impl Accept for Number<'_, '_> {
    type Items = Never;
    type Fields = Never;

    fn expected(&self) -> String {
        "a number".to_owned()
    }

    fn none(self) -> Result<(), Error> {
        self.0.is_none = true;
        Ok(())
    }

    fn int(self, value: i64) -> Result<(), Error> {
        Scalar { writer: self.0, number: Some(numbers::INT), ty: Type::Int64, is_explicit: true }.int(value)
    }

    fn float(self, value: f64) -> Result<(), Error> {
        Scalar { writer: self.0, number: Some(numbers::FLOAT), ty: Type::Double, is_explicit: true }
            .float(value)
    }
}
