//! `manywire export`: what a server serves, in the forms that other tools read.

use std::path::{Component, Path};

use manywire_client::Client;
use manywire_core::introspect::ProtoFile;
use serde::Serialize;

use super::{Failure, Session, print};
use crate::cli::{ExportOptions, Format};

/// `manywire export`.
pub(crate) async fn export(options: ExportOptions) -> Result<(), Failure> {
    if options.dir.is_some() && !matches!(options.format, Format::Proto) {
        return Err(Failure::Usage("--dir is for proto; the other forms are one document".to_owned()));
    }
    let session = Session::plan(&options.server)?;
    session.run(async |client: &Client| exported(client, &options).await).await
}

async fn exported(client: &Client, options: &ExportOptions) -> Result<(), Failure> {
    match options.format {
        Format::Json => document(&client.schema().await?),
        Format::Openrpc => document(&manywire_jsonrpc::openrpc::document(&client.schema().await?)),
        Format::Proto => {
            let files = client.protos().await?;
            match &options.dir {
                Some(folder) => files.iter().try_for_each(|file| write(folder, file)),
                None => print::lines(files.iter().map(|file| format!("// {}\n\n{}", file.name, file.text))),
            }
        }
    }
}

fn document(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| {
        Failure::Local(format!("what the server said cannot be written as JSON: {error}"))
    })?;
    print::lines([text])
}

/// Writes a file, of which the server has given the name, somewhere in a folder and not outside of it.
fn write(folder: &Path, file: &ProtoFile) -> Result<(), Failure> {
    let name = Path::new(&file.name);
    if name.components().any(|part| !matches!(part, Component::Normal(_))) {
        return Err(Failure::Local(format!(
            "the server names a file {name:?}, which is outside of the folder"
        )));
    }
    let path = folder.join(name);
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    written
        .and_then(|()| std::fs::write(&path, &file.text))
        .map_err(|error| Failure::Local(format!("cannot write {}: {error}", path.display())))
}
