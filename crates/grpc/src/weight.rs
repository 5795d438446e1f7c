//! How much memory a message takes once it is decoded, found out before it is: two bytes can be a message of their own, and
//! that takes hundreds.
//!
//! The walk keeps its own stack and goes through the bytes once. What is malformed is left to the decoder: it stops there too,
//! and no more than was counted is there by then.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// What things take in memory, in bytes, lists that grow included.
struct Costs {
    /// A message, and room for each field of its type.
    message: usize,
    room: usize,
    /// A message that has any field.
    filled: usize,
    /// A number.
    number: usize,
    /// A text or bytes, beside their length; and how many copies there are of these.
    text: usize,
    copies: usize,
    /// A field that the type does not have.
    unknown: usize,
}

/// prost's structs have room for all of their fields, and keep nothing that they do not know.
const TYPED: Costs = Costs { message: 32, room: 96, filled: 0, number: 16, text: 64, copies: 1, unknown: 0 };

/// prost-reflect's messages are trees of values, and our own values are made of them: a pair for each field of the type.
const DYNAMIC: Costs =
    Costs { message: 160, room: 128, filled: 1_000, number: 144, text: 144, copies: 2, unknown: 320 };

/// Levels of messages in each other. Decoders go down a hundred.
const LEVELS: usize = 128;

/// What messages take together, up to a limit.
pub(crate) struct Weight {
    costs: &'static Costs,
    limit: usize,
    left: usize,
}

/// A message that takes too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("decoded it takes more than {0} bytes of memory")]
pub(crate) struct TooHeavy(usize);

/// A message, or a group, that is being walked through.
struct Level<'m> {
    rest: &'m [u8],
    /// Its type, if that is known.
    descriptor: Option<MessageDescriptor>,
}

/// One field on the wire.
enum Piece<'m> {
    /// Of one of the lengths that numbers have.
    Number,
    Content(&'m [u8]),
    GroupBegins,
    GroupEnds,
}

impl Weight {
    /// For messages that become structs of prost's.
    pub(crate) fn typed(limit: usize) -> Self {
        Self { costs: &TYPED, limit, left: limit }
    }

    /// For messages that become values by their descriptors.
    pub(crate) fn dynamic(limit: usize) -> Self {
        Self { costs: &DYNAMIC, limit, left: limit }
    }

    /// What was counted.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.limit - self.left
    }

    /// Counts a message of this type.
    pub(crate) fn add(&mut self, message: &[u8], descriptor: &MessageDescriptor) -> Result<(), TooHeavy> {
        let mut levels = vec![self.begin(message, Some(descriptor.clone()))?];
        while let Some(level) = levels.last_mut() {
            if level.rest.is_empty() {
                levels.pop();
                continue;
            }
            let Some((number, piece)) = read_piece(&mut level.rest) else { return Ok(()) };
            let field = level.descriptor.as_ref().and_then(|descriptor| descriptor.get_field(number));
            let inner = match piece {
                Piece::GroupEnds => {
                    let rest = level.rest;
                    levels.pop();
                    let Some(outer) = levels.last_mut() else { return Ok(()) };
                    outer.rest = rest;
                    continue;
                }
                // What is behind the group is read when the group has ended.
                Piece::GroupBegins => Some((std::mem::take(&mut level.rest), message_type(field.as_ref()))),
                Piece::Content(content) => {
                    self.take_content(content, field.as_ref())?.map(|inner| (content, Some(inner)))
                }
                Piece::Number => {
                    self.take(if field.is_some() { self.costs.number } else { self.costs.unknown })?;
                    None
                }
            };
            if let Some((content, descriptor)) = inner {
                if levels.len() == LEVELS {
                    return Ok(());
                }
                levels.push(self.begin(content, descriptor)?);
            }
        }
        Ok(())
    }

    fn begin<'m>(
        &mut self,
        rest: &'m [u8],
        descriptor: Option<MessageDescriptor>,
    ) -> Result<Level<'m>, TooHeavy> {
        let Costs { message, room, filled, unknown, .. } = self.costs;
        match &descriptor {
            Some(descriptor) => self.take(message + room * descriptor.fields().len())?,
            None => self.take(*unknown)?,
        }
        if !rest.is_empty() {
            self.take(*filled)?;
        }
        Ok(Level { rest, descriptor })
    }

    /// Counts what has a length, but not a message, whose type is returned.
    fn take_content(
        &mut self,
        content: &[u8],
        field: Option<&FieldDescriptor>,
    ) -> Result<Option<MessageDescriptor>, TooHeavy> {
        let Some(field) = field else { return self.take(self.costs.unknown).map(|()| None) };
        let numbers = match field.kind() {
            Kind::Message(inner) => return Ok(Some(inner)),
            Kind::String | Kind::Bytes => {
                return self.take(self.costs.text + self.costs.copies * content.len()).map(|()| None);
            }
            // Packed: numbers of one length, or varints, whose last bytes are below 0x80.
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => content.len() / 8,
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => content.len() / 4,
            _ => content.iter().filter(|byte| **byte < 0x80).count(),
        };
        self.take(self.costs.number * numbers.max(1)).map(|()| None)
    }

    fn take(&mut self, bytes: usize) -> Result<(), TooHeavy> {
        self.left = self.left.checked_sub(bytes).ok_or(TooHeavy(self.limit))?;
        Ok(())
    }
}

