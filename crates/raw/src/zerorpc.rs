//! zerorpc: ZMTP's handshake and frames, and events of msgpack.

/// libzmq's greeting and a DEALER's READY.
pub fn begin() -> Vec<u8> {
    let mut greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL".to_vec();
    greeting.resize(64, 0);
    [&greeting[..], b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0"].concat()
}

/// A call with ready-made arguments, its empty envelope before it.
pub fn call(id: &str, method: &str, arguments: &[u8]) -> Vec<u8> {
    let headers = [b"\x82\xaamessage_id", &bin(id.as_bytes())[..], b"\xa1v\x03"].concat();
    let event = [b"\x93", &headers[..], &[0xd9, method.len() as u8], method.as_bytes(), arguments].concat();
    [&[1, 0, 2][..], &(event.len() as u64).to_be_bytes(), &event].concat()
}

/// Bytes in msgpack.
pub fn bin(bytes: &[u8]) -> Vec<u8> {
    [&[0xc6], &(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// The event that answers a call: its headers, then the given name and arguments.
pub fn answer(id: &[u8], name_and_arguments: &[u8]) -> Vec<u8> {
    let own =
        [b"\x83\xaamessage_id", &bin(b"answer")[..], b"\xabresponse_to", &bin(id), b"\xa1v\x03"].concat();
    let event = [b"\x93", &own[..], name_and_arguments].concat();
    [&[1, 0, 2][..], &(event.len() as u64).to_be_bytes(), &event].concat()
}
