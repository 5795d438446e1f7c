//! `manywire call`, `list` and `describe` on every wire.

use std::process::Output;

use crate::{Server, program, text};

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn start() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&["any"], &["--tick", "10ms", "--data-dir", folder.path().to_str().unwrap()]);
    (server, folder)
}

#[test]
fn local_time_is_that_of_the_time_zone_in_the_environment() {
    let zone = "Asia/Shanghai";
    if !std::path::Path::new("/usr/share/zoneinfo").join(zone).exists() {
        return manywire_peers::skip("no time zones in /usr/share/zoneinfo");
    }
    let mut shanghai = program();
    shanghai.env("TZ", zone);
    let server = Server::start_as(shanghai, &["zerorpc"], &[]);
    let url = format!("zerorpc://{}", server.address("zerorpc"));
    assert_eq!(printed(&run(&["call", &url, "strftime", r#""%z %Z""#])), "\"+0800 CST\"\n");
}

#[test]
fn each_wire_is_called_by_its_url() {
    let (server, _folder) = start();
    let at = server.address("any");
    for (scheme, path, arguments, expected) in [
        ("gob", "", &["Arith.Multiply", r#"{"A":17,"B":8}"#][..], "136\n"),
        ("gob+http", "", &["Arith.Divide", "--set", "A=-17", "--set", "B=8"], "{\"Quo\":-2,\"Rem\":-1}\n"),
        ("jsonrpc1+tcp", "", &["h.Hello", r#""wörld""#], "\"hello,wörld\"\n"),
        ("jsonrpc1+http", "/jsonrpc", &["js.J", r#""x""#], "\"123,x\"\n"),
        ("jsonrpc", "", &["add", "3", "-2"], "1\n"),
        ("jsonrpc+ws", "", &["pow", "2", "-1"], "0.5\n"),
        ("jsonrpc", "", &["subtract", "--set", "x=2", "--set", "y=5"], "3\n"),
        ("xmlrpc", "/RPC2", &["echo", r#"{"a":[1,null,"<&>"]}"#], "{\"a\":[1,null,\"<&>\"]}\n"),
        ("zerorpc", "", &["hello", r#""RPC""#], "\"Hello,RPC\"\n"),
        ("zerorpc", "", &["streaming_range", "0", "6", "2"], "0\n2\n4\n"),
        ("grpc", "", &["Greeter/SayHello", r#"{"name":"world"}"#], "{\"message\":\"hello world\"}\n"),
        (
            "grpc",
            "",
            &["Greeter/SayHello", "--set", "name=you", "-H", "accept-language: zh"],
            "{\"message\":\"你好,you\"}\n",
        ),
        (
            "grpc",
            "",
            &["ChatService/TextChat", r#"{"message":"a"}"#],
            "{\"message\":\"server send world to client!i=0\"}\n",
        ),
        (
            "grpc",
            "",
            &["Greeter/PutStream", r#"{"data":"a"}"#, r#"{"data":"b"}"#],
            "{\"data\":\"received 2\"}\n",
        ),
    ] {
        let url = format!("{scheme}://{at}{path}");
        let output = program().args(["call", &url]).args(arguments).output().unwrap();
        assert_eq!(printed(&output), expected, "{url} {arguments:?}");
    }
}

#[test]
fn arguments_may_come_from_stdin_or_a_file() {
    let (server, folder) = start();
    let file = folder.path().join("args.json");
    std::fs::write(&file, r#"{"A":6,"B":7}"#).unwrap();
    let url = format!("gob://{}", server.address("any"));
    let output =
        program().args(["call", &url, "Arith.Multiply", &format!("@{}", file.display())]).output().unwrap();
    assert_eq!(printed(&output), "42\n");
    let stdin = std::fs::File::open(&file).unwrap();
    let output = program().args(["call", &url, "Arith.Multiply", "-"]).stdin(stdin).output().unwrap();
    assert_eq!(printed(&output), "42\n");
}

#[test]
fn servers_tell_what_they_have() {
    let (server, _folder) = start();
    let at = server.address("any");
    let mut schema = None;
    for scheme in
        ["gob", "gob+http", "jsonrpc1+tcp", "jsonrpc1+http", "jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc"]
    {
        let url = format!("{scheme}://{at}");
        let list = printed(&run(&["list", &url]));
        assert!(list.lines().any(|line| line == "Arith.Multiply"), "{list}");
        assert!(list.lines().any(|line| line == "streaming_range  (a stream of answers)"), "{list}");
        let about = printed(&run(&["describe", &url, "getpow"]));
        let expected =
            "getpow(n: number, m: number) -> number\nn to the power of m; a negative m makes it a float.\n";
        assert_eq!(about, expected, "{url}");
        let about = printed(&run(&["describe", &url, "streaming_range"]));
        assert!(
            about.starts_with("streaming_range(fr: int, to: int, step: int) -> stream of int\n"),
            "{about}"
        );
        let elsewhere = match scheme {
            "zerorpc" => "one by one.\n",
            "jsonrpc+ws" => "Call it as subscribe_streaming_range.\n",
            _ => "or by JSON-RPC over a WebSocket.\n",
        };
        assert!(about.ends_with(elsewhere), "{url}: {about}");
        let exported = printed(&run(&["export", "json", &url]));
        let schema = schema.get_or_insert_with(|| exported.clone());
        assert_eq!(*schema, exported, "{url}");
    }
    let schema: serde_json::Value = serde_json::from_str(&schema.unwrap()).unwrap();
    let quotient = serde_json::json!({"name": "Quotient", "fields": [
        {"name": "Quo", "type": {"type": "int"}, "required": true},
        {"name": "Rem", "type": {"type": "int"}, "required": true},
    ]});
    assert!(schema["records"].as_array().unwrap().contains(&quotient), "{schema:#}");
    let url = format!("grpc://{at}");
    assert!(printed(&run(&["list", &url])).contains("Greeter/SayHello\n"));
    let about = printed(&run(&["describe", &url, "Greeter/SayHello"]));
    assert!(about.starts_with("rpc SayHello(HelloRequest) returns (HelloReply)\n"), "{about}");
}

#[test]
fn a_server_is_exported_as_an_openrpc_document() {
    let (server, _folder) = start();
    let at = server.address("any");
    let export = |scheme: &str| -> serde_json::Value {
        let printed = printed(&run(&["export", "openrpc", &format!("{scheme}://{at}")]));
        serde_json::from_str(&printed).unwrap()
    };
    let has = |document: &serde_json::Value, name: &str| {
        document["methods"].as_array().unwrap().iter().any(|method| method["name"] == name)
    };
    let by_json = export("jsonrpc");
    assert!(has(&by_json, "add") && has(&by_json, "subscribe_ticks"), "{by_json:#}");
    assert_eq!(export("zerorpc"), by_json);
    assert_eq!(export("gob"), by_json);
    let by_reflection = export("grpc");
    assert!(has(&by_reflection, "Greeter.SayHello"), "{by_reflection:#}");
    let request = &by_reflection["components"]["schemas"]["HelloRequest"];
    assert_eq!(request["properties"]["name"]["type"], "string");
}

#[test]
fn a_grpc_server_is_exported_as_files_that_compile() {
    let (server, folder) = start();
    let url = format!("grpc://{}", server.address("any"));
    let all = printed(&run(&["export", "proto", &url]));
    assert!(all.contains("  rpc SayHello(HelloRequest) returns (HelloReply);\n"), "{all}");
    let files = folder.path().join("protos");
    printed(&run(&["export", "proto", &url, "--dir", files.to_str().unwrap()]));
    let all: Vec<_> = std::fs::read_dir(&files).unwrap().map(|file| file.unwrap().path()).collect();
    let all: Vec<_> = all.iter().filter(|path| path.extension().is_some_and(|ext| ext == "proto")).collect();
    assert!(all.len() > 3, "{all:?}");
    let compiled = protox::compile(all, [&files]).unwrap_or_else(|error| panic!("{error:?}"));
    let services: Vec<_> =
        compiled.file.iter().flat_map(|file| &file.service).filter_map(|s| s.name.as_deref()).collect();
    assert!(services.contains(&"Greeter") && services.contains(&"TypesService"), "{services:?}");
    // By any other wire the same, with what the methods do.
    let files = folder.path().join("others");
    printed(&run(&["export", "proto", &url.replace("grpc", "gob"), "--dir", files.to_str().unwrap()]));
    let made = std::fs::read_to_string(files.join("manywire/methods.proto")).unwrap();
    let documented = "  // The product A*B.\n  rpc Multiply(Args) returns (MultiplyResponse);\n";
    assert!(made.contains(documented), "{made}");
    let compiled = protox::compile([files.join("manywire/methods.proto")], [&files]);
    compiled.unwrap_or_else(|error| panic!("{error:?}"));
}

#[test]
fn a_subscription_prints_a_line_for_each_item_until_the_reader_leaves() {
    use std::io::{BufRead as _, BufReader};
    let (server, _folder) = start();
    let url = format!("jsonrpc+ws://{}", server.address("any"));
    let mut child = program()
        .args(["call", &url, "subscribe_ticks"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("{\"n\":1,\"unix_seconds\":"));
    assert!(lines.next().unwrap().unwrap().starts_with("{\"n\":2,"));
    drop(lines);
    assert!(child.wait().unwrap().success(), "a reader that leaves is no error");
}

#[test]
fn a_rate_limit_holds_on_every_wire() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        Server::start(&["any"], &["--rate-limit", "1", "--data-dir", folder.path().to_str().unwrap()]);
    let request = r#"{"method":"js.J","params":["x"],"id":1}"#.repeat(2);
    let answers = crate::exchange(server.connect("any"), request.as_bytes());
    assert!(answers.contains("123,x") && answers.contains("too many calls per second"), "{answers}");
    // Reflection is a call too, so the client's one call is spent before it asks for anything else.
    let url = format!("grpc://{}", server.address("any"));
    let output = run(&["call", &url, "Greeter/SayHello", "{}"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("too many calls per second"), "{}", text(&output));
}
