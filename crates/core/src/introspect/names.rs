//! Types in the words of an ecosystem.

use crate::{Method, Shape};

/// What the types are called there.
#[derive(Debug, Clone, Copy)]
pub struct TypeNames {
    /// Nothing.
    pub unit: &'static str,
    /// True or false.
    pub bool: &'static str,
    /// An integer.
    pub int: &'static str,
    /// A floating-point number.
    pub float: &'static str,
    /// A number that may be either: one word, or one for each way to read it.
    pub number: &'static [&'static str],
    /// Text.
    pub string: &'static str,
    /// Bytes.
    pub bytes: &'static str,
    /// A date and time.
    pub timestamp: &'static str,
    /// A list.
    pub list: &'static str,
    /// A map or a record.
    pub map: &'static str,
    /// Any value.
    pub any: &'static str,
}

impl TypeNames {
    /// The word for a type; `reading` says how numbers that may be either are read.
    fn name(&self, shape: &Shape, reading: usize) -> &'static str {
        match shape {
            Shape::Unit => self.unit,
            Shape::Bool => self.bool,
            Shape::Int => self.int,
            Shape::Float => self.float,
            Shape::Number => self.number.get(reading).copied().unwrap_or(self.any),
            Shape::String | Shape::Choice(_) => self.string,
            Shape::Bytes => self.bytes,
            Shape::Timestamp => self.timestamp,
            Shape::Optional(inner) => self.name(inner, reading),
            Shape::List(_) => self.list,
            Shape::Map(_) | Shape::Record(_) | Shape::Outer(_) => self.map,
            Shape::Any => self.any,
        }
    }

    /// The words for an answer and for a method's parameters, as `system.methodSignature` lists them.
    pub fn signature(&self, returns: &Shape, method: &Method, reading: usize) -> Vec<&'static str> {
        let parameters = method.arguments().parameters();
        let shapes = std::iter::once(returns).chain(parameters.into_iter().map(|(_, shape)| shape));
        shapes.map(|shape| self.name(shape, reading)).collect()
    }

    /// One signature for each way to read a method's numbers.
    pub fn signatures(&self, method: &Method) -> Vec<Vec<&'static str>> {
        let readings = 0..self.number.len().max(1);
        let mut all: Vec<_> =
            readings.map(|reading| self.signature(method.returns(), method, reading)).collect();
        all.dedup();
        all
    }
}
