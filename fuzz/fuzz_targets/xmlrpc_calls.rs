//! XML-RPC's calls: what can be read is written, and read again alike.
#![no_main]

use manywire_core::Limits;
use manywire_xmlrpc::{decode_call, encode_call};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let limits = Limits::default();
    let Ok(call) = decode_call(body, &limits) else { return };
    // A date may be beyond the years that can be written.
    let Ok(written) = encode_call(&call.name, &call.params) else { return };
    let again = decode_call(&written, &limits).expect("what was written cannot be read");
    assert_eq!(encode_call(&again.name, &again.params).as_deref(), Ok(&written[..]));
});
