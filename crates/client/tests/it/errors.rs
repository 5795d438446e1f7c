//! One call, one kind and one text, whichever wire it goes by and whichever side finds the fault.

use manywire_client::{Arguments, Client, Options};
use manywire_core::{ErrorKind, Origin, Value};

use crate::calls::WIRES;
use crate::{named, pair, serve};

fn by_name(pairs: &[(&str, i64)]) -> Arguments {
    Arguments::Named(pairs.iter().map(|(name, number)| ((*name).to_owned(), (*number).into())).collect())
}

fn by_position(values: &[Value]) -> Arguments {
    Arguments::Positional(values.to_vec())
}

#[tokio::test]
async fn an_error_has_one_kind_and_one_text_on_every_wire() {
    let (_running, at) = serve(&[]).await;
    for (scheme, path) in WIRES {
        let client = Client::connect(&format!("{scheme}://{at}{path}"), Options::default()).await.unwrap();
        for (method, arguments, kind, text) in [
            ("Arith.Divide", pair(1, 0), ErrorKind::Failed, "divide by zero."),
            (
                "Arith.Multiply",
                pair(i64::MAX, 2),
                ErrorKind::Failed,
                "integer overflow: 9223372036854775807 * 2 is beyond 64 bits",
            ),
            ("sleep", by_position(&[(-1).into()]), ErrorKind::Failed, "cannot sleep -1 ms; give 0 to 60000"),
            (
                "add",
                by_position(&[1.into()]),
                ErrorKind::InvalidParams,
                "add(a: number, b: number) takes 2 parameters, got 1",
            ),
            (
                "add",
                by_position(&[1.into(), "x".into()]),
                ErrorKind::InvalidParams,
                "add: parameter `b`: expected a number, got string",
            ),
            (
                "Arith.Multiply",
                by_position(&[1.into(), "x".into()]),
                ErrorKind::InvalidParams,
                "Arith.Multiply: parameter `B`: expected int, got string",
            ),
            (
                "add",
                by_name(&[("a", 1), ("c", 2)]),
                ErrorKind::InvalidParams,
                "add has no parameter `c`; call it as add(a: number, b: number)",
            ),
            (
                "hello",
                by_position(&[5.into()]),
                ErrorKind::InvalidParams,
                "hello: parameter `name`: expected string, got int",
            ),
            (
                "h.Hello",
                by_position(&[5.into()]),
                ErrorKind::InvalidParams,
                "h.Hello: expected string, got int",
            ),
        ] {
            let error = client.call(method, arguments).await.unwrap_err();
            assert_eq!((error.kind(), error.message()), (kind, text), "{scheme} {method}");
            let is_ours = error.origin() == Origin::Usage && kind == ErrorKind::InvalidParams;
            assert!(is_ours || error.origin() == Origin::Server, "{scheme} {method}: {:?}", error.origin());
        }
        let error = client.call("No.Such", Vec::new()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.origin()),
            (ErrorKind::UnknownMethod, Origin::Server),
            "{scheme}: {error}"
        );
    }
}

#[tokio::test]
async fn what_grpcs_descriptors_refuse_is_told_in_the_same_words() {
    let (_running, at) = serve(&[]).await;
    let client = Client::connect(&format!("grpc://{at}"), Options::default()).await.unwrap();
    for (method, argument, kind, text) in [
        (
            "Greeter/SayHello",
            named("name", 5),
            ErrorKind::InvalidParams,
            "Greeter/SayHello: parameter `name`: expected string, got int",
        ),
        (
            "Greeter/SayHello",
            named("nam", "x"),
            ErrorKind::InvalidParams,
            "Greeter/SayHello has no parameter `nam`; call it as Greeter/SayHello(name: string)",
        ),
        (
            "UserService/GetUser",
            named("id", 0),
            ErrorKind::Failed,
            "the id of a user is a positive number, got 0",
        ),
    ] {
        let error = client.call(method, vec![argument]).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, text), "{method}");
    }
    let error = client.call("No.Such", Vec::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.origin()), (ErrorKind::UnknownMethod, Origin::Server), "{error}");
}

