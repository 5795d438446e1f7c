//! An HTTP/1 answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("client_http", bytes));
