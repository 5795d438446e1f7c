//! Methods whose parameters are values, of a shape that is known when the program runs: those of another server, say.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{FutureExt as _, TryStreamExt as _};
use serde::{Deserialize as _, Serialize, Serializer};

use crate::by_shape::{Form, Written};
use crate::context::Head;
use crate::handler::{Handler, Items, Opening, ReplyFuture, ReplyStream, ReplyType};
use crate::original::{Came, OrElse, Verbatim};
use crate::params::{Expected, Required, read_with};
use crate::{Kind, Method, Methods, Params, Reply, Requests, RpcError, Shape, Value};

/// What a method takes, where no Rust type says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// What has this shape, by the rule of all methods.
    Shape(Shape),
    /// The same, of a record whose fields may all be left out.
    Lenient(Shape),
    /// The same, of a message of protocol buffers: where one comes, it is handed on as it is.
    Message(Shape),
    /// Whatever comes, as it came.
    Anything,
}

/// What a method is, where no Rust type says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Whether it takes and gives one message or a stream.
    pub kind: Kind,
    /// What it takes, or each request of its stream.
    pub takes: Takes,
    /// What it answers, or each item of its stream.
    pub returns: Shape,
}

/// What a dynamic method was called with.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// The one argument of a method without a record, or of a call by net/rpc or gRPC whose method takes anything.
    One(Value),
    /// A list of parameters.
    Positional(Vec<Value>),
    /// A message of protocol buffers as it came.
    Message(Bytes),
    /// Parameters by name. A method with a record has them in its own order, without those that were left out.
    Named(Vec<(Value, Value)>),
}

/// A call, as a dynamic method is given it.
pub enum Asked {
    /// With one request.
    Once(Given),
    /// With a stream of them.
    Stream(Requests<Given>),
}

/// What a dynamic method answers.
pub enum Told {
    /// One value.
    Once(Value),
    /// A stream of them.
    Stream(Values),
    /// A message of protocol buffers, for a caller who has sent one.
    Message(Bytes),
    /// A stream of them.
    Messages(Messages),
}

/// A stream of values under way.
pub type Values = Pin<Box<dyn Stream<Item = Result<Value, RpcError>> + Send>>;

/// A stream of messages of protocol buffers under way.
pub type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, RpcError>> + Send>>;

/// A dynamic method under way.
pub type ToldFuture = Pin<Box<dyn Future<Output = Result<Told, RpcError>> + Send>>;

/// A method of values.
pub trait Dynamic: Send + Sync + 'static {
    /// Begins one call. What it answers with is of the method's kind.
    fn call(&self, head: &Head<'_>, asked: Asked) -> ToldFuture;
}

impl<F, Fut> Dynamic for F
where
    F: Fn(Asked) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Told, RpcError>> + Send + 'static,
{
    fn call(&self, _: &Head<'_>, asked: Asked) -> ToldFuture {
        Box::pin(self(asked))
    }
}

impl Methods {
    /// Registers a method whose types are known by their shapes alone; a second one of the same name replaces the first.
    pub fn add_dynamic(
        &mut self,
        name: &str,
        doc: &str,
        outline: Outline,
        method: impl Dynamic,
    ) -> Result<&mut Method, RpcError> {
        let Outline { kind, takes, returns } = outline;
        let is_open = takes == Takes::Anything;
        let is_lenient = matches!(takes, Takes::Lenient(_) | Takes::Message(_));
        let arguments = match &takes {
            Takes::Shape(shape) | Takes::Lenient(shape) | Takes::Message(shape) => shape.clone(),
            Takes::Anything => Shape::Any,
        };
        let outlined =
            Outlined { takes: Taking::new(name, takes)?, returns: Returning::new(returns.clone()) };
        let handler = outlined.handler(kind, name, Arc::new(method));
        let method = Method::new(
            name,
            doc,
            arguments.clone(),
            Required::by_shape(&arguments, is_lenient),
            returns,
            handler,
        );
        Ok(self.insert(if is_open { method.open() } else { method }))
    }

