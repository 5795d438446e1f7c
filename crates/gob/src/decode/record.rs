//! What a struct or a map of the peer's holds, shown to serde as pairs.

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::reader::Reader;
use super::types::{FieldNumbers, Fields, Ty};
use super::value::At;
use super::zero::Zero;
use crate::Error;
use crate::names::exported;

/// The value that goes with the name which was shown last.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// It is next in the bytes.
    There(Ty),
    /// Its field was left out, or the peer's struct has none.
    Zero(Option<Ty>),
}

impl Next {
    fn read<'de, T: DeserializeSeed<'de>>(
        self,
        reader: &mut Reader<'_, 'de>,
        seed: T,
    ) -> Result<T::Value, Error> {
        match self {
            Next::There(ty) => seed.deserialize(At { reader, ty }),
            Next::Zero(ty) => seed.deserialize(Zero::new(reader, ty)),
        }
    }
}

/// A struct of the peer's, as a struct of ours: all of our fields, and no others.
pub(super) struct Record<'r, 't, 'de> {
    reader: &'r mut Reader<'t, 'de>,
    fields: Fields,
    of: &'static str,
    names: &'static [&'static str],
    plan: usize,
    step: usize,
    numbers: FieldNumbers,
    /// The field that is next in the bytes.
    pending: Option<u32>,
    is_over: bool,
    /// Our number of the field that was shown last, and its value.
    next: (u32, Next),
}

impl<'r, 't, 'de> Record<'r, 't, 'de> {
    pub(super) fn new(
        reader: &'r mut Reader<'t, 'de>,
        index: u32,
        fields: Fields,
        of: &'static str,
        names: &'static [&'static str],
    ) -> Result<Self, Error> {
        let plan = reader.plans.find(reader.types, index, fields, names);
        if !reader.plans.get(plan).has_any && fields.count > 0 && !names.is_empty() {
            let what = format!("type mismatch: no fields matched compiling decoder for {of}");
            return Err(reader.failed(Error::misfit(what)));
        }
        let (numbers, next) = (FieldNumbers::new(), (0, Next::Zero(None)));
        Ok(Self { reader, fields, of, names, plan, step: 0, numbers, pending: None, is_over: false, next })
    }

    /// Shows the fields: one after the other where both have the same order, or else by their names.
    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let visited = match self.reader.plans.get(self.plan).is_in_order {
            true => visitor.visit_seq(&mut self)?,
            false => visitor.visit_map(&mut self)?,
        };
        self.finish()?;
        Ok(visited)
    }

    /// Goes on to the next field of ours; behind the last to the struct's end.
    fn advance(&mut self) -> Result<Option<(u32, Next)>, Error> {
        let step = self.reader.plans.get(self.plan).steps.get(self.step).copied();
        let Some(step) = step else {
            self.seek(u32::MAX)?;
            return Ok(None);
        };
        self.step += 1;
        let Some(theirs) = step.theirs else { return Ok(Some((step.ours, Next::Zero(None)))) };
        let ty = self.reader.types.field_type(self.fields, theirs)?;
        if !self.seek(theirs)? {
            return Ok(Some((step.ours, Next::Zero(Some(ty)))));
        }
        self.pending = None;
        Ok(Some((step.ours, Next::There(ty))))
    }

    /// Passes over the fields before this one, and tells whether it is there.
    #[inline]
    fn seek(&mut self, number: u32) -> Result<bool, Error> {
        loop {
            match self.pending {
                Some(pending) if pending >= number => return Ok(pending == number),
                Some(pending) => {
                    let ty = self.reader.types.field_type(self.fields, pending)?;
                    self.reader.skip(ty)?;
                    self.pending = None;
                }
                None if self.is_over => return Ok(false),
                None => {
                    self.pending = self.numbers.next(&mut self.reader.cursor)?;
                    self.is_over = self.pending.is_none();
                }
            }
        }
    }

    fn finish(mut self) -> Result<(), Error> {
        while let Some((_, next)) = self.advance().map_err(|error| self.reader.failed(error))? {
            if let Next::There(ty) = next {
                self.reader.skip(ty)?;
            }
        }
        Ok(())
    }

    fn read<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let (ours, next) = self.next;
        next.read(self.reader, seed).map_err(|error| {
            let name = exported(self.names[ours as usize]);
            self.reader.amended(error, |error, _| error.in_field(self.of, name))
        })
    }
}

