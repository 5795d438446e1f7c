//! TLS in front of the wires.

use std::process::Command;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::Server;

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
