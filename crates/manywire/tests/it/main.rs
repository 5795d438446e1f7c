//! The crate as a stranger has it: the programs of `examples/`, a crate outside of the workspace, and foreign clients; and
//! a server inside of a program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod examples;
mod readme;
mod server;
mod service;
