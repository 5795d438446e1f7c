//! Clients in other languages, unmodified, against our server: Ruby's, Perl's RPC::XML, and Apache's for Java.

use std::path::PathBuf;
use std::process::Stdio;

use manywire_core::Limits;
use manywire_peers::skip;
use tokio::process::Command;

use crate::serving::serve;

fn peer(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "peers", path].iter().collect()
}

/// Whether a command runs, which shows that a language and its library are there.
async fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

/// Runs a client that checks our answers.
async fn check(mut client: Command) {
    let address = serve(Limits::default()).await;
    let output = client.arg(format!("http://{address}/RPC2")).kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("every check held"), "{said}{complaints}");
}

#[tokio::test]
async fn rubys_client_is_answered() {
    if !runs("ruby", &["-e", "require 'xmlrpc/client'"]).await {
        return skip("no Ruby with its xmlrpc library (Debian: ruby ruby-xmlrpc)");
    }
    let mut client = Command::new("ruby");
    client.arg(peer("client.rb"));
    check(client).await;
}

#[tokio::test]
async fn perls_client_is_answered() {
    if !runs("perl", &["-MRPC::XML::Client", "-e", "1"]).await {
        return skip("no Perl with RPC::XML (Debian: librpc-xml-perl)");
    }
    let mut client = Command::new("perl");
    client.arg(peer("client.pl"));
    check(client).await;
}

#[tokio::test]
async fn apaches_client_is_answered_in_its_own_namespace() {
    if !runs("java", &["-version"]).await || !runs("mvn", &["-version"]).await {
        return skip("no Java with Maven (Debian: default-jdk-headless maven)");
    }
    let (pom, listed) = (peer("apache/pom.xml"), concat!(env!("CARGO_TARGET_TMPDIR"), "/apache-classpath"));
    let list = format!("-Dmdep.outputFile={listed}");
    if !runs("mvn", &["-q", "-B", "dependency:build-classpath", &list, "-f", pom.to_str().unwrap()]).await {
        return skip("org.apache.xmlrpc:xmlrpc-client cannot be fetched by Maven");
    }
    let mut client = Command::new("java");
    client.args(["-cp", &std::fs::read_to_string(listed).unwrap()]).arg(peer("apache/Client.java"));
    check(client).await;
}
