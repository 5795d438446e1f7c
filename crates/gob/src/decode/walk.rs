//! A walk over a value that only looks where it ends. It goes on where a message ended in its middle, so that each byte
//! is looked at once, in however many messages the value comes.

use super::types::{Composite, FieldNumbers, Fields, Ty, Types};
use crate::Error;
use crate::wire::Cursor;

/// Where the walk is.
#[derive(Debug)]
pub(crate) struct Walk {
    /// The values around it, outermost first.
    around: Vec<Frame>,
    /// What has to come next.
    next: Next,
    /// How many values may be inside each other.
    nesting: usize,
    /// How many are around the one that the walk began with.
    outside: usize,
}

#[derive(Debug)]
enum Frame {
    Struct(Fields, FieldNumbers),
    Items {
        item: Ty,
        left: u64,
    },
    /// Keys and items, which change places with each step.
    Pairs {
        next: Ty,
        other: Ty,
        left: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// What the innermost frame says.
    Inner,
    /// The type of what is in an interface, or a definition.
    HeldType,
    /// The same, in the next message.
    Message,
}

/// What is behind a definition inside of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// The length of what follows, as everywhere but between messages.
    Length,
    /// What follows, in a message that had a length of its own.
    Type,
    /// Nothing yet: the message ended.
    End,
}

/// How a walk takes the definitions of types that it comes across inside of interfaces.
pub(crate) trait Definitions {
    fn types(&self) -> &Types;
    /// Takes the definition of the type of this number.
    fn take(&mut self, id: i64, cursor: &mut Cursor<'_>) -> Result<Behind, Error>;
}

impl Walk {
    pub(crate) fn new(nesting: usize) -> Self {
        Self { around: Vec::new(), next: Next::Inner, nesting, outside: 0 }
    }

    /// Begins with a value of this type that is inside of `outside` others.
    pub(crate) fn begin(
        &mut self,
        ty: Ty,
        outside: usize,
        cursor: &mut Cursor<'_>,
        types: &Types,
    ) -> Result<(), Error> {
        self.around.clear();
        self.next = Next::Inner;
        self.outside = outside;
        self.value(ty, cursor, types)
    }

    /// Goes on until the value ends, or until the message ends inside of it: then this is false.
    pub(crate) fn run(
        &mut self,
        cursor: &mut Cursor<'_>,
        definitions: &mut impl Definitions,
    ) -> Result<bool, Error> {
        loop {
            match self.next {
                Next::Message => return Ok(false),
                Next::HeldType => self.held(cursor, definitions)?,
                Next::Inner if self.around.is_empty() => return Ok(true),
                Next::Inner => self.inner(cursor, definitions.types())?,
            }
        }
    }

    /// Goes on in the next message.
    pub(crate) fn resume(
        &mut self,
        cursor: &mut Cursor<'_>,
        definitions: &mut impl Definitions,
    ) -> Result<bool, Error> {
        self.next = Next::HeldType;
        self.run(cursor, definitions)
    }

    /// Memory that it takes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.around.capacity() * size_of::<Frame>()
    }

    fn held(&mut self, cursor: &mut Cursor<'_>, definitions: &mut impl Definitions) -> Result<(), Error> {
        let id = cursor.int()?;
        if id < 0 {
            self.next = match definitions.take(id.saturating_neg(), cursor)? {
                Behind::Length => cursor.uint().map(|_| Next::HeldType)?,
                Behind::Type => Next::HeldType,
                Behind::End => Next::Message,
            };
            return Ok(());
        }
        self.next = Next::Inner;
        let ty = held_type(id, cursor, definitions.types())?;
        self.value(ty, cursor, definitions.types())
    }

    /// The next value in the innermost frame, or its end.
    fn inner(&mut self, cursor: &mut Cursor<'_>, types: &Types) -> Result<(), Error> {
        let next = match self.around.last_mut() {
            Some(Frame::Struct(fields, numbers)) => match numbers.next(cursor)? {
                Some(number) => Some(types.field_type(*fields, number)?),
                None => None,
            },
            Some(Frame::Items { item, left }) if *left > 0 => {
                *left -= 1;
                Some(*item)
            }
            Some(Frame::Pairs { next, other, left }) if *left > 0 => {
                *left -= 1;
                std::mem::swap(next, other);
                Some(*other)
            }
            _ => None,
        };
        match next {
            Some(ty) => self.value(ty, cursor, types),
            None => {
                self.around.pop();
                Ok(())
            }
        }
    }

    /// Walks over a value without others in it, or steps into one that has some.
    fn value(&mut self, ty: Ty, cursor: &mut Cursor<'_>, types: &Types) -> Result<(), Error> {
        let index = match ty {
            Ty::Bool | Ty::Int | Ty::Uint | Ty::Float => return cursor.uint().map(drop),
            Ty::Complex => return cursor.uint().and_then(|_| cursor.uint()).map(drop),
            Ty::Bytes | Ty::String => return cursor.bytes().map(drop),
            Ty::Interface => {
                if !cursor.bytes()?.is_empty() {
                    self.next = Next::HeldType;
                }
                return Ok(());
            }
            Ty::Defined(index) => index,
        };
        let frame = match types.composite(index) {
            Composite::Marshaled { .. } => return cursor.bytes().map(drop),
            Composite::Struct(fields) => Frame::Struct(fields, FieldNumbers::new()),
            Composite::Array { item, .. } | Composite::Slice { item } => {
                Frame::Items { left: cursor.uint()?, item: types.of(item)? }
            }
            Composite::Map { key, item } => Frame::Pairs {
                left: cursor.uint()?.saturating_mul(2),
                next: types.of(key)?,
                other: types.of(item)?,
            },
        };
        if self.outside + self.around.len() >= self.nesting {
            return Err(too_deep(self.nesting));
        }
        self.around.push(frame);
        Ok(())
    }
}

pub(crate) fn too_deep(nesting: usize) -> Error {
    Error::over_limit(format!("nested deeper than the limit of {nesting}"))
}

/// The type of the value in an interface, of which the number was read; goes on to the value itself.
pub(crate) fn held_type(id: i64, cursor: &mut Cursor<'_>, types: &Types) -> Result<Ty, Error> {
    // How many bytes follow: who knows the type does not need it.
    cursor.uint()?;
    let ty = types.of_value(id)?;
    if ty == Ty::Interface {
        return Err(Error::malformed("an interface inside of an interface"));
    }
    begin_alone(ty, cursor, types)?;
    Ok(ty)
}

/// A value that no other is around has a zero in front, unless it is a struct.
#[inline]
pub(crate) fn begin_alone(ty: Ty, cursor: &mut Cursor<'_>, types: &Types) -> Result<(), Error> {
    if !types.is_struct(ty) && cursor.uint()? != 0 {
        return Err(Error::malformed("a value that is no struct begins with a field"));
    }
    Ok(())
}
