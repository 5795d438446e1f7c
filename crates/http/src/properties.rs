//! What holds for any bytes at all: checked by proptest below, and by the fuzz targets of `fuzz/`.

use crate::frames::Frames;
use crate::origin::{Authority, Origin};
use crate::pace::Unit;

/// What is known of frames, and of gRPC's messages, does not depend on how they are cut.
pub fn frames(packet: usize, bytes: &[u8]) {
    let packet = packet % bytes.len().max(1) + 1;
    let (mut whole, mut cut) = (Frames::default(), Frames::default());
    let data = whole.follow(bytes);
    assert_eq!(bytes.chunks(packet).map(|piece| cut.follow(piece)).sum::<usize>(), data);
    assert_eq!(whole.unfinished(), cut.unfinished());
    assert!(data <= bytes.len());

    let (mut whole, mut cut) = (Unit::messages(), Unit::messages());
    let (unfinished, _) = whole.follow(bytes);
    let add = |before, piece: &[u8]| match cut.follow(piece) {
        (more, false) => before + more,
        (more, true) => more,
    };
    assert_eq!(bytes.chunks(packet).fold(0, add), unfinished);
    assert_eq!(unfinished > 0, whole.has_begun());
}

/// What is taken for a host or an origin is the same in capitals, and holds nothing that is not of a host.
pub fn origins(text: &[u8]) {
    let capitals = text.to_ascii_uppercase();
    let authority = Authority::parse(text);
    assert_eq!(authority, Authority::parse(&capitals));
    if authority.is_some() {
        assert!(!text.iter().any(|byte| b" /@?#\\\"<>\r\n\0".contains(byte)));
    }
    let origin = Origin::parse(text);
    assert_eq!(origin, Origin::parse(&capitals));
    assert!(origin.is_none() || !text.eq_ignore_ascii_case(b"null"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames(packet: usize, frames in proptest::collection::vec((0..40_u8, 0..10_u8, any::<u8>()), 0..8), rest: Vec<u8>) {
            let mut bytes = Vec::new();
            for (length, kind, flags) in frames {
                bytes.extend_from_slice(&[0, 0, length, kind, flags, 0, 0, 0, 1]);
                bytes.extend((0..length).map(|byte| byte % 3));
            }
            bytes.extend(rest);
            super::frames(packet, &bytes);
        }

        #[test]
        fn origins(text in "(https?://|[a-z+]{0,3}:?/?/?)(\\[[0-9a-f:.]{0,12}\\]|[a-zA-Z0-9.%@_-]{0,12}|\\PC{0,4})(:[0-9]{0,6})?") {
            super::origins(text.as_bytes());
        }

        #[test]
        fn any_bytes(packet: usize, bytes: Vec<u8>) {
            super::frames(packet, &bytes);
            super::origins(&bytes);
        }
    }
}
