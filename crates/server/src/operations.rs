//! A thread of its own for what an operator relies on: the operations port, the signals, the shutdown. Whatever keeps the
//! wires' threads busy, it answers.

use std::convert::Infallible;
use std::io;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The thread and its runtime, which end when this is dropped.
pub(crate) struct Operations {
    runtime: Handle,
    _end: oneshot::Sender<Infallible>,
}

impl Operations {
    /// Starts the thread.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<Infallible>();
        std::thread::Builder::new().name("manywire-ops".to_owned()).spawn(move || {
            // Nothing is ever sent; the end of the sender is what is waited for.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { runtime: handle, _end: end })
    }

    /// Where its tasks run.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}
