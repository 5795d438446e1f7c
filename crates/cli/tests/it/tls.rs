//! TLS in front of the wires.

use std::process::Command;

use rcgen::generate_simple_self_signed;

use crate::transcript::Transcript;
use crate::{Server, exchange, get, program, text};

/// A certificate for `localhost` and its key, and an authority with a client that it vouches for, all in PEM files.
pub(crate) struct Files(tempfile::TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let own = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        files.write("cert.pem", &own.cert.pem());
        files.write("key.pem", &own.signing_key.serialize_pem());
        let key = rcgen::KeyPair::generate().unwrap();
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        files.write("authority.pem", &authority.self_signed(&key).unwrap().pem());
        let issuer = rcgen::Issuer::new(authority, key);
        let client_key = rcgen::KeyPair::generate().unwrap();
        let client = rcgen::CertificateParams::new(["client".to_owned()]).unwrap();
        files.write("client.pem", &client.signed_by(&client_key, &issuer).unwrap().pem());
        files.write("client-key.pem", &client_key.serialize_pem());
        files
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Flags of a server that speaks TLS, and these.
    fn flags(&self, more: &[&str]) -> Vec<String> {
        let own = ["--tls-cert", &self.path("cert.pem"), "--tls-key", &self.path("key.pem")];
        own.iter().chain(more).map(|flag| (*flag).to_owned()).collect()
    }

    fn serve(&self, listeners: &[&str], more: &[&str]) -> Server {
        let flags = self.flags(more);
        Server::start(listeners, &flags.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

const CALL: &str = r#"{"method":"js.J","params":["x"],"id":1}"#;
const ANSWER: &str = "{\"id\":1,\"result\":\"123,x\",\"error\":null}\n";

/// What Python's ssl module, a foreign peer that checks the certificate, is answered to a call of JSON-RPC 1.0.
fn python_in_tls(server: &Server, files: &Files) -> String {
    let port = server.address("any").rsplit_once(':').unwrap().1;
    let script = format!(
        "import socket, ssl\n\
         context = ssl.create_default_context(cafile={:?})\n\
         with context.wrap_socket(socket.create_connection(('localhost', {port}), 10), server_hostname='localhost') as s:\n\
         \x20   s.sendall({CALL:?}.encode())\n\
         \x20   print(s.recv(100).decode(), end='')\n",
        files.path("cert.pem")
    );
    let output = Command::new("python3").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_certificate_puts_every_wire_behind_tls_and_refuses_plaintext() {
    let files = Files::new();
    let server = files.serve(&["any", "ops", "zerorpc"], &[]);
    assert_eq!(python_in_tls(&server, &files), ANSWER);
    for call in [
        "GET /?a=1&b=2 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "POST /jsonrpc HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n{",
        "CONNECT /_goRPC_ HTTP/1.0\n\n",
    ] {
        let answer = exchange(server.connect("any"), call.as_bytes());
        assert!(
            answer.starts_with("HTTP/1.1 426 Upgrade Required\r\nupgrade: TLS/1.2, HTTP/1.1\r\n"),
            "{answer}"
        );
        assert!(
            answer.ends_with("this port speaks TLS: write https://, grpcs://, gob+tls:// or the like\n"),
            "{answer}"
        );
    }
    let http2 = exchange(server.connect("any"), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    assert!(http2.contains("\u{c}this port speaks TLS"), "{http2:?}");
    for (listener, bytes) in [
        ("any", CALL.as_bytes()),
        ("any", b"\x2F\xFF\x81\x03"),
        ("any", b"\xFF\0\0\0\0\0\0\0\x01\x7F"),
        ("zerorpc", b"\xFF\0\0\0\0\0\0\0\x01\x7F"),
    ] {
        assert_eq!(exchange(server.connect(listener), bytes), "", "{bytes:x?}");
    }
    assert!(get(server.connect("ops"), "/healthz").ends_with("ok\n"), "the operator needs no certificate");
}

#[test]
fn plaintext_beside_tls_is_for_those_who_ask_for_it() {
    let files = Files::new();
    let server = files.serve(&["any"], &["--allow-plaintext"]);
    assert_eq!(python_in_tls(&server, &files), ANSWER);
    assert_eq!(exchange(server.connect("any"), CALL.as_bytes()), ANSWER);
}

#[test]
fn who_wants_certificates_of_clients_gets_no_plaintext() {
    let files = Files::new();
    let authority = files.path("authority.pem");
    let server = files.serve(&["any", "ops"], &["--tls-client-ca", &authority]);
    assert_eq!(exchange(server.connect("any"), CALL.as_bytes()), "");
    let upload = exchange(server.connect("any"), b"POST /call/x HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(upload.starts_with("HTTP/1.1 426"), "{upload}");
    let flags =
        files.flags(&["--tls-client-ca", &authority, "--allow-plaintext", "--listen", "any=127.0.0.1:0"]);
    let both = program().arg("serve").args(flags).output().unwrap();
    assert_eq!(both.status.code(), Some(1));
    assert_eq!(
        text(&both),
        "manywire: --tls-client-ca lets in only who shows a certificate, and --allow-plaintext whoever comes; leave one of them out\n"
    );
}

#[test]
fn calls_in_tls_on_every_wire() {
    let files = Files::new();
    let server = files.serve(&["any"], &[]);
    let at = server.address("any").replace("127.0.0.1", "localhost");
    let names = [(at, "HOST:PORT"), (files.path("cert.pem"), "CERT")];
    let mut shell = Transcript::new(names);
    for (wire, call) in [
        ("gob+tls", "h.Hello '\"you\"'"),
        ("gob+https", "h.Hello '\"you\"'"),
        ("jsonrpc1+tls", "h.Hello '\"you\"'"),
        ("jsonrpc1+https", "h.Hello '\"you\"'"),
        ("jsonrpc+https", "add 1 2"),
        ("jsonrpc+wss", "add 1 2"),
        ("xmlrpc+https", "add 1 2"),
        ("zerorpc+tls", "add 1 2"),
        ("grpcs", "Greeter/SayHello"),
    ] {
        shell.run(&format!("call --cacert CERT {wire}://HOST:PORT {call}"));
    }
    shell.run("call --insecure gob+tls://HOST:PORT h.Hello '\"you\"'");
    shell.run("call gob+tls://HOST:PORT h.Hello '\"you\"'");
    shell.run("call --cacert CERT --server-name example.org gob+tls://HOST:PORT h.Hello '\"you\"'");
    shell.compare(snapbox::file!["transcripts/calls_in_tls.txt"]);
}

#[test]
fn a_server_that_asks_who_is_there_is_told() {
    let files = Files::new();
    let server = files.serve(&["any"], &["--tls-client-ca", &files.path("authority.pem")]);
    let at = server.address("any").replace("127.0.0.1", "localhost");
    let names = [(at, "HOST:PORT"), (files.0.path().to_str().unwrap().to_owned(), "DIR")];
    let mut shell = Transcript::new(names);
    let trusted = "--cacert DIR/cert.pem";
    shell.run(&format!(
        "call {trusted} --cert DIR/client.pem --key DIR/client-key.pem grpcs://HOST:PORT Greeter/SayHello"
    ));
    shell.run(&format!(
        "call {trusted} --cert DIR/client-key.pem --key DIR/client-key.pem grpcs://HOST:PORT Greeter/SayHello"
    ));
    shell.compare(snapbox::file!["transcripts/mutual_tls.txt"]);
    let stranger = ["call", "--cacert", &files.path("cert.pem")];
    let url = format!("gob+tls://{}", server.address("any").replace("127.0.0.1", "localhost"));
    let output = program().args(stranger).args([&url, "h.Hello", "\"x\""]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
}
