//! The types that an encoder has told its peer of. Each is there once, however often a value has it.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::names::exported;
use crate::wire::{put_bytes, put_int, put_uint};

/// A type, by its place in [`Types`]. The first are Go's own, under the numbers that they have on the wire.
pub(super) type Node = u32;

pub(super) const BOOL: Node = 1;
pub(super) const INT: Node = 2;
pub(super) const UINT: Node = 3;
pub(super) const FLOAT: Node = 4;
pub(super) const BYTES: Node = 5;
pub(super) const STRING: Node = 6;
pub(super) const INTERFACE: Node = 8;
/// `time.Time`.
pub(super) const TIME: Node = 9;
/// `[]interface{}`.
pub(super) const ANY_LIST: Node = 10;
/// `map[string]interface{}`.
pub(super) const ANY_MAP: Node = 11;
/// `struct{}`.
pub(super) const NOTHING: Node = 12;

/// The number that the first own type has on the wire. Go's own are smaller.
const FIRST_ID: u32 = 65;

#[derive(Debug)]
pub(super) enum Composite {
    Basic,
    Time,
    List(Node),
    Array(Node, usize),
    Map(Node, Node),
    Record(Record),
    /// A struct that is being learnt, and may turn up inside of itself.
    Unfinished,
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) name: &'static str,
    /// What serde calls the fields; none where the type was inferred from a value.
    pub(super) keys: Option<&'static [&'static str]>,
    /// The names of the fields in Go, one behind the other.
    names: String,
    /// For each field where its name ends, and its type.
    fields: Vec<(usize, Node)>,
}

impl Record {
    pub(super) fn new<'n>(
        name: &'static str,
        keys: Option<&'static [&'static str]>,
        fields: impl Iterator<Item = (&'n str, Node)>,
    ) -> Self {
        let mut record = Self { name, keys, names: String::new(), fields: Vec::new() };
        for (name, ty) in fields {
            record.names.push_str(name);
            record.fields.push((record.names.len(), ty));
        }
        record.names.shrink_to_fit();
        record.fields.shrink_to_fit();
        record
    }

    /// The names of the fields in Go, and their types.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, Node)> {
        (0..self.fields.len()).map(|number| (self.name_of(number), self.fields[number].1))
    }

    fn name_of(&self, number: usize) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.fields[before].0);
        &self.names[start..self.fields[number].0]
    }

    /// The field of this key, of those from `next` on, and its type.
    #[inline]
    fn find(&self, next: usize, key: &str) -> Option<(usize, Node)> {
        let (_, ty) = *self.fields.get(next)?;
        match self.keys {
            Some(keys) if keys[next] == key => Some((next, ty)),
            Some(keys) => {
                let number = next + keys[next..].iter().position(|known| *known == key)?;
                Some((number, self.fields[number].1))
            }
            // Types are inferred of all that is not empty, in this order: what does not fit is empty.
            None => Some((next, ty)).filter(|_| self.name_of(next) == exported(key)),
        }
    }
}

#[derive(Debug)]
struct Entry {
    composite: Composite,
    hash: u64,
    /// The type's number on the wire; 0 until it has one.
    id: u32,
    is_sent: bool,
}

#[derive(Debug)]
pub(super) struct Types {
    entries: Vec<Entry>,
    /// The entries, but structs that may be inside of themselves.
    index: HashTable<Node>,
    hasher: DefaultHashBuilder,
    next_id: u32,
    /// Bytes of definitions so far.
    pub(super) defined: usize,
    /// Memory that names and fields take.
    held: usize,
}

impl Types {
    pub(super) fn new() -> Self {
        let mut types = Self {
            entries: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            next_id: FIRST_ID,
            defined: 0,
            held: 0,
        };
        for id in 0..TIME {
            types.entries.push(Entry { composite: Composite::Basic, hash: 0, id, is_sent: true });
        }
        types.push(Composite::Time, 0);
        types.list(INTERFACE);
        types.map(STRING, INTERFACE);
        types.record("", None, &std::iter::empty());
        types
    }

    /// How many there are, for [`Self::truncate`].
    pub(super) fn mark(&self) -> usize {
        self.entries.len()
    }

