//! Ctrl-C and SIGTERM end what is under way in order: the server is told, and nothing half done stays.

use tokio::signal::unix::{SignalKind, signal};

use super::Failure;

/// Does some work until it is done or a signal comes; dropping it is what ends it then.
pub(crate) async fn until_interrupted<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let listen =
        |kind| signal(kind).map_err(|error| Failure::Local(format!("cannot listen to signals: {error}")));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::select! {
        outcome = work => outcome,
        _ = interrupt.recv() => Err(Failure::Signal(2)),
        _ = terminate.recv() => Err(Failure::Signal(15)),
    }
}
