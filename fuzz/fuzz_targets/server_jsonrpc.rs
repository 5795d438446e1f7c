//! The body of a JSON-RPC request.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("server_jsonrpc", bytes));