    /// Has calls of names that are not registered go to `method`, which answers once and takes anything.
    pub fn set_fallback(&mut self, method: impl Dynamic) {
        let outlined = Outlined { takes: Taking::Anything, returns: Returning::new(Shape::Any) };
        let handler = outlined.handler(Kind::Unary, "the method", Arc::new(method));
        let required = Required::by_shape(&Shape::Any, true);
        self.fallback = Some(Arc::new(Method::new("*", "", Shape::Any, required, Shape::Any, handler)));
    }
}

/// How a method's requests are read.
#[derive(Clone)]
enum Taking {
    Formed(Arc<(Form, Expected)>),
    Message(Arc<(Form, Expected)>),
    Anything,
}

impl Taking {
    fn new(method: &str, takes: Takes) -> Result<Self, RpcError> {
        let formed = |shape: Shape, is_lenient| {
            let expected = Expected::outlined(method, shape.clone(), is_lenient);
            Ok::<_, RpcError>(Arc::new((Form::of(shape)?, expected)))
        };
        Ok(match takes {
            Takes::Shape(shape) => Taking::Formed(formed(shape, false)?),
            Takes::Lenient(shape) => Taking::Formed(formed(shape, true)?),
            Takes::Message(shape) => Taking::Message(formed(shape, true)?),
            Takes::Anything => Taking::Anything,
        })
    }

    fn read(&self, params: Params<'_, '_>) -> Result<Given, RpcError> {
        let (form, value) = match self {
            Taking::Anything => return as_it_came(params),
            Taking::Formed(formed) => (&formed.0, read_with(params, &formed.1, formed.0.reading())?),
            Taking::Message(formed) => match read_with(params, &formed.1, OrElse(formed.0.reading()))? {
                Came::Message(message) => return Ok(Given::Message(message)),
                Came::Value(value) => (&formed.0, value),
            },
        };
        Ok(match (form.shape(), value) {
            (Shape::Unit, _) => Given::Positional(Vec::new()),
            (Shape::Record(_), Value::Map(fields)) => Given::Named(fields),
            (_, value) => Given::One(value),
        })
    }
}

fn as_it_came(params: Params<'_, '_>) -> Result<Given, RpcError> {
    Ok(match params {
        Params::Positional(values) => Given::Positional(values),
        Params::Named(pairs) => Given::Named(pairs),
        Params::One(deserializer) => {
            let value = Value::deserialize(deserializer);
            Given::One(value.map_err(|error| RpcError::invalid_params(error.to_string()))?)
        }
    })
}

/// What a method answers with, told from what others answer with by a number.
struct Returning {
    shape: Shape,
    form: Option<Form>,
    number: u64,
}

impl Returning {
    fn new(shape: Shape) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Without a form, a wire that asks for the type learns it from each value.
        let form = Form::of(shape.clone()).ok().filter(|_| shape != Shape::Any);
        Arc::new(Self { shape, form, number })
    }
}

/// An answer of a shape.
struct Shaped {
    value: Value,
    of: Arc<Returning>,
}

impl Serialize for Shaped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::new(&self.value, &self.of.shape).serialize(serializer)
    }
}

impl Reply for Shaped {
    fn as_serde(&self) -> &dyn erased_serde::Serialize {
        self
    }
    fn type_key(&self) -> ReplyType {
        match self.of.form {
            Some(_) => ReplyType::Numbered(self.of.number),
            None => ReplyType::of::<Value>(),
        }
    }
    fn ask(&self, deserializer: &mut dyn erased_serde::Deserializer<'_>) {
        match &self.of.form {
            // Whether the zeros that it was given make a value does not matter.
            Some(form) => drop(serde::de::DeserializeSeed::deserialize(form.reading(), deserializer)),
            None => drop(Value::deserialize(deserializer)),
        }
    }
}

/// An answer that is a message already.
struct Passed(Verbatim);

impl Reply for Passed {
    fn as_serde(&self) -> &dyn erased_serde::Serialize {
        &self.0
    }
    fn type_key(&self) -> ReplyType {
        ReplyType::of::<Verbatim>()
    }
    fn ask(&self, deserializer: &mut dyn erased_serde::Deserializer<'_>) {
        drop(Value::deserialize(deserializer));
    }
}

/// A method without its function.
struct Outlined {
    takes: Taking,
    returns: Arc<Returning>,
}

