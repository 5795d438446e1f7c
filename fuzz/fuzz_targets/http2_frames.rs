//! HTTP/2's frames and gRPC's messages: the cut into packets makes no difference.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: (usize, &[u8])| manywire_http::properties::frames(input.0, input.1));
