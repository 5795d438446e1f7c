//! TLS in front of the wires.

use std::process::Command;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::Server;
use crate::transcript::Transcript;

#[test]
fn a_certificate_puts_every_wire_behind_tls_and_leaves_the_plain_ones() {
    let folder = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert_file, key_file) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert_file, cert.pem()).unwrap();
    std::fs::write(&key_file, signing_key.serialize_pem()).unwrap();
    let (cert_file, key_file) = (cert_file.to_str().unwrap(), key_file.to_str().unwrap());
    let server = Server::start(&["any"], &["--tls-cert", cert_file, "--tls-key", key_file]);
    let port = server.address("any").rsplit_once(':').unwrap().1;
    // Python's ssl module is the foreign peer: it checks the certificate and speaks JSON-RPC 1.0 inside.
    let script = format!(
        "import socket, ssl\n\
         context = ssl.create_default_context(cafile={cert_file:?})\n\
         for wrap in (lambda s: context.wrap_socket(s, server_hostname='localhost'), lambda s: s):\n\
         \x20   with wrap(socket.create_connection(('localhost', {port}), 10)) as s:\n\
         \x20       s.sendall(b'{{\"method\":\"js.J\",\"params\":[\"x\"],\"id\":1}}')\n\
         \x20       print(s.recv(100).decode(), end='')\n"
    );
    let output = Command::new("python3").args(["-c", &script]).output().unwrap();
    let line = "{\"id\":1,\"result\":\"123,x\",\"error\":null}\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), line.repeat(2), "{}", crate::text(&output));
}

/// A certificate for `localhost` and its key, and an authority with a client that it vouches for, all in PEM files.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
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

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn calls_in_tls_on_every_wire() {
    let files = Files::new();
    let server = Server::start(
        &["any"],
        &["--tls-cert", &files.path("cert.pem"), "--tls-key", &files.path("key.pem")],
    );
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
    let server = Server::start(
        &["any"],
        &[
            "--tls-cert",
            &files.path("cert.pem"),
            "--tls-key",
            &files.path("key.pem"),
            "--tls-client-ca",
            &files.path("authority.pem"),
        ],
    );
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
    let output = crate::program().args(stranger).args([&url, "h.Hello", "\"x\""]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", crate::text(&output));
}
