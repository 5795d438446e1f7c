//! A file on its way out. Nothing is read before it is asked for, a slow reader holds little, and a quick one is read ahead
//! for as long as there is room.

use std::io::{self, Read as _};

use bytes::Bytes;
use cap_std::fs::{Dir, File};
use futures_core::Stream;
use futures_util::stream;
use manywire_core::{Budget, Charge, ErrorKind, RpcError};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{BLOCK, Files, PIECE, blocking, check_name, disk, stopped};

/// Bytes of the first piece. HTTP/2 servers ask for it before they know whether their peer takes it.
const FIRST: usize = 3 << 10;

pub(super) async fn read(
    files: &Files,
    name: &str,
    budget: &Budget,
) -> Result<impl Stream<Item = Result<Bytes, RpcError>> + Send + use<>, RpcError> {
    check_name(name)?;
    let charge = budget.charge(PIECE)?;
    let (dir, name) = (files.dir, name.to_owned());
    let file = blocking(move || open(dir, &name)).await?;
    let download =
        Download { next: Next::At(file), rest: Bytes::new(), charge, budget: budget.clone(), read: 0 };
    Ok(stream::try_unfold(download, async |mut download| {
        let piece = download.piece().await?;
        Ok((!piece.is_empty()).then_some((piece, download)))
    }))
}

fn open(dir: &Dir, name: &str) -> Result<File, RpcError> {
    // Looked at first, since opening a named pipe would wait for its writer.
    let is_file = dir.metadata(name).is_ok_and(|metadata| metadata.is_file());
    let file = is_file.then(|| dir.open(name)).and_then(Result::ok);
    file.ok_or_else(|| RpcError::new(ErrorKind::NotFound, format!("no file {name:?}")))
}

struct Download {
    next: Next,
    /// What is left of the last block.
    rest: Bytes,
    charge: Charge,
    budget: Budget,
    /// Bytes read so far.
    read: usize,
}

/// Where the next bytes come from.
enum Next {
    /// The file.
    At(File),
    /// A block that is being read ahead.
    Ahead(JoinHandle<io::Result<Block>>),
    /// There are none.
    End,
}

/// The file, some of its bytes, and whether there may be more.
struct Block {
    file: File,
    bytes: Vec<u8>,
    has_more: bool,
}

impl Download {
    /// The next piece; an empty one is the end.
    async fn piece(&mut self) -> Result<Bytes, RpcError> {
        if self.rest.is_empty() {
            self.rest = self.block().await?;
        }
        Ok(self.rest.split_to(self.rest.len().min(PIECE)))
    }

    async fn block(&mut self) -> Result<Bytes, RpcError> {
        let size = self.size();
        let reading = match std::mem::replace(&mut self.next, Next::End) {
            Next::At(file) => {
                // Whoever collects the pieces that are there goes on with those it has; the disk is for the next time.
                tokio::task::yield_now().await;
                begin(file, size)
            }
            Next::Ahead(reading) => reading,
            Next::End => return Ok(Bytes::new()),
        };
        let block = reading.await.map_err(|_| stopped())?;
        let Block { file, bytes, has_more } = block.map_err(|e| disk("the file cannot be read", &e))?;
        self.read += bytes.len();
        if has_more {
            self.next = if size == BLOCK { Next::Ahead(begin(file, size)) } else { Next::At(file) };
        }
        Ok(bytes.into())
    }

    /// How much is read in one go: a piece is always paid for, a block and the next one only where there is room.
    fn size(&mut self) -> usize {
        if self.read == 0 {
            return FIRST;
        }
        if !self.budget.is_full() && self.charge.resize(2 * BLOCK).is_ok() {
            return BLOCK;
        }
        // At most a block that was read ahead is held beyond it, and that one goes out next.
        self.charge.set(PIECE);
        PIECE
    }
}

fn begin(mut file: File, size: usize) -> JoinHandle<io::Result<Block>> {
    spawn_blocking(move || {
        let left = file.metadata()?.len().saturating_sub(io::Seek::stream_position(&mut file)?);
        let mut bytes = Vec::with_capacity(usize::try_from(left).map_or(size, |left| left.min(size)));
        io::Read::by_ref(&mut file).take(size as u64).read_to_end(&mut bytes)?;
        Ok(Block { has_more: bytes.len() == size, file, bytes })
    })
}
