//! JSON-RPC 1.0.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("server_jsonrpc1", bytes));