    /// Forgets the types beyond a mark, of which none was told the peer and none is inside of another that stays.
    pub(super) fn truncate(&mut self, mark: usize) {
        while self.entries.len() > mark {
            let node = self.entries.len() as Node - 1;
            let Some(entry) = self.entries.pop() else { return };
            self.held -= memory(&entry.composite);
            if let Ok(found) = self.index.find_entry(entry.hash, |other| *other == node) {
                found.remove();
            }
        }
    }

    /// About how many bytes the definitions of the types beyond a mark take.
    pub(super) fn cost_beyond(&self, mark: usize) -> usize {
        self.entries[mark..].iter().map(|entry| definition_bytes(&entry.composite)).sum()
    }

    /// Memory that the types take.
    pub(super) fn held(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.index.allocation_size() + self.held
    }

    pub(super) fn get(&self, node: Node) -> &Composite {
        // Nodes come from here alone, and only those are forgotten that nothing refers to.
        &self.entries[node as usize].composite
    }

    /// The field of this key in a struct, of those from `next` on, and its type.
    #[inline]
    pub(super) fn find_field(&self, node: Node, next: usize, key: &str) -> Option<(usize, Node)> {
        match self.get(node) {
            Composite::Record(record) => record.find(next, key),
            _ => None,
        }
    }

    /// Whether a struct was seen in a value, and not in the program.
    pub(super) fn is_inferred(&self, node: Node) -> bool {
        matches!(self.get(node), Composite::Record(Record { keys: None, .. }))
    }

    pub(super) fn list(&mut self, item: Node) -> Node {
        let hash = self.hasher.hash_one((1, item));
        self.intern(
            hash,
            |other| matches!(other, Composite::List(of) if *of == item),
            || Composite::List(item),
        )
    }

    pub(super) fn array(&mut self, item: Node, length: usize) -> Node {
        let hash = self.hasher.hash_one((2, item, length));
        let is_same =
            |other: &Composite| matches!(other, Composite::Array(of, n) if (*of, *n) == (item, length));
        self.intern(hash, is_same, || Composite::Array(item, length))
    }

    pub(super) fn map(&mut self, key: Node, item: Node) -> Node {
        let hash = self.hasher.hash_one((3, key, item));
        let is_same = |other: &Composite| matches!(other, Composite::Map(k, i) if (*k, *i) == (key, item));
        self.intern(hash, is_same, || Composite::Map(key, item))
    }

