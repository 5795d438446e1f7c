//! A JSON-RPC 1.0 request, with the leniencies of Go's `encoding/json`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A request as it came; members in any case, unknown ones ignored, the last of several counting.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: String,
    pub(crate) params: Params<'a>,
    pub(crate) id: Option<&'a RawValue>,
}

/// The one parameter that Go's methods take.
#[derive(Debug, Default)]
pub(crate) enum Params<'a> {
    /// No `params`, or null.
    #[default]
    Missing,
    /// An empty list: the zero value.
    Zero,
    /// The first of a list; Go ignores the others.
    First(&'a RawValue),
    /// Something else than a list, by the name that Go gives its kind.
    NoList(&'static str),
}

impl<'de> Deserialize<'de> for Request<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RequestVisitor)
    }
}

struct RequestVisitor;

impl<'de> Visitor<'de> for RequestVisitor {
    type Value = Request<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Request<'de>, A::Error> {
        let mut request = Request::default();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Method => request.method = map.next_value::<Option<String>>()?.unwrap_or_default(),
                Key::Params => request.params = map.next_value()?,
                Key::Id => request.id = map.next_value::<Option<&RawValue>>()?,
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(request)
    }
}

enum Key {
    Method,
    Params,
    Id,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        let known = [("method", Key::Method), ("params", Key::Params), ("id", Key::Id)];
        let found = known.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        Ok(found.map_or(Key::Other, |(_, key)| key))
    }
}

impl<'de> Deserialize<'de> for Params<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParamsVisitor)
    }
}

struct ParamsVisitor;

impl<'de> Visitor<'de> for ParamsVisitor {
    type Value = Params<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of parameters")
    }

    fn visit_unit<E>(self) -> Result<Params<'de>, E> {
        Ok(Params::Missing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Params<'de>, A::Error> {
        let Some(first) = list.next_element()? else {
            return Ok(Params::Zero);
        };
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Params::First(first))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Params<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Params::NoList("object"))
    }

    fn visit_str<E>(self, _: &str) -> Result<Params<'de>, E> {
        Ok(Params::NoList("string"))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Params<'de>, E> {
        Ok(Params::NoList("bool"))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Params<'de>, E> {
        Ok(Params::NoList("number"))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Params<'de>, E> {
        Ok(Params::NoList("number"))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Params<'de>, E> {
        Ok(Params::NoList("number"))
    }
}
