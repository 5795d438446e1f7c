//! `manywire upload`.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use manywire_core::Value;

use super::progress::Progress;
use super::{is_standard, only_grpc};
use crate::call::{Failure, Feed, Give, Session, feed, print, until_interrupted};
use crate::cli::UploadOptions;

const METHOD: &str = "UpFileService/UpLoad";
/// Pieces this large cost little each, and a few of them little memory.
const PIECE: usize = 256 << 10;

/// Sends a file, and prints the server's answer.
pub(crate) async fn upload(options: UploadOptions) -> Result<(), Failure> {
    let session = Session::plan(&options.server)?;
    only_grpc(&session)?;
    let name = name(&options)?;
    let source = Source::open(&options.file)?;
    let progress = Progress::new(&name, source.length, options.server.verbose > 0);
    let answer = session.run(async |client| {
        let count = progress.counter();
        let Feed { requests, failed, wait } = feed(move |give| send(source, &name, count, give));
        // However long all of it takes, as long as it moves.
        let client = client.with_timeout(None);
        until_interrupted(async {
            tokio::select! {
                failure = failed => Err(failure),
                failure = wait.too_long(options.idle_timeout.0, client.url()) => Err(failure),
                answer = client.send(METHOD, requests) => Ok(answer?),
            }
        })
        .await
    });
    let answer = answer.await;
    drop(progress);
    print(&answer?)
}

/// The name at the server.
fn name(options: &UploadOptions) -> Result<String, Failure> {
    if let Some(name) = &options.name {
        return Ok(name.clone());
    }
    if is_standard(&options.file) {
        return Err(Failure::Usage(
            "what comes from stdin needs a name: manywire upload URL - NAME".to_owned(),
        ));
    }
    let name = options.file.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| {
        Failure::Usage(format!("{} has no name to send; give one behind it", options.file.display()))
    })
}

/// What is sent.
struct Source {
    reader: Box<dyn Read + Send>,
    length: Option<u64>,
}

impl Source {
    fn open(path: &Path) -> Result<Self, Failure> {
        if is_standard(path) {
            return Ok(Self { reader: Box::new(std::io::stdin()), length: None });
        }
        let wrong = |why: &dyn Display| Failure::Usage(format!("cannot read {}: {why}", path.display()));
        let file = File::open(path).map_err(|error| wrong(&error))?;
        let about = file.metadata().map_err(|error| wrong(&error))?;
        if about.is_dir() {
            return Err(wrong(&"it is a folder"));
        }
        // A pipe or a device says 0, and means that it does not know.
        Ok(Self { reader: Box::new(file), length: about.is_file().then_some(about.len()) })
    }
}

/// Gives a file away in pieces; the first has the name, and there is one even if the file is empty.
fn send(source: Source, name: &str, count: impl Fn(usize), give: &Give<'_>) -> Result<(), Failure> {
    let mut reader = source.reader;
    let mut name = Some(name);
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        read.map_err(|error| Failure::Local(format!("cannot read on: {error}")))?;
        let (length, is_first) = (piece.len(), name.is_some());
        if length == 0 && !is_first {
            return Ok(());
        }
        let named = name.take().map(|name| ("name", Value::from(name)));
        let request = Value::map(named.into_iter().chain([("content", Value::Bytes(piece))]));
        if !give(request) {
            return Ok(());
        }
        count(length);
    }
}
