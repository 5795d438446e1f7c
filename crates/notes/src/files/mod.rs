//! Files in one directory, which no name can leave.

mod download;
mod space;
mod upload;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use futures_core::Stream;
use manywire_core::{Budget, ErrorKind, Limits, RpcError, Value};
use tokio::task::spawn_blocking;

use space::Space;

/// Bytes of a file in one piece of a download, and what each open file is charged at least, so that a budget bounds how
/// many are open.
const PIECE: usize = 64 << 10;
/// Bytes read or written in one go where the budget allows it: a change of threads for each piece would cost more than the
/// piece.
const BLOCK: usize = 256 << 10;

/// The directory, and how much may be stored in it.
#[derive(Clone)]
pub struct Files {
    /// Open for as long as the program runs, so that a temporary file can move between threads.
    dir: &'static Dir,
    /// Bytes of one file.
    limit: u64,
    space: Arc<Space>,
    /// How long an upload may go without a piece.
    stall: Duration,
}

/// A piece of an upload: the first one names the file, later ones repeat the name or leave it empty.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    /// The file's name.
    pub name: String,
    /// The bytes that come next.
    pub content: Bytes,
}

impl Files {
    /// Opens the directory, which is made if it is not there.
    pub fn open(path: &Path, limits: &Limits) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let dir = Box::leak(Box::new(Dir::open_ambient_dir(path, ambient_authority())?));
        let space = Arc::new(Space::new(dir, limits.data_bytes));
        Ok(Self { dir, limit: limits.file_bytes, space, stall: limits.stall })
    }

    /// Stores what comes under the name that comes with it. No one sees the file before all of it is on disk, and nothing
    /// is left of one that ends before, or whose next piece is waited for too long.
    pub async fn store(
        &self,
        pieces: impl Stream<Item = Result<Piece, RpcError>>,
        budget: &Budget,
    ) -> Result<(), RpcError> {
        upload::store(self, pieces, budget).await
    }

    /// The bytes of a file, in pieces, read as they are asked for.
    pub async fn read(
        &self,
        name: &str,
        budget: &Budget,
    ) -> Result<impl Stream<Item = Result<Bytes, RpcError>> + Send + use<>, RpcError> {
        download::read(self, name, budget).await
    }
}

fn check_name(name: &str) -> Result<(), RpcError> {
    if name.is_empty() {
        return Err(refused("name", "the first message must name the file"));
    }
    if matches!(name, "." | "..") || name.contains(['/', '\\', '\0']) {
        return Err(refused("name", format!("{name:?} is no file name: no folder, / \\ or NUL")));
    }
    if name.len() > 255 {
        return Err(refused(
            "name",
            format!("a file name has at most 255 bytes, this one has {}", name.len()),
        ));
    }
    Ok(())
}

fn refused(field: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> RpcError {
    RpcError::new(ErrorKind::InvalidValue, message).with_data(Value::map([("field", field.into())]))
}

fn disk(what: &str, error: &io::Error) -> RpcError {
    use io::ErrorKind::{FileTooLarge, IsADirectory, QuotaExceeded, StorageFull};
    tracing::warn!(%error, what, "the data directory");
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => {
            RpcError::new(ErrorKind::ResourceExhausted, format!("{what}: the server's disk is full"))
        }
        IsADirectory => refused("name", format!("{what}: there is a folder of this name")),
        _ => RpcError::internal(format!("{what}; the server's log says why")),
    }
}

/// Runs file work where it may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RpcError> + Send + 'static,
) -> Result<T, RpcError> {
    spawn_blocking(work).await.map_err(|_| stopped())?
}

fn stopped() -> RpcError {
    RpcError::new(ErrorKind::Unavailable, "the server is shutting down")
}
