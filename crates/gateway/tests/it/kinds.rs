//! Streams, and gRPC's schemas.

use std::task::{self, Poll};

use futures_util::TryStreamExt as _;
use manywire_core::{ErrorKind, Incoming, Kind, Params, RpcError, Session, Started, Terms, Value, to_value};
use manywire_gateway::Source;

use crate::{before, call, methods, named, positional, serve, session};

/// Requests that have come already, and how they end.
struct Come(std::vec::IntoIter<Value>, Option<RpcError>);

impl Incoming for Come {
    fn poll_next(
        &mut self,
        _: &mut task::Context<'_>,
        read: &mut dyn FnMut(Params<'_, '_>) -> Result<(), RpcError>,
    ) -> Poll<Option<Result<(), RpcError>>> {
        let next = self.0.next().map(|value| match value {
            Value::Map(pairs) => read(Params::Named(pairs)),
            value => read(positional([value])),
        });
        Poll::Ready(next.or_else(|| self.1.take().map(Err)))
    }
}

fn come(requests: &[Value], end: Option<RpcError>) -> Box<Come> {
    Box::new(Come(Vec::from(requests).into_iter(), end))
}

async fn items(started: Started) -> Result<Vec<Value>, RpcError> {
    let Started::Stream(items) = started else { panic!("a stream") };
    items.map_ok(|item| to_value(item.as_serde()).unwrap()).try_collect().await
}

async fn stream(session: &Session, name: &str, params: Params<'_, '_>) -> Result<Vec<Value>, RpcError> {
    items(session.start(name, params)?).await
}

#[tokio::test]
async fn a_stream_comes_by_each_wire_that_has_streams() {
    let (_running, address) = serve().await;
    let zerorpc = before(&format!("zerorpc://{address}")).await;
    let range = stream(&zerorpc, "streaming_range", positional([0.into(), 5.into(), 2.into()])).await;
    assert_eq!(range, Ok(vec![0.into(), 2.into(), 4.into()]));
    let failed = stream(&zerorpc, "streaming_range", positional([0.into(), 5.into(), 0.into()])).await;
    assert_eq!(failed.unwrap_err().name(), Some("ValueError"));
    let grpc = before(&format!("grpc://{address}")).await;
    let told = stream(&grpc, "Greeter.GetStream", named([("data", "x".into())])).await.unwrap();
    assert_eq!(told.len(), 12);
    let xmlrpc = before(&format!("xmlrpc://{address}")).await;
    let unable = stream(&xmlrpc, "streaming_range", positional([0.into(), 5.into(), 2.into()])).await;
    let unable = unable.unwrap_err();
    assert_eq!(unable.kind(), ErrorKind::Unsupported);
    assert!(unable.message().contains("has no streams"), "{unable}");
}

#[tokio::test]
async fn streams_of_requests_go_on_to_grpc() {
    let (_running, address) = serve().await;
    let session = before(&format!("grpc://{address}")).await;
    let open = |name: &str, requests| {
        session.admit(Terms::default(), name).unwrap().open(Terms::default(), name, requests).unwrap()
    };
    let requests = vec![Value::map([("data", "x".into())]); 3];
    let Started::Call(call) = open("Greeter.PutStream", come(&requests, None)) else { panic!("a call") };
    let answer = to_value(call.await.unwrap().as_serde()).unwrap();
    assert_eq!(answer.get("data"), Some(&"received 3".into()));
    let texts = vec![Value::map([("message", "x".into())]); 2];
    let chat = items(open("ChatService.TextChat", come(&texts, None))).await.unwrap();
    assert_eq!(chat.len(), 2);
    let broken = || Some(RpcError::new(ErrorKind::Cancelled, "the client broke off the call"));
    let Started::Call(call) = open("Greeter.PutStream", come(&requests, broken())) else { panic!("a call") };
    assert_eq!(call.await.err().unwrap(), broken().unwrap());
    let chat = items(open("ChatService.TextChat", come(&texts, broken()))).await;
    assert_eq!(chat.unwrap_err(), broken().unwrap());
}

#[tokio::test]
async fn a_grpc_server_keeps_its_messages_beside_others_and_under_a_prefix() {
    let (_running, address) = serve().await;
    let url = format!("grpc://{address}");
    let sources = ["", "old=", "new="].map(|prefix| Source::read(&format!("{prefix}{url}")).unwrap());
    let methods = methods(sources.into()).await.unwrap();
    let naming = manywire_grpc::Naming::default();
    let protos = manywire_grpc::protos(&methods, &naming).unwrap();
    let greeters: Vec<_> = protos.iter().filter(|file| file.text.contains("service Greeter {")).collect();
    assert_eq!(greeters.len(), 3);
    assert!(greeters.iter().any(|file| file.text.contains("package old;")));
    let session = session(methods);
    for name in ["Greeter.SayHello", "old.Greeter.SayHello", "new.Greeter.SayHello"] {
        let hello = call(&session, name, named([("name", "x".into())])).await.unwrap();
        assert_eq!(hello.get("message"), Some(&"hello x".into()), "{name}");
        // All that gRPC's messages have may be left out.
        let nobody = call(&session, name, Params::none()).await.unwrap();
        assert_eq!(nobody.get("message"), Some(&"hello ".into()));
    }
    assert_eq!(session.methods().get("old.ChatService.TextChat").unwrap().kind(), Kind::TwoWay);
    let refused = call(&session, "UserService.GetUser", named([("id", 0.into())])).await.unwrap_err();
    assert_eq!(refused.code_on("grpc"), Some(3));
}
