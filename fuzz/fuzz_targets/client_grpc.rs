//! HTTP/2 with reflection and an answer, from the server.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("client_grpc", bytes));
