//! Files in one directory, which no name can leave.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::pin::pin;

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File};
use cap_tempfile::TempFile;
use futures_core::Stream;
use futures_util::{TryStreamExt as _, stream};
use manywire_core::{ErrorKind, RpcError, Value};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes of a file in one piece of a download.
const PIECE: usize = 64 << 10;
/// Bytes read or written in one go: a change of threads for each piece would cost more than the piece. Thousands of
/// calls may each hold two such blocks, so it is not more.
const BLOCK: usize = 256 << 10;

/// The directory, and how large a file in it may be.
#[derive(Clone, Copy)]
pub struct Files {
    /// Open for as long as the program runs, so that a temporary file can move between threads.
    dir: &'static Dir,
    limit: u64,
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
    /// Opens the directory, which is made if it is not there. Files are at most `limit` bytes long.
    pub fn open(path: &Path, limit: u64) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let dir = Dir::open_ambient_dir(path, ambient_authority())?;
        Ok(Self { dir: Box::leak(Box::new(dir)), limit })
    }

    /// Stores what comes under the name that comes with it. No one sees the file before all of it is on disk.
    pub async fn store(&self, pieces: impl Stream<Item = Result<Piece, RpcError>>) -> Result<(), RpcError> {
        let mut pieces = pin!(pieces);
        let first = pieces.try_next().await?;
        let first =
            first.ok_or_else(|| refused("name", "an upload needs at least one message, with a name"))?;
        check_name(&first.name)?;
        let mut upload = Upload::begin(*self).await?;
        upload.write(&first.content).await?;
        while let Some(piece) = pieces.try_next().await? {
            if !piece.name.is_empty() && piece.name != first.name {
                let message = format!("the upload of {:?} went on with another name", first.name);
                return Err(refused("name", message));
            }
            upload.write(&piece.content).await?;
        }
        upload.finish(first.name).await
    }

    /// The bytes of a file, in pieces, read ahead of their use by one block.
    pub async fn read(
        &self,
        name: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, RpcError>> + Send + use<>, RpcError> {
        check_name(name)?;
        let (dir, name) = (self.dir, name.to_owned());
        let file = blocking(move || open(dir, &name)).await?;
        let reading = spawn_blocking(move || read_block(file));
        Ok(stream::try_unfold((Bytes::new(), Some(reading)), next_piece))
    }
}

fn open(dir: &Dir, name: &str) -> Result<File, RpcError> {
    // Looked at first, since opening a named pipe would wait for its writer.
    let is_file = dir.metadata(name).is_ok_and(|metadata| metadata.is_file());
    let file = is_file.then(|| dir.open(name)).and_then(Result::ok);
    file.ok_or_else(|| RpcError::new(ErrorKind::NotFound, format!("no file {name:?}")))
}

/// A file and its next bytes; fewer than a block are its last.
type Block = (File, Vec<u8>);

fn read_block(mut file: File) -> io::Result<Block> {
    let left = file.metadata()?.len().saturating_sub(io::Seek::stream_position(&mut file)?);
    let mut block = Vec::with_capacity(usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK)));
    io::Read::by_ref(&mut file).take(BLOCK as u64).read_to_end(&mut block)?;
    Ok((file, block))
}

/// What is left of the last block, and the next one under way.
type Reading = (Bytes, Option<JoinHandle<io::Result<Block>>>);

async fn next_piece((mut rest, mut reading): Reading) -> Result<Option<(Bytes, Reading)>, RpcError> {
    if rest.is_empty() {
        let Some(block) = reading.take() else { return Ok(None) };
        let block = block.await.map_err(|_| stopped())?;
        let (file, block) = block.map_err(|e| disk("the file cannot be read", &e))?;
        if block.len() == BLOCK {
            reading = Some(spawn_blocking(move || read_block(file)));
        }
        rest = Bytes::from(block);
    }
    let piece = rest.split_to(rest.len().min(PIECE));
    Ok((!piece.is_empty()).then_some((piece, (rest, reading))))
}

/// A file without a name, which vanishes unless it is finished.
struct Upload {
    files: Files,
    /// None once it is finished.
    file: Option<TempFile<'static>>,
    /// What came and is not yet written: copied, since a piece may be a small part of a large message.
    waiting: Vec<u8>,
    size: u64,
}

impl Upload {
    async fn begin(files: Files) -> Result<Self, RpcError> {
        let file =
            blocking(move || TempFile::new(files.dir).map_err(|e| disk("no file can be made", &e))).await?;
        Ok(Self { files, file: Some(file), waiting: Vec::new(), size: 0 })
    }

    async fn write(&mut self, content: &[u8]) -> Result<(), RpcError> {
        self.size += content.len() as u64;
        if self.size > self.files.limit {
            let message = format!("the file is longer than the limit of {} bytes", self.files.limit);
            return Err(RpcError::new(ErrorKind::ResourceExhausted, message));
        }
        self.waiting.extend_from_slice(content);
        if self.waiting.len() < BLOCK {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), RpcError> {
        let unwritten = |e| disk("the file cannot be written", &e);
        let mut file = self.file.as_ref().ok_or_else(finished)?.as_file().try_clone().map_err(unwritten)?;
        let waiting = std::mem::take(&mut self.waiting);
        blocking(move || file.write_all(&waiting).map_err(unwritten)).await
    }

    async fn finish(mut self, name: String) -> Result<(), RpcError> {
        self.flush().await?;
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
fn publish(dir: &Dir, file: TempFile<'_>, name: &str) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.replace(name)?;
    dir.open(".")?.sync_all()
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
