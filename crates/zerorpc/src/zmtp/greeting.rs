//! The 64 bytes that both sides send first.
//!
//! ```text
//! ff 00 00 00 00 00 00 00 01 7f    signature: ff, padding, and a byte whose lowest bit is set
//! 03 01                            version 3.1
//! 'NULL' 00 × 16                   mechanism
//! 00                               not the mechanism's server
//! 00 × 31                          filler
//! ```
//!
//! The padding is not looked at: libzmq and JeroMQ put the length of a socket's identity there, plus one.

/// Bytes in a greeting.
pub(crate) const LENGTH: usize = 64;

/// Ours; libzmq 4.3 says 3.1 too.
pub(crate) const OURS: [u8; LENGTH] = {
    let mut greeting = [0; LENGTH];
    greeting[0] = 0xff;
    greeting[8] = 0x01;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[11] = 1;
    greeting[12] = b'N';
    greeting[13] = b'U';
    greeting[14] = b'L';
    greeting[15] = b'L';
    greeting
};

/// Why a greeting is not one that we can go on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GreetingError {
    #[error("the first bytes are not ZMTP's")]
    Signature,
    #[error("the peer speaks ZMTP {0}; version 3 is needed (ZeroMQ 4.0 or newer)")]
    Version(u8),
    #[error("the peer wants a security mechanism; only NULL is spoken here")]
    Mechanism,
}

/// Checks as much of a peer's greeting as has come, so that a wrong one is refused early.
pub(crate) fn check(bytes: &[u8]) -> Result<(), GreetingError> {
    let at = |index: usize| bytes.get(index).copied();
    if at(0).is_some_and(|b| b != 0xff) || at(9).is_some_and(|b| b & 1 == 0) {
        return Err(GreetingError::Signature);
    }
    // The revision byte of ZMTP 2.0 is 1; versions count up from there.
    if let Some(version) = at(10).filter(|&version| version < 3) {
        return Err(GreetingError::Version(version + u8::from(version > 0)));
    }
    match bytes.get(12..32) {
        Some(mechanism) if mechanism != &OURS[12..32] => Err(GreetingError::Mechanism),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_greeting_passes_at_every_length() {
        for cut in 0..=LENGTH {
            assert_eq!(check(&OURS[..cut]), Ok(()));
        }
    }

    #[test]
    fn the_padding_is_not_looked_at() {
        let mut greeting = OURS;
        greeting[1..9].copy_from_slice(&[0xa5; 8]);
        greeting[9] = 0x01;
        for cut in 0..=LENGTH {
            assert_eq!(check(&greeting[..cut]), Ok(()));
        }
        greeting[9] = 0x7e;
        assert_eq!(check(&greeting[..10]), Err(GreetingError::Signature));
    }

    #[test]
    fn another_greeting_is_refused_at_its_first_wrong_byte() {
        assert_eq!(check(b"GET / HTTP"), Err(GreetingError::Signature));
        let mut old = OURS;
        old[10] = 1;
        assert_eq!(check(&old[..11]), Err(GreetingError::Version(2)));
        let mut curve = OURS;
        curve[12..17].copy_from_slice(b"CURVE");
        assert_eq!(check(&curve[..32]), Err(GreetingError::Mechanism));
    }
}
