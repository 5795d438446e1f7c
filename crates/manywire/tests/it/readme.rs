//! README's first screen, as its reader would try it: the program, and its callers in Go, Python and a shell.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use manywire_peers::{go, python, skip};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Where README's program listens.
const ADDRESS: &str = "127.0.0.1:2021";

/// README's first block of code in this language, with the address that is free here.
fn block(language: &str, address: &str) -> String {
    let readme = std::fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let start = format!("```{language}\n");
    let block = readme.split_once(&start).unwrap().1.split_once("```").unwrap().0;
    assert_eq!(block.contains(ADDRESS), language != "toml", "{block}");
    block.replace(ADDRESS, address)
}

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The crate that README has its reader write.
fn build(folder: &Path, address: &str) -> PathBuf {
    let dependencies = block("toml", address).replace("../manywire", ROOT);
    let package = "[package]\nname = \"readme\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    std::fs::write(folder.join("Cargo.toml"), format!("{package}{dependencies}")).unwrap();
    // The versions that the examples were tried with.
    std::fs::copy(format!("{ROOT}/examples/Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    std::fs::create_dir(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/main.rs"), block("rust", address)).unwrap();
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "-q", "--target-dir"]).arg(target).current_dir(folder);
    let ran = cargo.output().unwrap();
    assert!(ran.status.success(), "{cargo:?}:\n{}", String::from_utf8_lossy(&ran.stderr));
    target.join("debug/readme")
}

fn run(program: &Path, address: &str) -> Program {
    let running = Program(Command::new(program).spawn().unwrap());
    let patience = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < patience, "README's program does not listen at {address}");
        std::thread::yield_now();
    }
    running
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_first_program_of_readme_is_called_as_readme_says() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let _running = run(&build(folder.path(), &address), &address);

    let client = folder.path().join("go");
    std::fs::create_dir_all(client.join("readme")).unwrap();
    std::fs::write(client.join("go.mod"), "module readme\n\ngo 1.18\n").unwrap();
    std::fs::write(client.join("readme/main.go"), block("go", &address)).unwrap();
    if let Some(program) = go::build(&client, "./readme") {
        assert_eq!(said(&mut Command::new(program)), "136 <nil>\n");
    }
    if let Some(interpreter) = python("xmlrpc.client") {
        assert_eq!(said(Command::new(interpreter).args(["-c", &block("python", &address)])), "136\n");
    }
    let shell = block("sh", &address);
    let lines = |program: &str| shell.lines().find(|line| line.starts_with(program)).unwrap().to_owned();
    for (program, answer) in [("curl", "136"), ("grpcurl", "{\n  \"value\": \"136\"\n}\n")] {
        if Command::new(program).arg("--version").output().is_err() {
            skip(&format!("no {program}"));
            continue;
        }
        assert_eq!(said(Command::new("sh").args(["-c", &lines(program)])), answer);
    }
}
