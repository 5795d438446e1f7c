//! Context, guards, hooks and kinds, as a wire meets them.

use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::{
    Activity, Answer, Budget, CallStream, Context, Dispatch, Empty, ErrorKind, Incoming, Limits, Metadata,
    Method, Methods, Metrics, Next, Params, Peer, ReadMetadata as _, Requests, RpcError, Session, Started,
    Terms, Value, current_deadline, to_value,
};

fn session(methods: Methods) -> Session {
    let peer = Peer { address: Some(([127, 0, 0, 1], 7).into()), certificate: None };
    let dispatch = Dispatch::new("test", Arc::new(methods), &Metrics::new());
    let limits = Limits::default();
    dispatch.session_of(&limits, &Activity::new(), &Budget::alone(&limits), peer)
}

fn one(value: impl Into<Value>) -> Params<'static, 'static> {
    Params::Positional(vec![value.into()])
}

async fn answer(
    session: &Session,
    terms: Terms<'_>,
    name: &str,
    params: Params<'_, '_>,
) -> Result<Value, RpcError> {
    let reply = session.call_on(terms, name, params)?.await?;
    Ok(to_value(reply.as_serde()).unwrap())
}

/// Requests that have come already.
struct Come(std::vec::IntoIter<Value>);

impl Incoming for Come {
    fn poll_next(
        &mut self,
        _: &mut task::Context<'_>,
        read: &mut dyn FnMut(Params<'_, '_>) -> Result<(), RpcError>,
    ) -> Poll<Option<Result<(), RpcError>>> {
        Poll::Ready(self.0.next().map(|value| read(one(value))))
    }
}

fn come<T: Into<Value>>(requests: impl IntoIterator<Item = T>) -> Box<Come> {
    Box::new(Come(requests.into_iter().map(Into::into).collect::<Vec<_>>().into_iter()))
}

fn four_kinds() -> Methods {
    let mut methods = Methods::new();
    methods.add("one", "", |n: i64| async move { Ok(n) });
    methods.add_stream("many", "", |n: i64| futures_util::stream::iter((0..n).map(Ok)));
    methods.add_client_stream("sum", "", |numbers: Requests<i64>| async move {
        numbers.try_fold(0, |sum, n| async move { Ok(sum + n) }).await
    });
    methods.add_two_way("twice", "", |numbers: Requests<i64>| numbers.map_ok(|n| 2 * n));
    methods
}

fn open(session: &Session, name: &str, incoming: Box<dyn Incoming>) -> Result<Started, RpcError> {
    session.admit(Terms::default(), name)?.open(Terms::default(), name, incoming)
}

async fn collect(stream: CallStream) -> Result<Vec<Value>, RpcError> {
    stream.map_ok(|item| to_value(item.as_serde()).unwrap()).try_collect().await
}

#[tokio::test]
async fn a_method_of_each_kind_is_called() {
    let session = session(four_kinds());
    let signatures: Vec<_> = session.methods().iter().map(Method::signature).collect();
    assert_eq!(
        signatures,
        [
            "one(arg: int) -> int",
            "many(arg: int) -> stream of int",
            "stream of sum(arg: int) -> int",
            "stream of twice(arg: int) -> stream of int"
        ]
    );
    assert_eq!(answer(&session, Terms::default(), "one", one(3)).await, Ok(3.into()));
    let Ok(Started::Call(sum)) = open(&session, "sum", come([1, 2, 3])) else { panic!("a call") };
    assert_eq!(to_value(sum.await.unwrap().as_serde()).unwrap(), 6.into());
    let Ok(Started::Stream(twice)) = open(&session, "twice", come([1, 2])) else { panic!("a stream") };
    assert_eq!(collect(twice).await, Ok(vec![2.into(), 4.into()]));
}

#[tokio::test]
async fn a_request_that_does_not_fit_ends_its_stream_with_an_error_that_names_the_method() {
    let session = session(four_kinds());
    let Ok(Started::Stream(mut twice)) = open(&session, "twice", come(["x", "y"])) else {
        panic!("a stream")
    };
    let error = twice.next().await.unwrap().err().unwrap();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::InvalidParams, "twice: expected int, got string")
    );
    assert!(twice.next().await.is_none());
}

#[tokio::test]
async fn a_kind_that_a_wire_cannot_carry_is_refused_with_the_wires_that_can() {
    let session = session(four_kinds());
    for (name, wires) in
        [("many", "call it by zerorpc, by gRPC"), ("sum", "call it by gRPC"), ("twice", "call it by gRPC")]
    {
        let error = session.call(name, Params::none()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains(wires), "{error}");
    }
    assert_eq!(session.start("sum", Params::none()).err().unwrap().kind(), ErrorKind::Unsupported);
    let error = open(&session, "one", come([1])).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidParams);
}

async fn told(context: Context, _: Empty) -> Result<Vec<String>, RpcError> {
    context.answer_with("X-Seen", *b"yes");
    let name = context.metadata().text("name").unwrap_or("nobody").to_owned();
    let address = context.peer_address().unwrap().to_string();
    Ok(vec![context.wire().to_owned(), context.method().to_owned(), name, address])
}

