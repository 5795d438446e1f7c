//! Files to and from a server: gRPC's `UpFileService` and `FileService`.

mod download;
mod progress;
mod upload;

pub(crate) use download::download;
pub(crate) use upload::upload;

use manywire_client::Wire;

use crate::call::{Failure, Session};

/// Files travel on gRPC alone.
fn only_grpc(session: &Session) -> Result<(), Failure> {
    match session.url().wire {
        Wire::Grpc => Ok(()),
        _ => Err(Failure::Usage(format!("{} carries no files; use grpc://", session.url()))),
    }
}

/// Whether a path stands for stdin or stdout.
fn is_standard(path: &std::path::Path) -> bool {
    path.as_os_str() == "-"
}
