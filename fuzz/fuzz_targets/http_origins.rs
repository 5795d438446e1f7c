//! Hosts and origins: what is taken for one is one, in capitals too.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| manywire_http::properties::origins(text));
