//! Writes what is generated from `proto/` anew: run by `scripts/generate`.

use std::error::Error;
use std::path::Path;

use protox::prost::Message as _;

/// The protos of the notes, those of values of any type, then those of gRPC's own services: where their descriptors go, and
/// where their code.
const SETS: &[(&str, Option<&str>, &[&str])] = &[
    (
        "notes/src/protos.bin",
        Some("grpc/examples/pb"),
        &[
            "greeter.proto",
            "user.proto",
            "file.proto",
            "upfile.proto",
            "chat.proto",
            "hello.proto",
            "types.proto",
        ],
    ),
    ("grpc/src/pb/values.bin", None, &["google/protobuf/empty.proto", "manywire/value.proto"]),
    ("grpc/src/pb/health.bin", Some("grpc/src/pb"), &["grpc/health/v1/health.proto"]),
    ("grpc/src/pb/testing.bin", Some("grpc/src/pb"), &["grpc/testing/test.proto"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let protos = crates.join("../proto");
    let out = std::env::args_os().nth(1).map_or(crates, Into::into);
    for (descriptors, code, files) in SETS {
        let set = protox::compile(*files, [&protos])?;
        let descriptors = out.join(descriptors);
        std::fs::create_dir_all(descriptors.parent().ok_or("no folder")?)?;
        std::fs::write(descriptors, set.encode_to_vec())?;
        let Some(code) = code.map(|code| out.join(code)) else { continue };
        std::fs::create_dir_all(&code)?;
        tonic_prost_build::configure().bytes(".").build_transport(false).out_dir(code).compile_fds(set)?;
    }
    // Messages without a package come out under a name that begins with an underscore.
    let notes = out.join("grpc/examples/pb");
    std::fs::rename(notes.join("_.rs"), notes.join("notes.rs"))?;
    Ok(())
}