#[tokio::test]
async fn the_same_arguments_are_taken_on_every_wire() {
    let (_running, at) = serve(&[]).await;
    for (scheme, path) in WIRES {
        let client = Client::connect(&format!("{scheme}://{at}{path}"), Options::default()).await.unwrap();
        for (method, arguments, answer) in [
            ("sleep", by_position(&[1.into()]), Value::from(1)),
            ("sleep", by_name(&[("ms", 1)]), 1.into()),
            ("Demo.Sleep", by_position(&[1.into()]), 1.into()),
            ("add", by_position(&[1.into(), 2.into()]), 3.into()),
            ("add", by_name(&[("b", 1), ("a", 2)]), 3.into()),
            ("add", by_position(&[Value::map([("a", 1.into()), ("b", 2.into())])]), 3.into()),
            ("Arith.Multiply", by_position(&[6.into(), 7.into()]), 42.into()),
            ("hello", by_position(&["you".into()]), "Hello,you".into()),
            ("h.Hello", by_position(&["you".into()]), "hello,you".into()),
            ("handler/js.J", by_position(&["you".into()]), "123,you".into()),
            ("ping", by_position(&["you".into()]), "you".into()),
        ] {
            assert_eq!(client.call(method, arguments.clone()).await, Ok(answer.clone()), "{scheme} {method}");
            let batch = client.batch(vec![(method.to_owned(), arguments)]).await;
            assert_eq!(batch, Ok(vec![Ok(answer)]), "{scheme} {method}");
        }
    }
}

#[tokio::test]
async fn a_parameter_of_any_type_may_be_a_map() {
    let (_running, at) = serve(&[]).await;
    let deep = Value::map([("list", Value::Array(vec![1.into(), Value::map([("deep", Value::Null)])]))]);
    // To gob the fields of a map have capitals.
    for (scheme, path) in WIRES.iter().filter(|(scheme, _)| !scheme.starts_with("gob")) {
        let client = Client::connect(&format!("{scheme}://{at}{path}"), Options::default()).await.unwrap();
        for argument in [deep.clone(), Value::Map(Vec::new())] {
            let answer = client.call("ping", by_position(std::slice::from_ref(&argument))).await;
            assert_eq!(answer, Ok(argument), "{scheme}");
        }
        let named = Arguments::Named(vec![("x".into(), deep.clone())]);
        assert_eq!(client.call("ping", named).await, Ok(deep.clone()), "{scheme}");
    }
}

#[tokio::test]
async fn a_clients_own_failures_say_where_they_arose() {
    let (_running, at) = serve(&[]).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silent.local_addr().unwrap();
    let options = Options {
        timeout: Some(std::time::Duration::from_millis(300)),
        retry: manywire_client::Retry::none(),
        ..Options::default()
    };
    for (scheme, path) in WIRES {
        let origin = async |at: &str| {
            let made = Client::connect(&format!("{scheme}://{at}{path}"), options.clone()).await;
            match made {
                Err(error) => error.origin(),
                Ok(client) => {
                    client.call("add", by_position(&[1.into(), 2.into()])).await.unwrap_err().origin()
                }
            }
        };
        assert_eq!(origin("127.0.0.1:1").await, Origin::Connect, "{scheme}");
        assert_eq!(origin(&silent.to_string()).await, Origin::Time, "{scheme}");
        let client = Client::connect(&format!("{scheme}://{at}{path}"), options.clone()).await.unwrap();
        let error = match *scheme {
            "grpc+http" => client.call("Greeter/SayHello", by_position(&[named("x", 1)])).await,
            "jsonrpc+http" | "jsonrpc+ws" => client.send("x", futures_util::stream::empty()).await,
            _ => client.notify("x", Vec::new()).await.map(|()| Value::Null),
        };
        assert_eq!(error.unwrap_err().origin(), Origin::Usage, "{scheme}");
    }
    let error = Client::connect("soap://h:1", Options::default()).await.unwrap_err();
    assert_eq!((error.origin(), error.kind()), (Origin::Usage, ErrorKind::InvalidRequest));
}
