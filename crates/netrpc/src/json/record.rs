//! Reading an object as Go reads it into a struct: fields' names match in any case, absent ones are zero, and of two that
//! are equal the last one counts.

use std::iter::Flatten;
use std::vec::IntoIter;

use manywire_core::zero;
use serde::de::value::{BorrowedStrDeserializer, Error};
use serde::de::{DeserializeSeed, MapAccess};

use super::argument::{Argument, Place};
use super::name::is_name_of;
use super::text::Kind;

/// A struct's fields: those that an object has, in the order of the object, and then the others.
pub(super) struct Fields<'a, 'p> {
    name: &'static str,
    outer: Option<&'p Place<'p>>,
    present: IntoIter<Field<'a, 'p>>,
    absent: Flatten<IntoIter<Option<&'static str>>>,
    next: Option<Field<'a, 'p>>,
}

type Field<'a, 'p> = (&'static str, Argument<'a, 'p>);

impl<'a, 'p> Fields<'a, 'p> {
    pub(super) fn of(
        mut object: Argument<'a, 'p>,
        name: &'static str,
        fields: &'static [&'static str],
    ) -> Self {
        let mut absent: Vec<_> = fields.iter().copied().map(Some).collect();
        let mut present: Vec<Field<'a, 'p>> = Vec::with_capacity(fields.len());
        object.text.enter();
        while object.text.next() {
            let member = object.text.name();
            let mut value = object;
            object.text.raw();
            let Some(index) = fields.iter().position(|field| is_name_of(field, &member)) else { continue };
            match absent[index].take() {
                Some(field) => present.push((field, value)),
                // Null has no effect on what is there already.
                None if value.text.kind() == Kind::Null => {}
                None => replace(&mut present, (fields[index], value)),
            }
        }
        Self::new(object, name, present, absent)
    }

    pub(super) fn none(
        object: Argument<'a, 'p>,
        name: &'static str,
        fields: &'static [&'static str],
    ) -> Self {
        Self::new(object, name, Vec::new(), fields.iter().copied().map(Some).collect())
    }

    fn new(
        object: Argument<'a, 'p>,
        name: &'static str,
        present: Vec<Field<'a, 'p>>,
        absent: Vec<Option<&'static str>>,
    ) -> Self {
        Self {
            name,
            outer: object.place,
            present: present.into_iter(),
            absent: absent.into_iter().flatten(),
            next: None,
        }
    }
}

/// Puts the last value of a field in the place of the one before, or behind all others where that was null: errors are told in
/// the order of the text.
fn replace<'a, 'p>(present: &mut Vec<Field<'a, 'p>>, last: Field<'a, 'p>) {
    let Some(at) = present.iter().position(|(field, _)| *field == last.0) else { return };
    if present[at].1.text.kind() == Kind::Null {
        present.remove(at);
        present.push(last);
    } else {
        present[at] = last;
    }
}

impl<'a> MapAccess<'a> for Fields<'a, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.next = self.present.next();
        let field = self.next.map(|(field, _)| field).or_else(|| self.absent.next());
        field.map(|field| seed.deserialize(BorrowedStrDeserializer::new(field))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let Some((field, value)) = self.next else { return zero(seed) };
        let place = Place { structure: self.name, field, outer: self.outer };
        seed.deserialize(Argument { text: value.text, place: Some(&place) })
    }
}
