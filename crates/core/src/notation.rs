//! Methods as one writes them down: `Arith.Multiply(A: int, B: int) -> int`, the notation of [`Method::signature`].

use std::str::FromStr;

use crate::shape::{LONE_ARGUMENT, WHATEVER};
use crate::{Kind, MapShape, Outline, RecordShape, RpcError, Shape, Takes, interned};

#[cfg(doc)]
use crate::Method;

/// A method as someone has written it down: its name, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The name that callers use.
    pub name: String,
    /// What it takes and gives.
    pub outline: Outline,
}

/// `add(a: number, b: number) -> number`. Both may be a `stream of` what stands behind it; what has no type may be anything,
/// and `add(...)` takes whatever comes.
impl FromStr for Written {
    type Err = RpcError;

    fn from_str(text: &str) -> Result<Self, RpcError> {
        let mut rest = Rest { whole: text, rest: text.trim() };
        let takes_stream = rest.take(STREAM);
        let (name, parameters) = rest.rest.split_once('(').ok_or_else(|| rest.wrong("("))?;
        let name = name.trim();
        if name.is_empty() {
            return Err(rest.wrong("a name"));
        }
        rest.rest = parameters.trim_start();
        let takes = rest.parameters()?;
        let answers = rest.take("->");
        let answers_stream = answers && rest.take(STREAM);
        let returns = if answers { rest.shape(0)? } else { Shape::Any };
        if !rest.rest.is_empty() {
            return Err(rest.wrong("the end"));
        }
        let kind = Kind::of(takes_stream, answers_stream);
        Ok(Self { name: name.to_owned(), outline: Outline { kind, takes, returns } })
    }
}

const STREAM: &str = "stream of ";

/// Types inside each other.
const DEEPEST: usize = 48;

struct Rest<'t> {
    whole: &'t str,
    rest: &'t str,
}

impl Rest<'_> {
    fn take(&mut self, token: &str) -> bool {
        let taken = self.rest.strip_prefix(token);
        self.rest = taken.unwrap_or(self.rest).trim_start();
        taken.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), RpcError> {
        if self.take(token) { Ok(()) } else { Err(self.wrong(token)) }
    }

    fn wrong(&self, wanted: &str) -> RpcError {
        let Self { whole, rest } = self;
        let place = if rest.is_empty() { "at its end".to_owned() } else { format!("before `{rest}`") };
        RpcError::invalid_params(format!(
            "`{whole}` lacks {wanted} {place}; write methods as Arith.Multiply(A: int, B: int) -> int"
        ))
    }

    fn word(&mut self) -> &str {
        let is_end = |letter: char| letter.is_whitespace() || "(){}[],:?".contains(letter);
        let (word, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        word
    }

    fn parameters(&mut self) -> Result<Takes, RpcError> {
        if self.take(WHATEVER) {
            return self.expect(")").map(|()| Takes::Anything);
        }
        let mut fields = self.fields(")", 0)?;
        let lone = fields.pop_if(|(name, _)| *name == LONE_ARGUMENT);
        Ok(Takes::Shape(match lone {
            Some((_, shape)) if fields.is_empty() => shape,
            lone => {
                fields.extend(lone);
                Shape::Record(RecordShape { name: "Parameters", fields })
            }
        }))
    }

    fn fields(&mut self, end: &str, depth: usize) -> Result<Vec<(&'static str, Shape)>, RpcError> {
        let mut fields = Vec::new();
        while !self.take(end) {
            if !fields.is_empty() {
                self.expect(",")?;
            }
            let name = interned::name(self.word())?;
            if name.is_empty() {
                return Err(self.wrong("a name"));
            }
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(RpcError::invalid_params(format!("`{}` names `{name}` twice", self.whole)));
            }
            fields.push((name, if self.take(":") { self.shape(depth)? } else { Shape::Any }));
        }
        Ok(fields)
    }

    fn shape(&mut self, depth: usize) -> Result<Shape, RpcError> {
        if depth > DEEPEST {
            return Err(RpcError::invalid_params(format!("a type is more than {DEEPEST} types deep")));
        }
        let mut shape = if self.take("[") {
            let inner = self.shape(depth + 1)?;
            self.expect("]")?;
            Shape::List(Box::new(inner))
        } else if self.take("{") {
            Shape::Record(RecordShape { name: "Record", fields: self.fields("}", depth + 1)? })
        } else {
            self.named()?
        };
        while self.take("?") {
            shape = if let Shape::Optional(_) = shape { shape } else { Shape::Optional(Box::new(shape)) };
        }
        Ok(shape)
    }

    fn named(&mut self) -> Result<Shape, RpcError> {
        let before = self.rest;
        let word = self.word().to_owned();
        Ok(match &*word {
            "nil" => Shape::Unit,
            "bool" => Shape::Bool,
            "int" => Shape::Int,
            "float" => Shape::Float,
            "number" => Shape::Number,
            "string" => Shape::String,
            "bytes" => Shape::Bytes,
            "timestamp" => Shape::Timestamp,
            "map" => Shape::Map(Box::new(MapShape { key: Shape::String, value: Shape::Any })),
            "any" => Shape::Any,
            _ => {
                let types = "nil, bool, int, float, number, string, bytes, timestamp, map, any, [T], {name: T} and T?";
                return Err(Rest { rest: before, ..*self }.wrong(&format!("a type ({types})")));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Written, String> {
        text.parse().map_err(|error: RpcError| error.message().to_owned())
    }

    #[test]
    fn what_a_method_prints_is_what_is_read() {
        let mut methods = crate::Methods::new();
        for text in [
            "Arith.Multiply(A: int, B: int) -> int",
            "echo(arg: any) -> any",
            "now() -> timestamp",
            "h.Hello(arg: string) -> string",
            "find(who: {id: int, name: string?}, tags: [string]) -> [{n: float, flag: bool}]",
            "count(to: number) -> stream of int",
            "stream of put(data: bytes) -> nil",
            "any(...) -> any",
            "stream of chat(text: string) -> stream of {text: string}",
        ] {
            let Written { name, outline } = read(text).unwrap();
            let never = |_| std::future::pending();
            let method = methods.add_dynamic(&name, "", outline, never).unwrap();
            assert_eq!(method.signature(), text);
        }
    }

    #[test]
    fn types_may_be_left_out() {
        assert_eq!(read("add(a, b)"), read("add(a: any, b: any) -> any"));
        assert_eq!(read("add(...)").unwrap().outline.takes, Takes::Anything);
    }

    #[test]
    fn a_slip_is_shown_with_its_place() {
        for (text, words) in [
            ("add", "`add` lacks ( before `add`"),
            ("(a)", "lacks a name"),
            ("add(a: itn)", "a type (nil, bool, int"),
            ("add(a: int b: int)", "lacks , before `b: int)`"),
            ("add(a: [int)", "lacks ] before `)`"),
            ("add(a: int) -> int, int", "lacks the end before `, int`"),
            ("add(a, a)", "names `a` twice"),
            ("add(a: int", "lacks , at its end"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        let deep = format!("add(a: {}", "[".repeat(100_000));
        assert!(read(&deep).unwrap_err().contains("types deep"));
    }
}