#[tokio::test]
async fn a_method_that_asks_for_its_context_is_told_of_its_call_and_speaks_beside_its_answer() {
    let mut methods = Methods::new();
    methods.add("told", "", told);
    let session = session(methods);
    let mut metadata = Metadata::default();
    metadata.append("Name", *b"Ada");
    let terms = Terms { metadata: &metadata, deadline: None };
    let mut call = session.call_on(terms, "told", Params::none()).unwrap();
    let reply = (&mut call).await.unwrap();
    let said = ["test", "told", "Ada", "127.0.0.1:7"].map(Value::from);
    assert_eq!(to_value(reply.as_serde()).unwrap(), Value::Array(said.to_vec()));
    assert_eq!(call.take_metadata().get("x-seen"), Some(&b"yes"[..]));
}

#[tokio::test]
async fn a_deadline_ends_a_call_and_is_handed_on() {
    let deadline = Instant::now() + Duration::from_millis(50);
    let mut methods = Methods::new();
    methods.add("asks", "", |_: Empty| async move {
        tokio::task::yield_now().await;
        Ok(current_deadline().is_some())
    });
    let over = Arc::new(tokio::sync::Notify::new());
    let seen = over.clone();
    methods.add("waits", "", move |context: Context, _: Empty| {
        let seen = seen.clone();
        tokio::spawn(async move {
            context.over().await;
            seen.notify_one();
        });
        std::future::pending::<Result<i64, RpcError>>()
    });
    methods.add_stream("drips", "", |_: Empty| futures_util::stream::pending::<Result<i64, RpcError>>());
    let session = session(methods);
    let terms = Terms { deadline: Some(deadline), ..Terms::default() };
    assert_eq!(answer(&session, terms, "asks", Params::none()).await, Ok(true.into()));
    assert_eq!(answer(&session, Terms::default(), "asks", Params::none()).await, Ok(false.into()));
    let error = answer(&session, terms, "waits", Params::none()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    over.notified().await;
    let Ok(Started::Stream(drips)) = session.start_on(terms, "drips", Params::none()) else {
        panic!("a stream")
    };
    assert_eq!(collect(drips).await.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(current_deadline(), None);
}

async fn never_on_sundays(context: Context, next: Next) -> Result<Answer, RpcError> {
    match context.metadata().text("day") {
        Some("sunday") => Err(RpcError::new(ErrorKind::Unavailable, "closed on sundays")),
        Some("holiday") => Ok(Answer::once(0_i64)),
        _ => next.run().await,
    }
}

#[tokio::test]
async fn hooks_run_from_the_outermost_in_and_may_refuse_or_answer() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut methods = four_kinds();
    for name in ["outer", "inner"] {
        let order = order.clone();
        methods.wrap("", move |context: Context, next: Next| {
            order.lock().unwrap().push(format!("{name} {}", context.method()));
            next.run()
        });
    }
    methods.wrap("one", never_on_sundays);
    let session = session(methods);
    assert_eq!(answer(&session, Terms::default(), "one", one(3)).await, Ok(3.into()));
    let Ok(Started::Stream(many)) = session.start("many", one(2)) else { panic!("a stream") };
    assert_eq!(collect(many).await, Ok(vec![0.into(), 1.into()]));
    assert_eq!(*order.lock().unwrap(), ["outer one", "inner one", "outer many", "inner many"]);
    for (day, expected) in [("sunday", Err("closed on sundays".to_owned())), ("holiday", Ok(Value::from(0)))]
    {
        let mut metadata = Metadata::default();
        metadata.append("day", day.as_bytes());
        let terms = Terms { metadata: &metadata, deadline: None };
        let answered = answer(&session, terms, "one", one(3)).await;
        assert_eq!(answered.map_err(|error| error.message().to_owned()), expected);
    }
}

#[tokio::test]
async fn a_guard_refuses_before_the_arguments_are_read_and_observers_hear_of_it() {
    let ended = Arc::new(Mutex::new(Vec::new()));
    let mut methods = four_kinds();
    methods.guard("on", |head| match head.metadata().get("token") {
        Some(b"secret") => Ok(()),
        _ => Err(RpcError::new(ErrorKind::Unauthenticated, "show a token")),
    });
    let heard = ended.clone();
    methods.observe(move |call| heard.lock().unwrap().push((call.method.to_owned(), call.error)));
    let session = session(methods);
    let error = answer(&session, Terms::default(), "one", one("no number")).await.unwrap_err();
    assert_eq!(error.message(), "show a token");
    let mut metadata = Metadata::default();
    metadata.append("token", *b"secret");
    let terms = Terms { metadata: &metadata, deadline: None };
    assert_eq!(answer(&session, terms, "one", one(1)).await, Ok(1.into()));
    assert!(session.start("many", one(1)).is_ok());
    let expected =
        [("one", Some(ErrorKind::Unauthenticated)), ("one", None), ("many", Some(ErrorKind::Cancelled))];
    let expected = expected.map(|(name, error)| (name.to_owned(), error));
    assert_eq!(*ended.lock().unwrap(), expected);
}
