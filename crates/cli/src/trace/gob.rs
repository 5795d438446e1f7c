//! Go's gob, as net/rpc uses it: type definitions, and headers and bodies in turns.
//!
//! A message is its length, a type number, and a value: `2f ff81 …` defines type 65 (a negative number), `13 ff82 …` is a value of it.

use std::collections::HashMap;

use manywire_core::DESCRIBE;

use super::{LONGEST_LOOK, Labeller, Next, Piece, Side, one_line};

/// A connection of net/rpc has a few types for each method.
const MOST_TYPES: usize = 10_000;
/// As much of a name as a label has room for.
const LONGEST: usize = 60;

/// Names the messages of one direction.
pub(super) struct Gob {
    side: Side,
    types: HashMap<i64, String>,
    /// Headers and bodies take turns.
    body_is_next: bool,
    /// Whether the call is one of our preparations.
    aside: bool,
}

/// Why a number could not be read.
enum Short {
    /// There may be more to come.
    Cut,
    /// It is no number of gob's.
    Wrong,
}

impl Gob {
    pub(super) fn new(side: Side) -> Self {
        Self { side, types: HashMap::new(), body_is_next: false, aside: false }
    }

    fn label(&mut self, message: &[u8]) -> Option<String> {
        let mut rest = message;
        let id = signed(unsigned(&mut rest).ok()?);
        if id < 0 {
            let what = definition(rest).unwrap_or_else(|| "a type".to_owned());
            let label = format!("gob type definition {}: {what}", id.unsigned_abs());
            if self.types.len() < MOST_TYPES {
                self.types.insert(-id, what);
            }
            return Some(label);
        }
        let is_body = self.body_is_next;
        self.body_is_next = !is_body;
        let side = match self.side {
            Side::Client => "request",
            Side::Server => "response",
        };
        let name =
            builtin(id).or_else(|| self.types.get(&id).map(String::as_str)).unwrap_or("a type not defined");
        Some(match header(rest).filter(|_| !is_body) {
            Some(header) => {
                self.aside = header.starts_with(DESCRIBE);
                format!("gob {side} header: {header}")
            }
            None if is_body => format!("gob {side} body: {name}"),
            None => format!("gob {side} header"),
        })
    }
}

impl Labeller for Gob {
    fn next(&mut self, bytes: &[u8]) -> Next {
        let mut rest = bytes;
        let length = match unsigned(&mut rest) {
            Ok(length) => usize::try_from(length).unwrap_or(usize::MAX),
            Err(Short::Cut) => return Next::More,
            Err(Short::Wrong) => return Next::Lost("no length of a gob message".to_owned()),
        };
        let whole = (bytes.len() - rest.len()).saturating_add(length);
        if rest.len() < length && rest.len() < LONGEST_LOOK {
            return Next::More;
        }
        match self.label(rest.get(..length).unwrap_or(rest)) {
            Some(label) if self.aside => {
                // The body is the last of it.
                self.aside = self.body_is_next;
                Next::Piece(Piece { aside: true, ..Piece::new(whole, format!("(signature) {label}")) })
            }
            Some(label) => Next::piece(whole, label),
            None => Next::Lost("a gob message without a type".to_owned()),
        }
    }
}

/// Below 128 a byte of its own; else how many bytes follow, negated, and those bytes.
fn unsigned(bytes: &mut &[u8]) -> Result<u64, Short> {
    let (&first, rest) = bytes.split_first().ok_or(Short::Cut)?;
    if first < 0x80 {
        *bytes = rest;
        return Ok(first.into());
    }
    let count = usize::from(first.wrapping_neg());
    if count > 8 {
        return Err(Short::Wrong);
    }
    let (digits, rest) = rest.split_at_checked(count).ok_or(Short::Cut)?;
    *bytes = rest;
    Ok(digits.iter().fold(0, |number, &digit| number << 8 | u64::from(digit)))
}

/// The lowest bit says whether the others are complemented.
fn signed(number: u64) -> i64 {
    let half = (number >> 1).cast_signed();
    if number & 1 == 0 { half } else { !half }
}

fn text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let length = usize::try_from(unsigned(bytes).ok()?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

/// `Request{ServiceMethod, Seq}` or `Response{ServiceMethod, Seq, Error}`: fields that are zero are left out.
fn header(mut bytes: &[u8]) -> Option<String> {
    let (mut field, mut method, mut sequence, mut error) = (0, "", 0, None);
    loop {
        match unsigned(&mut bytes).ok()? {
            0 => break,
            delta => field += delta,
        }
        match field {
            1 => method = text(&mut bytes)?,
            2 => sequence = unsigned(&mut bytes).ok()?,
            3 => error = Some(text(&mut bytes)?),
            _ => return None,
        }
    }
    Some(match error {
        None => format!("{}, call {sequence}", one_line(method, LONGEST)),
        Some(error) => {
            let error = one_line(error, LONGEST);
            format!("{}, call {sequence}, error {error:?}", one_line(method, LONGEST))
        }
    })
}

/// A wireType: one field says which kind of type; its first field is a CommonType, whose first is the name.
fn definition(mut bytes: &[u8]) -> Option<String> {
    let kind = match unsigned(&mut bytes).ok()? {
        1 => "array",
        2 => "slice",
        3 => "struct",
        4 => "map",
        5 => "GobEncoder",
        6 => "BinaryMarshaler",
        7 => "TextMarshaler",
        _ => return None,
    };
    let is_named = unsigned(&mut bytes).ok()? == 1 && unsigned(&mut bytes).ok()? == 1;
    let name = if is_named { text(&mut bytes)? } else { "" };
    Some(if name.is_empty() { kind.to_owned() } else { format!("{kind} {}", one_line(name, LONGEST)) })
}

fn builtin(id: i64) -> Option<&'static str> {
    Some(match id {
        1 => "bool",
        2 => "int",
        3 => "uint",
        4 => "float",
        5 => "[]byte",
        6 => "string",
        7 => "complex",
        8 => "interface",
        _ => return None,
    })
}
