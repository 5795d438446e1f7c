//! What a server tells of one method, in parts that a program can use: `system.describe` on the wires that have it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::shape::WHATEVER;
use crate::{Kind, Method, Shape};

/// A method, as its server describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The name that callers use.
    pub name: String,
    /// What it takes and gives, by the names of [`Kind`]: `unary`, `server_stream`, …
    pub kind: String,
    /// What it does.
    pub doc: String,
    /// What it takes, in order; one that is called `...` stands for whatever comes.
    pub parameters: Vec<Parameter>,
    /// What it answers, or each item of its stream, in the notation of [`Shape`].
    pub returns: String,
}

/// One parameter of a method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name; empty where the method takes one argument that is no record, so that it has no name on the wire.
    pub name: String,
    /// Its type, in the notation of [`Shape`]: `int`, `[string]`, `{a: int}`, `number?`.
    #[serde(rename = "type")]
    pub shape: String,
    /// Whether it may be left out, whatever its type.
    #[serde(default)]
    pub optional: bool,
}

impl Description {
    /// The description of a method under a name, which may be one that a wire has made.
    pub fn of(name: &str, method: &Method) -> Self {
        let is_record = matches!(method.arguments(), Shape::Record(_));
        let parameter = |(place, (name, shape)): (usize, (&str, &Shape))| Parameter {
            name: if is_record { name.to_owned() } else { String::new() },
            shape: shape.to_string(),
            optional: !method.requires(place),
        };
        Self {
            name: name.to_owned(),
            kind: method.kind().as_str().to_owned(),
            doc: method.doc().to_owned(),
            parameters: if method.is_open() {
                vec![Parameter { name: WHATEVER.to_owned(), shape: Shape::Any.to_string(), optional: true }]
            } else {
                method.arguments().parameters().into_iter().enumerate().map(parameter).collect()
            },
            returns: method.returns().to_string(),
        }
    }

    /// Whether it takes whatever comes: any number of parameters, of any types.
    pub fn is_open(&self) -> bool {
        matches!(&self.parameters[..], [only] if only.name == WHATEVER)
    }

    /// Whether it takes a stream.
    pub fn takes_stream(&self) -> bool {
        [Kind::ClientStream, Kind::TwoWay].iter().any(|kind| self.kind == kind.as_str())
    }

    /// Whether it answers with a stream.
    pub fn is_stream(&self) -> bool {
        [Kind::ServerStream, Kind::TwoWay].iter().any(|kind| self.kind == kind.as_str())
    }
}

/// As one would write a call: `add(a: number, b: number)`.
impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_open() {
            return write!(f, "{}({WHATEVER})", self.name);
        }
        write!(f, "{}(", self.name)?;
        for (at, Parameter { name, shape, .. }) in self.parameters.iter().enumerate() {
            let (comma, name) = (if at == 0 { "" } else { ", " }, if name.is_empty() { "arg" } else { name });
            write!(f, "{comma}{name}: {shape}")?;
        }
        f.write_str(")")
    }
}

/// The method that describes others.
pub const DESCRIBE: &str = "system.describe";
