//! Two small serializers that take out of a value what it is made of: the text of a key, and the parts of a time.

use serde::ser::{Impossible, Serialize, SerializeTuple, Serializer};

use crate::Error;
use crate::time::Time;

/// What a key is, before it is known what the map is.
pub(super) enum Key {
    /// Its text was appended.
    Text,
    Bytes,
    Other,
}

/// Appends the text of a key, if it is one.
pub(super) fn key_text<K: Serialize + ?Sized>(key: &K, text: &mut String) -> Result<Key, Error> {
    key.serialize(KeyText(text))
}

struct KeyText<'t>(&'t mut String);

/// Reads the `(i64, u32, Option<i32>)` of a timestamp.
pub(super) fn time_of<T: Serialize + ?Sized>(parts: &T) -> Result<Time, Error> {
    let mut time = TimeParts { parts: [0; 3], next: 0, has_offset: true };
    parts.serialize(&mut time)?;
    let [seconds, nanos, offset] = time.parts;
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let nanos = nanos.ok_or_else(|| Error::unwritable("a time with a second of nanoseconds or more"))?;
    let offset = i32::try_from(offset).ok().filter(|_| time.has_offset);
    Ok(Time { seconds, nanos, offset })
}

struct TimeParts {
    parts: [i64; 3],
    next: usize,
    has_offset: bool,
}

fn no_time<T>() -> Result<T, Error> {
    Err(Error::unwritable("a time that is not seconds, nanoseconds and an offset"))
}

impl TimeParts {
    fn part(&mut self, part: i64) -> Result<(), Error> {
        match self.parts.get_mut(self.next) {
            Some(place) => *place = part,
            None => return no_time(),
        }
        self.next += 1;
        Ok(())
    }
}

/// The methods that all answer alike.
macro_rules! alike {
    ($answer:expr; $($method:ident($ty:ty))*) => {
        $(fn $method(self, _: $ty) -> Result<Self::Ok, Error> {
            $answer
        })*

        fn serialize_unit(self) -> Result<Self::Ok, Error> {
            $answer
        }
        fn serialize_unit_struct(self, _: &'static str) -> Result<Self::Ok, Error> {
            $answer
        }
        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<Self::Ok, Error> {
            $answer
        }
    };
}

/// Values with others in them, which neither takes.
macro_rules! impossible {
    ($error:expr; $($method:ident($($ty:ty),*) -> $compound:ident;)*) => {
        $(fn $method(self, $(_: $ty),*) -> Result<Self::$compound, Error> {
            $error
        })*
    };
}

fn no_key<T>() -> Result<T, Error> {
    Err(Error::unwritable("a list or a map as the key of a map"))
}

impl Serializer for KeyText<'_> {
    type Ok = Key;
    type Error = Error;
    type SerializeSeq = Impossible<Key, Error>;
    type SerializeTuple = Impossible<Key, Error>;
    type SerializeTupleStruct = Impossible<Key, Error>;
    type SerializeTupleVariant = Impossible<Key, Error>;
    type SerializeMap = Impossible<Key, Error>;
    type SerializeStruct = Impossible<Key, Error>;
    type SerializeStructVariant = Impossible<Key, Error>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_str(self, text: &str) -> Result<Key, Error> {
        self.0.push_str(text);
        Ok(Key::Text)
    }
    fn serialize_char(self, letter: char) -> Result<Key, Error> {
        self.0.push(letter);
        Ok(Key::Text)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Key, Error> {
        self.serialize_str(variant)
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<Key, Error> {
        Ok(Key::Bytes)
    }
    fn serialize_none(self) -> Result<Key, Error> {
        Ok(Key::Other)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Key, Error> {
        value.serialize(self)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Key, Error> {
        match name {
            crate::TIMESTAMP => Ok(Key::Other),
            _ => value.serialize(self),
        }
    }

    alike! {
        Ok(Key::Other);
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_f32(f32) serialize_f64(f64)
    }

    impossible! {
        no_key();
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }
}

impl Serializer for &mut TimeParts {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Impossible<(), Error>;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_i32(self, part: i32) -> Result<(), Error> {
        self.part(part.into())
    }
    fn serialize_i64(self, part: i64) -> Result<(), Error> {
        self.part(part)
    }
    fn serialize_u32(self, part: u32) -> Result<(), Error> {
        self.part(part.into())
    }
    fn serialize_none(self) -> Result<(), Error> {
        self.has_offset = false;
        self.part(0)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Error> {
        no_time()
    }

    alike! {
        no_time();
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_u8(u8) serialize_u16(u16) serialize_u64(u64)
        serialize_f32(f32) serialize_f64(f64) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
    }

    impossible! {
        no_time();
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }
}

impl SerializeTuple for &mut TimeParts {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        match self.next {
            3 => Ok(()),
            _ => no_time(),
        }
    }
}
