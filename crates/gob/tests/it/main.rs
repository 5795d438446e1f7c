//! The codec against what Go wrote, against values of every shape, and against hostile peers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod dynamic;
mod hostile;
mod properties;
mod typed;
mod vectors;

use manywire_gob::{Decoder, Encoder, Error, Limits};
use serde::de::DeserializeOwned;

/// All values of a stream.
fn read_all<T: DeserializeOwned>(mut stream: &[u8]) -> Result<Vec<T>, Error> {
    let mut decoder = Decoder::new(&Limits::default());
    let mut values = Vec::new();
    while let Some(value) = decoder.next(&mut stream)? {
        values.push(value.read()?);
    }
    assert!(stream.is_empty(), "{} bytes are left", stream.len());
    Ok(values)
}

/// The one value of a stream.
fn read<T: DeserializeOwned>(stream: &[u8]) -> Result<T, Error> {
    let mut values = read_all(stream)?;
    assert_eq!(values.len(), 1);
    Ok(values.remove(0))
}

/// One value as a stream of its own.
fn write<T: serde::Serialize + DeserializeOwned + 'static>(value: &T) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    Encoder::new(&Limits::default()).encode(value, &mut out)?;
    Ok(out)
}

/// A message around this body.
fn message(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&[0xFC][..], &length.to_be_bytes(), body].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}
