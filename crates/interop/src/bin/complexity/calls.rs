//! Calls by our own client: what one side encodes, the other decodes, and the answer comes back in the same way.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use futures_util::StreamExt as _;
use manywire_client::{Arguments, Client, Options};
use manywire_core::Value;

use super::relay::Cut;
use super::work::{Row, Work};

/// `gob+http` and `jsonrpc1+http` have the codecs of `gob` and `jsonrpc1`, and the HTTP of `jsonrpc`.
const WIRES: &[&str] = &["gob", "jsonrpc1+tcp", "jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc", "grpc"];

/// Callgrind takes its time.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A string of so many bytes.
    Text,
    /// A list of so many integers.
    Numbers,
    /// A map with so many keys.
    Keys,
    /// A list of so many small maps, or messages.
    Records,
    /// A batch of so many calls.
    Calls,
    /// A stream of so many items.
    Items,
}

pub(crate) struct Call {
    wire: &'static str,
    kind: Kind,
}

/// Every kind on every wire, and a few of them in pieces; with the size to begin with.
pub(crate) fn rows(cut: Cut) -> Vec<(Call, usize)> {
    let kinds: &[(Kind, usize)] = match cut {
        Cut::Whole => &[
            (Kind::Text, 10_000),
            (Kind::Numbers, 300),
            (Kind::Keys, 150),
            (Kind::Records, 60),
            (Kind::Calls, 40),
            (Kind::Items, 40),
        ],
        Cut::Into(1) => &[(Kind::Numbers, 40)],
        Cut::Into(_) => &[(Kind::Text, 5_000), (Kind::Records, 40)],
    };
    let rows =
        WIRES.iter().flat_map(|wire| kinds.iter().map(|(kind, size)| (Call { wire, kind: *kind }, *size)));
    // The schema, which gRPC's client asks for first, takes too long byte by byte: `raw` has small calls.
    rows.filter(|(row, _)| row.kind != Kind::Items || matches!(row.wire, "zerorpc" | "grpc"))
        .filter(|(row, _)| row.wire != "grpc" || cut != Cut::Into(1))
        .collect()
}

impl Row for Call {
    fn name(&self) -> String {
        format!("{} {:?}", self.wire, self.kind)
    }

    async fn prepare(&self, server: SocketAddr, size: usize) -> anyhow::Result<Work> {
        let options = Options { timeout: Some(PATIENCE), ..Options::default() };
        let client = Client::connect(&format!("{}://{server}", self.wire), options).await?;
        let (is_grpc, kind) = (self.wire == "grpc", self.kind);
        Ok(match kind {
            Kind::Calls => {
                let call = if is_grpc { ("Greeter/SayHello", hello()) } else { ("ping", one(Value::Int(1))) };
                let calls = vec![(call.0.to_owned(), call.1); size];
                Box::pin(async move {
                    let outcomes = client.batch(calls).await?;
                    ensure!(outcomes.len() == size && outcomes.iter().all(Result::is_ok), "a call failed");
                    Ok(())
                })
            }
            Kind::Items if is_grpc => Box::pin(async move {
                let requests =
                    futures_util::stream::repeat_with(|| Value::map([("data", Value::from("x"))])).take(size);
                client.send("Greeter/PutStream", requests).await?;
                Ok(())
            }),
            Kind::Items => Box::pin(async move {
                let range = vec![0.into(), Value::Int(size as i64), 1.into()];
                ensure!(
                    client.stream("streaming_range", range).await?.count().await == size,
                    "items are missing"
                );
                Ok(())
            }),
            _ => {
                let (method, argument) = if is_grpc {
                    ("TypesService/Echo", message(kind, size))
                } else {
                    ("ping", one(value(kind, size)))
                };
                Box::pin(async move {
                    client.call(method, argument).await?;
                    Ok(())
                })
            }
        })
    }
}

fn one(value: Value) -> Arguments {
    Arguments::Record(vec![("x".into(), value)])
}

fn value(kind: Kind, size: usize) -> Value {
    match kind {
        Kind::Numbers => Value::Array((0..size).map(|at| Value::Int(at as i64 * 7_919)).collect()),
        Kind::Keys => {
            Value::Map((0..size).map(|at| (format!("Key{at}").into(), Value::Int(at as i64))).collect())
        }
        Kind::Records => Value::Array((0..size).map(record).collect()),
        _ => "x".repeat(size).into(),
    }
}

fn record(at: usize) -> Value {
    let tags = Value::Array(vec!["red".into(), "blue".into()]);
    Value::map([("Name", format!("name {at}").into()), ("Size", (at as i64).into()), ("Tags", tags)])
}

/// The same in a message of `types.proto`.
fn message(kind: Kind, size: usize) -> Arguments {
    let field = match kind {
        Kind::Numbers => "numbers",
        Kind::Keys => "counts",
        Kind::Records => "nested_list",
        _ => "string_value",
    };
    let nested = |_| Value::map([("text", Value::from("x"))]);
    let value =
        if kind == Kind::Records { Value::Array((0..size).map(nested).collect()) } else { value(kind, size) };
    Arguments::Named(vec![(field.into(), value)])
}

fn hello() -> Arguments {
    Arguments::Named(vec![("name".into(), "x".into())])
}
