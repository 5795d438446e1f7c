//! Messages written by prost-reflect are read by us, and ours by prost-reflect; then bytes that nobody should send.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod bound;
mod hostile;
mod made;
mod print;

use std::sync::LazyLock;

use manywire_core::{Shape, to_value};
use manywire_protobuf::{Described, Files, Limits, Reader, Schema, Wanted, encode};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use prost_types::FileDescriptorProto;
use serde::Serialize;
use serde::de::DeserializeOwned;

const LIMITS: Limits = Limits { nesting: 128, values: 100_000 };

/// `manywire/value.proto` and what it imports.
static VALUES: LazyLock<Vec<FileDescriptorProto>> = LazyLock::new(|| compile("manywire/value.proto"));

/// A file of the repository with all that it imports, those first.
fn compile(file: &str) -> Vec<FileDescriptorProto> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    protox::compile([file], [root]).unwrap().file
}

/// A message as both sides know it.
struct Both {
    schema: Schema,
    message: prost_reflect::MessageDescriptor,
}

impl Both {
    /// The message that a method's answer of this type has, as it is made from its shape.
    fn made<T: DeserializeOwned>() -> Self {
        let mut described = Described::new("", ["Service"]);
        let (doc, takes_stream, answers_stream) = ("Does.", false, false);
        let returns = Shape::of::<T>();
        let wanted = Wanted {
            service: "Service",
            name: "do_it",
            doc,
            arguments: &Shape::Unit,
            returns: &returns,
            takes_stream,
            answers_stream,
        };
        described.add(wanted).unwrap();
        let mut files = VALUES.clone();
        files.extend(compile("google/protobuf/empty.proto"));
        files.push(described.file("service.proto"));
        let answer = files.last().unwrap().service[0].method[0].output_type().to_owned();
        Self::of(files, &answer, &returns)
    }

    fn of(files: Vec<FileDescriptorProto>, message: &str, shape: &Shape) -> Self {
        let (mut known, mut pool) = (Files::default(), DescriptorPool::new());
        for file in files {
            if pool.get_file_by_name(file.name()).is_none() {
                known.add(&file);
                pool.add_file_descriptor_proto(file).unwrap();
            }
        }
        let schema = known.bind(message, shape).unwrap();
        Self { schema, message: pool.get_message_by_name(&message[1..]).unwrap() }
    }

    fn write<T: Serialize>(&self, value: &T) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&self.schema, value, &mut out).unwrap();
        out
    }

    fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, manywire_protobuf::Error> {
        T::deserialize(&mut Reader::new(&self.schema, bytes, LIMITS))
    }

    /// What prost-reflect makes of our bytes, as its text.
    fn told(&self, bytes: &[u8]) -> String {
        DynamicMessage::decode(self.message.clone(), bytes).unwrap().to_text_format()
    }

    /// What prost-reflect writes for its text.
    fn foreign(&self, text: &str) -> Vec<u8> {
        DynamicMessage::parse_text_format(self.message.clone(), text).unwrap().encode_to_vec()
    }

    /// Ours is theirs, and theirs is ours.
    fn check<T: Serialize + DeserializeOwned>(&self, value: &T, text: &str) {
        let bytes = self.write(value);
        assert_eq!(self.told(&bytes), text);
        for bytes in [bytes, self.foreign(text)] {
            let back: T = self.read(&bytes).unwrap();
            assert_eq!(to_value(&back).unwrap(), to_value(value).unwrap(), "{text}");
        }
    }
}
