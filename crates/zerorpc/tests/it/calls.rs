//! Calls that answer once.

use crate::peers::{Server, run_python};

#[tokio::test]
async fn python_calls_the_notes_methods() {
    let server = Server::start().await;
    let script = r#"
c = client()
assert c.hello("RPC") == "Hello,RPC"
assert c.listinfo("x") == "get info : x"
assert c.getpow(2, 10) == 1024
assert c.add(1, 2) == 3 and c.add(1, 2.5) == 3.5
assert c.sleep(30) == 30
assert abs(c.time() - time.time()) < 5
assert c.strftime("%Y") == time.strftime("%Y")
assert c("Arith.Multiply", 17, 8) == 136
assert c("Arith.Divide", {"A": 17, "B": 8}) == {"Quo": 2, "Rem": 1}
assert c.hello("\u00e9\U0001f980") == "Hello,\u00e9\U0001f980"
"#;
    run_python(script, &server.url()).await;
}

#[tokio::test]
async fn values_come_back_as_they_went() {
    let server = Server::start().await;
    let script = r#"
c = client()
deep = []
for _ in range(100):
    deep = [deep]
for value in [None, True, False, 0, -1, 127, 128, -33, 2**31, -2**31, 2**63 - 1, -2**63, 2**64 - 1, 1.5, float("inf"), "", "text",
              "\u4f60\u597d", "x" * 31, "x" * 32, "x" * 256, "x" * 70000, b"", b"\0\xff", b"x" * 256, b"x" * 70000, [], [1, [2, [3]]],
              list(range(20)), list(range(70000)), {}, {"a": None, b"b": [1, {"c": b"d"}]}, {str(i): i for i in range(70000)},
              msgpack.Timestamp(0, 0), msgpack.Timestamp(2**32 - 1, 0), msgpack.Timestamp(2**33, 999999999),
              msgpack.Timestamp(-1, 1), msgpack.Timestamp(2**34, 0), deep]:
    back = c.echo(value)
    assert back == value and type(back) is type(value), (value, back)
nan = c.echo(float("nan"))
assert nan != nan
assert len(c.echo("x" * (15 << 20))) == 15 << 20
"#;
    run_python(script, &server.url()).await;
}

#[tokio::test]
async fn errors_are_pythons_exceptions() {
    let server = Server::start().await;
    let script = r#"
c = client()
assert error(c.nope) == ("NameError", "nope", "NameError: nope")
assert error(c._zerorpc_nope)[:2] == ("NameError", "_zerorpc_nope")
name, message, traceback = error(c.divide, 1, 0)
assert (name, message) == ("ZeroDivisionError", "division by zero")
assert name in traceback and message in traceback
for call, args, name in [(c.add, (1,), "TypeError"), (c.add, (1, 2, 3), "TypeError"), (c.add, (1, "x"), "TypeError"),
                         (c.hello, (), "TypeError"), (c.hello, (5,), "TypeError"), (c.sleep, (-1,), "ValueError"),
                         (c.getpow, (2, 64), "OverflowError"), (c.echo, ({1: 2},), "TypeError"),
                         (c.echo, (msgpack.ExtType(5, b"x"),), "TypeError")]:
    assert error(call, *args)[0] == name, args
assert c.hello("again") == "Hello,again"
"#;
    run_python(script, &server.url()).await;
}

#[tokio::test]
async fn introspection_has_pythons_shapes() {
    let server = Server::start().await;
    let script = r#"
c = client()
assert c._zerorpc_ping() == ["pong", "manywire"]
assert c._zerorpc_name() == "manywire"
names = c._zerorpc_list()
assert {"hello", "streaming_range", "Arith.Multiply"} <= set(names) and not any(n.startswith("_") for n in names)
assert c._zerorpc_help("hello") == "Hello, and the name."
assert c._zerorpc_args("add") == [["a", "b"], None, None, None]
assert error(c._zerorpc_help, "nope")[:2] == ("KeyError", "'nope'")
assert error(c._zerorpc_ping, 1)[0] == "TypeError"
about = c._zerorpc_inspect()
assert about["name"] == "manywire" and set(about["methods"]) == set(names)
assert about["methods"]["add"]["args"] == [{"name": "a"}, {"name": "b"}]
assert about["methods"]["hello"]["doc"] == "Hello, and the name."

# The command line reads the same answers.
from zerorpc import cli
longest, methods, service = cli.zerorpc_inspect(c, long_doc=False)
assert service == "manywire" and longest == max(len(name) for name, doc in methods), methods
"#;
    run_python(script, &server.url()).await;
}

#[tokio::test]
async fn a_slow_call_blocks_no_other() {
    let server = Server::start().await;
    let script = r#"
c = client()
slow = [gevent.spawn(c.sleep, 2500) for _ in range(50)]
gevent.sleep(0.1)
start = time.time()
assert [c.add(n, 1) for n in range(20)] == list(range(1, 21))
assert not any(task.ready() for task in slow), time.time() - start
assert [task.get() for task in slow] == [2500] * 50
"#;
    run_python(script, &server.url()).await;
}
