//! What a server tells of its methods. Each wire's own introspection is a [`View`]: the methods that the wire carries, those
//! that it answers itself, and the types in the words of its ecosystem. [`Description`] is the whole registry in our words.

mod description;
mod names;
mod view;

pub use description::{DESCRIBE, Description, Field, MethodDescription, RecordDescription, Type, TypeKind};
pub use names::TypeNames;
pub use view::{Own, Told, Untold, View};
