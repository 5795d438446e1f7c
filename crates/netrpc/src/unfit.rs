//! Arguments that do not fit, in Go's words and ours: Go names a type of the server's program, which says nothing to a caller,
//! and neither method nor parameters.

use manywire_core::{Description, Methods, RpcError};
use serde::de::{Deserializer, Visitor};

/// What errors call the record of a method's arguments, whatever it is called in the program: Go's usual name.
const ARGUMENTS: &str = "Args";

/// Reads the argument of a call, whose record has that name.
pub(crate) struct OfCall<D>(pub(crate) D);

macro_rules! forward {
    ($($method:ident($($name:ident: $Type:ty),*);)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($name: $Type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($name,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for OfCall<D> {
    type Error = D::Error;

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(ARGUMENTS, fields, visitor)
    }

    forward! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

/// Why the arguments of a method were refused, with how to call it.
pub(crate) fn refusal(why: &str, method: &str, methods: &Methods) -> RpcError {
    RpcError::invalid_params(match methods.get(method) {
        Some(known) => format!("{why}; call it as {}", Description::of(method, known)),
        None => why.to_owned(),
    })
}
