//! The numbers and texts that everything else is made of.

use crate::Error;

/// Bytes that are read from the front.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'de> {
    rest: &'de [u8],
}

impl<'de> Cursor<'de> {
    pub(crate) fn new(bytes: &'de [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Goes on where `left` bytes are left.
    pub(crate) fn skip_to(&mut self, left: usize) {
        self.rest = &self.rest[self.rest.len() - left.min(self.rest.len())..];
    }

    #[inline]
    pub(crate) fn uint(&mut self) -> Result<u64, Error> {
        match self.rest.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.rest = rest;
                Ok(byte.into())
            }
            _ => self.long_uint(),
        }
    }

    fn long_uint(&mut self) -> Result<u64, Error> {
        let (number, width) = parse_uint(self.rest)?.ok_or_else(cut_short)?;
        self.rest = &self.rest[width..];
        Ok(number)
    }

    #[inline]
    pub(crate) fn int(&mut self) -> Result<i64, Error> {
        self.uint().map(to_int)
    }

    /// A number that counts bytes, items or fields.
    pub(crate) fn length(&mut self) -> Result<usize, Error> {
        usize::try_from(self.uint()?).map_err(|_| Error::malformed("a length beyond all memory"))
    }

    pub(crate) fn float(&mut self) -> Result<f64, Error> {
        self.uint().map(|bits| f64::from_bits(bits.swap_bytes()))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'de [u8], Error> {
        let length = self.length()?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(cut_short)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn text(&mut self) -> Result<&'de str, Error> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Error::malformed("string is not valid UTF-8"))
    }
}

pub(crate) fn cut_short() -> Error {
    Error::malformed("a value ends before it is complete")
}

/// Undoes [`to_uint`].
fn to_int(number: u64) -> i64 {
    let magnitude = (number >> 1) as i64;
    if number & 1 == 1 { !magnitude } else { magnitude }
}

/// The sign goes into the lowest bit, so that small numbers are short.
fn to_uint(number: i64) -> u64 {
    let magnitude = if number < 0 { !number } else { number };
    ((magnitude as u64) << 1) | u64::from(number < 0)
}

/// A number at the front of these bytes and how wide it is; none while it is not complete.
pub(crate) fn parse_uint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Error> {
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    if first < 0x80 {
        return Ok(Some((first.into(), 1)));
    }
    let width = usize::from(first.wrapping_neg());
    if width > 8 {
        return Err(Error::malformed("encoded unsigned integer out of range"));
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Ok(rest.get(..width).map(|bytes| (number(bytes), 1 + width)))
}

/// The length of the message at the front of these bytes: how wide it is, and how many bytes follow; none while it is
/// not complete.
pub(crate) fn parse_length(bytes: &[u8], limit: usize) -> Result<Option<(usize, usize)>, Error> {
    let Some((length, width)) = parse_uint(bytes)? else { return Ok(None) };
    match usize::try_from(length) {
        Ok(length) if length <= limit => Ok(Some((width, length))),
        _ => Err(Error::over_limit(format!("message of {length} bytes is over the limit of {limit} bytes"))),
    }
}

/// How many bytes [`put_uint`] writes.
pub(crate) fn width(number: u64) -> usize {
    if number < 0x80 { 1 } else { 9 - number.leading_zeros() as usize / 8 }
}

#[inline]
pub(crate) fn put_uint(out: &mut Vec<u8>, number: u64) {
    if number < 0x80 {
        return out.push(number as u8);
    }
    let bytes = number.to_be_bytes();
    let significant = &bytes[number.leading_zeros() as usize / 8..];
    out.push((significant.len() as u8).wrapping_neg());
    out.extend_from_slice(significant);
}

#[inline]
pub(crate) fn put_int(out: &mut Vec<u8>, number: i64) {
    put_uint(out, to_uint(number));
}

/// Its bytes are turned round, since those of a round number end in zeros.
pub(crate) fn put_float(out: &mut Vec<u8>, number: f64) {
    put_uint(out, number.to_bits().swap_bytes());
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_the_documentation_has_them() {
        for (number, bytes) in [
            (0, &[0][..]),
            (7, &[7]),
            (256, &[0xFE, 1, 0]),
            (u64::MAX, &[0xF8, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            let mut out = Vec::new();
            put_uint(&mut out, number);
            assert_eq!((&*out, width(number)), (bytes, bytes.len()));
            assert_eq!(parse_uint(bytes), Ok(Some((number, bytes.len()))));
            assert_eq!(parse_uint(&bytes[..bytes.len() - 1]), Ok(None));
        }
        let mut out = Vec::new();
        put_int(&mut out, -129);
        put_float(&mut out, 17.0);
        assert_eq!(out, [0xFE, 1, 1, 0xFE, 0x31, 0x40]);
        let mut cursor = Cursor::new(&out);
        assert_eq!((cursor.int(), cursor.float(), cursor.left()), (Ok(-129), Ok(17.0), 0));
    }

    #[test]
    fn every_integer_comes_back() {
        for number in [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN] {
            assert_eq!(to_int(to_uint(number)), number);
        }
    }

    #[test]
    fn a_number_of_nine_bytes_is_refused() {
        assert!(parse_uint(&[0xF7, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
        assert!(parse_uint(&[0x80]).is_err());
    }
}
