//! `FileService` and `UpFileService`: the data directory's files, in pieces.

use futures_core::Stream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use manywire_core::{Blob, Context, Requests, RpcError};

use crate::files::{Files, Piece};

/// Which file.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct FileRequest {
    name: String,
}

/// A piece of it.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct FileResponse {
    name: String,
    content: Blob,
}

/// A piece of a file that is to be stored.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct UpFileRequest {
    name: String,
    content: Blob,
}

/// That it is stored.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct UpFileResponse {
    state: String,
}

/// The file in pieces, each with the file's name.
pub async fn download(
    files: Files,
    context: Context,
    FileRequest { name }: FileRequest,
) -> Result<impl Stream<Item = Result<FileResponse, RpcError>> + Send, RpcError> {
    let pieces = files.read(&name, context.budget()).await?;
    Ok(pieces.map_ok(move |content| FileResponse { name: name.clone(), content: Blob(content) }))
}

/// Takes a file in pieces. No one sees it before the answer, which comes when all of it is on disk.
pub async fn upload(
    files: Files,
    context: Context,
    pieces: Requests<UpFileRequest>,
) -> Result<UpFileResponse, RpcError> {
    let pieces =
        pieces.map(|piece| piece.map(|UpFileRequest { name, content }| Piece { name, content: content.0 }));
    files.store(pieces, context.budget()).await?;
    Ok(UpFileResponse { state: "success".to_owned() })
}
