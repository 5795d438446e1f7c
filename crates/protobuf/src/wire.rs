//! Varints, tags, and where a field ends.

use crate::Error;

/// How a field's bytes are delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    GroupStart = 3,
    GroupEnd = 4,
    Fixed32 = 5,
}

/// The bytes of one field, after its tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Payload<'de> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'de [u8]),
    /// A group, which nobody reads any more.
    Group,
}

/// A field as it stands in a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tagged<'de> {
    pub(crate) number: u32,
    pub(crate) wire_type: WireType,
    pub(crate) payload: Payload<'de>,
}

/// Groups inside groups that are passed over.
const GROUPS: usize = 32;

fn cut() -> Error {
    Error::malformed("the message ends inside a field")
}

pub(crate) fn varint(bytes: &mut &[u8]) -> Result<u64, Error> {
    if let Some((&byte, rest)) = bytes.split_first()
        && byte < 0x80
    {
        *bytes = rest;
        return Ok(byte.into());
    }
    let mut value = 0;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            if at == 9 && byte > 1 {
                break;
            }
            *bytes = &bytes[at + 1..];
            return Ok(value);
        }
    }
    Err(if bytes.len() < 10 { cut() } else { Error::malformed("an integer has more than 64 bits") })
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_tag(out: &mut Vec<u8>, number: u32, wire_type: WireType) {
    put_varint(out, u64::from(number) << 3 | wire_type as u64);
}

fn take<'de>(bytes: &mut &'de [u8], length: usize) -> Result<&'de [u8], Error> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or_else(cut)?;
    *bytes = rest;
    Ok(taken)
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Error> {
    let (taken, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
    *bytes = rest;
    Ok(*taken)
}

pub(crate) fn fixed32(bytes: &mut &[u8]) -> Result<u32, Error> {
    array(bytes).map(u32::from_le_bytes)
}

pub(crate) fn fixed64(bytes: &mut &[u8]) -> Result<u64, Error> {
    array(bytes).map(u64::from_le_bytes)
}

fn tag(bytes: &mut &[u8]) -> Result<(u32, WireType), Error> {
    let tag = varint(bytes)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| (1..1 << 29).contains(number));
    let number = number.ok_or_else(|| Error::malformed(format!("{} is no number of a field", tag >> 3)))?;
    let wire_type = match tag & 7 {
        0 => WireType::Varint,
        1 => WireType::Fixed64,
        2 => WireType::Length,
        3 => WireType::GroupStart,
        4 => WireType::GroupEnd,
        5 => WireType::Fixed32,
        other => {
            return Err(Error::malformed(format!(
                "field {number} has the wire type {other}, which there is not"
            )));
        }
    };
    Ok((number, wire_type))
}

/// Takes the next field off a message.
pub(crate) fn next<'de>(bytes: &mut &'de [u8]) -> Result<Tagged<'de>, Error> {
    let (number, wire_type) = tag(bytes)?;
    let payload = match wire_type {
        WireType::Varint => Payload::Varint(varint(bytes)?),
        WireType::Fixed64 => Payload::Fixed64(fixed64(bytes)?),
        WireType::Fixed32 => Payload::Fixed32(fixed32(bytes)?),
        WireType::Length => {
            let length = usize::try_from(varint(bytes)?).map_err(|_| cut())?;
            Payload::Bytes(take(bytes, length)?)
        }
        WireType::GroupStart => {
            pass_group(bytes, number)?;
            Payload::Group
        }
        WireType::GroupEnd => {
            return Err(Error::malformed(format!("a group {number} ends that never began")));
        }
    };
    Ok(Tagged { number, wire_type, payload })
}

fn pass_group(bytes: &mut &[u8], number: u32) -> Result<(), Error> {
    let mut open = vec![number];
    while let Some(&innermost) = open.last() {
        let mut ahead = *bytes;
        match tag(&mut ahead)? {
            (number, WireType::GroupStart) if open.len() < GROUPS => {
                *bytes = ahead;
                open.push(number);
            }
            (_, WireType::GroupStart) => {
                return Err(Error::too_much(format!("groups more than {GROUPS} deep")));
            }
            (number, WireType::GroupEnd) if number == innermost => {
                *bytes = ahead;
                open.pop();
            }
            _ => drop(next(bytes)?),
        }
    }
    Ok(())
}

pub(crate) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_length_come_back() {
        for shift in 0..64 {
            for value in [1_u64 << shift, (1_u64 << shift) - 1, u64::MAX >> shift] {
                let mut out = Vec::new();
                put_varint(&mut out, value);
                let mut left = &out[..];
                assert_eq!(varint(&mut left), Ok(value));
                assert!(left.is_empty() && varint(&mut &out[..out.len() - 1]).is_err());
                assert_eq!(unzigzag(zigzag(value as i64)), value as i64);
            }
        }
        assert!(varint(&mut &[0xff; 10][..]).is_err());
        assert!(varint(&mut &[0x80; 11][..]).is_err());
    }

    #[test]
    fn a_group_is_passed_over_and_one_that_goes_on_for_ever_is_not() {
        let mut bytes = &[0x0b, 0x10, 0x01, 0x13, 0x14, 0x0c, 0x10, 0x07][..];
        assert_eq!(next(&mut bytes).unwrap().payload, Payload::Group);
        assert_eq!(next(&mut bytes).unwrap().payload, Payload::Varint(7));
        for broken in [&[0x0b][..], &[0x0c], &[0x0b, 0x14], &[0x0b; 1000], &[0x00, 0x00], &[0x0f]] {
            assert!(next(&mut &*broken).is_err(), "{broken:?}");
        }
    }
}
