//! Methods that no `.proto` names, called by clients that learn them from reflection alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use manywire_core::{Context, Empty, Kind, Methods, Number, Requests, RpcError, Timestamp, Value};
use manywire_grpc::{Client, ClientOptions, Naming, Server, Settings};
use manywire_http::Http2;
use serde::{Deserialize, Serialize};

use crate::host::Host;

async fn connect(host: &Host) -> Client {
    Client::connect(&host.url(), ClientOptions::default()).await.unwrap()
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Vec<Value> {
    vec![Value::map(fields)]
}

#[tokio::test]
async fn the_notes_other_methods_are_called_by_their_names() {
    let host = Host::start().await;
    let client = connect(&host).await;
    let product = client.call("Arith/Multiply", fields([("A", 17.into()), ("B", 8.into())])).await;
    assert_eq!(product, Ok(136.into()));
    let quotient = client.call("Arith/Divide", fields([("A", 17.into()), ("B", 8.into())])).await.unwrap();
    assert_eq!((quotient.get("Quo"), quotient.get("Rem")), (Some(&2.into()), Some(&1.into())));
    let sum = client.call("Methods/add", fields([("a", 2.into()), ("b", 3.into())])).await;
    assert_eq!(sum, Ok(5.into()));
    let sum = client.call("Methods/add", fields([("a", 2.into()), ("b", 0.5.into())])).await;
    assert_eq!(sum, Ok(2.5.into()));
    for argument in ["x".into(), Value::map([("value", "x".into())])] {
        assert_eq!(client.call("handler_js/J", vec![argument]).await, Ok("123,x".into()));
    }
    let error = client.call("Arith/Divide", fields([("A", 1.into())])).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some(3), "divide by zero."));
    let range = fields([("fr", 0.into()), ("to", 7.into()), ("step", 3.into())]);
    let items = client.stream("Methods/streaming_range", stream::iter(range)).await.unwrap();
    assert_eq!(items.try_collect::<Vec<_>>().await.unwrap(), [0.into(), 3.into(), 6.into()]);
}

