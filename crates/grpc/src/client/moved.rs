//! The descriptors of a server for one that serves its methods too, beside those of others.

use std::collections::HashSet;

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// What a server of ours calls the file that it makes of its types. Another of ours has one of its own.
const MADE: &str = "manywire/methods.proto";

/// Files that are the same everywhere stay where they are: every compiler and every server of ours has them.
fn is_shared(file: &str) -> bool {
    file.starts_with("google/protobuf/") || file == "manywire/value.proto"
}

/// The files; with a prefix, those of the server alone have it before their names, and before all that they declare.
pub(super) fn files<'f>(
    files: impl Iterator<Item = &'f FileDescriptorProto>,
    prefix: Option<&str>,
) -> FileDescriptorSet {
    let files = needed(files.cloned().collect());
    let shared = files.iter().filter(|file| is_shared(file.name()));
    let shared: Vec<String> = shared.map(|file| format!(".{}.", file.package())).collect();
    let moving = Moving { prefix, shared };
    FileDescriptorSet { file: files.into_iter().map(|file| moving.file(file)).collect() }
}

/// The files that declare services which are no server's own affair, and what these import.
fn needed(mut files: Vec<FileDescriptorProto>) -> Vec<FileDescriptorProto> {
    for file in &mut files {
        let (package, is_made) = (file.package().to_owned(), file.name() == MADE);
        // A server tells of itself alone.
        let is_its_own = |service: &str| {
            package.starts_with("grpc.reflection.")
                || package.starts_with("grpc.health.")
                || is_made && service == "system"
        };
        file.service.retain(|service| !is_its_own(service.name()));
    }
    let mut wanted: HashSet<String> = HashSet::new();
    let mut open: Vec<&FileDescriptorProto> = files.iter().filter(|file| !file.service.is_empty()).collect();
    while let Some(file) = open.pop() {
        if wanted.insert(file.name().to_owned()) {
            open.extend(files.iter().filter(|other| file.dependency.iter().any(|name| name == other.name())));
        }
    }
    files.retain(|file| wanted.contains(file.name()));
    files
}

struct Moving<'p> {
    prefix: Option<&'p str>,
    /// The packages that stay, with dots around them.
    shared: Vec<String>,
}

impl Moving<'_> {
    fn file(&self, mut file: FileDescriptorProto) -> FileDescriptorProto {
        if is_shared(file.name()) {
            return file;
        }
        file.name = Some(self.file_name(file.name()));
        for import in &mut file.dependency {
            *import = self.file_name(import);
        }
        let Some(prefix) = self.prefix else { return file };
        file.package = Some(match file.package() {
            "" => prefix.to_owned(),
            package => format!("{prefix}.{package}"),
        });
        file.message_type.iter_mut().for_each(|message| self.message(message));
        file.extension.iter_mut().for_each(|extension| self.field(extension));
        for method in file.service.iter_mut().flat_map(|service| &mut service.method) {
            self.name(&mut method.input_type);
            self.name(&mut method.output_type);
        }
        file
    }

    fn file_name(&self, name: &str) -> String {
        match self.prefix {
            _ if is_shared(name) => name.to_owned(),
            Some(prefix) => format!("{prefix}/{name}"),
            None if name == MADE => "manywire/forwarded.proto".to_owned(),
            None => name.to_owned(),
        }
    }

    fn message(&self, message: &mut DescriptorProto) {
        message.field.iter_mut().chain(&mut message.extension).for_each(|field| self.field(field));
        message.nested_type.iter_mut().for_each(|nested| self.message(nested));
    }

    fn field(&self, field: &mut FieldDescriptorProto) {
        self.name(&mut field.type_name);
        self.name(&mut field.extendee);
    }

    fn name(&self, name: &mut Option<String>) {
        let stays = |name: &str| self.shared.iter().any(|package| name.starts_with(package.as_str()));
        if let (Some(name), Some(prefix)) = (name.as_mut().filter(|name| !stays(name)), self.prefix) {
            *name = format!(".{prefix}{name}");
        }
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use super::*;

    fn pool(source: &[(&str, &str)]) -> DescriptorPool {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in source {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let names: Vec<_> = source.iter().map(|(name, _)| *name).collect();
        DescriptorPool::from_file_descriptor_set(protox::compile(names, [folder.path()]).unwrap()).unwrap()
    }

    #[test]
    fn two_servers_of_one_schema_stand_beside_each_other_under_prefixes() {
        let one = pool(&[
            ("types.proto", "syntax = \"proto3\"; message Name { string text = 1; enum Case { UPPER = 0; } Case case = 2; }"),
            (
                "greeter.proto",
                "syntax = \"proto3\"; package p; import \"types.proto\"; import \"google/protobuf/timestamp.proto\";
                message When { google.protobuf.Timestamp at = 1; map<string, .Name> names = 2; oneof which { .Name name = 3; } }
                service Greeter { rpc Hello(.Name) returns (When); }",
            ),
        ]);
        let mut all = files(one.file_descriptor_protos(), None).file;
        for moved in files(one.file_descriptor_protos(), Some("old")).file {
            if all.iter().all(|known| known.name() != moved.name()) {
                all.push(moved);
            }
        }
        let both = DescriptorPool::from_file_descriptor_set(FileDescriptorSet { file: all }).unwrap();
        let service = both.get_service_by_name("old.p.Greeter").unwrap();
        let hello = service.methods().next().unwrap();
        assert_eq!((hello.input().full_name(), hello.output().full_name()), ("old.Name", "old.p.When"));
        assert!(both.get_service_by_name("p.Greeter").is_some());
    }
}
