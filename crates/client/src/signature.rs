//! What a method takes, where its server says so: by it positional arguments find their place on wires that have none, and
//! what cannot fit is refused before it is sent, in the words that our servers have for it.

use std::fmt;

use manywire_core::{Description, Parameter, RpcError, Value};

use crate::Arguments;
use crate::arguments::unfit;

/// A type of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// Nothing.
    Nil,
    /// True or false.
    Bool,
    /// An integer.
    Int,
    /// A floating-point number; integers become one.
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
    Optional(Box<Type>),
    /// A list.
    List(Box<Type>),
    /// Pairs of keys and values.
    Map,
    /// Named fields.
    Record(Vec<(String, Type)>),
    /// Any value, or one of a type that is not known here.
    Any,
}

/// How deep types are followed; what lies deeper may be anything.
const DEEPEST: usize = 32;

impl Type {
    /// Reads the notation of signatures: `[int]`, `{a: string, b: number?}`.
    pub fn read(text: &str) -> Self {
        let mut rest = text;
        match Self::take(&mut rest, 0) {
            Some(read) if rest.is_empty() => read,
            _ => Type::Any,
        }
    }

    fn take(rest: &mut &str, depth: usize) -> Option<Self> {
        let mut inner = if depth > DEEPEST {
            return None;
        } else if let Some(item) = rest.strip_prefix('[') {
            *rest = item;
            let item = Self::take(rest, depth + 1)?;
            *rest = rest.strip_prefix(']')?;
            Type::List(Box::new(item))
        } else if let Some(fields) = rest.strip_prefix('{') {
            *rest = fields;
            Type::Record(Self::take_fields(rest, depth + 1)?)
        } else {
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            *rest = after;
            Self::named(word)
        };
        while let Some(after) = rest.strip_prefix('?') {
            *rest = after;
            if !matches!(inner, Type::Optional(_)) {
                inner = Type::Optional(Box::new(inner));
            }
        }
        Some(inner)
    }

    fn take_fields(rest: &mut &str, depth: usize) -> Option<Vec<(String, Type)>> {
        let mut fields = Vec::new();
        while !rest.starts_with('}') {
            let (name, after) = rest.trim_start_matches(", ").split_once(": ")?;
            *rest = after;
            fields.push((name.to_owned(), Self::take(rest, depth)?));
        }
        *rest = rest.strip_prefix('}')?;
        Some(fields)
    }

    fn named(word: &str) -> Self {
        match word {
            "nil" => Type::Nil,
            "bool" => Type::Bool,
            "int" => Type::Int,
            "float" => Type::Float,
            "number" => Type::Number,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "timestamp" => Type::Timestamp,
            "map" => Type::Map,
            _ => Type::Any,
        }
    }

    /// Says what a value of another type was expected to be, and where.
    fn check(&self, value: &Value) -> Result<(), Misfit> {
        let wanted = match (self, value) {
            // Null is what was left out.
            (Type::Any | Type::Nil, _) | (_, Value::Null) => return Ok(()),
            (Type::Optional(inner), value) => return inner.check(value),
            (Type::Bool, Value::Bool(_))
            | (Type::Int, Value::Int(_) | Value::Uint(_))
            | (Type::Float | Type::Number, Value::Int(_) | Value::Uint(_) | Value::Float(_))
            | (Type::String, Value::String(_))
            // JSON has neither, and its texts are read as what is wanted.
            | (Type::Bytes, Value::Bytes(_) | Value::String(_) | Value::Array(_))
            | (Type::Timestamp, Value::Timestamp(_) | Value::String(_))
            | (Type::Map, Value::Map(_)) => return Ok(()),
            (Type::List(_), Value::Bytes(_)) => return Ok(()),
            (Type::List(item), Value::Array(items)) => {
                let check = |(at, value)| item.check(value).map_err(|misfit| misfit.within(&format!("[{at}]")));
                return items.iter().enumerate().try_for_each(check);
            }
            (Type::Record(fields), Value::Map(pairs)) => return check_fields(fields, pairs),
            (Type::Bool, _) => "bool",
            (Type::Int, _) => "int",
            (Type::Float, _) => "float",
            (Type::Number, _) => "a number",
            (Type::String, _) => "string",
            (Type::Bytes, _) => "bytes",
            (Type::Timestamp, _) => "timestamp",
            (Type::List(_), _) => "array",
            (Type::Map | Type::Record(_), _) => "map",
        };
        Err(Misfit { path: String::new(), message: format!("expected {wanted}, got {}", value.shown()) })
    }
}

