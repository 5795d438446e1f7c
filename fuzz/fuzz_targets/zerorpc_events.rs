//! zerorpc's events: what can be read is written back alike.
#![no_main]

libfuzzer_sys::fuzz_target!(|payload: &[u8]| manywire_zerorpc::properties::event(payload));
