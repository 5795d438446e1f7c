//! What stands before each message: whether it is compressed, and how long it is.

/// Bytes of a prefix.
pub(crate) const LENGTH: usize = 5;

/// The flag and the length at the start of these bytes, if all of the prefix is there.
pub(crate) fn read(bytes: &[u8]) -> Option<(u8, usize)> {
    let [flag, length @ ..] = *bytes.first_chunk::<LENGTH>()?;
    Some((flag, u32::from_be_bytes(length) as usize))
}

/// Writes a prefix over the first bytes. Messages are within a limit far below 4 GiB.
pub(crate) fn write(bytes: &mut [u8], flag: u8, length: usize) {
    if let Some(prefix) = bytes.first_chunk_mut::<LENGTH>() {
        let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        *prefix = [flag, a, b, c, d];
    }
}
