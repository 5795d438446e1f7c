//! `manywire download`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use manywire_client::{Arguments, Client};
use manywire_core::{Origin, RpcError, Value};
use tempfile::NamedTempFile;
use tokio::time::timeout;

use super::progress::Progress;
use super::{is_standard, only_grpc};
use crate::call::{Failure, Session, until_interrupted};
use crate::cli::DownloadOptions;

const METHOD: &str = "FileService/DownLoad";

/// Fetches a file.
pub(crate) async fn download(options: DownloadOptions) -> Result<(), Failure> {
    let session = Session::plan(&options.server)?;
    only_grpc(&session)?;
    let target = target(&options)?;
    if !options.force && target.exists() && !is_written_through(&target) {
        return Err(exists(&target));
    }
    session.run(async |client| until_interrupted(fetch(client, &options, &target)).await).await
}

async fn fetch(client: &Client, options: &DownloadOptions, target: &Path) -> Result<(), Failure> {
    if is_standard(target) {
        // Whoever reads stdout sees the bytes as they come.
        return copy(client, options, &mut std::io::stdout(), Failure::Output).await;
    }
    let cannot =
        |error: std::io::Error| Failure::Local(format!("cannot write {}: {error}", target.display()));
    if is_written_through(target) {
        let mut device = File::options().write(true).open(target).map_err(cannot)?;
        return copy(client, options, &mut device, cannot).await;
    }
    let mut file = beside(target).map_err(cannot)?;
    copy(client, options, file.as_file_mut(), cannot).await?;
    let put = if options.force { file.persist(target) } else { file.persist_noclobber(target) };
    match put {
        Ok(_) => Ok(()),
        Err(refused) if refused.error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(target)),
        Err(refused) => Err(cannot(refused.error)),
    }
}

/// Whether there is a device or a pipe: a file that took its place would be the end of it.
fn is_written_through(target: &Path) -> bool {
    target.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// Where the file goes: what was given, or in this folder under its own name.
fn target(options: &DownloadOptions) -> Result<PathBuf, Failure> {
    match &options.file {
        Some(folder) if folder.is_dir() => {
            Err(Failure::Usage(format!("{} is a folder; name the file in it", folder.display())))
        }
        Some(file) => Ok(file.clone()),
        // A name with folders in it is the server's to refuse, and nothing to write to.
        None if Path::new(&options.name).file_name() == Some(options.name.as_ref()) => {
            Ok(options.name.clone().into())
        }
        None => Err(Failure::Usage(format!("{:?} is no name of a file; say where to put it", options.name))),
    }
}

fn exists(target: &Path) -> Failure {
    Failure::Usage(format!("{} is there already; --force replaces it", target.display()))
}

/// A file that is gone when it is dropped, in the folder in which it is to stay.
fn beside(target: &Path) -> std::io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As any other new file: the umask takes from it.
    let permissions = std::fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(".manywire-").permissions(permissions).tempfile_in(folder)
}

/// Writes the pieces of a file as they come.
async fn copy(
    client: &Client,
    options: &DownloadOptions,
    out: &mut impl Write,
    cannot: impl Fn(std::io::Error) -> Failure,
) -> Result<(), Failure> {
    let progress = Progress::new(&options.name, None, options.server.verbose > 0);
    let count = progress.counter();
    let request = Arguments::Positional(vec![Value::map([("name", options.name.as_str().into())])]);
    let mut pieces = client.stream(METHOD, request).await?;
    let idle = || {
        let message = format!("nothing of {:?} came for {:?}", options.name, options.idle_timeout.0);
        RpcError::arose(Origin::Time, message)
    };
    let limit = options.idle_timeout.0;
    while let Some(piece) = timeout(limit, pieces.try_next()).await.map_err(|_| idle())?? {
        let Some(Value::Bytes(content)) = piece.get("content") else {
            let message = format!("{METHOD} answered with {} and not with a piece of a file", piece.kind());
            return Err(RpcError::arose(Origin::Protocol, message).into());
        };
        out.write_all(content).map_err(&cannot)?;
        count(content.len());
    }
    out.flush().map_err(&cannot)
}
