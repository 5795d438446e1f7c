//! The whole registry as one value, which [`SCHEMA`] answers on every wire.

use std::future::ready;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::shape::{LONE_ARGUMENT, WHATEVER};
use crate::{Empty, Kind, Method, Methods, RecordShape, Shape};

/// The name of the method that answers the [`Schema`] of the others.
pub const SCHEMA: &str = "system.schema";

/// The name of the method that answers the `.proto` files of the others, a list of [`ProtoFile`].
pub const PROTOS: &str = "system.protos";

/// A `.proto` that describes methods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoFile {
    /// Where others import it from.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// What a server serves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The methods in the order of their registration.
    pub methods: Vec<MethodSchema>,
    /// The records that their types name.
    pub records: Vec<RecordSchema>,
}

/// What one method takes and gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodSchema {
    /// The name that callers use.
    pub name: String,
    /// What it does.
    pub doc: String,
    /// Whether it takes and gives one message or a stream.
    pub kind: Kind,
    /// Whether it only reads.
    pub safe: bool,
    /// How one would write it down: `add(a: number, b: number) -> number`.
    pub signature: String,
    /// Its argument, or each request of a stream, as the wires with one argument have it.
    pub takes: Type,
    /// The same by position or by name: the fields of a record, or the argument itself; one that is called `...` stands for
    /// whatever comes.
    pub parameters: Vec<Field>,
    /// Its answer, or each item of its stream.
    pub returns: Type,
}

/// A record by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSchema {
    /// The type's name; where two types share one, the second has a number behind it.
    pub name: String,
    /// Its fields in the order of their declaration.
    pub fields: Vec<Field>,
}

/// A field of a record, or a parameter of a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Whether it has to be given.
    pub required: bool,
}

/// A type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Type {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: TypeKind,
    /// What is in an optional, a list or a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Box<Type>>,
    /// The keys of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Box<Type>>,
    /// The name of a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What a text may be, where it is one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<String>>,
}

/// The types that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TypeKind {
    /// Any value.
    #[default]
    Any,
    /// Nothing.
    Nil,
    /// True or false.
    Bool,
    /// An integer of 64 bits.
    Int,
    /// A floating-point number.
    Float,
    /// An integer or a float.
    Number,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// A date and time.
    Timestamp,
    /// A value or nothing.
    Optional,
    /// A list.
    List,
    /// Pairs of keys and values.
    Map,
    /// A record, which the schema lists under its name.
    Record,
}

impl Schema {
    /// The schema of all methods.
    pub fn of(methods: &Methods) -> Self {
        let mut records = Records::default();
        let methods = methods.iter().map(|method| records.method(method)).collect();
        Self { methods, records: records.list.into_iter().map(|(_, schema)| schema).collect() }
    }

    /// The method of this name.
    pub fn method(&self, name: &str) -> Option<&MethodSchema> {
        self.methods.iter().find(|method| method.name == name)
    }
}

impl Methods {
    /// Registers [`SCHEMA`], which tells of all methods that are there by now.
    pub fn add_schema(&mut self) -> &mut Method {
        let schema = Arc::new(Schema::of(self));
        self.add(SCHEMA, "All methods with their kinds and types.", move |_: Empty| {
            ready(Ok(Schema::clone(&schema)))
        })
    }
}

impl MethodSchema {
    /// Whether it takes whatever comes: any number of parameters, of any types.
    pub fn is_open(&self) -> bool {
        matches!(&self.parameters[..], [only] if only.name == WHATEVER)
    }
}

impl Type {
    /// A type with nothing in it.
    pub fn plain(kind: TypeKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// An optional or a list.
    pub fn around(kind: TypeKind, inner: Type) -> Self {
        Self { of: Some(Box::new(inner)), ..Self::plain(kind) }
    }

    /// A map.
    pub fn map(key: Type, value: Type) -> Self {
        Self { key: Some(Box::new(key)), ..Self::around(TypeKind::Map, value) }
    }

    /// One of several texts.
    pub fn choice(choices: Vec<String>) -> Self {
        Self { choices: Some(choices), ..Self::plain(TypeKind::String) }
    }

    /// The record of this name.
    pub fn record(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::plain(TypeKind::Record) }
    }
}

