//! ZMTP's frames: the cut into packets makes no difference, and nothing is made up.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: (usize, &[u8])| manywire_zerorpc::properties::frames(input.0, input.1));
