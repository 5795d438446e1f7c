//! The body of an XML-RPC request.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manywire_interop::fuzz::run("server_xmlrpc", bytes));
