//! Printed files, compiled again: they must say what they said.

use std::collections::BTreeMap;

use manywire_core::{Number, Shape, Value};
use manywire_protobuf::{Described, Wanted, print};
use prost_types::FileDescriptorProto;
use serde::Deserialize;

use crate::compile;

/// The files by name, as a compiler finds them.
struct Printed(BTreeMap<String, String>);

impl protox::file::FileResolver for Printed {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        let text = self.0.get(name).ok_or_else(|| protox::Error::file_not_found(name))?;
        protox::file::File::from_source(name, text)
    }
}

/// Prints all files, compiles the last of them, and compares each with what it was, but for its comments and options.
fn check(files: &[FileDescriptorProto]) -> String {
    let printed: BTreeMap<_, _> = files.iter().map(|file| (file.name().to_owned(), print(file))).collect();
    let last = files.last().unwrap().name().to_owned();
    let text = printed[&last].clone();
    let mut compiler = protox::Compiler::with_file_resolver(Printed(printed));
    let opened = compiler.include_imports(true).open_file(&last);
    opened.unwrap_or_else(|error| panic!("{last} cannot be compiled again: {error:?}\n{text}"));
    let again = compiler.file_descriptor_set().file;
    for file in files.iter().filter(|file| !file.name().starts_with("google/")) {
        let known = again.iter().find(|known| known.name() == file.name()).unwrap();
        let bare = |file: &FileDescriptorProto| FileDescriptorProto {
            source_code_info: None,
            options: None,
            ..file.clone()
        };
        assert_eq!(bare(known), bare(file), "{}", print(file));
    }
    text
}

#[test]
fn the_files_of_this_repository_are_printed() {
    for file in ["types.proto", "greeter.proto", "manywire/value.proto", "grpc/testing/test.proto"] {
        check(&compile(file));
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape is looked at")]
struct Everything {
    user_id: i64,
    name: Option<String>,
    lists: Vec<Vec<f64>>,
    by_name: BTreeMap<String, Number>,
    any: Value,
    inside: Option<Box<Everything>>,
}

#[test]
fn what_is_made_from_types_is_printed_with_its_comments() {
    let shape = Shape::of::<Everything>();
    for package in ["", "some.where"] {
        let mut described = Described::new(package, ["Service"]);
        let wanted = Wanted {
            service: "Service",
            name: "do_it",
            doc: "Does it.",
            arguments: &shape,
            returns: &Shape::List(Box::new(shape.clone())),
            takes_stream: true,
            answers_stream: false,
        };
        described.add(wanted).unwrap();
        let mut files = compile("manywire/value.proto");
        files.push(described.file("service.proto"));
        let text = check(&files);
        for line in [
            "  // Does it.",
            "  rpc do_it(stream Everything) returns (DoItResponse);",
            "  int64 user_id = 1 [json_name = \"user_id\"];",
            "  optional string name = 2;",
            "  map<string, manywire.Number> by_name = 4 [json_name = \"by_name\"];",
        ] {
            assert!(text.lines().any(|known| known == line), "no {line} in\n{text}");
        }
    }
}

#[test]
fn a_name_that_means_something_nearer_is_written_in_full() {
    let hidden = "syntax = \"proto3\";\nmessage A {\n  message B {}\n  .B outer = 1;\n  B inner = 2;\n}\nmessage B {}\n";
    let file = protox::file::File::from_source("hidden.proto", hidden).unwrap();
    let mut compiler = protox::Compiler::with_file_resolver(Printed(BTreeMap::from([(
        "hidden.proto".to_owned(),
        hidden.to_owned(),
    )])));
    compiler.open_file(file.name()).unwrap();
    let text = check(&compiler.file_descriptor_set().file);
    assert!(text.contains("  .B outer = 1;\n  A.B inner = 2;"), "{text}");
}
