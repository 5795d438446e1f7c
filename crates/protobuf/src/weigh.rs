//! What a message takes in memory once it is read, found out before it is: two bytes can be a message of their own.
//!
//! The walk keeps its own stack and looks at each byte once. What is malformed is left to the reader: it stops there too, and
//! no more than was counted is there by then.

use crate::schema::numbers::{self, kind};
use crate::schema::{Label, Schema, Type};
use crate::wire::{self, Payload, Tagged, WireType};

/// Bytes that a number takes in a list that grows.
const NUMBER: usize = 16;
/// Bytes that a text or bytes take, beside their own length.
const TEXT: usize = 64;
/// Bytes that a message takes, beside its fields.
const MESSAGE: usize = 64;
/// Bytes that each field of a message takes, whether it is there or not.
const FIELD: usize = 16;
/// Bytes that a value of any type takes.
const VALUE: usize = 64;

/// What is to be walked through.
#[derive(Clone, Copy)]
enum Part {
    Message(usize),
    Value,
    List,
    Map,
    Pair,
}

/// About how many bytes the values of a message take, or something beyond `limit`.
pub fn weigh(schema: &Schema, bytes: &[u8], limit: usize) -> usize {
    let mut weight = 0_usize;
    let mut open = vec![(Part::Message(0), bytes)];
    while let Some((part, rest)) = open.last_mut() {
        let part = *part;
        let Some(tagged) = (!rest.is_empty()).then(|| wire::next(rest)) else {
            open.pop();
            continue;
        };
        let Ok(tagged) = tagged else { return weight };
        let (more, inner) = step(schema, part, &tagged);
        weight = weight.saturating_add(more);
        if weight > limit {
            return weight;
        }
        open.extend(inner);
    }
    weight
}

type Inner<'a> = Option<(Part, &'a [u8])>;

/// What one field takes, and what is inside of it.
fn step<'a>(schema: &Schema, part: Part, tagged: &Tagged<'a>) -> (usize, Inner<'a>) {
    let Tagged { number, wire_type, payload } = *tagged;
    let bytes = if let Payload::Bytes(bytes) = payload { Some(bytes) } else { None };
    match (part, bytes) {
        (Part::Message(message), _) => field(schema, message, number, wire_type, payload),
        (Part::Value, Some(bytes)) => match number {
            kind::LIST => (0, Some((Part::List, bytes))),
            kind::MAP => (0, Some((Part::Map, bytes))),
            _ => (bytes.len(), None),
        },
        (Part::List, Some(bytes)) if number == numbers::VALUES => (VALUE, Some((Part::Value, bytes))),
        (Part::Map, Some(bytes)) if number == numbers::FIELDS || number == numbers::PAIRS => {
            (VALUE, Some((Part::Pair, bytes)))
        }
        // A key that is a text is passed over; one that is a value is walked through like its value.
        (Part::Pair, Some(bytes)) => (VALUE + bytes.len(), (number == 2).then_some((Part::Value, bytes))),
        _ => (0, None),
    }
}

fn field<'a>(
    schema: &Schema,
    message: usize,
    number: u32,
    wire_type: WireType,
    payload: Payload<'a>,
) -> (usize, Inner<'a>) {
    let found = schema.messages.get(message).and_then(|message| {
        let at = message.find(number, wire_type)?;
        message.fields.get(at)
    });
    let Some(field) = found else { return (0, None) };
    let Payload::Bytes(bytes) = payload else { return (NUMBER, None) };
    match field.ty {
        Type::Message(inner) => {
            let fields = schema.messages.get(inner).map_or(0, |message| message.fields.len());
            let entry = if field.label == Label::Map { TEXT } else { 0 };
            (MESSAGE + entry + FIELD * fields, Some((Part::Message(inner), bytes)))
        }
        Type::Value => (VALUE, Some((Part::Value, bytes))),
        Type::String | Type::Bytes | Type::Timestamp | Type::Number => (TEXT + bytes.len(), None),
        packed => (NUMBER * items(packed, bytes), None),
    }
}

/// How many numbers share a field.
fn items(ty: Type, bytes: &[u8]) -> usize {
    match ty.wire_type() {
        WireType::Fixed64 => bytes.len() / 8,
        WireType::Fixed32 => bytes.len() / 4,
        _ => bytes.iter().filter(|byte| **byte < 0x80).count(),
    }
}
