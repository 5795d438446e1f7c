//! `rpc.discover`, judged by OpenRPC's own meta-schema.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use futures_util::stream;
use manywire_core::introspect::Schema;
use manywire_core::{Empty, Timestamp, Value};
use serde::{Deserialize, Serialize};

use crate::server::TestServer;

#[derive(Serialize, Deserialize)]
struct Everything {
    flag: bool,
    count: i64,
    ratio: Option<f64>,
    when: Timestamp,
    any: Value,
    pairs: std::collections::BTreeMap<String, Vec<i64>>,
    inside: Option<Box<Everything>>,
    color: Color,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
    Green,
}

fn document() -> serde_json::Value {
    let mut methods = manywire_notes::methods(manywire_notes::Settings::default());
    methods.add("everything", "Gives it back.\nAll of it.", |all: Everything| async move { Ok(all) });
    methods.add("optional", "", |n: Option<i64>| async move { Ok(n) });
    methods.add_stream("wander", "Wanders.", |_: Empty| stream::iter([Ok(Empty {})]));
    methods.add_client_stream("swallow", "", |_: manywire_core::Requests<i64>| async { Ok(()) });
    let document = manywire_jsonrpc::openrpc::document(&Schema::of(&methods));
    serde_json::to_value(document).unwrap()
}

fn method<'d>(document: &'d serde_json::Value, name: &str) -> &'d serde_json::Value {
    let methods = document["methods"].as_array().unwrap();
    methods.iter().find(|method| method["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test]
async fn a_server_is_discovered() {
    let server = TestServer::start().await;
    let (_, answer) = server.post(br#"{"jsonrpc":"2.0","method":"rpc.discover","id":1}"#).await;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let document = &answer["result"];
    assert_eq!(document["openrpc"], "1.3.2");
    assert_eq!(method(document, "Arith.Divide")["result"]["schema"]["$ref"], "#/components/schemas/Quotient");
    assert_eq!(document["components"]["schemas"]["Quotient"]["properties"]["Rem"]["type"], "integer");
}

#[test]
fn types_are_json_schemas() {
    let document = document();
    let params = method(&document, "everything")["params"].as_array().unwrap();
    let names: Vec<_> = params.iter().map(|param| param["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["flag", "count", "ratio", "when", "any", "pairs", "inside", "color"]);
    assert_eq!(params[2]["required"], false);
    assert_eq!(params[3]["schema"], serde_json::json!({"type": "string", "format": "date-time"}));
    let pairs = serde_json::json!({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}});
    assert_eq!(params[5]["schema"], pairs);
    let inside =
        serde_json::json!({"anyOf": [{"$ref": "#/components/schemas/Everything"}, {"type": "null"}]});
    assert_eq!(params[6]["schema"], inside);
    assert_eq!(params[7]["schema"], serde_json::json!({"type": "string", "enum": ["red", "green"]}));
    assert_eq!(method(&document, "everything")["summary"], "Gives it back.");
    assert_eq!(method(&document, "optional")["paramStructure"], "by-position");
}

#[test]
fn streams_are_subscriptions_and_what_cannot_be_carried_is_left_out() {
    let document = document();
    let subscribe = method(&document, "subscribe_ticks");
    assert_eq!(subscribe["x-kind"], "subscription");
    assert_eq!(subscribe["x-notification"]["params"][1]["schema"]["$ref"], "#/components/schemas/Tick");
    assert_eq!(method(&document, "unsubscribe_ticks")["result"]["schema"]["type"], "boolean");
    let text = document.to_string();
    assert!(!text.contains("\"swallow\"") && !text.contains("\"name\":\"ticks\""), "{text}");
}

#[test]
fn the_document_fits_the_meta_schema() {
    let node = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../interop/node"));
    if !node.join("node_modules/@open-rpc/meta-schema").is_dir() {
        return manywire_peers::skip("no Node with the packages of crates/interop/node (npm ci)");
    }
    let mut child = Command::new("node")
        .arg("openrpc.js")
        .current_dir(node)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(document().to_string().as_bytes()).unwrap();
    let said = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "valid\n");
}
