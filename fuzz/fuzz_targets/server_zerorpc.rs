//! ZMTP's frames after the handshake.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("server_zerorpc", bytes));