    /// A struct of these fields, by their names in Go; `keys` are serde's.
    pub(super) fn record<'n, I>(
        &mut self,
        name: &'static str,
        keys: Option<&'static [&'static str]>,
        fields: &I,
    ) -> Node
    where
        I: Iterator<Item = (&'n str, Node)> + Clone,
    {
        let mut hasher = self.hasher.build_hasher();
        (name, keys).hash(&mut hasher);
        fields.clone().for_each(|field| field.hash(&mut hasher));
        let is_same = |other: &Composite| match other {
            Composite::Record(record) => {
                let mut others = record.fields();
                let mut is_next = |(name, ty)| others.next().is_some_and(|(n, t)| n == name && t == ty);
                (record.name, record.keys) == (name, keys)
                    && fields.clone().all(&mut is_next)
                    && others.next().is_none()
            }
            _ => false,
        };
        let new = || Composite::Record(Record::new(name, keys, fields.clone()));
        self.intern(hasher.finish(), is_same, new)
    }

    /// A struct that will be finished when it is known what is in it.
    pub(super) fn begin_record(&mut self) -> Node {
        self.push(Composite::Unfinished, 0)
    }

    pub(super) fn finish_record(&mut self, node: Node, record: Record) {
        let composite = Composite::Record(record);
        self.held += memory(&composite);
        self.entries[node as usize].composite = composite;
    }

    fn intern(
        &mut self,
        hash: u64,
        is_same: impl Fn(&Composite) -> bool,
        new: impl FnOnce() -> Composite,
    ) -> Node {
        let entries = &self.entries;
        if let Some(node) = self.index.find(hash, |node| is_same(&entries[*node as usize].composite)) {
            return *node;
        }
        let node = self.push(new(), hash);
        let entries = &self.entries;
        self.index.insert_unique(hash, node, |node| entries[*node as usize].hash);
        node
    }

    fn push(&mut self, composite: Composite, hash: u64) -> Node {
        self.held += memory(&composite);
        self.entries.push(Entry { composite, hash, id: 0, is_sent: false });
        self.entries.len() as Node - 1
    }

    /// The type's number on the wire. Where the peer has not been told of it, its definition goes into `out`.
    #[inline]
    pub(super) fn define(&mut self, node: Node, out: &mut Vec<u8>) -> i64 {
        if !self.entries[node as usize].is_sent {
            self.number(node);
            let before = out.len();
            self.send(node, out);
            self.defined += out.len() - before;
        }
        self.entries[node as usize].id.into()
    }

    /// Numbers a type as Go does: a struct before its fields, anything else behind what is in it.
    fn number(&mut self, node: Node) {
        if self.entries[node as usize].id != 0 {
            return;
        }
        let is_record = matches!(self.get(node), Composite::Record(_));
        if is_record {
            self.take_id(node);
        }
        self.inner(node).into_iter().for_each(|inner| self.number(inner));
        if !is_record {
            self.take_id(node);
        }
    }

    fn take_id(&mut self, node: Node) {
        self.entries[node as usize].id = self.next_id;
        self.next_id += 1;
    }

    /// Defines a type and then what is in it, as Go does.
    fn send(&mut self, node: Node, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.entries[node as usize].is_sent, true) {
            return;
        }
        let mut definition = Vec::new();
        self.put_definition(node, &mut definition);
        put_bytes(out, &definition);
        self.inner(node).into_iter().for_each(|inner| self.send(inner, out));
    }

    fn inner(&self, node: Node) -> Vec<Node> {
        match self.get(node) {
            Composite::Basic | Composite::Time | Composite::Unfinished => Vec::new(),
            Composite::List(item) | Composite::Array(item, _) => vec![*item],
            Composite::Map(key, item) => vec![*key, *item],
            Composite::Record(record) => record.fields.iter().map(|(_, ty)| *ty).collect(),
        }
    }

    /// A `wireType`: of its fields, one for each kind of type, one is there.
    fn put_definition(&self, node: Node, out: &mut Vec<u8>) {
        let id = |node: Node| i64::from(self.entries[node as usize].id);
        put_int(out, -id(node));
        let (kind, name) = match self.get(node) {
            Composite::Array(..) => (1, ""),
            Composite::List(_) => (2, ""),
            Composite::Record(record) => (3, record.name),
            Composite::Map(..) => (4, ""),
            Composite::Time => (5, crate::time::GO_NAME),
            Composite::Basic | Composite::Unfinished => return,
        };
        put_uint(out, kind);
        put_uint(out, 1);
        put_name_and_id(name, id(node), out);
        match self.get(node) {
            Composite::List(item) => put_fields(&[id(*item)], out),
            Composite::Array(item, length) => put_fields(&[id(*item), *length as i64], out),
            Composite::Map(key, item) => put_fields(&[id(*key), id(*item)], out),
            Composite::Record(record) if !record.fields.is_empty() => {
                put_uint(out, 1);
                put_uint(out, record.fields.len() as u64);
                record.fields().for_each(|(name, ty)| put_name_and_id(name, id(ty), out));
            }
            _ => {}
        }
        // The end of the type of this kind, and that of the `wireType`.
        out.extend_from_slice(&[0, 0]);
    }
}

/// A struct of a name, which is left out where there is none, and a number.
fn put_name_and_id(name: &str, id: i64, out: &mut Vec<u8>) {
    if name.is_empty() {
        put_uint(out, 2);
    } else {
        put_uint(out, 1);
        put_bytes(out, name.as_bytes());
        put_uint(out, 1);
    }
    put_int(out, id);
    put_uint(out, 0);
}

/// Numbers in fields next to each other.
fn put_fields(numbers: &[i64], out: &mut Vec<u8>) {
    for number in numbers {
        put_uint(out, 1);
        put_int(out, *number);
    }
}

/// About how many bytes a type's definition takes.
fn definition_bytes(composite: &Composite) -> usize {
    match composite {
        Composite::Record(record) => 16 + record.name.len() + record.names.len() + 8 * record.fields.len(),
        _ => 16,
    }
}

/// Memory that a type takes beside its entry.
fn memory(composite: &Composite) -> usize {
    match composite {
        Composite::Record(record) => record.names.capacity() + size_of_val(&record.fields[..]),
        _ => 0,
    }
}
