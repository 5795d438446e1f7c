//! The gob type of a Rust type, learnt by asking serde what it would read.
//!
//! Serde tells of a type only while it reads one, so a deserializer answers each question with a zero and writes down what
//! was asked. A value that cannot be made of zeros ends the run; what was learnt until then is passed over in the next.

use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::types::{self, Composite, Node, Record, Types};
use crate::Error;
use crate::names::{NUMBER, TIMESTAMP, exported};
use crate::time::Time;

/// Learns the type that `ask` reads; [`types::INTERFACE`] stands for one that has to be told from each value.
pub(super) fn learn(types: &mut Types, ask: &mut dyn FnMut(Probe<'_>)) -> Node {
    let mark = types.mark();
    let mut learnt = learn_to(0, types, ask);
    // A struct inside of one of its name is itself, or the same generic struct of another type: a look that goes one
    // level deeper shows which.
    for repeats in 1..MOST_REPEATS {
        match learnt {
            Some((node, true)) => {
                let deeper = learn_to(repeats, types, ask);
                if deeper.is_some_and(|(deeper, _)| is_same(types, node, deeper, &mut Vec::new())) {
                    return node;
                }
                learnt = deeper;
            }
            Some((node, false)) => return node,
            None => break,
        }
    }
    types.truncate(mark);
    types::INTERFACE
}

/// A generic struct may be so often inside of itself; one that is so more often has to be told from each value.
const MOST_REPEATS: usize = 4;

/// More runs than this are not made for one type: each learns one thing at least that is inside of itself.
const MOST_RUNS: usize = 1_000;

/// The types of structs may be so many inside each other.
const DEEPEST: usize = 100;

/// Learns a type in which a struct may be so often inside of itself before it is taken for the same; and tells whether one
/// was.
fn learn_to(repeats: usize, types: &mut Types, ask: &mut dyn FnMut(Probe<'_>)) -> Option<(Node, bool)> {
    let mut learnt = Learnt::Unknown;
    for _ in 0..MOST_RUNS {
        let mut is_new = false;
        ask(Probe { learnt: &mut learnt, around: None, repeats, is_new: &mut is_new });
        if matches!(learnt, Learnt::Number) {
            return None;
        }
        if learnt.is_known() {
            let mut structs = Vec::new();
            return Some((learnt.node(types, &mut structs), learnt.is_recursive()));
        }
        if !is_new {
            break;
        }
    }
    None
}

/// Whether two types are the same when all that is in them is written out.
fn is_same(types: &Types, a: Node, b: Node, assumed: &mut Vec<(Node, Node)>) -> bool {
    if a == b || assumed.contains(&(a, b)) {
        return true;
    }
    assumed.push((a, b));
    match (types.get(a), types.get(b)) {
        (Composite::List(a), Composite::List(b)) => is_same(types, *a, *b, assumed),
        (Composite::Array(a, n), Composite::Array(b, m)) => n == m && is_same(types, *a, *b, assumed),
        (Composite::Map(k, a), Composite::Map(l, b)) => {
            is_same(types, *k, *l, assumed) && is_same(types, *a, *b, assumed)
        }
        (Composite::Record(a), Composite::Record(b)) => {
            let mut fields = a.fields().zip(b.fields());
            (a.name, a.keys) == (b.name, b.keys)
                && fields.all(|((_, a), (_, b))| is_same(types, a, b, assumed))
        }
        _ => false,
    }
}

/// What is known of a type so far.
#[derive(Debug)]
enum Learnt {
    Unknown,
    Basic(Node),
    /// An int or a float, whichever its value is: a float where the type has to be told before the value.
    Number,
    /// `u8`, of which a list is bytes.
    Byte,
    List(Box<Learnt>),
    Tuple(Vec<Learnt>),
    Map(Box<(Learnt, Learnt)>),
    Struct {
        name: &'static str,
        names: &'static [&'static str],
        fields: Vec<Learnt>,
    },
    /// A struct that is around this, so many structs out.
    Again(usize),
}

impl Learnt {
    fn is_known(&self) -> bool {
        match self {
            Learnt::Unknown => false,
            Learnt::Basic(_) | Learnt::Number | Learnt::Byte | Learnt::Again(_) => true,
            Learnt::List(item) => item.is_known(),
            Learnt::Tuple(items) => items.iter().all(Learnt::is_known),
            Learnt::Map(pair) => pair.0.is_known() && pair.1.is_known(),
            Learnt::Struct { names, fields, .. } => {
                fields.len() == names.len() && fields.iter().all(Learnt::is_known)
            }
        }
    }

    fn is_recursive(&self) -> bool {
        match self {
            Learnt::Unknown | Learnt::Basic(_) | Learnt::Number | Learnt::Byte => false,
            Learnt::Again(_) => true,
            Learnt::List(item) => item.is_recursive(),
            Learnt::Tuple(items) => items.iter().any(Learnt::is_recursive),
            Learnt::Map(pair) => pair.0.is_recursive() || pair.1.is_recursive(),
            Learnt::Struct { fields, .. } => fields.iter().any(Learnt::is_recursive),
        }
    }

    /// The type. `structs` are those around it, outermost first.
    fn node(&self, types: &mut Types, structs: &mut Vec<Node>) -> Node {
        match self {
            Learnt::Unknown => types::INTERFACE,
            Learnt::Basic(node) => *node,
            Learnt::Number => types::FLOAT,
            Learnt::Byte => types::UINT,
            Learnt::List(item) if matches!(**item, Learnt::Byte) => types::BYTES,
            Learnt::List(item) => {
                let item = item.node(types, structs);
                types.list(item)
            }
            Learnt::Tuple(items) => {
                let nodes: Vec<Node> = items.iter().map(|item| item.node(types, structs)).collect();
                match nodes[..] {
                    [first, ref rest @ ..] if rest.iter().all(|node| *node == first) => {
                        types.array(first, nodes.len())
                    }
                    _ => types::ANY_LIST,
                }
            }
            Learnt::Map(pair) => {
                let (key, item) = (pair.0.node(types, structs), pair.1.node(types, structs));
                types.map(key, item)
            }
            Learnt::Struct { name, names, fields } if self.is_recursive() => {
                let node = types.begin_record();
                structs.push(node);
                let nodes: Vec<Node> = fields.iter().map(|field| field.node(types, structs)).collect();
                structs.pop();
                let exported: Vec<_> = names.iter().map(|name| exported(name)).collect();
                let fields = exported.iter().map(|name| &**name).zip(nodes);
                types.finish_record(node, Record::new(name, Some(names), fields));
                node
            }
            Learnt::Struct { name, names, fields } => {
                let nodes: Vec<Node> = fields.iter().map(|field| field.node(types, structs)).collect();
                let exported: Vec<_> = names.iter().map(|name| exported(name)).collect();
                let fields = exported.iter().map(|name| &**name).zip(nodes);
                types.record(name, Some(names), &fields)
            }
            Learnt::Again(out) => {
                structs.len().checked_sub(out + 1).map_or(types::INTERFACE, |at| structs[at])
            }
        }
    }
}

/// A struct that is being learnt, and those around it.
#[derive(Clone, Copy)]
struct Around<'a> {
    name: &'static str,
    names: &'static [&'static str],
    outer: Option<&'a Around<'a>>,
    depth: usize,
}

