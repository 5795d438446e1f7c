//! Each program of `examples/`, called by clients that know nothing of manywire.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use manywire_peers::{go, python, skip};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// A program of `examples/` that answers at a free port, ended when dropped.
struct Example {
    child: Child,
    address: String,
}

impl Example {
    fn start(name: &str, folder: &Path) -> Self {
        let mut command = Command::new(built().join(name));
        command.arg("any=127.0.0.1:0").current_dir(folder).env("TOKEN", "secret").env("NO_COLOR", "1");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let said = lines.find_map(|line| Some(line.split_once("address=")?.1.to_owned()));
        let address = said.unwrap_or_else(|| panic!("{name} did not say where it listens"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// What a client prints.
    fn told(&self, client: &mut Command) -> String {
        let output = client.arg(&self.address).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{client:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of the examples' programs, which are built as a crate of their own into the target folder of the tests.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let target = test.ancestors().nth(3).unwrap();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "-q", "--locked", "--target-dir"]).arg(target).current_dir(EXAMPLES);
        let ran = cargo.output().unwrap();
        assert!(ran.status.success(), "{cargo:?}:\n{}", String::from_utf8_lossy(&ran.stderr));
        target.join("debug")
    })
}

/// curl, or none where there is no such program.
fn curl(arguments: &[&str]) -> Option<String> {
    let ran = Command::new("curl").args(["-sS", "--max-time", "20"]).args(arguments).output();
    let Ok(output) = ran else {
        skip("no curl");
        return None;
    };
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn hello_is_called_by_curl_and_python() {
    let hello = Example::start("hello", Path::new(EXAMPLES));
    let url = format!("http://{}/call/hello", hello.address);
    let post = ["-H", "content-type: application/json", "-d", r#"["you"]"#, &url];
    if let Some(answer) = curl(&post) {
        assert_eq!(answer, "\"Hello, you!\"");
    }
    let Some(interpreter) = python("xmlrpc.client") else { return };
    let call = "import sys, xmlrpc.client as x; print(x.ServerProxy('http://' + sys.argv[1]).hello('you'))";
    assert_eq!(hello.told(Command::new(interpreter).args(["-c", call])), "Hello, you!\n");
}

#[test]
fn the_store_is_called_by_go() {
    let Some(client) = go::build(&Path::new(EXAMPLES).join("clients"), "./store") else { return };
    let store = Example::start("store", Path::new(EXAMPLES));
    let missing = "no key \"missing\"";
    assert_eq!(store.told(&mut Command::new(client)), format!("go false 1 {missing}\ngo true 1 {missing}\n"));
}

#[test]
fn the_store_is_called_and_watched_by_python_and_curl() {
    let store = Example::start("store", Path::new(EXAMPLES));
    if let Some(interpreter) = python("grpc_reflection, jsonrpclib, zerorpc") {
        let client = Path::new(EXAMPLES).join("clients/store.py");
        let told = store.told(Command::new(interpreter).arg(client));
        let expected = [
            "xmlrpc.client False 1",
            "jsonrpclib False 2",
            "zerorpc False 3",
            "grpcio 4",
            "grpcio watches ['', '5', '']",
            "zerorpc watches [None, '5', None]",
        ];
        assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    }
    let call = |method: &str| format!("http://{}/call/{method}", store.address);
    let put = |body: &str| curl(&["-H", "content-type: application/json", "-d", body, &call("Store.Put")]);
    let Some(was) = put(r#"{"key":"curl","value":"6"}"#) else { return };
    assert_eq!(was, "false");
    assert_eq!(curl(&[&call("Store.Get?key=curl")]).unwrap(), "\"6\"");
    // The stream is one line for each change; curl is given up after the first.
    let watch = ["-sSN", &call("Store.Watch?key=curl")];
    let mut watching = Command::new("curl").args(watch).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), r#"{"key":"curl","value":"6"}"#);
    assert_eq!(put(r#"{"key":"curl","value":null}"#).unwrap(), "true");
    assert_eq!(lines.next().unwrap().unwrap(), r#"{"key":"curl","value":null}"#);
    watching.kill().unwrap();
    watching.wait().unwrap();
}

#[test]
fn the_guarded_server_asks_for_tls_and_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let guarded = Example::start("guarded", folder.path());
    let certificate = folder.path().join("cert.pem");
    let url = format!("https://localhost:{}/call/whoami", guarded.address.rsplit(':').next().unwrap());
    let call = |token: &[&str]| {
        let trusted = ["--cacert", certificate.to_str().unwrap(), "-w", " %{http_code}"];
        curl(&[&trusted[..], token, &[&url]].concat())
    };
    let Some(answer) = call(&["-H", "authorization: Bearer secret"]) else { return };
    assert_eq!(answer, "\"http from 127.0.0.1\" 200");
    for (token, words) in
        [(&[][..], "send authorization"), (&["-H", "authorization: Bearer other"], "is not the right one")]
    {
        let refused = call(token).unwrap();
        assert!(refused.contains(words) && refused.ends_with(" 401"), "{refused}");
    }
}

#[test]
fn a_service_of_tonics_and_a_method_are_called_by_grpcio() {
    let Some(interpreter) = python("grpc_reflection") else { return };
    let both = Example::start("beside_tonic", Path::new(EXAMPLES));
    let client = Path::new(EXAMPLES).join("clients/beside_tonic.py");
    assert_eq!(both.told(Command::new(interpreter).arg(client)), "elapsed True\nhalf 1.25\n");
}
