//! Reading an object as Go reads it into a struct.

use std::borrow::Cow;
use std::fmt;

use manywire_core::zero;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::argument::{Field, Seed, mismatch};

/// A struct: its fields' names match in any case, and absent ones are zero.
pub(super) struct Record<V> {
    pub(super) visitor: V,
    pub(super) name: &'static str,
    pub(super) fields: &'static [&'static str],
    pub(super) field: Field,
}

impl<V> Record<V> {
    fn mismatch<E: de::Error>(&self, got: &str) -> E {
        mismatch(got, self.name, self.field)
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Record<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Fields {
            map: Some(map),
            name: self.name,
            absent: self.fields.to_vec(),
            current: None,
        })
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        let nothing = de::value::MapDeserializer::<_, E>::new(std::iter::empty::<((), ())>());
        self.visitor.visit_map(Fields {
            map: Some(nothing),
            name: self.name,
            absent: self.fields.to_vec(),
            current: None,
        })
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<V::Value, E> {
        Err(self.mismatch("bool"))
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<V::Value, E> {
        Err(self.mismatch("number"))
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<V::Value, E> {
        Err(self.mismatch("number"))
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<V::Value, E> {
        Err(self.mismatch("number"))
    }
    fn visit_str<E: de::Error>(self, _: &str) -> Result<V::Value, E> {
        Err(self.mismatch("string"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<V::Value, A::Error> {
        Err(self.mismatch("array"))
    }
}

/// The members of an object, and then zeros for the fields that were not among them.
struct Fields<A> {
    map: Option<A>,
    name: &'static str,
    absent: Vec<&'static str>,
    /// The field whose value comes next; none for a member that is no field.
    current: Option<&'static str>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if let Some(map) = &mut self.map {
            if let Some(name) = map.next_key::<Cow<'de, str>>()? {
                let is_it = |field: &&&str| **field == name || field.eq_ignore_ascii_case(&name);
                self.current = self.absent.iter().find(is_it).copied();
                let key = self.current.unwrap_or("");
                self.absent.retain(|field| Some(*field) != self.current);
                return seed.deserialize(de::value::BorrowedStrDeserializer::new(key)).map(Some);
            }
            self.map = None;
        }
        self.current = self.absent.pop();
        let key = self.current.map(|name| seed.deserialize(de::value::BorrowedStrDeserializer::new(name)));
        key.transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let Some(map) = &mut self.map else {
            return zero(seed);
        };
        let field = self.current.map(|field| (self.name, field));
        map.next_value_seed(Seed { seed, field })
    }
}
