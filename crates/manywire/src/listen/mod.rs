//! From a bound port to a wire: accept, look at the first bytes, hand over.

mod accepted;
mod acceptor;
mod rewind;
mod sniff;

pub(crate) use acceptor::{Acceptor, bind};
