//! The type of a value that has none of its own: a map with text for keys is a struct, one with bytes for keys a map with
//! text for keys, a list whose items have one type a slice of that, and any other list an `[]interface{}`.

use std::borrow::Cow;
use std::ops::Range;

use serde::ser::{self, Serialize, Serializer};

use super::text::{Key, key_text};
use super::types::{self, Node, Types};
use crate::Error;
use crate::decode::too_deep;
use crate::names::exported;

/// The type of this value. Types are added for it, and none that is not in it.
pub(super) fn infer<T: Serialize + ?Sized>(
    types: &mut Types,
    value: &T,
    nesting: usize,
) -> Result<Node, Error> {
    let mut state = State { types, text: String::new(), fields: Vec::new(), depth: 0, nesting };
    Ok(value.serialize(Infer { state: &mut state })?.node)
}

struct State<'i> {
    types: &'i mut Types,
    /// The names of the fields below, one behind the other.
    text: String,
    /// The fields of the structs around, innermost last.
    fields: Vec<(Range<usize>, Node)>,
    depth: usize,
    nesting: usize,
}

impl State<'_> {
    fn enter(&mut self) -> Result<(), Error> {
        if self.depth >= self.nesting {
            return Err(too_deep(self.nesting));
        }
        self.depth += 1;
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
struct Inferred {
    node: Node,
    /// Nothing at all.
    is_null: bool,
    /// Left out as a field, as Go does with what is empty: of what type it would be is not known.
    is_nothing: bool,
}

impl Inferred {
    fn plain(node: Node) -> Self {
        Self { node, is_null: false, is_nothing: false }
    }

    fn null() -> Self {
        Self { node: types::NOTHING, is_null: true, is_nothing: true }
    }
}

/// The type that several values have in common.
#[derive(Debug, Clone, Copy)]
enum Common {
    None,
    One(Node),
    Mixed,
}

impl Common {
    fn add(&mut self, item: Inferred) {
        *self = match *self {
            _ if item.is_null => Common::Mixed,
            Common::None => Common::One(item.node),
            Common::One(node) if node == item.node => return,
            _ => Common::Mixed,
        };
    }

    fn node(self) -> Node {
        match self {
            Common::One(node) => node,
            Common::None | Common::Mixed => types::INTERFACE,
        }
    }
}

struct Infer<'a, 'i> {
    state: &'a mut State<'i>,
}

macro_rules! scalars {
    ($($method:ident($ty:ty): $node:ident;)*) => {$(
        fn $method(self, _: $ty) -> Result<Inferred, Error> {
            Ok(Inferred::plain(types::$node))
        }
    )*};
}

impl<'a, 'i> Serializer for Infer<'a, 'i> {
    type Ok = Inferred;
    type Error = Error;
    type SerializeSeq = List<'a, 'i>;
    type SerializeTuple = List<'a, 'i>;
    type SerializeTupleStruct = List<'a, 'i>;
    type SerializeTupleVariant = Map<'a, 'i>;
    type SerializeMap = Map<'a, 'i>;
    type SerializeStruct = Map<'a, 'i>;
    type SerializeStructVariant = Map<'a, 'i>;

    fn is_human_readable(&self) -> bool {
        false
    }

    scalars! {
        serialize_bool(bool): BOOL;
        serialize_i8(i8): INT;
        serialize_i16(i16): INT;
        serialize_i32(i32): INT;
        serialize_i64(i64): INT;
        serialize_u8(u8): UINT;
        serialize_u16(u16): UINT;
        serialize_u32(u32): UINT;
        serialize_u64(u64): UINT;
        serialize_f32(f32): FLOAT;
        serialize_f64(f64): FLOAT;
        serialize_char(char): STRING;
        serialize_str(&str): STRING;
        serialize_bytes(&[u8]): BYTES;
    }

    fn serialize_none(self) -> Result<Inferred, Error> {
        Ok(Inferred::null())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Inferred, Error> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Inferred, Error> {
        Ok(Inferred::null())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Inferred, Error> {
        Ok(Inferred::null())
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<Inferred, Error> {
        Ok(Inferred::plain(types::STRING))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Inferred, Error> {
        match name {
            crate::TIMESTAMP => Ok(Inferred::plain(types::TIME)),
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Inferred, Error> {
        let mut map = Map::new(self.state)?;
        map.entry(variant, value)?;
        map.finish()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a, 'i>, Error> {
        List::new(self.state)
    }
    fn serialize_tuple(self, _: usize) -> Result<List<'a, 'i>, Error> {
        List::new(self.state)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'a, 'i>, Error> {
        List::new(self.state)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Map<'a, 'i>, Error> {
        no_variant()
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Map<'a, 'i>, Error> {
        Map::new(self.state)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Map<'a, 'i>, Error> {
        Map::new(self.state)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Map<'a, 'i>, Error> {
        no_variant()
    }
}

pub(super) fn no_variant<T>() -> Result<T, Error> {
    Err(Error::unwritable("a variant with several values; put them into a struct"))
}

struct List<'a, 'i> {
    state: &'a mut State<'i>,
    /// The types before the list's, to which it goes back where it has no use for them.
    mark: usize,
    common: Common,
    is_empty: bool,
}

impl<'a, 'i> List<'a, 'i> {
    fn new(state: &'a mut State<'i>) -> Result<Self, Error> {
        state.enter()?;
        let mark = state.types.mark();
        Ok(Self { state, mark, common: Common::None, is_empty: true })
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.is_empty = false;
        if let Common::Mixed = self.common {
            return Ok(());
        }
        self.common.add(value.serialize(Infer { state: self.state })?);
        if let Common::Mixed = self.common {
            self.state.types.truncate(self.mark);
        }
        Ok(())
    }

    fn finish(self) -> Result<Inferred, Error> {
        self.state.depth -= 1;
        let node = self.state.types.list(self.common.node());
        Ok(Inferred { node, is_null: false, is_nothing: self.is_empty })
    }
}

struct Map<'a, 'i> {
    state: &'a mut State<'i>,
    types: usize,
    fields: usize,
    text: usize,
    keys: Common,
    items: Common,
    /// All keys so far are text, or all of them bytes.
    all_text: bool,
    all_bytes: bool,
    is_empty: bool,
}

impl<'a, 'i> Map<'a, 'i> {
    fn new(state: &'a mut State<'i>) -> Result<Self, Error> {
        state.enter()?;
        let (types, fields, text) = (state.types.mark(), state.fields.len(), state.text.len());
        let (keys, items) = (Common::None, Common::None);
        Ok(Self { state, types, fields, text, keys, items, all_text: true, all_bytes: true, is_empty: true })
    }

    fn entry<K: Serialize + ?Sized, T: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &T,
    ) -> Result<(), Error> {
        self.key(key)?;
        self.value(value)
    }

    fn key<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), Error> {
        self.is_empty = false;
        let kind = key_text(key, &mut self.state.text)?;
        self.all_text &= matches!(kind, Key::Text);
        self.all_bytes &= matches!(kind, Key::Bytes);
        self.keys.add(match kind {
            Key::Text => Inferred::plain(types::STRING),
            Key::Bytes => Inferred::plain(types::BYTES),
            Key::Other => key.serialize(Infer { state: self.state })?,
        });
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if !self.all_text && matches!(self.items, Common::Mixed) {
            return Ok(());
        }
        // The key's text is the last: where the name before it ends, it begins.
        let start = self.state.fields[self.fields..].last().map_or(self.text, |(name, _)| name.end);
        let end = self.state.text.len();
        let inferred = value.serialize(Infer { state: self.state })?;
        self.items.add(inferred);
        if inferred.is_nothing || !self.all_text {
            self.state.text.truncate(start);
            return Ok(());
        }
        if let Cow::Owned(name) = exported(&self.state.text[start..end]) {
            self.state.text.replace_range(start.., &name);
        }
        self.state.fields.push((start..self.state.text.len(), inferred.node));
        Ok(())
    }

    fn finish(self) -> Result<Inferred, Error> {
        let state = self.state;
        state.depth -= 1;
        let node = if self.all_text {
            let fields = state.fields[self.fields..].iter();
            let fields = fields.map(|(name, node)| (&state.text[name.clone()], *node));
            state.types.record("", None, &fields)
        } else {
            if let Common::Mixed = self.items {
                state.types.truncate(self.types);
            }
            let key = if self.all_bytes { types::STRING } else { self.keys.node() };
            state.types.map(key, self.items.node())
        };
        state.fields.truncate(self.fields);
        state.text.truncate(self.text);
        Ok(Inferred { node, is_null: false, is_nothing: self.is_empty })
    }
}

macro_rules! building {
    ($($trait:ident for $target:ident { $method:ident $(($key:ident))? => $call:ident })*) => {$(
        impl ser::$trait for $target<'_, '_> {
            type Ok = Inferred;
            type Error = Error;
            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), Error> {
                self.$call($($key,)? value)
            }
            fn end(self) -> Result<Inferred, Error> {
                self.finish()
            }
        }
    )*};
}

building! {
    SerializeSeq for List { serialize_element => item }
    SerializeTuple for List { serialize_element => item }
    SerializeTupleStruct for List { serialize_field => item }
    SerializeTupleVariant for Map { serialize_field => value }
    SerializeStruct for Map { serialize_field(key) => entry }
    SerializeStructVariant for Map { serialize_field(key) => entry }
}

impl ser::SerializeMap for Map<'_, '_> {
    type Ok = Inferred;
    type Error = Error;

    fn serialize_key<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), Error> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<Inferred, Error> {
        self.finish()
    }
}
