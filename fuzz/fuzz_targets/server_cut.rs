//! The same, in pieces whose length the first byte says.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("server_cut", bytes));
