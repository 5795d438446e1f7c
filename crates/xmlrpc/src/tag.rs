//! The names of elements.

/// The elements of XML-RPC, by their names without a prefix (Apache's `ex:nil` is `nil`).
///
/// A machine word each, so that a step of the parser returns in two registers and not by way of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Tag {
    MethodCall,
    MethodResponse,
    MethodName,
    Params,
    Param,
    Fault,
    Value,
    Array,
    Data,
    Struct,
    Member,
    Name,
    Int,
    BigInteger,
    BigDecimal,
    Boolean,
    String,
    Double,
    DateTime,
    Base64,
    Nil,
    Unknown,
}

impl Tag {
    /// The element of this name.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "value" => Tag::Value,
            "int" | "i4" | "i8" | "i1" | "i2" => Tag::Int,
            "string" => Tag::String,
            "member" => Tag::Member,
            "name" => Tag::Name,
            "double" | "float" => Tag::Double,
            "boolean" => Tag::Boolean,
            "struct" => Tag::Struct,
            "array" => Tag::Array,
            "data" => Tag::Data,
            "param" => Tag::Param,
            "params" => Tag::Params,
            "base64" => Tag::Base64,
            "dateTime.iso8601" | "dateTime" => Tag::DateTime,
            "nil" => Tag::Nil,
            "biginteger" => Tag::BigInteger,
            "bigdecimal" => Tag::BigDecimal,
            "methodCall" => Tag::MethodCall,
            "methodName" => Tag::MethodName,
            "methodResponse" => Tag::MethodResponse,
            "fault" => Tag::Fault,
            _ => name.rsplit_once(':').map_or(Tag::Unknown, |(_, local)| Self::named(local)),
        }
    }
}
