//! Type a method once, and serve it on every wire.
pub use manywire_macros::message;
#[doc(hidden)]
pub use serde;