impl<'de> SeqAccess<'de> for Record<'_, '_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let advanced = self.advance();
        let Some(next) = self.reader.noted(advanced)? else { return Ok(None) };
        self.next = next;
        self.read(seed).map(Some)
    }
}

impl<'de> MapAccess<'de> for Record<'_, '_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let advanced = self.advance();
        let Some(next) = self.reader.noted(advanced)? else { return Ok(None) };
        self.next = next;
        let name = self.names[next.0 as usize];
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        self.read(seed)
    }
}

/// A struct of the peer's for whoever has no type for it: all of its fields, by their own names.
pub(super) struct Anonymous<'r, 't, 'de> {
    reader: &'r mut Reader<'t, 'de>,
    fields: Fields,
    numbers: FieldNumbers,
    /// The field that is next in the bytes.
    pending: Option<u32>,
    shown: u32,
    next: Next,
}

impl<'r, 't, 'de> Anonymous<'r, 't, 'de> {
    pub(super) fn new(reader: &'r mut Reader<'t, 'de>, fields: Fields) -> Self {
        let next = Next::Zero(None);
        Self { reader, fields, numbers: FieldNumbers::new(), pending: None, shown: 0, next }
    }

    fn advance(&mut self) -> Result<Option<Next>, Error> {
        let number = self.shown;
        // Before the first field, and behind the one that was read last, another is next, or the end.
        if self.pending.is_none_or(|pending| pending < number) && self.pending != Some(u32::MAX) {
            self.pending = Some(self.numbers.next(&mut self.reader.cursor)?.unwrap_or(u32::MAX));
        }
        if number == self.fields.count {
            return match self.pending {
                Some(u32::MAX) => Ok(None),
                _ => Err(Error::malformed("a field that its struct has not")),
            };
        }
        let ty = self.reader.types.field_type(self.fields, number)?;
        self.shown += 1;
        Ok(Some(if self.pending == Some(number) { Next::There(ty) } else { Next::Zero(Some(ty)) }))
    }

    /// Goes on to the struct's end, where the visitor did not.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        while self.shown < self.fields.count {
            if let Some(Next::There(ty)) = self.advance()? {
                self.reader.skip(ty)?;
            }
        }
        Ok(())
    }
}

impl<'de> MapAccess<'de> for Anonymous<'_, '_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let advanced = self.advance();
        let Some(next) = self.reader.noted(advanced)? else { return Ok(None) };
        self.next = next;
        let name = self.reader.types.field_name(self.fields, self.shown - 1);
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        self.next.read(self.reader, seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.fields.count - self.shown) as usize)
    }
}

/// The pairs of a map.
pub(super) struct Pairs<'r, 't, 'de> {
    pub(super) reader: &'r mut Reader<'t, 'de>,
    pub(super) map: Ty,
    pub(super) key: Ty,
    pub(super) item: Ty,
    pub(super) left: usize,
}

impl Pairs<'_, '_, '_> {
    /// Goes on to the map's end, where the visitor did not.
    pub(super) fn finish(self) -> Result<(), Error> {
        for _ in 0..self.left {
            self.reader.skip(self.key)?;
            self.reader.skip(self.item)?;
        }
        Ok(())
    }

    fn amended(&mut self, error: Error, before: &str) -> Error {
        let map = self.map;
        self.reader.amended(error, |error, types| error.in_items(before, || types.describe(map)))
    }
}

impl<'de> MapAccess<'de> for Pairs<'_, '_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let key = seed.deserialize(At { reader: self.reader, ty: self.key });
        key.map(Some).map_err(|error| self.amended(error, "map with keys of "))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let item = seed.deserialize(At { reader: self.reader, ty: self.item });
        item.map_err(|error| {
            let key = self.reader.types.describe(self.key);
            self.amended(error, &format!("map[{key}]"))
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
