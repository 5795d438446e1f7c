//! What `manywire export proto` writes about a server: clients of gRPC make their stubs of it, as a stranger would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message as _;

use crate::peers::Places;

/// The files of a server in a folder of their own, and beside them `protos.bin`, all of them compiled.
pub(crate) fn export(server: &str, address: &str, places: &Places) -> Result<PathBuf, String> {
    let folder = places.scratch.join(format!("{server}-protos"));
    let mut command = Command::new(places.programs.join("manywire"));
    command.args(["export", "proto", &format!("grpc://{address}"), "--dir"]).arg(&folder);
    let output = command.output().map_err(|error| format!("manywire export: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned());
    }
    compile(&folder)?;
    Ok(folder)
}

fn compile(folder: &Path) -> Result<(), String> {
    let mut protos = Vec::new();
    find(folder, &mut protos).map_err(|error| error.to_string())?;
    let set = protox::compile(protos, [folder]).map_err(|error| format!("{error:?}"))?;
    fs::write(folder.join("protos.bin"), set.encode_to_vec()).map_err(|error| error.to_string())
}

/// Every `.proto` in a folder and in those within.
fn find(folder: &Path, protos: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, protos)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            protos.push(path);
        }
    }
    protos.sort();
    Ok(())
}
