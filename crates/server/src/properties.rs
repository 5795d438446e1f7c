//! What holds for the first bytes of any connection.

use crate::listen::{Verdict, look};

/// ZMTP's signature, the longest that a look waits for.
const LONGEST_LOOK: usize = 10;

/// However the first bytes of a connection are cut, they are told apart once and for all, and soon.
pub(crate) fn first_bytes(bytes: &[u8]) {
    let empty_lines = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let mut verdict = Verdict::NeedMore;
    for end in 0..=bytes.len().min(3 * LONGEST_LOOK) {
        let now = look(&bytes[..end]);
        assert!(verdict == Verdict::NeedMore || verdict == now, "{bytes:x?}: {verdict:?}, then {now:?}");
        assert!(
            now != Verdict::NeedMore || end < empty_lines + LONGEST_LOOK,
            "{bytes:x?}: {end} bytes say nothing"
        );
        verdict = now;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STARTS: &[&[u8]] = &[b"", b"\xFF", b"\xFF\xC8\xFF\x81\x03", b"\xF8", b"CONN"];

    proptest! {
        #[test]
        fn any_bytes_as_the_first(
            start in proptest::sample::select(STARTS),
            rest in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            first_bytes(&[start, &rest].concat());
        }
    }
}