impl Outlined {
    fn handler(self, kind: Kind, name: &str, method: Arc<dyn Dynamic>) -> Handler {
        let Self { takes, returns } = self;
        let name: Arc<str> = name.into();
        let read = { move |params: Params<'_, '_>| takes.read(params) };
        match kind {
            Kind::Unary => Handler::Unary(Arc::new(move |head, params| {
                let told = method.call(head, Asked::Once(read(params)?));
                Ok(once(told, returns.clone(), name.clone()))
            })),
            Kind::ServerStream => Handler::ServerStream(Arc::new(move |head, params| {
                let told = method.call(head, Asked::Once(read(params)?));
                Ok(Items::Opening(many(told, returns.clone())))
            })),
            Kind::ClientStream => {
                let read = Arc::new(read);
                Handler::ClientStream(Arc::new(move |head, incoming| {
                    let told = method.call(head, Asked::Stream(Requests::read_by(incoming, read.clone())));
                    once(told, returns.clone(), name.clone())
                }))
            }
            Kind::TwoWay => {
                let read = Arc::new(read);
                Handler::TwoWay(Arc::new(move |head, incoming| {
                    let told = method.call(head, Asked::Stream(Requests::read_by(incoming, read.clone())));
                    Items::Opening(many(told, returns.clone()))
                }))
            }
        }
    }
}

fn shaped(value: Value, of: Arc<Returning>) -> Box<dyn Reply> {
    Box::new(Shaped { value, of })
}

fn once(told: ToldFuture, returns: Arc<Returning>, name: Arc<str>) -> ReplyFuture {
    Box::pin(told.map(move |told| match told? {
        Told::Once(value) => Ok(shaped(value, returns)),
        Told::Message(message) => Ok(passed(message)),
        Told::Stream(_) | Told::Messages(_) => {
            let message = format!("{name} answered with a stream where one value is due");
            Err(RpcError::new(crate::ErrorKind::Unsupported, message))
        }
    }))
}

fn passed(message: Bytes) -> Box<dyn Reply> {
    Box::new(Passed(Verbatim(message)))
}

