//! The one rule for how what a wire received becomes a method's arguments.
//!
//! | what came | a record of n fields | any other type |
//! | --- | --- | --- |
//! | one argument (net/rpc) | the record | the value |
//! | by name | the record; an unknown name is an error | error |
//! | positional | field by field; a single map is the record, unless its only field can hold a map | exactly one: the value |
//! | nothing | as an empty list | as an empty list |
//!
//! A field that is optional, or for which its type has a default, may be left out: by name, and at the end of a list.

use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed};

use crate::{DecodeError, RecordShape, RpcError, Shape, Value};

/// Parameters as a wire received them.
pub enum Params<'a, 'de> {
    /// The one argument of a net/rpc call.
    One(&'a mut dyn erased_serde::Deserializer<'de>),
    /// A list of parameters.
    Positional(Vec<Value>),
    /// Parameters by name.
    Named(Vec<(Value, Value)>),
}

/// What a method can take: readable from every wire.
pub trait Arguments: DeserializeOwned + Send + 'static {}

impl<T: DeserializeOwned + Send + 'static> Arguments for T {}

/// The arguments of a method that takes none, and the answer of one that has none: Go's `struct{}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Empty {}

impl Params<'_, '_> {
    /// No parameters at all.
    pub fn none() -> Self {
        Params::Positional(Vec::new())
    }
}

/// What a method takes, for whoever reads its arguments, and for the errors of a misfit.
pub(crate) struct Expected {
    method: String,
    shape: Shape,
    required: Required,
}

/// Which parameters have to be given, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Required(Box<[bool]>);

impl Required {
    /// Those of a type. One may be left out that is optional, or that the type has a default for.
    fn of<A: Arguments>(shape: &Shape) -> Self {
        let is_required = |(name, shape): (&str, &Shape)| {
            !matches!(shape, Shape::Optional(_)) && !Shape::has_default::<A>(name)
        };
        Self(shape.parameters().into_iter().map(is_required).collect())
    }

    /// Those of a shape; none of a record for whose fields there are defaults.
    pub(crate) fn by_shape(shape: &Shape, is_lenient: bool) -> Self {
        let is_lenient = is_lenient && shape.is_record();
        let is_required = |(_, shape): (&str, &Shape)| !is_lenient && !matches!(shape, Shape::Optional(_));
        Self(shape.parameters().into_iter().map(is_required).collect())
    }

    /// Whether the parameter at this place has to be given.
    pub(crate) fn at(&self, place: usize) -> bool {
        self.0.get(place).is_none_or(|is_required| *is_required)
    }

    /// How many parameters of a list cannot be left out: all up to the last that has to be given.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().rposition(|is_required| *is_required).map_or(0, |last| last + 1)
    }
}

impl Expected {
    pub(crate) fn new<A: Arguments>(method: &str, shape: Shape) -> Self {
        let required = Required::of::<A>(&shape);
        Self { method: method.to_owned(), shape, required }
    }

    /// Of a method whose type is known by its shape alone; a lenient one has a default for each of its fields.
    pub(crate) fn outlined(method: &str, shape: Shape, is_lenient: bool) -> Self {
        Self { method: method.to_owned(), required: Required::by_shape(&shape, is_lenient), shape }
    }

    pub(crate) fn required(&self) -> &Required {
        &self.required
    }

    /// Whether a single map is the whole record, and not its only field.
    fn is_one_map(&self) -> bool {
        match &self.shape {
            Shape::Record(RecordShape { fields, .. }) => match &fields[..] {
                [(_, only)] => !only.may_be_map(),
                _ => true,
            },
            _ => false,
        }
    }

    fn signature(&self) -> String {
        signature(&self.method, &self.shape)
    }

    fn wrong_count(&self, got: usize) -> RpcError {
        let wanted = self.shape.parameters().len();
        let plural = if wanted == 1 { "" } else { "s" };
        let signature = self.signature();
        RpcError::invalid_params(format!("{signature} takes {wanted} parameter{plural}, got {got}"))
    }
}

/// Reads the arguments of a method.
pub(crate) fn read<A: Arguments>(params: Params<'_, '_>, expected: &Expected) -> Result<A, RpcError> {
    read_with(params, expected, PhantomData::<A>)
}

