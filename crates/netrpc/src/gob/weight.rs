//! Counting the values in a gob before they are read.
//!
//! A byte of gob can be a number, or a struct of a thousand fields all left out, and who reads it without a type of its own
//! has to put all of them in memory. This walks over the bytes as a reader would and only counts.

use std::collections::HashMap;
use std::sync::Arc;

use gobwire::{Error, MarshalKind, TypeTable, WireField, WireType, ids, parse_uint};
use manywire_core::ValueCount;

/// A value that gobwire found to be complete and well-formed.
pub(super) struct Weight<'a> {
    rest: &'a [u8],
    /// How many bytes are left at the end of each message that the value came in.
    ends: Vec<usize>,
    known: &'a TypeTable,
    /// Types defined inside of interfaces; gobwire learns them when it decodes.
    inside: HashMap<i64, Arc<WireType>>,
    count: ValueCount,
}

impl<'a> Weight<'a> {
    pub(super) fn new(pieces: &'a [u8], ends: &[usize], known: &'a TypeTable, limit: usize) -> Self {
        let ends = ends.iter().map(|end| pieces.len() - end).collect();
        Self { rest: pieces, ends, known, inside: HashMap::new(), count: ValueCount::new(limit) }
    }

    /// Refuses a value that holds too many.
    pub(super) fn check(mut self) -> Result<(), Error> {
        let id = self.int()?;
        self.alone(id)
    }

    /// A value that no other is around: behind its type, a zero if it is no struct.
    fn alone(&mut self, id: i64) -> Result<(), Error> {
        if !matches!(self.type_of(id).as_deref(), Some(WireType::Struct { .. })) {
            self.uint()?;
        }
        self.value(id)
    }

    fn type_of(&self, id: i64) -> Option<Arc<WireType>> {
        self.known.get(id).or_else(|| self.inside.get(&id)).cloned()
    }

    fn add(&mut self, values: usize) -> Result<(), Error> {
        self.count.add(values).map_err(|error| Error::Corrupt(error.to_string()))
    }

    fn value(&mut self, id: i64) -> Result<(), Error> {
        self.add(1)?;
        match id {
            ids::BOOL | ids::INT | ids::UINT | ids::FLOAT => self.uint().map(drop),
            ids::COMPLEX => {
                self.add(2)?;
                self.uint()?;
                self.uint().map(drop)
            }
            ids::BYTES | ids::STRING => self.text(),
            ids::INTERFACE => self.interface(),
            id => match &*self.type_of(id).ok_or(Error::UndefinedType(id))? {
                WireType::Array { elem, .. } | WireType::Slice { elem, .. } => self.items(&[*elem]),
                WireType::Map { key, elem, .. } => self.items(&[*key, *elem]),
                WireType::Struct { fields, .. } => self.structure(fields),
                WireType::Marshaler { .. } => self.text(),
            },
        }
    }

    fn text(&mut self) -> Result<(), Error> {
        let length = self.bytes()?.len();
        self.add(usize::from(length > 0))
    }

    fn items(&mut self, types: &[i64]) -> Result<(), Error> {
        let count = self.uint()?;
        self.add(usize::from(count > 0))?;
        for _ in 0..count {
            for id in types {
                self.value(*id)?;
            }
        }
        Ok(())
    }

    /// Fields that were left out count too: their names and zeros are in what is made of the struct.
    fn structure(&mut self, fields: &[WireField]) -> Result<(), Error> {
        self.add(1 + 2 * fields.len())?;
        self.fields(|weight, index| match fields.get(index) {
            Some(field) => weight.value(field.id),
            None => Err(corrupt()),
        })
    }

    fn interface(&mut self) -> Result<(), Error> {
        if self.bytes()?.is_empty() {
            return Ok(());
        }
        loop {
            let id = self.int()?;
            if id >= 0 {
                self.uint()?;
                return self.alone(id);
            }
            let definition = self.definition()?;
            self.inside.insert(-id, Arc::new(definition));
            // The length of what follows, unless that is a message of its own.
            if !self.rest.is_empty() && !self.ends.contains(&self.rest.len()) {
                self.uint()?;
            }
        }
    }

    fn definition(&mut self) -> Result<WireType, Error> {
        let name = String::new;
        let mut defined = None;
        self.fields(|weight, kind| {
            let (mut numbers, mut fields) = ([0; 2], Vec::new());
            weight.fields(|weight, index| match index {
                0 => weight.name_and_id().map(drop),
                1 if kind == 2 => {
                    for _ in 0..weight.uint()? {
                        fields.push(WireField { name: name(), id: weight.name_and_id()? });
                    }
                    Ok(())
                }
                _ => {
                    *numbers.get_mut(index - 1).ok_or_else(corrupt)? = weight.int()?;
                    Ok(())
                }
            })?;
            let [first, second] = numbers;
            defined = Some(match kind {
                0 => WireType::Array { name: name(), elem: first, len: second },
                1 => WireType::Slice { name: name(), elem: first },
                2 => WireType::Struct { name: name(), fields },
                3 => WireType::Map { name: name(), key: first, elem: second },
                _ => WireType::Marshaler { name: name(), kind: MarshalKind::Gob },
            });
            Ok(())
        })?;
        defined.ok_or_else(corrupt)
    }

