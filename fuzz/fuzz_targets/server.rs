//! All that a connection sends; its first bytes say which wire it is.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("server", bytes));
