//! The types that a peer has defined, kept flat: a definition never costs more than its own bytes, and none is ever
//! unfolded into what it refers to.

use std::ops::Range;

use hashbrown::HashMap;

use crate::Error;
use crate::wire::Cursor;

/// The type of a value that is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ty {
    Bool,
    Int,
    Uint,
    Float,
    Bytes,
    String,
    Complex,
    Interface,
    /// The number of a [`Definition`] in the order in which they came.
    Defined(u32),
}

/// The number that the peer gave to a type.
pub(crate) type TypeId = u32;

/// Numbers below are Go's own, of the types that describe types.
const FIRST_ID: i64 = 24;

const INTERFACE: TypeId = 8;

#[derive(Debug)]
pub(crate) struct Definition {
    name: Range<u32>,
    pub(crate) composite: Composite,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Composite {
    Array {
        item: TypeId,
        length: u64,
    },
    Slice {
        item: TypeId,
    },
    Map {
        key: TypeId,
        item: TypeId,
    },
    Struct(Fields),
    /// Bytes that a method of the type made, or text where it said so.
    Marshaled {
        is_text: bool,
    },
}

/// The fields of a struct, which lie behind each other in [`Types::fields`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    first: u32,
    pub(crate) count: u32,
    /// The bytes of all names.
    pub(crate) names: u32,
    /// No field is an interface or a type that could hold one.
    is_flat: bool,
}

#[derive(Debug)]
struct Field {
    name: Range<u32>,
    id: TypeId,
}

/// Every type that a peer has defined on one connection.
#[derive(Debug)]
pub(crate) struct Types {
    by_id: HashMap<TypeId, u32>,
    definitions: Vec<Definition>,
    fields: Vec<Field>,
    /// The numbers of each struct's fields in the order of their names, beside [`Self::fields`].
    by_name: Vec<u32>,
    names: String,
    has_interfaces: bool,
    /// Bytes that further definitions may take.
    left: usize,
}

/// What a definition takes beside its bytes, about.
const DEFINITION_BYTES: usize = 64;

