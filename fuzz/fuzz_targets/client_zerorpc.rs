//! Name and arguments of the event that answers a call.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("client_zerorpc", bytes));