/// The same, by a seed that knows the type.
pub(crate) fn read_with<T, S>(params: Params<'_, '_>, expected: &Expected, seed: S) -> Result<T, RpcError>
where
    S: for<'de> DeserializeSeed<'de, Value = T>,
{
    match params {
        Params::One(deserializer) => {
            seed.deserialize(deserializer).map_err(|e| RpcError::invalid_params(e.to_string()))
        }
        Params::Positional(values) => read_positional(values, expected, seed),
        Params::Named(pairs) => read_named(pairs, expected, seed),
    }
}

fn read_positional<T, S>(mut values: Vec<Value>, expected: &Expected, seed: S) -> Result<T, RpcError>
where
    S: for<'de> DeserializeSeed<'de, Value = T>,
{
    let parameters = expected.shape.parameters();
    let wanted = parameters.len();
    if let [Value::Map(pairs)] = &mut values[..]
        && expected.is_one_map()
    {
        return read_named(std::mem::take(pairs), expected, seed);
    }
    if values.len() > wanted || values.len() < expected.required.count() {
        return Err(expected.wrong_count(values.len()));
    }
    if expected.shape.is_record() && values.len() < wanted {
        let named = parameters.iter().map(|(name, _)| (*name).into()).zip(values);
        return read_named(named.collect(), expected, seed);
    }
    values.resize(wanted, Value::Null);
    let value = match &expected.shape {
        Shape::Record(_) => Value::Array(values),
        _ => values.pop().unwrap_or_default(),
    };
    seed.deserialize(value).map_err(|e| misfit(&expected.method, &e))
}

fn read_named<T, S>(pairs: Vec<(Value, Value)>, expected: &Expected, seed: S) -> Result<T, RpcError>
where
    S: for<'de> DeserializeSeed<'de, Value = T>,
{
    let Shape::Record(RecordShape { fields, .. }) = &expected.shape else {
        let (name, takes) = (&expected.method, expected.signature());
        return Err(RpcError::invalid_params(format!(
            "{name} has no parameters by name; call it as {takes}"
        )));
    };
    let is_unknown = |key: &Value| fields.iter().all(|(field, _)| key.as_str() != Some(field));
    if let Some((key, _)) = pairs.iter().find(|(key, _)| is_unknown(key)) {
        let key = key.as_str().unwrap_or(key.kind());
        let (name, takes) = (&expected.method, expected.signature());
        return Err(RpcError::invalid_params(format!("{name} has no parameter `{key}`; call it as {takes}")));
    }
    let is_given = |field: &str| pairs.iter().any(|(key, _)| key.as_str() == Some(field));
    let mut places = fields.iter().enumerate();
    if let Some((_, (field, _))) =
        places.find(|(place, (field, _))| expected.required.at(*place) && !is_given(field))
    {
        let (name, takes) = (&expected.method, expected.signature());
        return Err(RpcError::invalid_params(format!(
            "{name} needs parameter `{field}`; call it as {takes}"
        )));
    }
    seed.deserialize(Value::Map(pairs)).map_err(|e| misfit(&expected.method, &e))
}

/// A method as one would write a call of it: `add(a: number, b: number)`.
pub(crate) fn signature(name: &str, shape: &Shape) -> String {
    let parameters: Vec<String> =
        shape.parameters().iter().map(|(name, shape)| format!("{name}: {shape}")).collect();
    format!("{name}({})", parameters.join(", "))
}

