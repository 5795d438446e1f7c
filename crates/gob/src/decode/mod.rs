//! One direction of a stream, from bytes to values.

mod plan;
mod reader;
mod record;
mod types;
mod value;
mod walk;
mod zero;

use std::ops::Range;

use self::plan::Plans;
use self::reader::Inline;
pub use self::reader::Reader;
use self::types::{Ty, Types};
pub(crate) use self::walk::too_deep;
use self::walk::{Behind, Definitions, Walk, begin_alone};
use crate::wire::{Cursor, parse_length};
use crate::{Error, Limits};

/// Takes a peer's messages: it learns types, and hands out values.
///
/// What it keeps between messages is the peer's types, within [`Limits::definitions`], and a value that has come in part.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    types: Types,
    plans: Plans,
    walk: Walk,
    unfinished: Unfinished,
}

/// A value of which more messages have to come, and, once it is whole, where to read it.
#[derive(Debug, Default)]
struct Unfinished {
    /// The type of the value, until it is whole.
    ty: Option<Ty>,
    bytes: Vec<u8>,
    /// The definitions in the value.
    inline: Vec<Inline>,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            types: Types::new(limits.definitions),
            plans: Plans::default(),
            walk: Walk::new(limits.nesting),
            unfinished: Unfinished::default(),
        }
    }

    /// Takes messages off the front of `input` until there is a value; none when more bytes are needed.
    ///
    /// On an error too `input` goes on behind the message that was wrong, so that the next one can be tried. Only where
    /// its length cannot be told the input stays, and the stream has ended.
    pub fn next<'d, 'i: 'd>(&'d mut self, input: &mut &'i [u8]) -> Result<Option<Reader<'d, 'd>>, Error> {
        self.plans.tidy();
        if self.unfinished.ty.is_none() {
            self.unfinished.clear();
        }
        while let Some((width, length)) = parse_length(input, self.limits.message_bytes)? {
            let Some((body, rest)) = input[width..].split_at_checked(length) else { break };
            *input = rest;
            if let Some((ty, value)) = self.take(body)? {
                return Ok(Some(self.read(ty, value, body)));
            }
        }
        Ok(None)
    }

    /// Memory that it holds on to.
    pub fn held(&self) -> usize {
        self.types.held() + self.plans.held() + self.walk.held_bytes() + self.unfinished.held()
    }

    /// Takes one message. A value that is whole is told by where it begins: in this message, or in all of its pieces.
    fn take(&mut self, body: &[u8]) -> Result<Option<(Ty, Range<usize>)>, Error> {
        let mut cursor = Cursor::new(body);
        if let Some(ty) = self.unfinished.ty.take() {
            return self.take_piece(ty, body, cursor);
        }
        let id = cursor.int()?;
        if id < 0 {
            self.types.define(id.saturating_neg(), &mut cursor)?;
            return match cursor.left() {
                0 => Ok(None),
                left => Err(Error::malformed(format!("{left} bytes behind a definition"))),
            };
        }
        let ty = self.types.of_value(id)?;
        begin_alone(ty, &mut cursor, &self.types)?;
        if self.types.may_hold_interfaces(ty) {
            return self.take_first(ty, body, cursor);
        }
        Ok(Some((ty, body.len() - cursor.left()..body.len())))
    }

    /// A value in which there may be definitions is walked over before it is read, to learn them, and to see its end.
    fn take_first(
        &mut self,
        ty: Ty,
        body: &[u8],
        mut cursor: Cursor<'_>,
    ) -> Result<Option<(Ty, Range<usize>)>, Error> {
        let start = body.len() - cursor.left();
        let mut learning = Learning {
            types: &mut self.types,
            inline: &mut self.unfinished.inline,
            // Where a definition lies is counted from where the value begins.
            end: cursor.left(),
        };
        self.walk.begin(ty, 0, &mut cursor, learning.types)?;
        if self.walk.run(&mut cursor, &mut learning)? {
            return Ok(Some((ty, start..body.len())));
        }
        self.unfinished.ty = Some(ty);
        self.unfinished.bytes.extend_from_slice(&body[start..]);
        Ok(None)
    }

    fn take_piece(
        &mut self,
        ty: Ty,
        body: &[u8],
        mut cursor: Cursor<'_>,
    ) -> Result<Option<(Ty, Range<usize>)>, Error> {
        let Unfinished { bytes, inline, .. } = &mut self.unfinished;
        if bytes.len() + body.len() > self.limits.message_bytes {
            let limit = self.limits.message_bytes;
            return Err(Error::over_limit(format!("a value in pieces is over the limit of {limit} bytes")));
        }
        let mut learning = Learning { types: &mut self.types, inline, end: bytes.len() + body.len() };
        let is_whole = self.walk.resume(&mut cursor, &mut learning)?;
        bytes.extend_from_slice(body);
        if is_whole {
            return Ok(Some((ty, 0..0)));
        }
        self.unfinished.ty = Some(ty);
        Ok(None)
    }

    fn read<'d>(&'d mut self, ty: Ty, value: Range<usize>, body: &'d [u8]) -> Reader<'d, 'd> {
        let Self { limits, types, plans, walk, unfinished } = self;
        let bytes = match unfinished.bytes.is_empty() {
            true => &body[value],
            false => &unfinished.bytes,
        };
        Reader::new(ty, bytes, types, plans, walk, &unfinished.inline, limits)
    }
}

impl Unfinished {
    fn clear(&mut self) {
        self.bytes = Vec::new();
        self.inline = Vec::new();
    }

    fn held(&self) -> usize {
        self.bytes.capacity() + self.inline.capacity() * size_of::<Inline>()
    }
}

/// Learns the types that are defined inside of a value.
struct Learning<'a> {
    types: &'a mut Types,
    inline: &'a mut Vec<Inline>,
    /// Where the message ends, counted from the beginning of the value.
    end: usize,
}

impl Definitions for Learning<'_> {
    fn types(&self) -> &Types {
        self.types
    }

    fn take(&mut self, id: i64, cursor: &mut Cursor<'_>) -> Result<Behind, Error> {
        let start = self.end - cursor.left();
        self.types.define(id, cursor)?;
        let ends_message = cursor.is_empty();
        self.inline.push(Inline { start, end: self.end - cursor.left(), ends_message });
        Ok(if ends_message { Behind::End } else { Behind::Length })
    }
}
