//! What stands below the options in each command's help.

/// Below the list of commands.
pub(crate) const MAIN: &str = "\
Examples:
  manywire serve
  manywire call gob://127.0.0.1:1234 Arith.Multiply '{\"A\":17,\"B\":8}'
  manywire list grpc://127.0.0.1:7070
  manywire describe jsonrpc://127.0.0.1:8080 pow

`manywire COMMAND --help` has more of each.";

/// Below the options of `serve`.
pub(crate) const SERVE: &str = "\
Examples:
  manywire serve                                          every wire on its default port
  manywire serve --host 0.0.0.0                           the same, reachable from outside
  manywire serve --listen any=127.0.0.1:0                 every wire on one free port, which is printed
  manywire serve --listen netrpc,zerorpc=127.0.0.1:1234 --listen ops=127.0.0.1:8000
  manywire serve --config manywire.toml                   the options below as a file: host = \"0.0.0.0\", tick = \"50ms\", …

Wires: any, netrpc, grpc, jsonrpc, xmlrpc, http, zerorpc, zerorpc-pub, ops.
A flag beats its environment variable, which beats the file. Logs go to stderr; RUST_LOG=debug says more.";

/// Below the options of `gateway`.
pub(crate) const GATEWAY: &str = "\
Examples:
  manywire gateway xmlrpc://old:8088/RPC2 --listen any=127.0.0.1:2021
  manywire gateway old=zerorpc://a:4242 grpc://b:7070      two servers; a name that both have needs a prefix
  manywire gateway gob://old:1234 --method 'Arith.Multiply(A: int, B: int) -> int'
  manywire gateway zerorpc://old:4242 --method 'streaming_range(...) -> stream of any'
  manywire gateway gob://old:1234 --pass-through          any name, as it came

What a server has is asked of it: gRPC's reflection, system.schema of our own servers, system.listMethods, _zerorpc_inspect. It is asked again \
when it was away, and on SIGHUP. A method is written as `describe` prints it.";

/// Below the options of `list` and `describe`.
pub(crate) const URLS: &str = "\
URLs say the wire, and what carries it:
  gob://HOST:PORT  gob+http://          Go's net/rpc
  jsonrpc1+tcp://  jsonrpc1+http://     JSON-RPC 1.0, as Go's net/rpc speaks it
  jsonrpc://  jsonrpc+ws://             JSON-RPC 2.0 over HTTP, and over a WebSocket
  xmlrpc://HOST:PORT/RPC2  zerorpc://  grpc://
With TLS: gob+tls, gob+https, jsonrpc1+tls, jsonrpc1+https, jsonrpc+https, jsonrpc+wss, xmlrpc+https, zerorpc+tls, grpcs.
Several servers that may take each other's place: gob://A:1234,B:1234

Exit codes: 0 answered; 1 the server answered with an error; 2 bad usage; 3 could not connect, or timed out.";

/// Below the options of `export`.
pub(crate) const EXPORT: &str = "\
Examples:
  manywire export openrpc jsonrpc://127.0.0.1:8080 > openrpc.json
  manywire export json gob://127.0.0.1:1234 | jq '.methods[].signature'
  manywire export proto grpc://127.0.0.1:7070
  manywire export proto grpc://127.0.0.1:7070 --dir proto    a file for each, ready for protoc and buf

A server of ours says on every wire what it serves; any other is asked by gRPC's reflection, which has no comments.";

/// Below the options of `call`.
pub(crate) const CALL: &str = "\
Examples:
  manywire call gob://127.0.0.1:1234 Arith.Multiply '{\"A\":17,\"B\":8}'
  manywire call gob://127.0.0.1:1234 Arith.Multiply --set A=17 --set B=8
  manywire call jsonrpc://127.0.0.1:8080 add 3 2
  manywire call xmlrpc://127.0.0.1:8088/RPC2 divide 7 2
  manywire call zerorpc://127.0.0.1:4242 streaming_range 0 10 2          one line for each item
  manywire call grpc://127.0.0.1:7070 Greeter/SayHello @hello.json
  manywire call --proto proto/greeter.proto grpc://127.0.0.1:7070 Greeter/SayHello --set name=you
  manywire call grpc://127.0.0.1:7070 Greeter/PutStream '{\"data\":\"a\"}' '{\"data\":\"b\"}'
  manywire call grpc://127.0.0.1:7070 ChatService/TextChat -             messages as they come on stdin
  manywire call jsonrpc+ws://127.0.0.1:8080 subscribe_ticks
  manywire call -v gob://127.0.0.1:1234 h.Hello '\"you\"'                  the bytes, explained
  manywire call --repeat 1000 grpc://127.0.0.1:7070 Greeter/SayHello     how long a call takes

Values are JSON, and what JSON has not is an object with one name:
  {\"$bytes\":\"aGk=\"}                  bytes, in base64: []byte to gob, base64 to XML-RPC
  {\"$time\":\"2026-01-02T03:04:05Z\"}   a time: time.Time to gob, dateTime.iso8601 to XML-RPC
  {\"$map\":{\"apples\":3}}             a map, where gob would send a struct; its names may begin with $
  {\"$uint\":7}                        an unsigned number of gob's
  {\"$float\":\"NaN\"}                 NaN, Infinity or -Infinity
Where the server says what its methods take, types come from there: --set name=5 is a text where name is one, and a text is \
read as base64 or as a time where bytes or a time are wanted.
  manywire call xmlrpc://127.0.0.1:8088/RPC2 echo '{\"$time\":\"2026-01-02T03:04:05Z\"}'
  manywire call gob://127.0.0.1:1234 Store.Put --set 'Tags={\"$map\":{\"a\":\"b\"}}' --set 'Data={\"$bytes\":\"aGk=\"}'

Answers are JSON on stdout, everything else is on stderr. An answer is one line; only a long one on a terminal is \
spread over several. The items of a stream are a line each. With --repeat the first answer is printed, and the first \
error ends it.

A method of gRPC that takes a stream of requests is sent each argument as one, and for - each JSON value on stdin as \
it comes. `manywire list --help` has the forms of URLs.

Exit codes: 0 answered; 1 the server answered with an error; 2 bad usage; 3 could not connect, or timed out; 130 a \
stream was ended with Ctrl-C (143: by SIGTERM).";

/// Below the options of `upload`.
pub(crate) const UPLOAD: &str = "\
Examples:
  manywire upload grpc://127.0.0.1:7070 photo.jpg
  tar c notes | manywire upload grpc://127.0.0.1:7070 - notes.tar

No one sees the file before all of it is there; one that was broken off leaves nothing behind.";

/// Below the options of `download`.
pub(crate) const DOWNLOAD: &str = "\
Examples:
  manywire download grpc://127.0.0.1:7070 photo.jpg
  manywire download grpc://127.0.0.1:7070 photo.jpg /tmp/copy.jpg --force
  manywire download grpc://127.0.0.1:7070 notes.tar - | tar x

The file appears once all of it is there; a download that was broken off leaves nothing behind.";

/// Below the options of `completions`.
pub(crate) const COMPLETIONS: &str = "\
Examples:
  manywire completions bash > ~/.local/share/bash-completion/completions/manywire
  manywire completions zsh > ~/.zfunc/_manywire           where ~/.zfunc is in fpath
  manywire completions fish > ~/.config/fish/completions/manywire.fish";

/// Below the options of `man`.
pub(crate) const MAN: &str = "\
Examples:
  manywire man call | man -l -
  manywire man --dir ~/.local/share/man/man1";
