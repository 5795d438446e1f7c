//! `manywire._native`: what the Python package `manywire` is built on. It converts; all calling is the client crate's.
//!
//! Reading order: [`convert`] turns objects into values and back, [`errors`] errors into exceptions. [`client`] is the
//! blocking client, which waits in [`runtime`], with [`stream`] for what a server streams; [`aio`] is the asyncio client,
//! which wakes event loops over [`bridge`]. Both read streams from a [`source`] and send them through a [`feed`].
//! [`keeper`] looks after idle connections, [`process`] guards against forks and [`interpreter`] against
//! sub-interpreters, [`server`] runs the server in-process.

#![expect(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over by value")]

use pyo3::prelude::*;

mod aio;
mod batch;
mod bridge;
mod client;
mod convert;
mod errors;
mod feed;
mod interpreter;
mod keeper;
mod options;
mod process;
mod runtime;
mod server;
mod source;
mod stream;

/// The Rust half of manywire.
#[pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::aio::{AsyncConnection, AsyncStream, connect_async};
    #[pymodule_export]
    use super::bridge::{Bridge, Ticket};
    #[pymodule_export]
    use super::client::Connection;
    #[pymodule_export]
    use super::feed::Feed;
    #[pymodule_export]
    use super::interpreter::claim_interpreter;
    #[pymodule_export]
    use super::server::Server;
    #[pymodule_export]
    use super::stream::Stream;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
