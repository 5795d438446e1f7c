//! What a server tells of its methods. Each wire's own introspection is a [`View`]: the methods that the wire carries, those
//! that it answers itself, and the types in the words of its ecosystem. [`Schema`] is the whole registry in our words.

mod document;
mod names;
mod schema;
mod shapes;
mod view;

pub use document::Document;
pub(crate) use document::Slot;
pub use names::TypeNames;
pub use schema::{Field, MethodSchema, PROTOS, ProtoFile, RecordSchema, SCHEMA, Schema, Type, TypeKind};
pub use view::{Own, Told, Untold, View};
