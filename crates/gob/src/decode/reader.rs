//! What reading a value needs at every depth of it.

use super::plan::Plans;
use super::types::{Ty, Types};
use super::walk::{Behind, Definitions, Walk, held_type, too_deep};
use crate::wire::{Cursor, cut_short};
use crate::{Error, Limits};

/// A definition in the middle of a value: where it lies, and whether a message ended with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inline {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) ends_message: bool,
}

/// One value of a stream, whole and not yet read: a [`Deserializer`](serde::Deserializer) by reference.
#[derive(Debug)]
pub struct Reader<'t, 'de> {
    pub(super) cursor: Cursor<'de>,
    length: usize,
    pub(super) types: &'t Types,
    pub(super) plans: &'t mut Plans,
    walk: &'t mut Walk,
    /// The definitions that are still ahead.
    inline: &'t [Inline],
    limits: &'t Limits,
    values_left: usize,
    depth: usize,
    pub(super) root: Ty,
    failure: Option<Error>,
}

impl<'t, 'de> Reader<'t, 'de> {
    pub(super) fn new(
        root: Ty,
        bytes: &'de [u8],
        types: &'t Types,
        plans: &'t mut Plans,
        walk: &'t mut Walk,
        inline: &'t [Inline],
        limits: &'t Limits,
    ) -> Self {
        let (cursor, length, values_left) = (Cursor::new(bytes), bytes.len(), limits.values);
        Self {
            cursor,
            length,
            types,
            plans,
            walk,
            inline,
            limits,
            values_left,
            depth: 0,
            root,
            failure: None,
        }
    }

    /// Reads the value.
    pub fn read<T: serde::Deserialize<'de>>(mut self) -> Result<T, Error> {
        let read = T::deserialize(&mut self);
        read.map_err(|error| self.failure.take().unwrap_or(error))
    }

    /// Why the value could not be read, where the error went through hands that keep no more of it than this text.
    pub fn failure(&mut self, text: &str) -> Error {
        self.failure.take().unwrap_or_else(|| serde::de::Error::custom(text))
    }

    /// How many values were read so far, as [`Limits::values`] counts them.
    pub fn values(&self) -> usize {
        self.limits.values - self.values_left
    }

    /// Keeps an error, of which serde's layers may lose all but the text.
    #[inline]
    pub(super) fn noted<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.note(error);
        }
        result
    }

    #[cold]
    fn note(&mut self, error: &Error) {
        self.failure.get_or_insert_with(|| error.clone());
    }

    /// Says more of the error that is on its way out.
    #[cold]
    pub(super) fn amended(&mut self, error: Error, amend: impl FnOnce(Error, &Types) -> Error) -> Error {
        let amended = amend(self.failure.take().unwrap_or(error), self.types);
        self.failure = Some(amended.clone());
        amended
    }

    #[cold]
    pub(super) fn failed(&mut self, error: Error) -> Error {
        self.note(&error);
        error
    }

    #[cold]
    pub(super) fn wrong_type(&mut self, wanted: &str, received: Ty) -> Error {
        self.failed(Error::wrong_type(wanted, self.types.describe(received)))
    }

    /// Counts what is about to take memory.
    #[inline]
    pub(super) fn count(&mut self, values: usize) -> Result<(), Error> {
        match self.values_left.checked_sub(values) {
            Some(left) => {
                self.values_left = left;
                Ok(())
            }
            None => Err(self.too_many()),
        }
    }

    #[cold]
    fn too_many(&mut self) -> Error {
        let limit = self.limits.values;
        let what = format!("more than {limit} values in one message; send fewer, or as bytes");
        self.failed(Error::over_limit(what))
    }

    pub(super) fn enter(&mut self) -> Result<(), Error> {
        if self.depth >= self.limits.nesting {
            return Err(self.failed(too_deep(self.limits.nesting)));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn nesting(&self) -> usize {
        self.limits.nesting
    }

    #[inline]
    pub(super) fn int(&mut self) -> Result<i64, Error> {
        self.count(1)?;
        let read = self.cursor.int();
        self.noted(read)
    }

    #[inline]
    pub(super) fn uint(&mut self) -> Result<u64, Error> {
        self.count(1)?;
        let read = self.cursor.uint();
        self.noted(read)
    }

    pub(super) fn float(&mut self) -> Result<f64, Error> {
        self.count(1)?;
        let read = self.cursor.float();
        self.noted(read)
    }

    pub(super) fn bytes(&mut self) -> Result<&'de [u8], Error> {
        let read = self.cursor.bytes();
        let bytes = self.noted(read)?;
        self.count(1 + usize::from(!bytes.is_empty()))?;
        Ok(bytes)
    }

    pub(super) fn text(&mut self) -> Result<&'de str, Error> {
        let read = self.cursor.text();
        let text = self.noted(read)?;
        self.count(1 + usize::from(!text.is_empty()))?;
        Ok(text)
    }

    /// The number of items in a list or a map, each of which takes `least` bytes or more.
    pub(super) fn items(&mut self, least: usize) -> Result<usize, Error> {
        let read = self.cursor.length();
        let items = self.noted(read)?;
        if items > self.cursor.left() / least {
            let what = format!("{items} items in {} bytes", self.cursor.left());
            return Err(self.failed(Error::malformed(what)));
        }
        self.count(1 + usize::from(items > 0))?;
        Ok(items)
    }

    /// The type of what is in an interface, up to the value itself; none if nothing is.
    pub(super) fn open_interface(&mut self) -> Result<Option<Ty>, Error> {
        self.count(1)?;
        let opened = self.try_open_interface();
        self.noted(opened)
    }

    fn try_open_interface(&mut self) -> Result<Option<Ty>, Error> {
        if self.cursor.bytes()?.is_empty() {
            return Ok(None);
        }
        loop {
            let id = self.cursor.int()?;
            if id >= 0 {
                return held_type(id, &mut self.cursor, self.types).map(Some);
            }
            let mut ahead = Ahead { types: self.types, inline: &mut self.inline, length: self.length };
            if ahead.take(id, &mut self.cursor)? == Behind::Length {
                self.cursor.uint()?;
            }
        }
    }

    /// Passes over a value that nobody wants.
    pub(super) fn skip(&mut self, ty: Ty) -> Result<(), Error> {
        let skipped = self.try_skip(ty);
        self.noted(skipped)
    }

    fn try_skip(&mut self, ty: Ty) -> Result<(), Error> {
        let mut ahead = Ahead { types: self.types, inline: &mut self.inline, length: self.length };
        self.walk.begin(ty, self.depth, &mut self.cursor, self.types)?;
        match self.walk.run(&mut self.cursor, &mut ahead)? {
            true => Ok(()),
            false => Err(cut_short()),
        }
    }
}

/// The definitions in a value's bytes, which were taken when it was found to be whole.
struct Ahead<'a, 't> {
    types: &'t Types,
    inline: &'a mut &'t [Inline],
    length: usize,
}

impl Definitions for Ahead<'_, '_> {
    fn types(&self) -> &Types {
        self.types
    }

    fn take(&mut self, _: i64, cursor: &mut Cursor<'_>) -> Result<Behind, Error> {
        let start = self.length - cursor.left();
        let next = self.inline.split_first().filter(|(inline, _)| inline.start == start);
        // Whoever found that the value is whole walked the same way.
        let (inline, rest) = next.ok_or_else(|| Error::malformed("a definition where there was none"))?;
        *self.inline = rest;
        cursor.skip_to(self.length - inline.end);
        Ok(if inline.ends_message { Behind::Type } else { Behind::Length })
    }
}
