//! The other direction: pairs of a header and a body out.

use std::marker::PhantomData;

use gobwire::{Encode, Encoder, Error, parse_length_prefix};

/// Writes headers of type `H`, each with a body that may be anything.
pub(crate) struct Writer<H> {
    encoder: Encoder,
    /// The definition of the header's type, until it is sent.
    definition: Vec<u8>,
    header: PhantomData<H>,
}

impl<H: Encode + Default> Writer<H> {
    /// A writer at the start of a stream.
    ///
    /// The header's type is defined here and now, so that a first body that cannot be encoded leaves no gap: a type that
    /// the encoder takes for sent, and the peer never saw.
    pub(crate) fn new() -> Self {
        let mut encoder = Encoder::new();
        // A struct of strings and numbers always encodes.
        let mut definition = encoder.encode(&H::default()).unwrap_or_default();
        let mut at = 0;
        while let Ok(Some((width, length))) = parse_length_prefix(&definition[at..])
            && at + width + length < definition.len()
        {
            at += width + length;
        }
        definition.truncate(at);
        Self { encoder, definition, header: PhantomData }
    }

    /// Appends the pair to `out`; where the body cannot be encoded, no more than the header's definition.
    pub(crate) fn write(&mut self, header: &H, body: &dyn Encode, out: &mut Vec<u8>) -> Result<(), Error> {
        out.append(&mut self.definition);
        let mark = out.len();
        self.encoder.encode_into(header, out)?;
        let written = self.encoder.encode_into(body, out);
        if written.is_err() {
            out.truncate(mark);
        }
        written
    }
}