fn check_fields(fields: &[(String, Type)], pairs: &[(Value, Value)]) -> Result<(), Misfit> {
    for (key, value) in pairs {
        // What has no such name is for the server to judge, inside of an argument.
        if let Some((name, field)) = fields.iter().find(|(name, _)| key.as_str() == Some(name)) {
            field.check(value).map_err(|misfit| misfit.within(name))?;
        }
    }
    Ok(())
}

/// Why a value does not fit, and where in it.
struct Misfit {
    path: String,
    message: String,
}

impl Misfit {
    fn within(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

/// What a method takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub(crate) method: String,
    pub(crate) parameters: Vec<(String, Type)>,
    /// Whether each of them may be left out.
    optional: Vec<bool>,
    /// As the server writes it: `add(a: number, b: number)`.
    shown: String,
    /// Whether it takes its one argument as it is, and not as the field of a record.
    pub(crate) is_bare: bool,
    is_stream: bool,
    /// Whether it takes a stream of requests.
    pub(crate) takes_stream: bool,
    /// Whether it takes one value, which may be any.
    pub(crate) takes_any: bool,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl From<Description> for Signature {
    fn from(description: Description) -> Self {
        let (is_stream, takes_stream) = (description.is_stream(), description.takes_stream());
        let takes_any = matches!(&description.parameters[..], [only] if only.shape == "any");
        let is_bare = matches!(&description.parameters[..], [only] if only.name.is_empty());
        let read = |parameter: Parameter| {
            let wanted = Type::read(&parameter.shape);
            let is_optional = parameter.optional || matches!(wanted, Type::Optional(_));
            ((parameter.name, wanted), is_optional)
        };
        let shown = description.to_string();
        let (parameters, optional) = description.parameters.into_iter().map(read).unzip();
        let method = description.name;
        Self { method, shown, parameters, optional, is_bare, is_stream, takes_stream, takes_any }
    }
}

impl Signature {
    /// The names and types of the parameters; one without a name is the argument itself.
    pub fn parameters(&self) -> &[(String, Type)] {
        &self.parameters
    }

    /// Whether the method answers with a stream.
    pub fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// The parameter of this name, in any case where the wire does not mind.
    pub fn parameter(&self, name: &str) -> Option<&(String, Type)> {
        let same = |(known, _): &&(String, Type)| known == name;
        let similar = |(known, _): &&(String, Type)| known.eq_ignore_ascii_case(name);
        self.parameters.iter().find(same).or_else(|| self.parameters.iter().find(similar))
    }

    /// Makes of the arguments the one that net/rpc sends. What is left out there is zero, as Go has it.
    pub(crate) fn place(&self, arguments: Arguments) -> Result<Arguments, RpcError> {
        match arguments {
            Arguments::Positional(values) if self.is_bare => {
                self.check_count(values.len())?;
                self.check_all(&values)?;
                Ok(Arguments::Positional(values))
            }
            Arguments::Positional(values) => match <[Value; 1]>::try_from(values) {
                Ok([Value::Map(pairs)]) if self.takes_record(&pairs) => {
                    let named = pairs.into_iter().map(|(key, value)| self.named(key, value));
                    Ok(Arguments::Positional(vec![Value::Map(named.collect::<Result<_, _>>()?)]))
                }
                Ok(one) => self.by_position(one.into()),
                Err(values) => self.by_position(values),
            },
            Arguments::Named(pairs) if self.is_bare => self.one_map(pairs).map(Arguments::Named),
            Arguments::Named(pairs) => {
                let named = pairs.into_iter().map(|(name, value)| self.field(&name, value));
                Ok(Arguments::Named(named.collect::<Result<_, _>>()?))
            }
            record => Ok(record),
        }
    }

    /// Named arguments, where the one argument may be a map of them.
    pub(crate) fn one_map(&self, pairs: Vec<(String, Value)>) -> Result<Vec<(String, Value)>, RpcError> {
        let takes_map = matches!(&self.parameters[..], [(_, Type::Any | Type::Map)]);
        if takes_map { Ok(pairs) } else { Err(self.nameless()) }
    }

    /// Whether a single map is the whole record: a lone parameter may itself be a map.
    fn takes_record(&self, pairs: &[(Value, Value)]) -> bool {
        match &self.parameters[..] {
            [(_, Type::Any | Type::Map | Type::Record(_) | Type::Optional(_))] => {
                matches!(pairs, [(name, _)] if name.as_str().is_some_and(|name| self.parameter(name).is_some()))
            }
            _ => true,
        }
    }

    fn named(&self, key: Value, value: Value) -> Result<(Value, Value), RpcError> {
        let Some(name) = key.as_str() else { return Ok((key, value)) };
        self.field(name, value).map(|(name, value)| (name.into(), value))
    }

    /// A parameter by the name that it has at the server, where case may not matter.
    fn field(&self, name: &str, value: Value) -> Result<(String, Value), RpcError> {
        let parameter = self.parameter(name).ok_or_else(|| self.unknown(name))?;
        self.check(parameter, &value)?;
        Ok((parameter.0.clone(), value))
    }

    pub(crate) fn by_position(&self, values: Vec<Value>) -> Result<Arguments, RpcError> {
        self.check_count(values.len())?;
        self.check_all(&values)?;
        let names = self.parameters.iter().map(|(name, _)| name.clone());
        Ok(Arguments::Record(names.zip(values).collect()))
    }

    /// Named arguments by position, for the wires without names.
    pub(crate) fn positions(&self, arguments: Arguments) -> Result<Arguments, RpcError> {
        let Arguments::Named(mut pairs) = arguments else { return Ok(arguments) };
        if self.is_bare {
            return Err(self.nameless());
        }
        if let Some((name, _)) =
            pairs.iter().find(|(name, _)| self.parameters.iter().all(|(known, _)| known != name))
        {
            return Err(self.unknown(name));
        }
        let mut take = |name: &str| {
            let at = pairs.iter().position(|(given, _)| given == name)?;
            Some(pairs.swap_remove(at).1)
        };
        let mut values: Vec<Option<Value>> = self.parameters.iter().map(|(name, _)| take(name)).collect();
        while values.last().is_some_and(Option::is_none) && values.len() > self.required() {
            values.pop();
        }
        let absent = |(value, is_optional): (&Option<Value>, &bool)| value.is_none() && !is_optional;
        if let Some(place) = values.iter().zip(&self.optional).position(absent) {
            let name = &self.parameters[place].0;
            return Err(unfit(format!("{} needs parameter `{name}`; call it as {self}", self.method)));
        }
        if values.iter().all(Option::is_some) {
            return Ok(Arguments::Positional(values.into_iter().flatten().collect()));
        }
        // A list has no gaps; the same parameters are one map.
        let names = self.parameters.iter().map(|(name, _)| name.clone());
        let given = names.zip(values).filter_map(|(name, value)| Some((name, value?)));
        Ok(Arguments::Positional(vec![Value::map(given)]))
    }

    /// How many parameters cannot be left out: all up to the last that is not optional.
    fn required(&self) -> usize {
        self.optional.iter().rposition(|is_optional| !is_optional).map_or(0, |last| last + 1)
    }

    pub(crate) fn unknown(&self, name: &str) -> RpcError {
        unfit(format!("{} has no parameter `{name}`; call it as {self}", self.method))
    }

    fn nameless(&self) -> RpcError {
        unfit(format!("{} has no parameters by name; call it as {self}", self.method))
    }

    pub(crate) fn check_count(&self, got: usize) -> Result<(), RpcError> {
        let most = self.parameters.len();
        if (self.required()..=most).contains(&got) {
            return Ok(());
        }
        let plural = if most == 1 { "" } else { "s" };
        Err(unfit(format!("{self} takes {most} parameter{plural}, got {got}")))
    }

    fn check_all(&self, values: &[Value]) -> Result<(), RpcError> {
        self.parameters.iter().zip(values).try_for_each(|(parameter, value)| self.check(parameter, value))
    }

    pub(crate) fn check(&self, (name, wanted): &(String, Type), value: &Value) -> Result<(), RpcError> {
        wanted.check(value).map_err(|misfit| {
            let misfit = if name.is_empty() { misfit } else { misfit.within(name) };
            let Misfit { path, message } = misfit;
            unfit(match &*path {
                "" => format!("{}: {message}", self.method),
                path => format!("{}: parameter `{path}`: {message}", self.method),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_arguments_with_a_gap_are_one_map_and_others_a_list() {
        let parameter =
            |(name, optional): (&str, bool)| Parameter { name: name.into(), shape: "int".into(), optional };
        let signature = Signature::from(Description {
            name: "page".into(),
            parameters: [("of", false), ("size", true), ("at", true)].map(parameter).to_vec(),
            ..Description::default()
        });
        let named =
            |names: &[&str]| Arguments::Named(names.iter().map(|name| ((*name).into(), 1.into())).collect());
        let list = |values: Vec<Value>| Ok(Arguments::Positional(values));
        assert_eq!(signature.positions(named(&["size", "of"])), list(vec![1.into(), 1.into()]));
        let map = Value::map([("of", 1.into()), ("at", 1.into())]);
        assert_eq!(signature.positions(named(&["at", "of"])), list(vec![map]));
        let error = signature.positions(named(&["at"])).unwrap_err();
        assert_eq!(
            error.message(),
            "page needs parameter `of`; call it as page(of: int, size: int, at: int)"
        );
    }
}
