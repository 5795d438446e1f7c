//! Gob: numbers, messages, type definitions, and net/rpc's requests.

/// The number of the type `int`.
pub const INT: i64 = 2;
/// The number of the type `uint`.
pub const UINT: i64 = 3;
/// The number of the type `string`.
pub const STRING: i64 = 6;
/// The number of the type `interface{}`.
pub const INTERFACE: i64 = 8;

/// The number that [`begin`] gives to net/rpc's `Request`; those below belong to gob.
const REQUEST: i64 = 65;
/// The number that [`begin`] gives to the argument.
pub const ARGUMENT: i64 = 66;

/// The first number that is free then.
pub const FIRST: i64 = 67;

/// An unsigned number.
pub fn uint(number: u64) -> Vec<u8> {
    if number < 128 {
        return vec![number as u8];
    }
    let bytes = number.to_be_bytes();
    let first = number.leading_zeros() as usize / 8;
    [&[(8 - first as u8).wrapping_neg()], &bytes[first..]].concat()
}

/// A signed number.
pub fn int(number: i64) -> Vec<u8> {
    uint(((number << 1) ^ (number >> 63)) as u64)
}

/// A string.
pub fn text(text: &str) -> Vec<u8> {
    [uint(text.len() as u64), text.into()].concat()
}

/// A message: its length, then its bytes.
pub fn message(body: &[u8]) -> Vec<u8> {
    [&uint(body.len() as u64), body].concat()
}

/// A definition as a message of its own.
pub fn define(id: i64, wire_type: &[u8]) -> Vec<u8> {
    message(&[&int(-id), wire_type].concat())
}

/// The type `[]element`.
pub fn slice_of(id: i64, element: i64) -> Vec<u8> {
    [&[2, 1, 2][..], &int(id), &[0, 1], &int(element), &[0, 0]].concat()
}

/// The type `map[key]element`.
pub fn map_of(id: i64, key: i64, element: i64) -> Vec<u8> {
    [&[4, 1, 2][..], &int(id), &[0, 1], &int(key), &[1], &int(element), &[0, 0]].concat()
}

/// A struct type.
pub fn struct_of(id: i64, name: &str, fields: &[(String, i64)]) -> Vec<u8> {
    let mut out = [&[3, 1, 1][..], &text(name), &[1], &int(id), &[0, 1], &uint(fields.len() as u64)].concat();
    for (name, kind) in fields {
        out.extend([&[1], &text(name)[..], &[1], &int(*kind), &[0]].concat());
    }
    out.extend([0, 0]);
    out
}

/// What begins a stream: the definitions of requests, and of an argument with one field, X, of this type.
pub fn begin(kind: i64) -> Vec<u8> {
    let request = [("ServiceMethod".to_owned(), STRING), ("Seq".to_owned(), UINT)];
    let argument = [("X".to_owned(), kind)];
    [
        define(REQUEST, &struct_of(REQUEST, "Request", &request)),
        define(ARGUMENT, &struct_of(ARGUMENT, "", &argument)),
    ]
    .concat()
}

/// A call of `ping`, with the value of X; definitions may stand before it.
pub fn ping(seq: u64, x: &[u8]) -> Vec<u8> {
    [ping_header(seq), message(&[&int(ARGUMENT), &[1][..], x, &[0]].concat())].concat()
}

/// The header of such a call; the argument follows.
pub fn ping_header(seq: u64) -> Vec<u8> {
    message(&[&int(REQUEST), &[1][..], &text("ping"), &[1], &uint(seq), &[0]].concat())
}

/// What an interface holds: definitions of its own, then the number of its type and its value.
pub fn interface(definition: &[u8], id: &[u8], value: &[u8]) -> Vec<u8> {
    let value = [id, &uint(value.len() as u64), value].concat();
    let length = if definition.is_empty() { Vec::new() } else { uint(value.len() as u64) };
    [&text("x"), definition, &length, &value].concat()
}

/// An argument whose X is a list of interfaces, in one message for each item: its type's definition ends the message.
pub fn list_in_pieces(argument: i64, count: usize) -> Vec<u8> {
    let mut piece = [int(argument), vec![1], uint(count as u64)].concat();
    let mut out = Vec::new();
    for id in FIRST + 1..=FIRST + count as i64 {
        piece.extend([text("x"), int(-id), slice_of(id, INT)].concat());
        out.extend(message(&piece));
        piece = [int(id), uint(2), vec![0, 0]].concat();
    }
    piece.push(0);
    out.extend(message(&piece));
    out
}