/// A deserializer that finds out about a type: whatever type is read from it is learnt, and the value is worth nothing.
pub struct Probe<'l> {
    learnt: &'l mut Learnt,
    around: Option<&'l Around<'l>>,
    repeats: usize,
    is_new: &'l mut bool,
}

impl Probe<'_> {
    fn found(&mut self, learnt: Learnt) {
        if matches!(self.learnt, Learnt::Unknown) {
            *self.learnt = learnt;
            *self.is_new = true;
        }
    }

    fn inner<'t>(
        &'t mut self,
        learnt: impl FnOnce(&'t mut Learnt) -> Option<&'t mut Learnt>,
    ) -> Option<Probe<'t>> {
        let learnt = learnt(self.learnt)?;
        Some(Probe { learnt, around: self.around, repeats: self.repeats, is_new: self.is_new })
    }

    /// Whether this struct is around already, so often that it is taken for the same: so many structs out.
    fn again(&self, name: &str, names: &'static [&'static str]) -> Option<usize> {
        let outwards = std::iter::successors(self.around, |around| around.outer).enumerate();
        let mut same =
            outwards.filter(|(_, around)| around.name == name && std::ptr::eq(around.names, names));
        same.clone().nth(self.repeats).and_then(|_| same.next()).map(|(out, _)| out)
    }
}

