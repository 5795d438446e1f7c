//! A file on its way in.

use std::io::{self, Write as _};
use std::pin::pin;

use bytes::Bytes;
use cap_std::fs::Dir;
use cap_tempfile::TempFile;
use futures_core::Stream;
use futures_util::TryStreamExt as _;
use manywire_core::{Budget, Charge, ErrorKind, RpcError};
use tokio::runtime::Handle;

use super::space::Room;
use super::{BLOCK, Files, PIECE, Piece, blocking, check_name, disk, refused};

pub(super) async fn store(
    files: &Files,
    pieces: impl Stream<Item = Result<Piece, RpcError>>,
    budget: &Budget,
) -> Result<(), RpcError> {
    let mut pieces = pin!(pieces);
    let mut next = async || {
        let next = tokio::time::timeout(files.stall, pieces.try_next());
        next.await.unwrap_or_else(|_| Err(stalled(files)))
    };
    let first =
        next().await?.ok_or_else(|| refused("name", "an upload needs at least one message, with a name"))?;
    check_name(&first.name)?;
    let mut upload = Upload::begin(files.clone(), budget).await?;
    upload.write(first.content).await?;
    while let Some(piece) = next().await? {
        if !piece.name.is_empty() && piece.name != first.name {
            let message = format!("the upload of {:?} went on with another name", first.name);
            return Err(refused("name", message));
        }
        upload.write(piece.content).await?;
    }
    upload.finish(first.name).await
}

fn stalled(files: &Files) -> RpcError {
    let message = format!("the upload stopped: no piece of it came for {:?}", files.stall);
    RpcError::new(ErrorKind::DeadlineExceeded, message)
}

/// A file without a name, which vanishes unless it is finished.
struct Upload {
    files: Files,
    /// None once it is finished, and while it is written.
    file: Option<Unfinished>,
    /// What came and is not yet written: copied, since a piece may be a small part of a large message.
    waiting: Vec<u8>,
    size: u64,
    budget: Budget,
    /// For the file and for what waits.
    charge: Charge,
}

/// The file, and the space that it takes.
struct Unfinished {
    file: TempFile<'static>,
    room: Room,
}

impl Upload {
    async fn begin(files: Files, budget: &Budget) -> Result<Self, RpcError> {
        let charge = budget.charge(PIECE)?;
        let (dir, space) = (files.dir, files.space.clone());
        let file = blocking(move || {
            let file = TempFile::new(dir).map_err(|e| disk("no file can be made", &e))?;
            Ok(Unfinished { file, room: Room::of(space) })
        });
        let file = Some(file.await?);
        Ok(Self { files, file, waiting: Vec::new(), size: 0, budget: budget.clone(), charge })
    }

    async fn write(&mut self, content: Bytes) -> Result<(), RpcError> {
        self.size += content.len() as u64;
        if self.size > self.files.limit {
            let message = format!("the file is longer than the limit of {} bytes", self.files.limit);
            return Err(RpcError::new(ErrorKind::ResourceExhausted, message));
        }
        if self.waiting.len() + content.len() < self.room() {
            self.waiting.extend_from_slice(&content);
            return Ok(());
        }
        self.flush(content).await
    }

    /// How much may wait. It is more where there is room.
    fn room(&mut self) -> usize {
        if self.charge.bytes() < BLOCK && !self.waiting.is_empty() && !self.budget.is_full() {
            // Without it, less is written in one go.
            let _ = self.charge.resize(BLOCK);
        }
        self.charge.bytes()
    }

    /// Writes what waits, then the content.
    async fn flush(&mut self, content: Bytes) -> Result<(), RpcError> {
        let Some(mut unfinished) = self.file.take() else { return Err(finished()) };
        let mut waiting = std::mem::take(&mut self.waiting);
        let written = blocking(move || {
            unfinished.room.grow((waiting.len() + content.len()) as u64)?;
            let file = unfinished.file.as_file_mut();
            let written = file.write_all(&waiting).and_then(|()| file.write_all(&content));
            written.map_err(|e| disk("the file cannot be written", &e))?;
            waiting.clear();
            Ok((unfinished, waiting))
        });
        let (unfinished, waiting) = written.await?;
        (self.file, self.waiting) = (Some(unfinished), waiting);
        Ok(())
    }

    async fn finish(mut self, name: String) -> Result<(), RpcError> {
        self.flush(Bytes::new()).await?;
        let (dir, file) = (self.files.dir, self.file.take().ok_or_else(finished)?);
        blocking(move || publish(dir, file, &name).map_err(|e| disk("the file cannot be stored", &e))).await
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // To free a large file takes long enough to hold up other calls.
        if let (Some(file), Ok(runtime)) = (self.file.take(), Handle::try_current()) {
            runtime.spawn_blocking(move || drop(file));
        }
    }
}

fn finished() -> RpcError {
    RpcError::internal("the upload is finished already")
}

/// Bytes first, then the name, then the directory: a crash leaves the old file or the new one, whole.
fn publish(dir: &Dir, Unfinished { file, room }: Unfinished, name: &str) -> io::Result<()> {
    file.as_file().sync_all()?;
    room.keep(name, || file.replace(name))?;
    dir.open(".")?.sync_all()
}
