//! `manywire upload` and `download`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::transcript::session;
use crate::{Server, get, program, text};

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(text(&output), "", "nothing on stderr where that is no terminal");
    String::from_utf8(output.stdout).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn start() -> (Server, String, tempfile::TempDir, tempfile::TempDir) {
    let (theirs, ours) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(&["any"], &["--data-dir", theirs.path().to_str().unwrap()]);
    let url = format!("grpc://{}", server.address("any"));
    (server, url, theirs, ours)
}

#[test]
fn a_file_goes_there_and_comes_back() {
    let (_server, url, theirs, ours) = start();
    for length in [0, 1, 256 << 10, (256 << 10) + 1, 5_000_000] {
        let (file, back) = (ours.path().join("a file"), ours.path().join("back"));
        std::fs::write(&file, content(length)).unwrap();
        assert_eq!(run(program().args(["upload", &url]).arg(&file)), "{\"state\":\"success\"}\n");
        assert!(std::fs::read(theirs.path().join("a file")).unwrap() == content(length));
        let fetched = run(program().args(["download", "--force", &url, "a file"]).arg(&back));
        assert_eq!(fetched, "");
        assert!(std::fs::read(&back).unwrap() == content(length), "{length}");
    }
    assert_eq!(names(theirs.path()), ["a file"]);
    assert_eq!(names(ours.path()), ["a file", "back"]);
}

#[test]
fn stdin_and_stdout_are_files_too() {
    let (_server, url, theirs, _ours) = start();
    let mut child = program()
        .args(["upload", &url, "-", "piped"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&content(700_000)).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(std::fs::read(theirs.path().join("piped")).unwrap() == content(700_000));
    let output = program().args(["download", &url, "piped", "-"]).output().unwrap();
    assert!(output.status.success() && output.stdout == content(700_000), "{}", text(&output));
}

#[test]
fn a_file_that_is_there_stays_unless_that_is_forced() {
    let (_server, folder, mut shell) = session();
    std::fs::write(folder.path().join("new"), "new").unwrap();
    std::fs::write(folder.path().join("old"), "old").unwrap();
    shell.run("download grpc://HOST:PORT new DIR/old");
    assert_eq!(std::fs::read_to_string(folder.path().join("old")).unwrap(), "old");
    shell.run("download --force grpc://HOST:PORT new DIR/old");
    assert_eq!(std::fs::read_to_string(folder.path().join("old")).unwrap(), "new");
    shell.compare(
        snapbox::str![[r#"
$ manywire download grpc://HOST:PORT new DIR/old
manywire: DIR/old is there already; --force replaces it
[exit 2]
$ manywire download --force grpc://HOST:PORT new DIR/old

"#]]
        .into(),
    );
}

#[test]
fn a_download_that_fails_leaves_nothing_behind() {
    let (_server, url, _theirs, ours) = start();
    let output = program().args(["download", &url, "none"]).current_dir(&ours).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(names(ours.path()), [""; 0]);
}

/// Waits until something is so.
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn an_upload_that_is_interrupted_leaves_nothing_behind() {
    let theirs = tempfile::tempdir().unwrap();
    let server = Server::start(&["any", "ops"], &["--data-dir", theirs.path().to_str().unwrap()]);
    let url = format!("grpc://{}", server.address("any"));
    let mut child = program()
        .args(["upload", &url, "-", "half"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // All of this is on its way only once the server has most of it: the buffers between hold less.
    stdin.write_all(&content(16 << 20)).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(std::io::read_to_string(child.stderr.take().unwrap()).unwrap(), "");
    // The one that asks is of HTTP, too.
    let closed = "manywire_connections{wire=\"http\"} 1\n";
    wait_for("the connection stays", || get(server.connect("ops"), "/metrics").contains(closed));
    assert_eq!(names(theirs.path()), [""; 0]);
}

#[test]
fn a_download_that_is_interrupted_leaves_nothing_behind() {
    let (_server, url, theirs, ours) = start();
    // A gigabyte of zeros, which takes far longer than the signal.
    std::fs::File::create(theirs.path().join("large")).unwrap().set_len(1 << 30).unwrap();
    let mut child = program().args(["download", &url, "large"]).current_dir(&ours).spawn().unwrap();
    wait_for("nothing of it arrives", || !names(ours.path()).is_empty());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_eq!(names(ours.path()), [""; 0]);
}

#[test]
fn a_reader_of_stdout_that_leaves_is_no_error() {
    let (_server, url, theirs, _ours) = start();
    std::fs::File::create(theirs.path().join("large")).unwrap().set_len(1 << 30).unwrap();
    let mut child = program().args(["download", &url, "large", "-"]).stdout(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// A way to a server on which so many bytes go in one direction, and then none at all.
fn clogged(server: &str, to_server: usize, to_client: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, server) = (listener.local_addr().unwrap(), server.to_owned());
    let pump = |mut from: TcpStream, mut to: TcpStream, limit: usize| {
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut (&mut from).take(limit as u64), &mut to);
            // Both ends stay open.
            std::thread::park();
        })
    };
    std::thread::spawn(move || {
        let near = listener.accept().unwrap().0;
        let far = TcpStream::connect(server).unwrap();
        let pumps = [
            pump(near.try_clone().unwrap(), far.try_clone().unwrap(), to_server),
            pump(far, near, to_client),
        ];
        pumps.map(std::thread::JoinHandle::join)
    });
    format!("grpc://{address}")
}

#[test]
fn a_server_that_sends_no_more_of_a_file_is_given_up() {
    let (server, _, theirs, ours) = start();
    std::fs::File::create(theirs.path().join("large")).unwrap().set_len(1 << 24).unwrap();
    let url = clogged(server.address("any"), usize::MAX, 1 << 20);
    let mut command = program();
    let output =
        command.args(["download", "--idle-timeout", "300ms", &url, "large"]).current_dir(&ours).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert_eq!(text(&output), "manywire: nothing of \"large\" came for 300ms\n");
    assert_eq!(names(ours.path()), [""; 0]);
}

#[test]
fn a_server_that_takes_no_more_of_a_file_is_given_up() {
    let (server, _, _theirs, ours) = start();
    let file = ours.path().join("large");
    std::fs::File::create(&file).unwrap().set_len(1 << 26).unwrap();
    let url = clogged(server.address("any"), 1 << 20, usize::MAX);
    let output = program().args(["upload", "--idle-timeout", "300ms", &url]).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).ends_with("within 300ms\n"), "{}", text(&output));
}

#[test]
fn an_upload_takes_as_long_as_it_takes() {
    let (_server, url, theirs, _ours) = start();
    let patient = ["--timeout", "1ms", "--connect-timeout", "20s"];
    let mut child = program()
        .args(["upload", &url, "-", "slow"])
        .args(patient)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // All of this is on its way only once the connection is there.
    stdin.write_all(&content(4 << 20)).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert!(std::fs::read(theirs.path().join("slow")).unwrap() == content(4 << 20));
}

#[test]
fn a_pipe_is_written_to_and_stays() {
    use std::os::unix::fs::FileTypeExt as _;
    let (_server, url, theirs, ours) = start();
    std::fs::write(theirs.path().join("file"), content(300_000)).unwrap();
    let pipe = ours.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for force in [&[][..], &["--force"]] {
        let mut child = program().args(["download", &url, "file"]).arg(&pipe).args(force).spawn().unwrap();
        // To open it waits for whoever writes.
        let read = std::fs::read(&pipe).unwrap();
        assert!(child.wait().unwrap().success() && read == content(300_000));
        assert!(pipe.metadata().unwrap().file_type().is_fifo());
    }
}