macro_rules! answers {
    ($($($method:ident)+: $node:ident => $visit:ident $zero:tt;)*) => {$($(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
            self.found(Learnt::Basic(types::$node));
            visitor.$visit $zero
        }
    )+)*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    answers! {
        deserialize_any deserialize_ignored_any: INTERFACE => visit_unit();
        deserialize_bool: BOOL => visit_bool(false);
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64: INT => visit_i64(0);
        deserialize_u16 deserialize_u32 deserialize_u64: UINT => visit_u64(0);
        deserialize_f32 deserialize_f64: FLOAT => visit_f64(0.0);
        deserialize_str deserialize_string deserialize_identifier: STRING => visit_borrowed_str("");
        deserialize_char: STRING => visit_char('\0');
        deserialize_bytes deserialize_byte_buf: BYTES => visit_borrowed_bytes(&[]);
        deserialize_unit: NOTHING => visit_unit();
    }

    fn deserialize_u8<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        self.found(Learnt::Byte);
        visitor.visit_u8(0)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.learnt.is_known() {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            TIMESTAMP => {
                self.found(Learnt::Basic(types::TIME));
                Time::ZERO.visit(visitor)
            }
            NUMBER => {
                self.found(Learnt::Number);
                visitor.visit_i64(0)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        self.found(Learnt::List(Box::new(Learnt::Unknown)));
        let item = match self.learnt.is_known() {
            true => None,
            false => self.inner(|learnt| match learnt {
                Learnt::List(item) => Some(item),
                _ => None,
            }),
        };
        visitor.visit_seq(One(item))
    }

    fn deserialize_tuple<V: Visitor<'de>>(mut self, length: usize, visitor: V) -> Result<V::Value, Error> {
        let items = std::iter::repeat_with(|| Learnt::Unknown).take(length.min(LONGEST_TUPLE));
        self.found(Learnt::Tuple(items.collect()));
        visitor.visit_seq(Each { probe: self, next: 0 })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        self.found(Learnt::Map(Box::new((Learnt::Unknown, Learnt::Unknown))));
        let is_over = self.learnt.is_known();
        visitor.visit_map(Pair { probe: self, is_over })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if let Learnt::Unknown = self.learnt
            && let Some(out) = self.again(name, names)
        {
            self.found(Learnt::Again(out));
            return Err(de::Error::custom("a struct inside of itself"));
        }
        if matches!(self.learnt, Learnt::Again(_)) {
            return Err(de::Error::custom("a struct that is always inside of itself"));
        }
        let fields = std::iter::repeat_with(|| Learnt::Unknown).take(names.len());
        self.found(Learnt::Struct { name, names, fields: fields.collect() });
        let depth = self.around.map_or(0, |around| around.depth + 1);
        if depth > DEEPEST {
            return Err(de::Error::custom("too many structs inside each other"));
        }
        let around = Around { name, names, outer: self.around, depth };
        let Probe { learnt, repeats, is_new, .. } = self;
        visitor.visit_map(Fields { learnt, around: &around, repeats, is_new, next: 0 })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.found(Learnt::Basic(types::STRING));
        visitor.visit_enum(variants.first().copied().unwrap_or_default().into_deserializer())
    }
}

/// The type of a longer tuple is told from each value.
const LONGEST_TUPLE: usize = 4096;

/// One item, from which a list's type is learnt; none once it is.
struct One<'l>(Option<Probe<'l>>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.take().map(|probe| seed.deserialize(probe)).transpose()
    }
}

/// The items of a tuple.
struct Each<'l> {
    probe: Probe<'l>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Each<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let number = self.next;
        self.next += 1;
        let probe = self.probe.inner(|learnt| match learnt {
            Learnt::Tuple(items) => items.get_mut(number),
            _ => None,
        });
        probe.map(|probe| seed.deserialize(probe)).transpose()
    }
}

/// One pair, from which a map's type is learnt; none once it is.
struct Pair<'l> {
    probe: Probe<'l>,
    is_over: bool,
}

impl Pair<'_> {
    fn half(&mut self, half: fn(&mut (Learnt, Learnt)) -> &mut Learnt) -> Result<Probe<'_>, Error> {
        let probe = self.probe.inner(|learnt| match learnt {
            Learnt::Map(pair) => Some(half(pair)),
            _ => None,
        });
        probe.ok_or_else(|| de::Error::custom("a map that is read as something else"))
    }
}

impl<'de> MapAccess<'de> for Pair<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if std::mem::replace(&mut self.is_over, true) {
            return Ok(None);
        }
        seed.deserialize(self.half(|pair| &mut pair.0)?).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.half(|pair| &mut pair.1)?)
    }
}

/// The fields of a struct.
struct Fields<'l> {
    learnt: &'l mut Learnt,
    around: &'l Around<'l>,
    repeats: usize,
    is_new: &'l mut bool,
    next: usize,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let name = self.around.names.get(self.next);
        self.next += 1;
        name.map(|name| seed.deserialize(de::value::BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let Learnt::Struct { fields, .. } = &mut *self.learnt else {
            return Err(de::Error::custom("a struct that is read as something else"));
        };
        let Some(learnt) = fields.get_mut(self.next - 1) else {
            return Err(de::Error::custom("a struct with more fields than it has"));
        };
        let (repeats, is_new) = (self.repeats, &mut *self.is_new);
        seed.deserialize(Probe { learnt, around: Some(self.around), repeats, is_new })
    }
}
