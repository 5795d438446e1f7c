//! gRPC servers without reflection, called by their proto files: grpcio's, which has none unless one is added.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::{program, text};

/// Serves `Greeter`, and writes what it serves into a descriptor set.
const SERVER: &str = "
import sys
sys.path.insert(0, sys.argv[1])
from concurrent import futures
import grpc
from pb import greeter_pb2, greeter_pb2_grpc
from google.protobuf import descriptor_pb2

class Greeter(greeter_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        return greeter_pb2.HelloReply(message='grpcio says hello ' + request.name)

described = descriptor_pb2.FileDescriptorSet()
greeter_pb2.DESCRIPTOR.CopyToProto(described.file.add())
with open(sys.argv[2], 'wb') as file:
    file.write(described.SerializeToString())
server = grpc.server(futures.ThreadPoolExecutor())
greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
print(server.add_insecure_port('127.0.0.1:0'), flush=True)
server.start()
server.wait_for_termination()
";

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A server that is ended when dropped.
struct Grpcio {
    child: Child,
    url: String,
}

impl Grpcio {
    fn start(set: &Path) -> Option<Self> {
        let python = manywire_peers::python("grpc")?;
        let mut child = Command::new(python)
            .args(["-c", SERVER, &format!("{ROOT}/python"), set.to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Some(Self { child, url: format!("grpc://127.0.0.1:{}", port.trim()) })
    }
}

impl Drop for Grpcio {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = &program().args(arguments).output().unwrap();
    (status.code(), String::from_utf8_lossy(stdout).into_owned())
}

#[test]
fn a_server_without_reflection_is_called_by_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("greeter.binpb");
    let Some(server) = Grpcio::start(&set) else { return };
    let proto = format!("{ROOT}/proto/greeter.proto");
    for given in [["--proto", &proto], ["--protoset", set.to_str().unwrap()]] {
        let call = [&["call"], &given[..], &[&server.url, "Greeter/SayHello", "--set", "name=5"]].concat();
        assert_eq!(run(&call), (Some(0), "{\"message\":\"grpcio says hello 5\"}\n".to_owned()), "{given:?}");
        let (code, listed) = run(&[&["list"], &given[..], &[&server.url]].concat());
        assert!(code == Some(0) && listed.lines().any(|line| line == "Greeter/SayHello"), "{listed}");
        let (code, told) = run(&[&["describe"], &given[..], &[&server.url, "Greeter/SayHello"]].concat());
        assert!(code == Some(0) && told.starts_with("rpc SayHello(HelloRequest)"), "{told}");
    }
    let output = program().args(["call", &server.url, "Greeter/SayHello"]).output().unwrap();
    let said = text(&output);
    assert!(
        output.status.code() == Some(1) && said.contains("has no reflection") && said.contains("--proto"),
        "{said}"
    );
}

#[test]
fn files_that_are_of_no_use_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let broken = write("broken.proto", "syntax = \"proto3\";\nmessage M {\n  strin name = ;\n}\n");
    let unknown = write(
        "unknown.proto",
        "syntax = \"proto3\";\nservice S {\n  rpc Do (Nothing) returns (Nothing);\n}\n",
    );
    let empty = write("empty.proto", "syntax = \"proto3\";\n");
    let lonely = write("lonely.proto", "syntax = \"proto3\";\nimport \"nowhere.proto\";\nservice S {}\n");
    let proto = format!("{ROOT}/proto/greeter.proto");
    for (arguments, words) in [
        (&["--proto", "/no/such.proto"][..], "cannot read /no/such.proto: No such file or directory"),
        (&["--protoset", "/no/such.binpb"], "cannot read /no/such.binpb: No such file or directory"),
        (&["--proto", &broken], "broken.proto:3:"),
        (&["--proto", &unknown], "unknown.proto:3:"),
        (&["--proto", &lonely], "nowhere.proto"),
        (&["--proto", &empty], "the given files declare no service"),
        (&["--protoset", &broken], "is no descriptor set"),
        (&["--proto", &proto, "grpc://127.0.0.1:1", "--notify"], "cannot connect"),
    ] {
        let url: &[&str] =
            if arguments.iter().any(|word| word.contains("://")) { &[] } else { &["grpc://127.0.0.1:1"] };
        let output = program().arg("call").args(arguments).args(url).arg("S/Do").output().unwrap();
        let said = text(&output);
        let code = if words == "cannot connect" { 3 } else { 2 };
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{words}: {said}");
    }
    let output = program().args(["call", "--proto", &proto, "gob://127.0.0.1:1", "add"]).output().unwrap();
    assert!(
        output.status.code() == Some(2) && text(&output).contains("are for grpc://"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_method_that_the_file_has_not_is_named_with_those_that_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = Grpcio::start(&folder.path().join("greeter.binpb")) else { return };
    let proto = format!("{ROOT}/proto/greeter.proto");
    let output =
        program().args(["call", "--proto", &proto, &server.url, "Greeter/SayHallo"]).output().unwrap();
    let said = text(&output);
    assert!(output.status.code() == Some(2) && said.contains("did you mean Greeter/SayHello?"), "{said}");
    let output = program().args(["call", "--proto", &proto, &server.url, "Nothing/AtAll"]).output().unwrap();
    let said = text(&output);
    assert!(
        output.status.code() == Some(2) && said.contains("no service Nothing; there are Greeter"),
        "{said}"
    );
}