fn message_type(field: Option<&FieldDescriptor>) -> Option<MessageDescriptor> {
    field.and_then(|field| field.kind().as_message().cloned())
}

/// Reads a field's number and what it has, unless they are malformed.
fn read_piece<'m>(rest: &mut &'m [u8]) -> Option<(u32, Piece<'m>)> {
    let tag = u32::try_from(read_varint(rest)?).ok()?;
    let piece = match tag & 7 {
        0 => read_varint(rest).map(|_| Piece::Number),
        1 => split(rest, 8).map(|_| Piece::Number),
        2 => {
            let length = usize::try_from(read_varint(rest)?).ok()?;
            split(rest, length).map(Piece::Content)
        }
        3 => Some(Piece::GroupBegins),
        4 => Some(Piece::GroupEnds),
        5 => split(rest, 4).map(|_| Piece::Number),
        _ => None,
    };
    Some((tag >> 3, piece?))
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (at, byte) in rest.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at).min(63);
        if *byte < 0x80 {
            *rest = &rest[at + 1..];
            return Some(value);
        }
    }
    None
}

fn split<'m>(rest: &mut &'m [u8], length: usize) -> Option<&'m [u8]> {
    let (start, end) = rest.split_at_checked(length)?;
    *rest = end;
    Some(start)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_reflect::DescriptorPool;

    use super::*;
    use crate::notes::{AllTypes, all_types::Nested};

    fn all_types() -> MessageDescriptor {
        let pool = DescriptorPool::decode(manywire_notes::PROTOS).unwrap();
        pool.get_message_by_name("AllTypes").unwrap()
    }

    fn weight(message: &[u8]) -> usize {
        let mut weight = Weight::typed(usize::MAX);
        weight.add(message, &all_types()).unwrap();
        weight.bytes() - empty()
    }

    fn empty() -> usize {
        TYPED.message + TYPED.room * all_types().fields().len()
    }

    fn within(tag: &[u8], message: Vec<u8>) -> Vec<u8> {
        let mut outer = tag.to_vec();
        prost::encoding::encode_varint(message.len() as u64, &mut outer);
        outer.extend(message);
        outer
    }

    #[test]
    fn every_value_and_every_message_counts() {
        assert_eq!(weight(&[]), 0);
        let packed = AllTypes { numbers: vec![1, 300, -1], ..Default::default() };
        assert_eq!(weight(&packed.encode_to_vec()), 3 * TYPED.number);
        let text = AllTypes { string_value: "four".into(), ..Default::default() };
        assert_eq!(weight(&text.encode_to_vec()), TYPED.text + 4);
        let nested = AllTypes { nested_list: vec![Nested::default(); 1_000], ..Default::default() };
        let fields = all_types().get_field_by_name("nested_list").unwrap().kind();
        let room = TYPED.room * fields.as_message().unwrap().fields().len();
        assert_eq!(weight(&nested.encode_to_vec()), 1_000 * (TYPED.message + room));
        // Field 1000 is not there, as a varint or as a group with two of them.
        assert_eq!(weight(&[0xc0, 0x3e, 1]), TYPED.unknown);
    }

    #[test]
    fn structs_take_no_more_than_is_counted() {
        // A list doubles its room when it grows.
        assert!(2 * size_of::<AllTypes>() <= empty(), "{}", size_of::<AllTypes>());
        let nested = AllTypes { nested_list: vec![Nested::default()], ..Default::default() };
        assert!(2 * size_of::<Nested>() <= weight(&nested.encode_to_vec()), "{}", size_of::<Nested>());
    }

    #[test]
    fn a_limit_is_kept_and_what_is_behind_a_group_counts() {
        let numbers = AllTypes { numbers: vec![1; 100], ..Default::default() }.encode_to_vec();
        let limit = empty() + 100 * TYPED.number;
        assert_eq!(Weight::typed(limit).add(&numbers, &all_types()), Ok(()));
        assert_eq!(Weight::typed(limit - 1).add(&numbers, &all_types()), Err(TooHeavy(limit - 1)));
        let behind = [&[0xc3, 0x3e, 0xc3, 0x3e, 0xc4, 0x3e, 0xc4, 0x3e][..], &numbers].concat();
        assert_eq!(weight(&behind), weight(&numbers));
    }

    #[test]
    fn no_depth_and_no_garbage_is_too_much() {
        let mut deep = Vec::new();
        for _ in 0..20_000 {
            deep = within(&[0x12], deep);
        }
        weight(&within(&[0x8a, 0x01], deep));
        weight(&[0x0b].repeat(20_000));
        for garbage in [&[0xff; 30][..], &[0x0a, 0x7f, 1], &[0x09, 1], &[0x0c], &[0x0e, 1], &[0x08]] {
            assert_eq!(weight(garbage), 0, "{garbage:?}");
        }
    }
}