impl Types {
    /// No types yet, and room for definitions of so many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            by_id: HashMap::new(),
            definitions: Vec::new(),
            fields: Vec::new(),
            by_name: Vec::new(),
            names: String::new(),
            has_interfaces: false,
            left: limit,
        }
    }

    /// Memory that the definitions take.
    pub(crate) fn held(&self) -> usize {
        self.by_id.allocation_size()
            + self.definitions.capacity() * size_of::<Definition>()
            + self.fields.capacity() * size_of::<Field>()
            + self.by_name.capacity() * size_of::<u32>()
            + self.names.capacity()
    }

    pub(crate) fn of(&self, id: TypeId) -> Result<Ty, Error> {
        Ok(match id {
            1 => Ty::Bool,
            2 => Ty::Int,
            3 => Ty::Uint,
            4 => Ty::Float,
            5 => Ty::Bytes,
            6 => Ty::String,
            7 => Ty::Complex,
            INTERFACE => Ty::Interface,
            id => Ty::Defined(*self.by_id.get(&id).ok_or_else(|| undefined(id.into()))?),
        })
    }

    /// The same, of a number as it stands in front of a value.
    pub(crate) fn of_value(&self, id: i64) -> Result<Ty, Error> {
        self.of(TypeId::try_from(id).map_err(|_| undefined(id))?)
    }

    pub(crate) fn composite(&self, index: u32) -> Composite {
        // Only `of` makes indices, of what is there, and nothing is ever taken away.
        self.definitions[index as usize].composite
    }

    pub(crate) fn is_struct(&self, ty: Ty) -> bool {
        matches!(ty, Ty::Defined(index) if matches!(self.composite(index), Composite::Struct(_)))
    }

    /// Whether a value of this type might have interfaces in it, and so definitions, and so come in pieces.
    pub(crate) fn may_hold_interfaces(&self, ty: Ty) -> bool {
        match ty {
            Ty::Interface => true,
            Ty::Defined(index) if self.has_interfaces => {
                !matches!(self.composite(index), Composite::Struct(fields) if fields.is_flat)
            }
            _ => false,
        }
    }

    pub(crate) fn field_type(&self, fields: Fields, number: u32) -> Result<Ty, Error> {
        if number >= fields.count {
            return Err(Error::malformed("a field that its struct has not"));
        }
        self.of(self.fields[(fields.first + number) as usize].id)
    }

    pub(crate) fn field_name(&self, fields: Fields, number: u32) -> &str {
        self.text(&self.fields[(fields.first + number) as usize].name)
    }

    /// The number of the field that has this name.
    pub(crate) fn find_field(&self, fields: Fields, name: &str) -> Option<u32> {
        let sorted = &self.by_name[fields.first as usize..][..fields.count as usize];
        let found = sorted.partition_point(|number| self.field_name(fields, *number) < name);
        sorted.get(found).copied().filter(|number| self.field_name(fields, *number) == name)
    }

    fn text(&self, range: &Range<u32>) -> &str {
        &self.names[range.start as usize..range.end as usize]
    }

    pub(crate) fn name(&self, index: u32) -> &str {
        self.text(&self.definitions[index as usize].name)
    }

    /// The type in Go's words, `[]string`, for errors.
    pub(crate) fn describe(&self, ty: Ty) -> String {
        let mut text = String::new();
        self.describe_into(&mut text, ty, 0);
        text
    }

    fn describe_into(&self, text: &mut String, ty: Ty, depth: usize) {
        let index = match ty {
            Ty::Bool => return text.push_str("bool"),
            Ty::Int => return text.push_str("int"),
            Ty::Uint => return text.push_str("uint"),
            Ty::Float => return text.push_str("float"),
            Ty::Bytes => return text.push_str("[]uint8"),
            Ty::String => return text.push_str("string"),
            Ty::Complex => return text.push_str("complex"),
            Ty::Interface => return text.push_str("interface {}"),
            Ty::Defined(index) => index,
        };
        let named = self.name(index);
        if !named.is_empty() {
            return text.extend(named.chars().take(LONGEST_NAME));
        }
        if depth == DEEPEST_NAME {
            return text.push('…');
        }
        let inner = |text: &mut String, id| match self.of(id) {
            Ok(ty) => self.describe_into(text, ty, depth + 1),
            Err(_) => text.push_str("undefined"),
        };
        match self.composite(index) {
            Composite::Array { item, length } => {
                text.push_str(&format!("[{length}]"));
                inner(text, item);
            }
            Composite::Slice { item } => {
                text.push_str("[]");
                inner(text, item);
            }
            Composite::Map { key, item } => {
                text.push_str("map[");
                inner(text, key);
                text.push(']');
                inner(text, item);
            }
            Composite::Struct(_) => text.push_str("struct"),
            Composite::Marshaled { .. } => text.push_str("GobEncoder"),
        }
    }

    /// Reads the definition of the type of this number, and keeps it.
    pub(crate) fn define(&mut self, id: i64, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        let known = TypeId::try_from(id).ok().filter(|_| id >= FIRST_ID);
        let known = known.ok_or_else(|| Error::malformed(format!("type {id} cannot be defined")))?;
        if self.by_id.contains_key(&known) {
            return Err(Error::malformed(format!("type {id} is defined twice")));
        }
        let before = cursor.left();
        // What it would take can only be less than what is there to read, and this was checked against the limit.
        let marks = (self.fields.len(), self.names.len());
        let defined = self.read_definition(cursor).and_then(|definition| {
            let cost = before - cursor.left() + DEFINITION_BYTES;
            self.left = self
                .left
                .checked_sub(cost)
                .ok_or_else(|| Error::over_limit("too many type definitions on one connection".to_owned()))?;
            Ok(definition)
        });
        if defined.is_err() {
            self.fields.truncate(marks.0);
            self.by_name.truncate(marks.0);
            self.names.truncate(marks.1);
        }
        let definition = defined?;
        self.by_id.insert(known, self.definitions.len() as u32);
        self.definitions.push(definition);
        Ok(())
    }

    /// A `wireType`, of which one field is there: which one tells what kind of type it is.
    fn read_definition(&mut self, cursor: &mut Cursor<'_>) -> Result<Definition, Error> {
        let mut kind = FieldNumbers::new();
        let kind = kind.next(cursor)?.ok_or_else(unknown_kind)?;
        let definition = match kind {
            0 => {
                let (name, [item, length]) = self.read_parts(cursor)?;
                let length =
                    u64::try_from(length).map_err(|_| Error::malformed("an array of negative length"))?;
                Definition { name, composite: Composite::Array { item: self.inner(item)?, length } }
            }
            1 => {
                let (name, [item, _]) = self.read_parts(cursor)?;
                Definition { name, composite: Composite::Slice { item: self.inner(item)? } }
            }
            2 => self.read_struct(cursor)?,
            3 => {
                let (name, [key, item]) = self.read_parts(cursor)?;
                Definition {
                    name,
                    composite: Composite::Map { key: self.inner(key)?, item: self.inner(item)? },
                }
            }
            4..=6 => {
                let (name, [_, _]) = self.read_parts(cursor)?;
                Definition { name, composite: Composite::Marshaled { is_text: kind == 6 } }
            }
            _ => return Err(unknown_kind()),
        };
        match cursor.uint()? {
            0 => Ok(definition),
            _ => Err(Error::malformed("a type of two kinds")),
        }
    }

    /// The common part of every kind, and up to two numbers behind it.
    fn read_parts(&mut self, cursor: &mut Cursor<'_>) -> Result<(Range<u32>, [i64; 2]), Error> {
        let (mut name, mut parts) = (0..0, [0; 2]);
        let mut numbers = FieldNumbers::new();
        while let Some(number) = numbers.next(cursor)? {
            match number {
                0 => name = self.read_common(cursor)?,
                1 | 2 => parts[number as usize - 1] = cursor.int()?,
                _ => return Err(unknown_kind()),
            }
        }
        Ok((name, parts))
    }

    /// A `CommonType`: a name, and the type's number once more.
    fn read_common(&mut self, cursor: &mut Cursor<'_>) -> Result<Range<u32>, Error> {
        self.read_name_and_id(cursor).map(|(name, _)| name)
    }

    /// A struct of a name and a number, as definitions have it in two places.
    fn read_name_and_id(&mut self, cursor: &mut Cursor<'_>) -> Result<(Range<u32>, i64), Error> {
        let (mut name, mut id) = (0..0, 0);
        let mut numbers = FieldNumbers::new();
        while let Some(number) = numbers.next(cursor)? {
            match number {
                0 => name = self.keep_name(cursor.text()?)?,
                1 => id = cursor.int()?,
                _ => return Err(unknown_kind()),
            }
        }
        Ok((name, id))
    }

    fn keep_name(&mut self, name: &str) -> Result<Range<u32>, Error> {
        let start = self.names.len();
        self.names.push_str(name);
        let at = |length: usize| u32::try_from(length).map_err(|_| too_long());
        Ok(at(start)?..at(self.names.len())?)
    }

    fn read_struct(&mut self, cursor: &mut Cursor<'_>) -> Result<Definition, Error> {
        let mut name = 0..0;
        let first = u32::try_from(self.fields.len()).map_err(|_| too_long())?;
        let mut fields = Fields { first, count: 0, names: 0, is_flat: true };
        let mut numbers = FieldNumbers::new();
        while let Some(number) = numbers.next(cursor)? {
            match number {
                0 => name = self.read_common(cursor)?,
                1 => self.read_fields(cursor, &mut fields)?,
                _ => return Err(unknown_kind()),
            }
        }
        let mut by_name: Vec<u32> = (0..fields.count).collect();
        by_name.sort_by(|a, b| self.field_name(fields, *a).cmp(self.field_name(fields, *b)));
        self.by_name.extend(by_name);
        Ok(Definition { name, composite: Composite::Struct(fields) })
    }

    fn read_fields(&mut self, cursor: &mut Cursor<'_>, fields: &mut Fields) -> Result<(), Error> {
        // Each takes a byte at least, so a count that lies ends with the bytes.
        for _ in 0..cursor.length()? {
            let (name, id) = self.read_name_and_id(cursor)?;
            let id = self.inner(id)?;
            fields.is_flat &= id < INTERFACE;
            fields.count += 1;
            fields.names += name.end - name.start;
            self.fields.push(Field { name, id });
        }
        Ok(())
    }

    /// The number of a type inside another, which need not be defined yet.
    fn inner(&mut self, id: i64) -> Result<TypeId, Error> {
        let known = TypeId::try_from(id).ok().filter(|_| (1..=8).contains(&id) || id >= FIRST_ID);
        self.has_interfaces |= id == i64::from(INTERFACE);
        known.ok_or_else(|| undefined(id))
    }
}

/// How much of a peer's name for a type an error repeats.
const LONGEST_NAME: usize = 100;

/// How many types inside each other an error shows.
const DEEPEST_NAME: usize = 8;

fn undefined(id: i64) -> Error {
    Error::malformed(format!("type {id} was never defined"))
}

fn unknown_kind() -> Error {
    Error::malformed("the definition of a type of unknown kind")
}

fn too_long() -> Error {
    Error::over_limit("type definitions of over 4 GiB".to_owned())
}

/// The numbers of the fields that a struct has, which come as differences.
#[derive(Debug)]
pub(crate) struct FieldNumbers {
    next: u64,
}

impl FieldNumbers {
    pub(crate) fn new() -> Self {
        Self { next: 0 }
    }

    /// The next field's number; none at the struct's end.
    pub(crate) fn next(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<u32>, Error> {
        let delta = cursor.uint()?;
        if delta == 0 {
            return Ok(None);
        }
        self.next = self.next.saturating_add(delta);
        match u32::try_from(self.next) {
            Ok(next) => Ok(Some(next - 1)),
            Err(_) => Err(Error::malformed("a field that its struct has not")),
        }
    }
}
