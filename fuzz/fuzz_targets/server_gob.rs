//! Gob, after the definition of net/rpc's requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("server_gob", bytes));