fn many(told: ToldFuture, returns: Arc<Returning>) -> Opening {
    Box::pin(told.map(move |told| {
        let once = |reply| Box::pin(futures_util::stream::iter([Ok(reply)])) as ReplyStream;
        Ok(match told? {
            Told::Stream(values) => {
                Box::pin(values.map_ok(move |value| shaped(value, returns.clone()))) as ReplyStream
            }
            Told::Messages(messages) => Box::pin(messages.map_ok(passed)),
            Told::Once(value) => once(shaped(value, returns)),
            Told::Message(message) => once(passed(message)),
        })
    }))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::{Dispatch, ErrorKind, Limits, Metrics, Session, Written as Notation, to_value};

    fn outline(text: &str) -> (String, Outline) {
        let Notation { name, outline } = text.parse().unwrap();
        (name, outline)
    }

    fn session(methods: Methods) -> Session {
        Dispatch::new("test", Arc::new(methods), &Metrics::new()).session(&Limits::default())
    }

    /// Answers with what it was given.
    async fn show(asked: Asked) -> Result<Told, RpcError> {
        let Asked::Once(given) = asked else { return Err(RpcError::failed("a stream")) };
        Ok(Told::Once(match given {
            Given::One(value) => value,
            Given::Positional(values) => Value::Array(values),
            Given::Named(pairs) => Value::Map(pairs),
            Given::Message(message) => Value::Bytes(message.into()),
        }))
    }

    async fn call(session: &Session, name: &str, params: Params<'_, '_>) -> Result<Value, String> {
        let call = session.call(name, params).map_err(|error| error.to_string())?;
        let reply = call.await.map_err(|error| error.to_string())?;
        Ok(to_value(reply.as_serde()).unwrap())
    }

    #[tokio::test]
    async fn arguments_are_placed_by_the_rule_of_typed_methods() {
        let mut methods = Methods::new();
        for text in ["add(a: int, b: float?) -> any", "one(arg: [bytes]) -> any", "any(...) -> any"] {
            let (name, outline) = outline(text);
            methods.add_dynamic(&name, "", outline, show).unwrap();
        }
        let session = session(methods);
        let named = |pairs: &[(&str, Value)]| {
            Params::Named(pairs.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
        };
        let both = Ok(Value::map([("a", 1.into()), ("b", 2.0.into())]));
        assert_eq!(call(&session, "add", Params::Positional(vec![1.into(), 2.into()])).await, both);
        assert_eq!(call(&session, "add", named(&[("b", 2.into()), ("a", 1.into())])).await, both);
        let first = Ok(Value::map([("a", 1.into())]));
        assert_eq!(call(&session, "add", Params::Positional(vec![1.into()])).await, first);
        assert_eq!(
            call(&session, "add", Params::none()).await.unwrap_err(),
            "add(a: int, b: float?) takes 2 parameters, got 0"
        );
        assert_eq!(
            call(&session, "add", named(&[("a", "1".into())])).await.unwrap_err(),
            "add: parameter `a`: expected int, got string"
        );
        let bytes = vec![Value::Array(vec!["AP8=".into()])];
        let read = Ok(Value::Array(vec![Value::Bytes(vec![0, 255])]));
        assert_eq!(call(&session, "one", Params::Positional(bytes)).await, read);
        let anything = vec![Value::Null, Value::map([("x", 1.into())])];
        assert_eq!(
            call(&session, "any", Params::Positional(anything.clone())).await,
            Ok(Value::Array(anything))
        );
    }

    #[tokio::test]
    async fn a_stream_may_fail_before_it_begins() {
        let mut methods = Methods::new();
        let (name, outline) = outline("count(to: int) -> stream of int");
        let count = |asked| async move {
            let Asked::Once(Given::Named(pairs)) = asked else { return Err(RpcError::failed("no record")) };
            let to = pairs[0].1.as_i64().filter(|to| *to > 0).ok_or(RpcError::failed("none"))?;
            Ok(Told::Stream(Box::pin(stream::iter((0..to).map(|n| Ok(n.into()))))))
        };
        methods.add_dynamic(&name, "", outline, count).unwrap();
        let session = session(methods);
        let start = |to: i64| match session.start("count", Params::Positional(vec![to.into()])).unwrap() {
            crate::Started::Stream(items) => items,
            crate::Started::Call(_) => panic!("a stream"),
        };
        assert_eq!(start(0).opened().await.unwrap_err().message(), "none");
        let items: Vec<_> = futures_util::TryStreamExt::try_collect(start(2)).await.unwrap();
        assert_eq!(
            items.iter().map(|item| to_value(item.as_serde()).unwrap()).collect::<Vec<_>>(),
            [0.into(), 1.into()]
        );
    }

    #[tokio::test]
    async fn names_that_are_not_registered_go_to_the_fallback() {
        let mut methods = Methods::new();
        methods.add("known", "", |n: i64| async move { Ok(n) });
        methods.guard("secret.", |_| Err(RpcError::new(ErrorKind::Unauthenticated, "no")));
        methods.set_fallback(show);
        let session = session(methods);
        assert_eq!(call(&session, "known", Params::Positional(vec![1.into()])).await, Ok(1.into()));
        let list = Ok(Value::Array(vec![1.into()]));
        assert_eq!(call(&session, "unknown", Params::Positional(vec![1.into()])).await, list);
        assert_eq!(call(&session, "secret.x", Params::none()).await, Err("no".to_owned()));
    }

    #[tokio::test]
    async fn methods_are_replaced_while_connections_are_open() {
        let answering = |answer: i64| {
            let mut methods = Methods::new();
            methods.add("n", "", move |_: crate::Empty| async move { Ok(answer) });
            Arc::new(methods)
        };
        let metrics = Metrics::new();
        let dispatch = Dispatch::new("test", answering(0), &metrics);
        let session = dispatch.session(&Limits::default());
        let under_way = session.call("n", Params::none()).unwrap();
        for answer in 1..4 {
            dispatch.replace(answering(answer));
            assert_eq!(call(&session, "n", Params::none()).await, Ok(answer.into()));
            let fresh = dispatch.session(&Limits::default());
            assert_eq!(call(&fresh, "n", Params::none()).await, Ok(answer.into()));
        }
        assert_eq!(to_value(under_way.await.unwrap().as_serde()).unwrap(), 0.into());
        dispatch.replace(Arc::default());
        assert_eq!(call(&session, "n", Params::none()).await, Err("no method n".to_owned()));
        assert!(session.methods().get("n").is_none());
        assert!(metrics.render().contains(r#"manywire_calls_total{method="n",wire="test"} 7"#));
    }
}