/// The records that were met, each with the shape that it has.
#[derive(Default)]
struct Records {
    list: Vec<(RecordShape, RecordSchema)>,
}

/// A record around the one that is described: its type's name, and where it is in the list.
struct Around<'a> {
    name: &'static str,
    at: usize,
    outer: Option<&'a Around<'a>>,
}

impl Around<'_> {
    fn find(&self, name: &str) -> Option<usize> {
        if self.name == name { Some(self.at) } else { self.outer.and_then(|outer| outer.find(name)) }
    }
}

impl Records {
    fn method(&mut self, method: &Method) -> MethodSchema {
        let takes = self.ty(method.arguments(), None);
        let fields = self.list.iter_mut().find(|(_, known)| takes.name.as_ref() == Some(&known.name));
        let parameters = match (method.arguments(), fields) {
            _ if method.is_open() => {
                vec![Field { name: WHATEVER.to_owned(), ty: takes.clone(), required: false }]
            }
            (Shape::Unit, _) => Vec::new(),
            (_, Some((_, record))) => {
                // Which fields a type has a default for is known of what methods take alone.
                let places = record.fields.iter_mut().enumerate();
                places.for_each(|(place, field)| field.required = method.requires(place));
                record.fields.clone()
            }
            _ => {
                let required = method.requires(0);
                vec![Field { name: LONE_ARGUMENT.to_owned(), ty: takes.clone(), required }]
            }
        };
        MethodSchema {
            name: method.name().to_owned(),
            doc: method.doc().to_owned(),
            kind: method.kind(),
            safe: method.is_safe(),
            signature: method.signature(),
            takes,
            parameters,
            returns: self.ty(method.returns(), None),
        }
    }

    fn ty(&mut self, shape: &Shape, around: Option<&Around<'_>>) -> Type {
        match shape {
            Shape::Any => Type::plain(TypeKind::Any),
            Shape::Unit => Type::plain(TypeKind::Nil),
            Shape::Bool => Type::plain(TypeKind::Bool),
            Shape::Int => Type::plain(TypeKind::Int),
            Shape::Float => Type::plain(TypeKind::Float),
            Shape::Number => Type::plain(TypeKind::Number),
            Shape::String => Type::plain(TypeKind::String),
            Shape::Choice(choice) => {
                Type::choice(choice.variants.iter().map(|variant| (*variant).to_owned()).collect())
            }
            Shape::Bytes => Type::plain(TypeKind::Bytes),
            Shape::Timestamp => Type::plain(TypeKind::Timestamp),
            Shape::Optional(inner) => Type::around(TypeKind::Optional, self.ty(inner, around)),
            Shape::List(inner) => Type::around(TypeKind::List, self.ty(inner, around)),
            Shape::Map(map) => Type::map(self.ty(&map.key, around), self.ty(&map.value, around)),
            Shape::Record(record) => Type::record(self.record(record, around)),
            Shape::Outer(name) => {
                let known = around.and_then(|around| self.list.get(around.find(name)?));
                Type::record(known.map_or(name, |(_, schema)| &schema.name))
            }
        }
    }

    /// The name under which a record is listed.
    fn record(&mut self, record: &RecordShape, outer: Option<&Around<'_>>) -> &str {
        let at = self.list.iter().position(|(known, _)| same_record(known, record)).unwrap_or_else(|| {
            let at = self.list.len();
            let name = self.free_name(record.name);
            self.list.push((record.clone(), RecordSchema { name, fields: Vec::new() }));
            let around = Around { name: record.name, at, outer };
            let fields = record.fields.iter().map(|(name, shape)| Field {
                name: (*name).to_owned(),
                ty: self.ty(shape, Some(&around)),
                required: !matches!(shape, Shape::Optional(_)),
            });
            self.list[at].1.fields = fields.collect();
            at
        });
        &self.list[at].1.name
    }

