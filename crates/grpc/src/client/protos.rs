//! What a server serves, from files of the caller's: for servers that have no reflection.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use manywire_core::{Limits, Origin, RpcError};
use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::descriptors::Descriptors;
use super::schema::Schema;

/// Where the schema of a server is written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProtoFiles {
    /// `.proto` files.
    pub protos: Vec<PathBuf>,
    /// Folders in which their imports are looked for, before that of each file.
    pub folders: Vec<PathBuf>,
    /// Descriptor sets, as `protoc --descriptor_set_out --include_imports` and `buf build` write them.
    pub sets: Vec<PathBuf>,
}

/// A schema that was read from files.
#[derive(Clone)]
pub struct Protos {
    pool: DescriptorPool,
    services: Vec<String>,
}

impl fmt::Debug for Protos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protos").field("services", &self.services).finish_non_exhaustive()
    }
}

impl Protos {
    /// Reads and compiles the files.
    pub fn read(files: &ProtoFiles) -> Result<Self, RpcError> {
        let mut all = Vec::new();
        for proto in &files.protos {
            all.extend(compile(proto, &files.folders)?);
        }
        for set in &files.sets {
            all.extend(decode(set)?);
        }
        let services: Vec<String> = all.iter().flat_map(services).collect();
        if services.is_empty() {
            return Err(unusable("the given files declare no service".to_owned()));
        }
        let mut descriptors = Descriptors::new(&Limits::default());
        let unsound = |status: tonic::Status| unusable(status.message().to_owned());
        for file in all {
            descriptors.add(&file.encode_to_vec()).map_err(unsound)?;
        }
        if let Some(lacks) = descriptors.missing().first() {
            return Err(unusable(format!(
                "the descriptor set lacks {lacks}, which one of its files imports; make it with protoc --include_imports, or by buf build"
            )));
        }
        Ok(Self { pool: descriptors.pool().map_err(unsound)?, services })
    }

    pub(super) fn schema(&self) -> Schema {
        Schema::of_files(self.pool.clone(), self.services.clone())
    }
}

/// A file and all that it imports.
fn compile(proto: &Path, folders: &[PathBuf]) -> Result<Vec<FileDescriptorProto>, RpcError> {
    // The compiler says only that it is in no folder.
    fs::metadata(proto).map_err(|error| unreadable(proto, &error))?;
    let own = proto.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folders = folders.iter().map(PathBuf::as_path).chain([own]);
    // Its debug form is where file, line and column stand.
    let wrong = |error: protox::Error| unusable(format!("{}: {error:?}", proto.display()));
    let mut compiler = protox::Compiler::new(folders).map_err(wrong)?;
    compiler.include_imports(true).open_file(proto).map_err(wrong)?;
    Ok(compiler.file_descriptor_set().file)
}

fn decode(set: &Path) -> Result<Vec<FileDescriptorProto>, RpcError> {
    let bytes = fs::read(set).map_err(|error| unreadable(set, &error))?;
    let decoded = FileDescriptorSet::decode(&bytes[..]);
    let decoded =
        decoded.map_err(|error| unusable(format!("{} is no descriptor set: {error}", set.display())));
    Ok(decoded?.file)
}

fn services(file: &FileDescriptorProto) -> Vec<String> {
    let full = |name: &str| match file.package() {
        "" => name.to_owned(),
        package => format!("{package}.{name}"),
    };
    file.service.iter().map(|service| full(service.name())).collect()
}

fn unreadable(file: &Path, error: &std::io::Error) -> RpcError {
    unusable(format!("cannot read {}: {error}", file.display()))
}

fn unusable(why: String) -> RpcError {
    RpcError::arose(Origin::Usage, why)
}