    /// A struct of a name and a type's number, as gob's definitions have it in two places.
    fn name_and_id(&mut self) -> Result<i64, Error> {
        let mut id = 0;
        self.fields(|weight, index| {
            if index == 0 {
                weight.bytes()?;
            } else {
                id = weight.int()?;
            }
            Ok(())
        })?;
        Ok(id)
    }

    /// Goes through the fields that a struct has, by their indices. As for Go, the end of the input is an end too.
    fn fields(&mut self, mut field: impl FnMut(&mut Self, usize) -> Result<(), Error>) -> Result<(), Error> {
        let mut next = 0_usize;
        while !self.rest.is_empty() {
            let delta = usize::try_from(self.uint()?).map_err(|_| corrupt())?;
            if delta == 0 {
                break;
            }
            next = next.checked_add(delta).ok_or_else(corrupt)?;
            field(self, next - 1)?;
        }
        Ok(())
    }

    fn uint(&mut self) -> Result<u64, Error> {
        let (value, width) = parse_uint(self.rest)?.ok_or(Error::UnexpectedEof)?;
        self.rest = self.rest.get(width..).ok_or(Error::UnexpectedEof)?;
        Ok(value)
    }

    fn int(&mut self) -> Result<i64, Error> {
        let value = self.uint()?;
        let magnitude = (value >> 1) as i64;
        Ok(if value & 1 == 1 { !magnitude } else { magnitude })
    }

    fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = usize::try_from(self.uint()?).map_err(|_| corrupt())?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Error::UnexpectedEof)?;
        self.rest = rest;
        Ok(bytes)
    }
}

fn corrupt() -> Error {
    Error::Corrupt("a value that does not fit its type".into())
}

#[cfg(test)]
mod tests {
    use gobwire::{Decoder, Encoder, Progress, parse_length_prefix};
    use manywire_core::Value;

    use super::*;

    /// How many values a gob of this holds.
    fn weight(value: &Value) -> usize {
        let bytes = Encoder::new().encode(value).unwrap();
        let (mut decoder, mut rest, mut pieces, mut ends) =
            (Decoder::new(), &bytes[..], Vec::new(), Vec::new());
        loop {
            let (width, length) = parse_length_prefix(rest).unwrap().unwrap();
            let body = &rest[width..width + length];
            rest = &rest[width + length..];
            let progress = decoder.push_message(body).unwrap();
            if !matches!(progress, Progress::TypeDefinition(_)) {
                pieces.extend_from_slice(body);
                ends.push(pieces.len());
            }
            if progress == Progress::Ready {
                break;
            }
        }
        let allows = |limit| Weight::new(&pieces, &ends, decoder.types(), limit).check().is_ok();
        (0..1_000).find(|limit| allows(*limit)).unwrap()
    }

    #[test]
    fn every_kind_of_value_is_counted_to_its_end() {
        let map = |value: i64| Value::map([("k", value.into()), ("text", "a".into())]);
        for (value, values) in [
            (Value::Int(-5), 1),
            ("".into(), 1),
            ("text".into(), 2),
            (Value::Array(vec![1.into(), 2.into()]), 4),
            (Value::Array(vec![Value::Null, 1.into(), "mixed".into(), true.into()]), 10),
            (Value::Array(vec![map(1), map(2)]), 20),
            (Value::Array(vec![map(1), Value::map([("other", 0.5.into())]), map(0)]), 33),
            (Value::Map(vec![(1.into(), "one".into())]), 5),
            (manywire_core::Timestamp::utc(5, 7).into(), 2),
        ] {
            assert_eq!(weight(&value), values, "{value:?}");
        }
    }

    /// A walk that stumbled would refuse what gobwire takes, or miss what it makes of it.
    #[test]
    fn whatever_gobwire_takes_is_walked_to_its_end() {
        let mixed = Value::Array(vec![0.5.into(), "x".into(), Value::Null]);
        let value = Value::Array(vec![
            Value::map([("a", 1.into()), ("list", mixed)]),
            Value::map([("b", Value::Array(vec![true.into(), "y".into()])), ("c", "".into())]),
        ]);
        let seed = Encoder::new().encode(&value).unwrap();
        let (mut random, mut taken) = (0x2545_f491_4f6c_dd1d_u64, 0);
        for _ in 0..50_000 {
            let mut bytes = seed.clone();
            for _ in 0..1 + random % 3 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = random as usize % bytes.len();
                bytes[at] = bytes[at].wrapping_add((random >> 32) as u8 % 5);
            }
            let (mut decoder, mut rest, mut pieces, mut ends) =
                (Decoder::new(), &bytes[..], Vec::new(), Vec::new());
            while let Ok(Some((width, length))) = parse_length_prefix(rest)
                && let Some(body) = rest.get(width..width.saturating_add(length))
                && let Ok(progress) = decoder.push_message(body)
            {
                rest = &rest[width + length..];
                if !matches!(progress, Progress::TypeDefinition(_)) {
                    pieces.extend_from_slice(body);
                    ends.push(pieces.len());
                }
                if progress == Progress::Ready {
                    let walked = Weight::new(&pieces, &ends, decoder.types(), usize::MAX).check();
                    assert!(walked.is_ok() || decoder.discard().is_err(), "{walked:?}: {bytes:?}");
                    taken += 1;
                    break;
                }
            }
        }
        assert!(taken > 5_000, "only {taken} were values at all");
    }
}
