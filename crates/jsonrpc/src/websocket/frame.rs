//! Frames: their headers, both ways, and the masks of those that a client sends. RFC 6455, section 5.2.
//!
//! ```text
//! 81 85  37 fa 21 3d  7f 9f 4d 51 58    "Hello", masked with 37 fa 21 3d
//! │  └ masked, 5 bytes
//! └ final frame of a text
//! ```

use super::Flaw;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// The longest payload of a close, a ping or a pong.
pub(crate) const CONTROL_BYTES: usize = 125;

/// What is known of a frame before its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) is_final: bool,
    pub(crate) opcode: Opcode,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) length: u64,
}

impl Header {
    /// Reads a header off the input; none while it is not complete. What is wrong is said as soon as it can be seen.
    pub(crate) fn decode(input: &mut &[u8]) -> Result<Option<Self>, Flaw> {
        let Some(&first) = input.first() else { return Ok(None) };
        let opcode = Opcode::decode(first)?;
        let is_final = first & 0x80 != 0;
        let Some(&second) = input.get(1) else { return Ok(None) };
        let is_control = opcode as u8 >= Opcode::Close as u8;
        if is_control && (!is_final || second & 0x7F > CONTROL_BYTES as u8) {
            return Err(Flaw::Protocol("a control frame in pieces, or longer than 125 bytes"));
        }
        let rest = &input[2..];
        let (length, rest) = match (second & 0x7F, rest) {
            (126, [a, b, rest @ ..]) => (u16::from_be_bytes([*a, *b]).into(), rest),
            (127, rest) => match rest.split_first_chunk::<8>() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            (126, _) => return Ok(None),
            (length, rest) => (length.into(), rest),
        };
        if length > i64::MAX as u64 {
            return Err(Flaw::Protocol("a length of 64 bits whose first is set"));
        }
        let (mask, rest) = match rest.split_first_chunk::<4>() {
            _ if second & 0x80 == 0 => (None, rest),
            Some((mask, rest)) => (Some(*mask), rest),
            None => return Ok(None),
        };
        *input = rest;
        Ok(Some(Self { is_final, opcode, mask, length }))
    }

    /// Appends the header.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.opcode as u8 | if self.is_final { 0x80 } else { 0 });
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        match (u8::try_from(self.length), u16::try_from(self.length)) {
            (Ok(length @ ..=125), _) => out.push(masked | length),
            (_, Ok(length)) => {
                out.push(masked | 126);
                out.extend_from_slice(&length.to_be_bytes());
            }
            _ => {
                out.push(masked | 127);
                out.extend_from_slice(&self.length.to_be_bytes());
            }
        }
        out.extend_from_slice(self.mask.as_ref().map_or(&[], |mask| &mask[..]));
    }
}

impl Opcode {
    fn decode(first: u8) -> Result<Self, Flaw> {
        if first & 0x70 != 0 {
            return Err(Flaw::Protocol("a reserved bit is set, and no extension was agreed on"));
        }
        Ok(match first & 0x0F {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            _ => return Err(Flaw::Protocol("a reserved opcode")),
        })
    }
}

/// Puts a mask on, or takes it off. `at` says how much of the payload came before.
pub(crate) fn apply_mask(payload: &mut [u8], mut mask: [u8; 4], at: usize) {
    mask.rotate_left(at % 4);
    let (fours, rest) = payload.as_chunks_mut::<4>();
    for four in fours {
        *four = (u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(mut bytes: &[u8]) -> Result<Option<(Header, usize)>, Flaw> {
        let length = bytes.len();
        Ok(Header::decode(&mut bytes)?.map(|header| (header, length - bytes.len())))
    }

    #[test]
    fn headers_come_back_as_they_went_and_are_read_only_whole() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 40, i64::MAX as u64] {
            for mask in [None, Some([1, 2, 3, 4])] {
                let header = Header { is_final: length % 2 == 0, opcode: Opcode::Binary, mask, length };
                let mut bytes = Vec::new();
                header.encode(&mut bytes);
                assert_eq!(decoded(&bytes), Ok(Some((header, bytes.len()))));
                for end in 0..bytes.len() {
                    assert_eq!(decoded(&bytes[..end]), Ok(None), "{length} cut at {end}");
                }
            }
        }
    }

    #[test]
    fn what_is_reserved_is_refused_with_the_first_byte_that_says_it() {
        for first in 0..=255_u8 {
            let is_known = first & 0x70 == 0 && matches!(first & 0x0F, 0..=2 | 8..=10);
            assert_eq!(decoded(&[first]).is_ok(), is_known, "{first:#x}");
        }
        for control in [[0x08, 0x00], [0x09, 0x00], [0x88, 126], [0x89, 127], [0x8A, 0xFE]] {
            assert!(decoded(&control).is_err(), "{control:?}");
        }
        assert!(decoded(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn a_mask_goes_on_and_off_wherever_the_payload_is_cut() {
        let plain: Vec<u8> = (0..50).collect();
        let mask = [0x37, 0xFA, 0x21, 0x3D];
        let mut masked = b"Hello".to_vec();
        apply_mask(&mut masked, mask, 0);
        assert_eq!(masked, [0x7F, 0x9F, 0x4D, 0x51, 0x58], "RFC 6455, section 5.7");
        for cut in 0..plain.len() {
            let mut bytes = plain.clone();
            apply_mask(&mut bytes, mask, 0);
            let (first, second) = bytes.split_at_mut(cut);
            apply_mask(first, mask, 0);
            apply_mask(second, mask, cut);
            assert_eq!(bytes, plain);
        }
    }
}