fn misfit(name: &str, error: &DecodeError) -> RpcError {
    let place = match error.path() {
        "" => format!("{name}: "),
        path => format!("{name}: parameter `{path}`: "),
    };
    match error.misfit() {
        Some(misfit) => RpcError::misfit_of(misfit.clone().at(place)),
        None => RpcError::invalid_params(format!("{place}{}", error.message())),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Pair {
        #[serde(rename = "A")]
        a: i64,
        #[serde(rename = "B")]
        b: i64,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Any {
        x: Value,
    }

    fn read<A: Arguments>(params: Params<'_, '_>) -> Result<A, String> {
        super::read(params, &Expected::new::<A>("m", Shape::of::<A>())).map_err(|e| e.to_string())
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Paged {
        page: i64,
        size: i64,
    }

    #[test]
    fn what_a_type_has_a_default_for_may_be_left_out() {
        let page = |page| Ok(Paged { page, size: 0 });
        assert_eq!(read(Params::none()), page(0));
        assert_eq!(read(Params::Positional(vec![7.into()])), page(7));
        assert_eq!(read(Params::Named(vec![("page".into(), 8.into())])), page(8));
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sized {
        name: String,
        #[serde(default)]
        width: i64,
        note: Option<String>,
    }

    #[test]
    fn a_default_of_one_field_is_known_beside_those_that_have_none() {
        let sized = |width| Ok(Sized { name: "x".into(), width, note: None });
        let one = |key: &str, value: Value| Params::Named(vec![(key.into(), value)]);
        assert_eq!(read(one("name", "x".into())), sized(0));
        assert_eq!(read(Params::Positional(vec!["x".into()])), sized(0));
        assert_eq!(read(Params::Positional(vec!["x".into(), 3.into()])), sized(3));
        assert_eq!(
            read::<Sized>(one("width", 3.into())).unwrap_err(),
            "m needs parameter `name`; call it as m(name: string, width: int, note: string?)"
        );
    }

    fn pair(a: i64, b: i64) -> Vec<(Value, Value)> {
        vec![("A".into(), a.into()), ("B".into(), b.into())]
    }

    #[test]
    fn a_record_comes_by_position_by_name_or_whole() {
        let expected = Ok(Pair { a: 17, b: 8 });
        assert_eq!(read(Params::Positional(vec![17.into(), 8.into()])), expected);
        assert_eq!(read(Params::Named(pair(17, 8))), expected);
        assert_eq!(read(Params::Positional(vec![Value::Map(pair(17, 8))])), expected);
    }

    #[test]
    fn one_parameter_may_itself_be_a_map() {
        let map = Value::Map(pair(1, 2));
        assert_eq!(read(Params::Positional(vec![map.clone()])), Ok(Any { x: map }));
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Named {
        name: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Nested {
        of: Option<Named>,
    }

    #[test]
    fn a_map_for_one_field_that_cannot_hold_it_is_the_record() {
        let map = |key: &str, value: Value| Params::Positional(vec![Value::map([(key, value)])]);
        assert_eq!(read(map("name", "x".into())), Ok(Named { name: "x".into() }));
        assert_eq!(
            read::<Named>(map("nam", "x".into())).unwrap_err(),
            "m has no parameter `nam`; call it as m(name: string)"
        );
        assert_eq!(read(Params::Positional(vec![Value::Map(Vec::new())])), Ok(Empty {}));
        assert_eq!(read(map("name", "x".into())), Ok(Nested { of: Some(Named { name: "x".into() }) }));
    }

    #[test]
    fn errors_name_the_method_the_parameter_and_the_types() {
        let wrong = Params::Positional(vec![17.into(), "8".into()]);
        assert_eq!(read::<Pair>(wrong).unwrap_err(), "m: parameter `B`: expected int, got string");
        let short = Params::Positional(vec![17.into()]);
        assert_eq!(read::<Pair>(short).unwrap_err(), "m(A: int, B: int) takes 2 parameters, got 1");
        let mut pairs = pair(1, 2);
        pairs.push(("C".into(), 3.into()));
        assert_eq!(
            read::<Pair>(Params::Named(pairs)).unwrap_err(),
            "m has no parameter `C`; call it as m(A: int, B: int)"
        );
        let missing = Params::Named(pair(1, 2)[..1].to_vec());
        assert_eq!(read::<Pair>(missing).unwrap_err(), "m needs parameter `B`; call it as m(A: int, B: int)");
        assert_eq!(
            read::<Empty>(Params::Positional(vec![1.into()])).unwrap_err(),
            "m() takes 0 parameters, got 1"
        );
        assert_eq!(read::<String>(Params::none()).unwrap_err(), "m(arg: string) takes 1 parameter, got 0");
    }
}
