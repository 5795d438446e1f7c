//! The other direction of a stream, from values to bytes.

mod compound;
mod infer;
mod learn;
mod lengths;
mod text;
mod types;
mod value;

use std::any::TypeId;

use hashbrown::HashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::infer::infer;
pub use self::learn::Probe;
use self::lengths::Lengths;
use self::types::{Composite, Node, Types};
use self::value::{ValueWriter, Writer, Written};
use crate::wire::put_int;
use crate::{Error, Limits};

/// Tells one type from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKey {
    /// A Rust type.
    Rust(TypeId),
    /// One that was made up while the program ran, under a number of its own.
    Numbered(u64),
}

/// Writes values, and defines each type once.
///
/// What it keeps is the types that it has told its peer of: those of the program's own, and those that it inferred from
/// values, within [`Limits::definitions`]. Beyond these a map is sent as `map[string]interface{}` and a list as
/// `[]interface{}`, which need no definitions any more; a peer that has no types of its own for them reads the same.
#[derive(Debug)]
pub struct Encoder {
    types: Types,
    /// The types of the program's own.
    known: HashMap<TypeKey, Node>,
    lengths: Lengths,
    /// Definitions that were made for a value which could then not be written; the next message takes them along.
    unsent: Vec<u8>,
    /// See [`Writer::name`].
    name: String,
    limits: Limits,
}

impl Encoder {
    /// An encoder at the start of a stream.
    pub fn new(limits: &Limits) -> Self {
        Self {
            types: Types::new(),
            known: HashMap::new(),
            lengths: Lengths::default(),
            unsent: Vec::new(),
            name: String::new(),
            limits: *limits,
        }
    }

    /// Appends a value to `out`, behind the definitions that it needs, and tells where in `out` these end. On an error
    /// nothing is appended.
    pub fn encode<T: Serialize + DeserializeOwned + 'static>(
        &mut self,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        // What becomes of the value that is read does not matter, only what was asked for.
        self.encode_as(TypeKey::Rust(TypeId::of::<T>()), &mut |probe| drop(T::deserialize(probe)), value, out)
    }

    /// The same for a value whose type is not known here: `key` tells it from others, and `ask` reads one value of it
    /// from what it is given, as often as that is called.
    pub fn encode_as<T: Serialize + ?Sized>(
        &mut self,
        key: TypeKey,
        ask: &mut dyn FnMut(Probe<'_>),
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let node = match self.known.get(&key) {
            Some(node) => *node,
            None => *self.known.entry(key).insert(learn::learn(&mut self.types, ask)).get(),
        };
        match node {
            types::INTERFACE => self.encode_dynamic(value, out),
            node => self.write(node, value, out),
        }
    }

    /// The same for a value of which every part is written as the type that it has.
    pub fn encode_dynamic<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let mark = self.types.mark();
        let inferred = infer(&mut self.types, value, self.limits.nesting);
        let is_too_much = self.types.defined + self.types.cost_beyond(mark) > self.limits.definitions;
        let node = match inferred {
            Ok(node) if is_too_much && self.types.mark() > mark => self.without_definitions(node),
            Ok(node) => Ok(node),
            Err(error) => Err(error),
        };
        match node {
            Ok(node) if (node as usize) < mark => {
                self.types.truncate(mark);
                self.write(node, value, out)
            }
            Ok(node) => self.write(node, value, out),
            Err(error) => {
                self.types.truncate(mark);
                Err(error)
            }
        }
    }

    /// Memory that it holds on to.
    pub fn held(&self) -> usize {
        self.types.held() + self.known.allocation_size() + self.unsent.capacity() + self.name.capacity()
    }

    /// The type that a value can have without a new definition.
    fn without_definitions(&self, node: Node) -> Result<Node, Error> {
        match self.types.get(node) {
            Composite::List(_) | Composite::Array(..) => Ok(types::ANY_LIST),
            _ => Ok(types::ANY_MAP),
        }
    }

    fn write<T: Serialize + ?Sized>(
        &mut self,
        node: Node,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let start = out.len();
        if let Err(error) = self.try_write(node, value, out) {
            out.truncate(start);
            self.lengths.clear();
            return Err(error);
        }
        let defined = self.unsent.len();
        if defined > 0 {
            out.splice(start..start, self.unsent.drain(..));
        }
        Ok(start + defined)
    }

    fn try_write<T: Serialize + ?Sized>(
        &mut self,
        node: Node,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Self { types, lengths, unsent, name, limits, .. } = self;
        let longest = out.len() + limits.message_bytes;
        let id = types.define(node, unsent);
        let length = lengths.open(out);
        put_int(out, id);
        if !matches!(types.get(node), Composite::Record(_)) {
            out.push(0);
        }
        let mut writer = Writer { out, types, lengths, unsent, name, depth: 0, limits, longest };
        let written = value.serialize(ValueWriter { writer: &mut writer, node })?;
        writer.check_length()?;
        if written == Written::Nothing {
            return Err(Error::unwritable("nothing where a value has to be"));
        }
        lengths.close(&length, out);
        lengths.finish(out);
        Ok(())
    }
}
