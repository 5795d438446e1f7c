//! What tests against foreign programs share: finding or building such a program, and saying that it is missing.
//!
//! A peer whose runtime is not on this machine is skipped by name. One that should be there and does not build or import is a
//! failure.

pub mod go;
mod python;
mod skips;

pub use python::python;
pub use skips::{record, skip};
