//! From a typed function to one that every wire can start.

use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use futures_util::TryStreamExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Head;
use crate::params::{Arguments, Expected, Params, read};
use crate::requests::ReadRequest;
use crate::{Context, Incoming, Kind, Requests, RpcError};

/// What a method can answer with: writable on every wire.
pub trait Returns: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Returns for T {}

/// An answer whose type only its method knows; each wire writes it through the encoding that it speaks.
pub trait Reply: Send {
    /// The value.
    fn as_serde(&self) -> &dyn erased_serde::Serialize;
    /// Tells its type from others, for wires that have to say once what type a value has.
    fn type_key(&self) -> ReplyType;
    /// Reads a value of its type and drops it, so that a deserializer which notes what it is asked for learns the type.
    fn ask(&self, deserializer: &mut dyn erased_serde::Deserializer<'_>);
}

impl<T: Returns> Reply for T {
    fn as_serde(&self) -> &dyn erased_serde::Serialize {
        self
    }
    fn type_key(&self) -> ReplyType {
        ReplyType::of::<T>()
    }
    fn ask(&self, deserializer: &mut dyn erased_serde::Deserializer<'_>) {
        // Whether the zeros that it was given make a value does not matter.
        let _: Result<T, _> = erased_serde::deserialize(deserializer);
    }
}

/// The type of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyType {
    /// A type of the program's.
    Rust(TypeId),
    /// That of a method which was registered while the program ran; no two have the same number.
    Numbered(u64),
}

impl ReplyType {
    /// That of a Rust type.
    pub(crate) fn of<T: 'static>() -> Self {
        ReplyType::Rust(TypeId::of::<T>())
    }
}

/// One call under way.
pub type ReplyFuture = Pin<Box<dyn Future<Output = Result<Box<dyn Reply>, RpcError>> + Send>>;

/// One stream under way.
pub type ReplyStream = Pin<Box<dyn Stream<Item = Result<Box<dyn Reply>, RpcError>> + Send>>;

/// A stream that takes work to open, which may fail.
pub(crate) type Opening = Pin<Box<dyn Future<Output = Result<ReplyStream, RpcError>> + Send>>;

/// How a stream begins.
pub(crate) enum Items {
    /// At once.
    Open(ReplyStream),
    /// With work that may fail, whose error is that of the call.
    Opening(Opening),
}

/// A function of a request, or of the call's [`Context`] and a request. `Form` tells the two apart.
pub trait Function<Form>: Send + Sync + 'static {
    /// What it takes beside the context.
    type Input;
    /// What it returns: a future or a stream.
    type Output;
    /// Runs it, with the context where it wants one.
    fn run(&self, head: &Head<'_>, input: Self::Input) -> Self::Output;
}

impl<F, I, O> Function<fn(I) -> O> for F
where
    F: Fn(I) -> O + Send + Sync + 'static,
{
    type Input = I;
    type Output = O;
    fn run(&self, _: &Head<'_>, input: I) -> O {
        self(input)
    }
}

impl<F, I, O> Function<fn(Context, I) -> O> for F
where
    F: Fn(Context, I) -> O + Send + Sync + 'static,
{
    type Input = I;
    type Output = O;
    fn run(&self, head: &Head<'_>, input: I) -> O {
        self(head.context(), input)
    }
}

/// A method that can be started by any wire. Arguments are read before the future exists, so no future borrows a wire's
/// buffer.
#[derive(Clone)]
pub(crate) enum Handler {
    Unary(Arc<Asked<ReplyFuture>>),
    ServerStream(Arc<Asked<Items>>),
    ClientStream(Arc<Told<ReplyFuture>>),
    TwoWay(Arc<Told<Items>>),
}

type Asked<T> = dyn Fn(&Head<'_>, Params<'_, '_>) -> Result<T, RpcError> + Send + Sync;
type Told<T> = dyn Fn(&Head<'_>, Box<dyn Incoming>) -> T + Send + Sync;

impl Handler {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Handler::Unary(_) => Kind::Unary,
            Handler::ServerStream(_) => Kind::ServerStream,
            Handler::ClientStream(_) => Kind::ClientStream,
            Handler::TwoWay(_) => Kind::TwoWay,
        }
    }

    pub(crate) fn unary<Form, F, A, R>(function: F, expected: Arc<Expected>) -> Self
    where
        F: Function<Form, Input = A>,
        F::Output: Future<Output = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        Handler::Unary(Arc::new(move |head, params| {
            let arguments = read(params, &expected)?;
            Ok(erase(function.run(head, arguments)))
        }))
    }

    pub(crate) fn server_stream<Form, F, A, R>(function: F, expected: Arc<Expected>) -> Self
    where
        F: Function<Form, Input = A>,
        F::Output: Stream<Item = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        Handler::ServerStream(Arc::new(move |head, params| {
            let arguments = read(params, &expected)?;
            Ok(Items::Open(erase_items(function.run(head, arguments))))
        }))
    }

    pub(crate) fn opened_stream<Form, F, A, S, R>(function: F, expected: Arc<Expected>) -> Self
    where
        F: Function<Form, Input = A>,
        F::Output: Future<Output = Result<S, RpcError>> + Send + 'static,
        S: Stream<Item = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        Handler::ServerStream(Arc::new(move |head, params| {
            let arguments = read(params, &expected)?;
            let opening = function.run(head, arguments);
            Ok(Items::Opening(Box::pin(async move { Ok(erase_items(opening.await?)) })))
        }))
    }

    pub(crate) fn client_stream<Form, F, A, R>(function: F, expected: Arc<Expected>) -> Self
    where
        F: Function<Form, Input = Requests<A>>,
        F::Output: Future<Output = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        let read = reading(expected);
        Handler::ClientStream(Arc::new(move |head, incoming| {
            erase(function.run(head, Requests::read_by(incoming, read.clone())))
        }))
    }

    pub(crate) fn two_way<Form, F, A, R>(function: F, expected: Arc<Expected>) -> Self
    where
        F: Function<Form, Input = Requests<A>>,
        F::Output: Stream<Item = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        let read = reading(expected);
        Handler::TwoWay(Arc::new(move |head, incoming| {
            Items::Open(erase_items(function.run(head, Requests::read_by(incoming, read.clone()))))
        }))
    }
}

/// Reads each request of a stream.
fn reading<A: Arguments>(expected: Arc<Expected>) -> Arc<ReadRequest<A>> {
    Arc::new(move |params: Params<'_, '_>| read(params, &expected))
}

fn erase<R: Returns>(future: impl Future<Output = Result<R, RpcError>> + Send + 'static) -> ReplyFuture {
    Box::pin(async move { Ok(Box::new(future.await?) as Box<dyn Reply>) })
}

fn erase_items<R: Returns>(items: impl Stream<Item = Result<R, RpcError>> + Send + 'static) -> ReplyStream {
    Box::pin(items.map_ok(|item| Box::new(item) as Box<dyn Reply>))
}
