//! Writes `src/pb` anew from `proto/`: run by `scripts/generate`.

use std::error::Error;
use std::path::Path;

use protox::prost::Message as _;

/// The protos of the notes, then those of gRPC's own services, each with the name of its descriptors.
const SETS: &[(&str, &[&str])] = &[
    (
        "notes.bin",
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
    ("health.bin", &["grpc/health/v1/health.proto"]),
    ("testing.bin", &["grpc/testing/test.proto"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let grpc = Path::new(env!("CARGO_MANIFEST_DIR"));
    let protos = grpc.join("../../proto");
    let out = std::env::args_os().nth(1).map_or_else(|| grpc.join("src/pb"), Into::into);
    for (descriptors, files) in SETS {
        let set = protox::compile(*files, [&protos])?;
        std::fs::write(out.join(descriptors), set.encode_to_vec())?;
        tonic_prost_build::configure().bytes(".").build_transport(false).out_dir(&out).compile_fds(set)?;
    }
    // Messages without a package come out under a name that begins with an underscore.
    std::fs::rename(out.join("_.rs"), out.join("notes.rs"))?;
    Ok(())
}