#[tokio::test]
async fn a_value_of_any_type_comes_back_as_it_was() {
    let host = Host::start().await;
    let client = connect(&host).await;
    let deep = (0..20).fold(Value::from("x"), |inner, _| Value::Array(vec![inner]));
    for sent in [
        "hello".into(),
        Value::Null,
        i64::MIN.into(),
        Value::Uint(u64::MAX),
        0.1.into(),
        Value::Bytes(vec![0, 255]),
        Timestamp::utc(-1, 5).into(),
        Value::Map(vec![("k".into(), Value::Array(vec![])), (7.into(), "v".into())]),
        deep,
    ] {
        let answer = client.call("Methods/echo", fields([("x", sent.clone())])).await.unwrap();
        assert_eq!(answer, sent);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Order {
    id: i64,
    lines: Vec<Line>,
    notes: BTreeMap<String, Vec<String>>,
    paid: Option<f64>,
    amount: Number,
    when: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Line {
    name: String,
    count: u32,
}

fn shop() -> Methods {
    let mut methods = Methods::new();
    methods.add("Shop.Place", "Places an order.", |mut order: Order| async move {
        order.id += 1;
        Ok(order)
    });
    methods.add_client_stream("Shop.Count", "Counts lines.", |lines: Requests<Line>| async move {
        lines.try_fold(0_i64, |sum, line| async move { Ok(sum + i64::from(line.count)) }).await
    });
    methods
        .add_two_way("Shop.Echo", "Says them back.", |lines: Requests<Line>| lines.map_ok(|line| line.name));
    methods.add("whoami", "Who calls.", |context: Context, _: Empty| async move {
        context.answer_with("x-seen-by", *b"whoami");
        // HTTP/2 has no such header, and the answer goes without it.
        context.answer_with("connection", "close");
        context.answer_with("grpc-status", "13");
        Ok(context.metadata().text("x-name").unwrap_or("nobody").to_owned())
    });
    methods.add("breaks", "Panics.", |_: Empty| async { panic!("a slip") as Result<i64, RpcError> });
    methods
}

async fn shop_host() -> Host {
    Host::with(|choices| choices.methods = Some(shop()), Http2::default()).await
}

#[tokio::test]
async fn a_programs_own_methods_are_served_from_their_types() {
    let host = shop_host().await;
    let client = connect(&host).await;
    let order = [
        ("id", 6.into()),
        ("lines", Value::Array(vec![Value::map([("name", "tea".into()), ("count", 3.into())])])),
        ("notes", Value::map([("gift", Value::Array(vec!["yes".into()]))])),
        ("paid", 0.0.into()),
        ("amount", 2.5.into()),
        ("when", Timestamp::utc(1_700_000_000, 5).into()),
    ];
    let placed = client.call("Shop/Place", fields(order.clone())).await.unwrap();
    for (name, value) in &order[1..] {
        assert_eq!(placed.get(name), Some(value), "{name}");
    }
    assert_eq!(placed.get("id"), Some(&7.into()));
    let line = |name: &str, count: i64| Value::map([("name", name.into()), ("count", count.into())]);
    let counted = client.call("Shop/Count", vec![line("a", 2), line("b", 5)]).await;
    assert_eq!(counted, Ok(7.into()));
    let said = stream::iter([line("a", 0), line("b", 1)]);
    let answers = client.stream("Shop/Echo", said).await.unwrap().collect::<Vec<_>>().await;
    assert_eq!(answers, [Ok("a".into()), Ok("b".into())]);
    let error = client.call("Methods/breaks", vec![]).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Some(13), "breaks failed inside the server; its log says where")
    );
    let error =
        client.call("Shop/Place", fields([("id", i64::MAX.into()), ("odd", 1.into())])).await.unwrap_err();
    assert!(error.message().contains("odd"), "{error}");
}

#[test]
fn what_grpc_cannot_say_stops_the_server_with_one_line() {
    let told = |methods: Methods, naming: Naming| {
        let settings = Settings { naming, ..Settings::new(Arc::new(methods)) };
        Server::new(settings).map(drop).unwrap_err().to_string()
    };
    let nothing = |_: Empty| async { Ok(0_i64) };
    let mut twice = Methods::new();
    twice.add("a-b", "", nothing);
    twice.add("a_b", "", nothing);
    assert_eq!(
        told(twice, Naming::default()),
        "a-b and a_b would both be /Methods/a_b on gRPC: rename one of them"
    );
    let mut odd = Methods::new();
    odd.add("odd", "", |_: BTreeMap<Timestamp, i64>| async { Ok(0_i64) });
    assert_eq!(
        told(odd, Naming::default()),
        "odd: field `value` of OddRequest: the keys of the map are of type timestamp; gRPC has maps with keys that are texts, integers or bools"
    );
    let bound = |add: fn(&mut Methods)| {
        let mut methods = Methods::new();
        add(&mut methods);
        methods.bind(manywire_notes::PROTOS);
        told(methods, Naming::default())
    };
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Id {
        id: String,
    }
    #[derive(Default, Serialize, Deserialize)]
    struct User {
        id: i32,
    }
    assert_eq!(
        bound(|methods| {
            methods.add("UserService.GetUser", "", |_: Id| async { Ok(User::default()) });
        }),
        "UserService.GetUser: its request of its .proto does not fit: field `id` of UserRequest: it is int32 in the file, and string in the code"
    );
    assert_eq!(
        bound(|methods| {
            methods.add("UserService.GetUsers", "", |_: Empty| async { Ok(0_i64) });
        }),
        "UserService.GetUser is in the .proto of UserService, and is not registered: add it, or take it out of the file"
    );
    assert_eq!(
        bound(|methods| {
            methods
                .add_stream("UserService.GetUser", "", |_: Empty| stream::empty::<Result<User, RpcError>>());
        }),
        format!(
            "UserService.GetUser is {} in its .proto, and {} in the code",
            Kind::Unary,
            Kind::ServerStream
        )
    );
}

#[tokio::test]
async fn a_package_and_a_service_are_the_servers_to_choose() {
    let choose = |naming: &mut Naming| {
        naming.package = "shop.v1".to_owned();
        naming.service = "Others".to_owned();
    };
    let host = Host::with(
        |choices| {
            choices.methods = Some(shop());
            choose(&mut choices.settings.naming);
        },
        Http2::default(),
    )
    .await;
    let client = connect(&host).await;
    assert_eq!(client.call("shop.v1.Others/whoami", vec![]).await, Ok("nobody".into()));
    assert!(client.call("shop.v1.Shop/Place", vec![]).await.is_ok());
}