    fn free_name(&self, wanted: &str) -> String {
        let is_free = |name: &String| self.list.iter().all(|(_, known)| known.name != *name);
        let numbered = (2_usize..).map(|number| format!("{wanted}{number}"));
        // So many names are taken at most; one more is free.
        std::iter::once(wanted.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
    }
}

/// Whether two shapes are those of one type. A record inside itself is told by its name, and which of two that contain each
/// other stands around depends on where one began.
fn same(one: &Shape, other: &Shape) -> bool {
    match (one, other) {
        (Shape::Record(one), Shape::Record(other)) => same_record(one, other),
        (Shape::Record(record), Shape::Outer(name)) | (Shape::Outer(name), Shape::Record(record)) => {
            record.name == *name
        }
        (Shape::Optional(one), Shape::Optional(other)) | (Shape::List(one), Shape::List(other)) => {
            same(one, other)
        }
        (Shape::Map(one), Shape::Map(other)) => same(&one.key, &other.key) && same(&one.value, &other.value),
        _ => one == other,
    }
}

fn same_record(one: &RecordShape, other: &RecordShape) -> bool {
    let same_fields = || {
        let mut pairs = one.fields.iter().zip(&other.fields);
        pairs.all(|((one, is), (other, other_is))| one == other && same(is, other_is))
    };
    one.name == other.name && one.fields.len() == other.fields.len() && same_fields()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{from_value, to_value};

    #[derive(Serialize, Deserialize)]
    struct Tree {
        name: String,
        left: Option<Box<Tree>>,
        forest: Vec<Forest>,
    }

    #[derive(Serialize, Deserialize)]
    struct Forest {
        trees: Vec<Tree>,
    }

    mod other {
        #[derive(serde::Serialize, serde::Deserialize)]
        pub(super) struct Tree {
            pub(super) height: f64,
        }
    }

    fn described() -> Schema {
        let mut methods = Methods::new();
        methods.add("plant", "Plants it.", |tree: Tree| async move { Ok(Forest { trees: vec![tree] }) });
        methods.add("measure", "", |heights: Vec<i64>| async move {
            Ok(other::Tree { height: heights[0] as f64 })
        });
        Schema::of(&methods)
    }

    #[test]
    fn records_are_listed_once_and_told_apart() {
        let described = described();
        let names: Vec<_> = described.records.iter().map(|record| &*record.name).collect();
        assert_eq!(names, ["Tree", "Forest", "Tree2"]);
        let tree = &described.records[0];
        let left = Type::around(TypeKind::Optional, Type::record("Tree"));
        assert_eq!((&tree.fields[1].ty, tree.fields[1].required), (&left, false));
        let trees = &described.records[1].fields[0];
        assert_eq!(trees.ty, Type::around(TypeKind::List, Type::record("Tree")));
        let measure = described.method("measure").unwrap();
        assert_eq!(measure.returns, Type::record("Tree2"));
        assert_eq!(measure.parameters[0].name, "arg");
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only what is required of it is looked at")]
    struct Page {
        of: String,
        #[serde(default)]
        size: i64,
    }

    #[test]
    fn what_a_type_has_a_default_for_is_not_required() {
        let mut methods = Methods::new();
        let method = methods.add("list", "", |_: Page| async { Ok(0_i64) });
        let description = crate::Description::of("list", method);
        assert_eq!(description.parameters.iter().map(|p| p.optional).collect::<Vec<_>>(), [false, true]);
        let described = Schema::of(&methods);
        for fields in [&described.methods[0].parameters, &described.records[0].fields] {
            assert_eq!(fields.iter().map(|field| field.required).collect::<Vec<_>>(), [true, false]);
        }
    }

    #[test]
    fn a_schema_survives_a_wire() {
        let described = described();
        assert_eq!(from_value::<Schema>(to_value(&described).unwrap()).unwrap(), described);
    }

    #[test]
    fn the_schema_of_a_registry_is_one_of_its_methods() {
        let mut methods = Methods::new();
        methods.add("echo", "", |n: i64| async move { Ok(n) });
        methods.add_schema();
        let names: Vec<_> = Schema::of(&methods).methods.into_iter().map(|method| method.name).collect();
        assert_eq!(names, ["echo", SCHEMA]);
    }
}
